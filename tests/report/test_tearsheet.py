"""The tearsheet: what it is fed, when there is none, and that its figures are ours."""

from __future__ import annotations

import re
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from adapters.report.tearsheet import tearsheet
from application.reporting.returns import daily_returns
from domain.units import Money
from ports.errors import BadInput
from program import tradebot

EQUITY = Money.parse("1000")


def test_a_session_returns_what_it_made_of_the_equity_before_it() -> None:
    sessions = ["2013-10-07", "2013-10-08", "2013-10-09"]
    trades = [
        ("2013-10-07", Money.parse("-10")), ("2013-10-09", Money.parse("40")),
        ("2013-10-09", Money.parse("-20.2")),
    ]  # fmt: skip
    assert daily_returns(sessions, trades, EQUITY) == [
        (date(2013, 10, 7), -0.01), (date(2013, 10, 8), 0.0),
        (date(2013, 10, 9), pytest.approx(0.02)),
    ]  # fmt: skip


def test_an_equity_that_is_gone_has_no_returns() -> None:
    with pytest.raises(ValueError, match="above 0"):
        daily_returns(["2013-10-07"], [("2013-10-07", Money.parse("-1000"))], EQUITY)


def test_too_few_sessions_are_refused(tmp_path: Path) -> None:
    made = tradebot(tmp_path, "run", "--db", "sqlite:///one.db")
    assert made.code == 0, made.err
    done = tradebot(tmp_path, "report", "--db", "sqlite:///one.db", "--tearsheet", "sheet.html")
    assert done.code == 2
    assert "5 sessions is needed" in done.err
    assert not (tmp_path / "sheet.html").exists()


@pytest.mark.skipif(find_spec("quantstats") is not None, reason="the extra is installed")
def test_without_the_extra_it_says_what_to_install() -> None:
    with pytest.raises(BadInput, match=r"pip install 'tradebot\[tearsheet\]'"):
        tearsheet("MES PAPER", [(date(2013, 10, 7), 0.01)])


def test_the_page_is_whole_by_itself_and_agrees_with_us() -> None:
    pytest.importorskip("quantstats", reason="the extra tearsheet is not installed")
    chance, day, days, grown, highest, deepest = Random(3), date(2013, 10, 7), [], 1.0, 1.0, 0.0
    for _ in range(40):
        days.append((day, chance.gauss(0.0002, 0.002)))
        day += timedelta(days=1)
        grown *= 1 + days[-1][1]
        highest = max(highest, grown)
        deepest = min(deepest, grown / highest - 1)
    page = tearsheet("MES PAPER", days)
    assert "MES PAPER" in page
    assert not re.search(r'(src|<link[^>]*href)="https?:', page)
    told = dict(re.findall(r"<td>(Cumulative Return|Max Drawdown)\s*</td>\s*<td>([-\d.]+)%", page))
    assert float(told["Cumulative Return"]) == pytest.approx((grown - 1) * 100, abs=0.01)
    assert float(told["Max Drawdown"]) == pytest.approx(deepest * 100, abs=0.06)
