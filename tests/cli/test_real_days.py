"""Real days through the real program: lawful, complete, and the same however often."""

from __future__ import annotations

from pathlib import Path

import pytest

from bar_files import DATA, real
from program import tradebot

DAYS = ("07", "08", "09", "10", "11")


def test_a_week_of_es_is_traded_lawfully_and_repeatably(tmp_path: Path) -> None:
    files = [real(f"ES_1m_2013-10-{day}.csv.gz") for day in DAYS]
    rust = tradebot(tmp_path, "--bars", *files, "--json").summary
    again = tradebot(tmp_path, "--bars", *files, "--json", "--engine", "reference").summary
    assert rust["chain_head"] == again["chain_head"]
    assert rust["decisions"] == rust["bars"] == 5 * 390
    assert rust["sessions"] == 5
    assert rust["entries"] <= 2 * 5
    assert rust["candidates"]
    assert float(rust["max_open_risk_usd"]) <= 15.00
    assert float(rust["max_daily_loss_usd"]) <= 36.00
    assert (rust["law"]["violations"], rust["position"], rust["working_orders"]) == (0, 0, 0)


def test_warm_up_days_change_what_is_known_not_what_is_traded(tmp_path: Path) -> None:
    day, before = real("ES_1m_2013-10-08.csv.gz"), real("ES_1m_2013-10-07.csv.gz")
    cold = tradebot(tmp_path, "--bars", day, "--json").summary
    warm = tradebot(tmp_path, "--bars", day, "--warmup", before, "--json").summary
    for key in ("rows", "bars", "decisions", "first_bar", "last_bar", "sessions"):
        assert warm[key] == cold[key]
    assert warm["chain_head"] != cold["chain_head"]


@pytest.mark.parametrize(("pattern", "symbol"), [("6E_*.csv.gz", "6E"), ("SPY_5s_*.csv.gz", "SPY")])
def test_other_instruments_run_with_their_contract(
    pattern: str, symbol: str, tmp_path: Path
) -> None:
    files = sorted(DATA.glob(pattern))
    if not files:
        pytest.skip(f"real data is absent: {DATA / pattern}")
    words = ["--bars", *files, "--symbol", symbol, "--max-bars", "800", "--json"]
    s = tradebot(tmp_path, *words).summary
    assert s["decisions"] == s["bars"] > 300
    assert (s["law"]["violations"], s["position"]) == (0, 0)


def test_bars_of_another_instrument_are_refused(tmp_path: Path) -> None:
    files = sorted(DATA.glob("6E_*.csv.gz"))
    if not files:
        pytest.skip(f"real data is absent: {DATA}")
    done = tradebot(tmp_path, "--bars", files[0])
    assert done.code == 2
    assert "line 2" in done.err
