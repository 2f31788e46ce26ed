"""The product against a second reading of the specification, from the beliefs on.

`second_*.py` were written from the text alone and share no code with the product; whatever
differs is a mistake in one of them, or a sentence that two honest readers read in two ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from adapters.engine.rust import RustEngine
from bar_files import contracts, read, real
from domain.session import Session
from oracle.against import Compared, calendar, compare
from oracle.episodes import episodes
from oracle.imagined import ImaginativeEngine, minutes
from ports.bars import BarItem
from ports.engine import Engine

DAYS = (
    "2013-10-07", "2013-10-08", "2013-10-09", "2013-10-10", "2013-10-11", "2013-10-14",
    "2013-10-29", "2013-10-30", "2013-11-18",
)  # fmt: skip
# decisions.md 6, x1: episodes of K1 to K4 a day.
EPISODES = (
    (0, 1, 0, 0), (1, 0, 1, 1), (2, 2, 0, 0), (1, 0, 0, 0), (0, 0, 3, 1), (3, 0, 1, 1),
    (1, 2, 1, 0), (1, 2, 2, 1), (2, 0, 1, 2),
)  # fmt: skip
MADE_UP_DAYS = ("2013-10-11", "2013-11-27", "2013-11-29", "2013-12-02")  # one ends at 13:00


def engine(symbol: str = "MES") -> Engine:
    c = contracts()
    return RustEngine(c.engine_parameters(c.instruments[symbol]))


def es(*days: str, symbol: str = "MES") -> list[BarItem]:
    return list(read(*(real(f"ES_1m_{day}.csv.gz") for day in days), symbol=symbol))


def agree(compared: Compared) -> Counter[str]:
    """Assert that nothing differs; the reasons met, so that a test can ask for more than none."""
    assert not compared.differences, "\n".join(compared.differences[:20])
    assert compared.decisions == len(compared.mine["decisions"]) > 0
    return Counter(d["reason"] for d in compared.mine["decisions"].values())


def test_nine_real_days_as_one_stream() -> None:
    compared = compare(es(*DAYS), engine())
    met = agree(compared)
    assert compared.trades >= 10
    assert {"NO_SETUP", "IN_POSITION", "CONSECUTIVE_LOSS_LOCKOUT", "TIME_STOP"} <= set(met)


@pytest.mark.parametrize("equity", ["1000", "2400", "5000"])
def test_the_smaller_tiers(equity: str) -> None:
    met = agree(compare(es(*DAYS[:4]), engine(), equity=equity))
    assert "TEMPLATE_NOT_ALLOWED_BY_TIER" in met
    assert ("PERMIT_REFUSED_MARGIN" in met) is (equity == "1000")


def test_a_contract_too_large_for_the_law_never_trades() -> None:
    compared = compare(es(DAYS[0], symbol="ES"), engine("ES"), symbol="ES")
    agree(compared)
    assert compared.mine["intents"] == {}


@pytest.mark.parametrize("name", ["SPY_1m_2013-10-09.csv.gz", "SPY_5s_2013-10-07.csv.gz"])
def test_another_instrument_and_real_sub_bars(name: str) -> None:
    compared = compare(list(read(real(name), symbol="SPY")), engine("SPY"), symbol="SPY")
    agree(compared)
    assert compared.trades >= 1


def made_up() -> Iterator[Session]:
    for day in MADE_UP_DAYS:
        session = calendar("XNYS", "CMES").on_date(date.fromisoformat(day))
        assert session is not None
        yield session


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_imagined_days(seed: int, wild: bool, pieces: bool) -> None:
    """Setups everywhere, holes, jumps, kills: the rare rows of the rules."""
    items = list(minutes(seed, list(made_up()), pieces, wild))
    equity = ("10000", "2450", "5000")[seed]
    agree(compare(items, ImaginativeEngine(seed, wild), equity=equity))


def test_imagined_days_go_everywhere() -> None:
    """What the seeds above were chosen to meet at least once."""
    met: Counter[str] = Counter()
    exits: Counter[str] = Counter()
    for seed in range(6):
        items = list(minutes(seed, list(made_up()), False, seed % 2 == 1))
        compared = compare(items, ImaginativeEngine(seed, seed % 2 == 1))
        met += agree(compared)
        exits += Counter(t["exit_reason"] for t in compared.mine["trades"])
    assert {"CONFLICTING_SETUPS", "KILL_SWITCH_ACTIVE", "MISSING_REQUIRED_SIGNAL"} <= set(met)
    assert {"STOP", "TARGET", "BE_STOP"} <= set(exits)


def test_the_prototypes_episodes() -> None:
    """decisions.md 6 reproduced by our signals and the second reading's decisions."""
    bare = [
        i._replace(bar=i.bar._replace(bid=None, ask=None, mean_spread_ticks=None))
        for i in es(*DAYS)
    ]
    assert episodes(bare, engine()) == dict(zip(DAYS, EPISODES, strict=True))
