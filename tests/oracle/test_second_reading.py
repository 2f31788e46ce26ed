"""The product against a second reading of the specification, from the beliefs on.

`second_*.py` were written from the text alone and share no code with the product; whatever
differs is a mistake in one of them, or a sentence that two honest readers read in two ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest

from adapters.engine.rust import RustEngine
from bar_files import contracts, read, real
from domain.bar import Bar
from domain.frame import Probe
from domain.session import Session
from domain.units import SECOND
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
MADE_UP_DAYS = ("2013-10-11", "2013-11-29", "2013-12-02")  # the second ends at 13:00
IMAGINED = (  # seed, wild, in 5-second pieces
    (0, True, True), (1, False, True), (1, True, False), (2, False, True), (2, True, False),
    (3, False, True), (4, False, False), (4, False, True), (6, True, True),
)  # fmt: skip


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
    met = agree(compare(es(*DAYS[:3]), engine(), equity=equity))
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


@cache
def imagined(seed: int, wild: bool, pieces: bool) -> Compared:
    items = list(minutes(seed, list(made_up()), pieces, wild))
    equity = ("10000", "2450", "5000")[seed % 3]
    return compare(items, ImaginativeEngine(seed, wild), equity=equity)


@pytest.mark.parametrize(("seed", "wild", "pieces"), IMAGINED)
def test_imagined_days(seed: int, wild: bool, pieces: bool) -> None:
    """Setups everywhere, holes, jumps, kills: the rare rows of the rules."""
    agree(imagined(seed, wild, pieces))


def test_imagined_days_go_everywhere() -> None:
    """What the seeds were chosen to meet at least once."""
    met: Counter[str] = Counter()
    exits: set[str] = set()
    for case in IMAGINED:
        met += agree(imagined(*case))
        exits |= {t["exit_reason"] for t in imagined(*case).mine["trades"]}
    assert set(met) >= {
        "CONFLICTING_SETUPS", "KILL_SWITCH_ACTIVE", "MISSING_REQUIRED_SIGNAL",
        "RISK_BUDGET_EXHAUSTED", "PERMIT_REFUSED_DISTANCE", "DVS_TOO_LOW", "FRICTION_TOO_HIGH",
    }  # fmt: skip
    assert exits >= {
        "STOP", "TARGET", "BE_STOP", "STRUCTURE_LOST", "THESIS_INVALID", "TIME_STOP",
        "VOL_EXIT", "DVS_HOLD",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "wild", "pieces"),
    [(1, True, False), (2, True, False), (3, False, True), (4, False, False)],
)
def test_shadow_trades_of_what_is_quarantined(seed: int, wild: bool, pieces: bool) -> None:
    """One loss quarantines key and template: what follows is traded in shadow, some of it earns
    its way back, and law, slippage, quality and position know nothing of it.
    """
    items = list(minutes(seed, list(made_up()), pieces, wild))
    equity = ("10000", "2450", "5000")[seed % 3]
    strict = {"key": 1, "template": 1}
    compared = compare(items, ImaginativeEngine(seed, wild), equity=equity, streaks=strict)
    agree(compared)
    assert len(compared.mine["shadows"]) >= 2
    back = [c for c in compared.mine["changes"] if c[0] == "StrategyReEnabled"]
    assert bool(back) is (seed in (1, 4))


class FailingFeed(ImaginativeEngine):
    """Calls every bar without volume an outlier."""

    def probe(self, o: int, h: int, low: int, c: int, volume: int, start: bool) -> Probe:
        return Probe(h - low if volume else 100, 5.0, False)


def test_data_that_fail_in_a_trade_kill_it() -> None:
    items = list(minutes(0, list(made_up()), False, False))
    trade = compare(items, FailingFeed(0, False)).mine["trades"][0]
    entered = trade["exit_time"] - trade["duration_s"] * SECOND
    first = next(k for k, i in enumerate(items) if i.bar.open_time == entered) + 1
    price = items[first - 1].bar.close
    for k in range(first, first + 3):
        dead = Bar(items[k].bar.open_time, price, price, price, price, 0, price, price)
        items[k] = items[k]._replace(bar=dead)
    compared = compare(items, FailingFeed(0, False))
    assert agree(compared)["KILL"] == 1
    assert compared.mine["trades"][-1]["exit_reason"] == "KILL"


def test_the_prototypes_episodes() -> None:
    """decisions.md 6 reproduced by our signals and the second reading's decisions."""
    bare = [
        i._replace(bar=i.bar._replace(bid=None, ask=None, mean_spread_ticks=None))
        for i in es(*DAYS)
    ]
    assert episodes(bare, engine()) == dict(zip(DAYS, EPISODES, strict=True))
