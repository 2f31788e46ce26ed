"""Minutes that a running process has missed: fed as the past, never decided on, graded as gaps."""

from __future__ import annotations

from adapters.fake.faults import Fault, FaultKind, Plan
from domain.bar import Bar
from domain.event import (
    BarClosed,
    BarRejected,
    DecisionMade,
    OrderSubmitting,
    QualityAssessed,
    SessionClosed,
    SessionOpened,
)
from domain.frame import BarInput, Frame
from domain.quality import Penalty
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from execution_world import wants
from live_market import OPEN, Stage, minute, pieces
from market_builders import PRICE


def past(stage: Stage, *minutes: UtcNanos) -> None:
    """What the history knows: a bar for each minute, told apart by its volume."""
    stage.market.past += [
        Bar(t, PRICE, PRICE + 1, PRICE - 1, PRICE, 700 + n) for n, t in enumerate(minutes)
    ]


def away(first: int, back: int, until: int, seconds: int = 0) -> Stage:
    """A run whose link is down from the beginning of minute `first` on, and up again `seconds`
    into `back`."""
    start = minute(back) + seconds * SECOND
    down = Fault(FaultKind.LINK_DOWN, minute(first) + SECOND, (start - minute(first)) // SECOND)
    stage = Stage(plan=Plan([down]))
    stage.market.plan(pieces(OPEN, first * 60))
    stage.market.plan(pieces(start, (until - back) * 60 - seconds))
    return stage


def warm(stage: Stage) -> list[UtcNanos]:
    return [e.bar.open_time for e in stage.of(BarClosed) if e.warmup]


def graded(stage: Stage, kind: Penalty) -> list[UtcNanos]:
    found = [e for e in stage.of(QualityAssessed) if e.cause != "stale"]
    return [e.minute for e in found if kind in [name for name, _ in e.penalties]]


def decided(stage: Stage) -> list[UtcNanos]:
    return [e.at - MINUTE for e in stage.of(DecisionMade)]


def test_minutes_of_a_feed_that_was_away_are_fetched() -> None:
    stage = away(3, 7, 9, seconds=20)
    past(stage, *[minute(n) for n in range(9)])
    stage.until(minute(9) + 10 * SECOND)
    assert stage.market.asked == [(minute(3), minute(7))]
    assert warm(stage) == [minute(n) for n in (3, 4, 5, 6)]
    bars = [e.bar.open_time for e in stage.of(BarClosed)]
    assert bars == [minute(n) for n in range(9)]
    assert decided(stage) == [minute(n) for n in (0, 1, 2, 7, 8)]
    assert graded(stage, Penalty.GAP) == [minute(n) for n in (3, 4, 5, 6)]
    after = [e for e in stage.of(DecisionMade) if e.at > minute(7)]
    assert all(e.record.dvs_bp == 5000 for e in after)
    stage.told_again()


def test_the_signals_have_seen_them() -> None:
    stage = away(3, 6, 8)
    past(stage, *[minute(n) for n in range(9)])
    seen: list[int] = []
    update = stage.engine.update

    def counted(bar: BarInput) -> Frame:
        seen.append(bar.volume)
        return update(bar)

    vars(stage.engine)["update"] = counted
    stage.until(minute(8) + 10 * SECOND)
    assert [v for v in seen if v >= 700] == [703, 704, 705]
    assert seen.index(703) == 3


def test_an_answer_that_the_next_decision_has_overtaken_is_dropped() -> None:
    stage = away(3, 6, 9)
    past(stage, *[minute(n) for n in range(9)])
    stage.market.answers_after = 70 * SECOND
    stage.until(minute(9) + 10 * SECOND)
    assert stage.market.asked
    assert not warm(stage)
    assert graded(stage, Penalty.GAP) == [minute(n) for n in (3, 4, 5)]
    stage.told_again()


def test_without_an_answer_it_is_asked_again_but_not_at_once() -> None:
    stage = away(3, 6, 8)
    stage.market.answers_after = None
    stage.until(minute(8) + 10 * SECOND)
    assert 3 <= len(stage.market.asked) <= 4
    assert set(stage.market.asked) == {(minute(3), minute(6))}
    assert decided(stage) == [minute(n) for n in (0, 1, 2, 6, 7)]


def test_what_the_history_does_not_know_stays_a_hole() -> None:
    stage = away(3, 6, 8)
    past(stage, minute(4))
    stage.until(minute(8) + 10 * SECOND)
    assert warm(stage) == [minute(4)]
    assert graded(stage, Penalty.GAP) == [minute(n) for n in (3, 4, 5)]
    stage.told_again()


def test_a_feed_without_a_hole_asks_for_nothing() -> None:
    stage = Stage()
    stage.market.plan(pieces(OPEN, 10 * 60))
    stage.until(minute(10) + 10 * SECOND)
    assert not stage.market.asked
    assert len(decided(stage)) == 10


def test_a_minute_that_was_rejected_is_not_fetched_in_its_place() -> None:
    stage = Stage()
    past(stage, *[minute(n) for n in range(9)])
    plan = pieces(OPEN, 6 * 60)
    broken = [
        (at, item._replace(sub=item.sub._replace(high=1)) if bad else item)
        for at, item in plan
        for bad in [hasattr(item, "sub") and item.sub.open_time == minute(3)]
    ]
    stage.market.plan(broken)
    stage.until(minute(6) + 10 * SECOND)
    assert len(stage.of(BarRejected)) == 1
    assert not stage.market.asked
    assert graded(stage, Penalty.MALFORMED) == [minute(3)]


def test_a_rejected_row_is_paid_for_by_the_next_bar_that_is_graded() -> None:
    """Not by one of the past, which is not graded."""
    stage = away(3, 6, 8)
    past(stage, *[minute(n) for n in range(9)])
    stage.until(minute(6) + 6 * SECOND)
    row = BarRejected(minute(2), minute(2), "NON_MONOTONIC", "live feed", "a rule", "", 1)
    stage.run.take(stage.core.rejected(row))
    stage.until(minute(8) + 10 * SECOND)
    assert warm(stage) == [minute(n) for n in (3, 4, 5)]
    assert graded(stage, Penalty.NON_MONOTONIC) == [minute(6)]


def test_with_a_trade_open_they_are_fetched_as_well_and_nothing_is_decided_on_them() -> None:
    stage = Stage({8: wants(1)})
    past(stage, *[minute(n) for n in range(20)])
    stage.market.plan(pieces(OPEN, 11 * 60, {9 * 12 + 2: -1, 9 * 12 + 3: -1}))
    stage.market.plan(pieces(minute(12), 180))
    stage.until(minute(11))
    assert stage.core.desk.expected_position == 1
    stage.until(minute(14))
    assert warm(stage) == [minute(11)]
    assert minute(11) not in decided(stage)
    assert len(stage.of(OrderSubmitting)) == 1
    stage.told_again()


def test_minutes_from_the_open_on_are_expected_of_a_run_that_was_there() -> None:
    """Fetched before the first bar of the session, they are gaps all the same."""
    stage = Stage(start=OPEN - 5 * MINUTE)
    past(stage, *[minute(n) for n in range(9)])
    stage.market.plan(pieces(OPEN - 3 * MINUTE, 120))
    stage.market.plan(pieces(minute(1), 120))
    stage.until(minute(3) + 10 * SECOND)
    assert stage.market.asked == [(OPEN, minute(1))]
    assert warm(stage) == [OPEN]
    assert graded(stage, Penalty.GAP) == [OPEN]
    assert {e.record.dvs_bp for e in stage.of(DecisionMade)} == {5000}
    stage.told_again()


def test_the_end_of_a_session_and_the_next_one_s_beginning() -> None:
    stage = Stage(start=minute(385))
    close = minute(390)
    past(stage, *[minute(n) for n in range(380, 390)], *[minute(n) + DAY for n in range(9)])
    stage.market.plan(pieces(minute(385), 180))
    stage.market.plan(pieces(OPEN + DAY + MINUTE, 180))
    stage.until(OPEN + DAY + 5 * MINUTE)
    assert stage.market.asked == [(minute(388), close), (OPEN + DAY, OPEN + DAY + MINUTE)]
    assert warm(stage) == [minute(388), minute(389), OPEN + DAY]
    assert len(stage.of(SessionClosed)) == 1
    assert len(stage.of(SessionOpened)) == 2
    assert graded(stage, Penalty.GAP)[-1:] == [OPEN + DAY]
    stage.told_again()


def test_pieces_of_one_minute_are_no_hole() -> None:
    """Their minute is marked, and no minute is fetched for them; see the tests of holes (F-27)."""
    stage = Stage()
    plan = [p for n, p in enumerate(pieces(OPEN, 240)) if n % 7]
    stage.market.plan(plan)
    stage.until(minute(4) + 10 * SECOND)
    assert not stage.market.asked
    assert graded(stage, Penalty.PARTIAL_MINUTE)
