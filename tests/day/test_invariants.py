"""Whole sessions on made-up tapes, with the law's invariants watched at every event."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bars.synthetic import synthetic_days
from adapters.fake.broker import FaultScript
from application.summary import RunSummary
from domain.bar import Bar
from domain.event import DecisionMade, SessionClosed, SessionOpened, TradeClosed, TradeOpened
from domain.units import MINUTE, ZERO
from market_builders import mes, session_on
from trading_floor import Floor, real_engine, walk

EXITS = {
    "STOP", "BE_STOP", "TARGET", "EOD", "HARD_TIME", "DVS_HOLD", "THESIS_INVALID",
    "STRUCTURE_LOST", "TIME_STOP", "VOL_EXIT",
}  # fmt: skip


def days_that_look_real(seed: int, sessions: int) -> list[Bar]:
    """Synthetic days of an index future: rich in setups, with one hole and one false wick."""
    day, found = date(2024, 1, 8), []
    while len(found) < sessions:
        if day.weekday() < 5:
            found.append(session_on(day))
        day += timedelta(days=1)
    return [bar for bars in synthetic_days(seed, mes(), found) for bar in bars]


def played(bars: list[Bar], **options: object) -> Floor:
    floor = Floor(real_engine(), **options)
    floor.play(bars)
    floor.run.finish((), flatten=False)
    return floor


def chain(floor: Floor) -> list[str]:
    """The hash of every event: equal hashes, equal contents and equal past."""
    floor.watch.commit()
    return [row.hash for row in floor.watch.journal.read()]


def check_ends(floor: Floor, bars: list[Bar]) -> None:
    """What must hold of the whole run; the rest was watched on the way."""
    opened, closed = floor.of(TradeOpened), floor.of(TradeClosed)
    assert [t.decision_id for t in opened] == [t.decision_id for t in closed]
    opens = [b.open_time for b in bars]
    for entry, exit_ in zip(opened, closed, strict=True):
        assert exit_.exit_reason in EXITS
        assert exit_.at >= entry.at
        # By sixty minutes, or at the first bar there is after them.
        later = [t for t in opens if t > entry.at + 60 * MINUTE]
        assert exit_.at <= entry.at + 60 * MINUTE or not later or exit_.at <= later[0]
        flat_by = session_on(date.fromisoformat(entry.decision_id[:10])).close
        assert exit_.at <= flat_by
    assert floor.core.desk.group is None
    assert floor.broker.position() == (0, 0)
    account = floor.broker.account()
    assert account is None or account.equity.units == 10_000_0000 + floor.watch.net.units
    assert len(floor.of(SessionOpened)) == len(floor.of(SessionClosed))


@settings(deadline=None, max_examples=4)
@given(
    seed=st.integers(0, 2**32),
    holes=st.sampled_from([0.0, 0.0, 0.03]),
    wild=st.sampled_from([0.0, 0.02]),
    close_hour=st.sampled_from([16, 16, 13]),
)
def test_random_walks(seed: int, holes: float, wild: float, close_hour: int) -> None:
    bars = walk(seed, 2, holes, wild, close_hour)
    floor = played(bars, close_hour=close_hour)
    check_ends(floor, bars)
    assert len(floor.of(DecisionMade)) == len(bars)


def test_days_that_look_real_trade_within_the_law() -> None:
    bars = days_that_look_real(3, 4)
    floor = played(bars)
    check_ends(floor, bars)
    assert len(floor.of(TradeClosed)) >= 2  # else the test shows nothing
    summary = RunSummary(mes())
    summary(floor.watch.events)
    assert summary.net == floor.watch.net
    assert summary.trades == summary.entries == len(floor.of(TradeClosed))
    assert summary.gross - summary.fees == summary.net
    assert ZERO < summary.max_open_risk <= mes().tick_value * 12
    assert summary.decisions == summary.bars


def test_slow_orders_break_nothing() -> None:
    bars = days_that_look_real(5, 3)
    floor = played(bars, faults=FaultScript(latency_s=45))
    check_ends(floor, bars)


def test_the_same_bars_give_the_same_events_and_the_same_chain() -> None:
    bars = days_that_look_real(4, 1)
    one, two = played(bars), played(bars)
    assert chain(one) == chain(two)
    assert one.watch.head == two.watch.head
    assert one.of(TradeClosed) == two.of(TradeClosed)


def test_later_bars_change_nothing_that_was_decided() -> None:
    bars = days_that_look_real(4, 1)
    cut = len(bars) - 100
    whole, half = Floor(real_engine()), Floor(real_engine())
    whole.play(bars)
    half.play(bars[:cut])
    so_far = chain(half)
    assert chain(whole)[: len(so_far)] == so_far


@pytest.mark.parametrize("cut", [30, 95, 200, 383, 389])
@pytest.mark.parametrize("flatten", [True, False])
def test_a_feed_that_ends_early_ends_flat(cut: int, flatten: bool) -> None:
    bars = walk(11, 2)
    bars = bars[: 390 + cut]
    floor = Floor(real_engine())
    floor.play(bars)
    floor.run.finish((), flatten)
    assert floor.broker.position() == (0, 0)
    assert len(floor.of(SessionClosed)) == 2
