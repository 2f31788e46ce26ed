"""What a run knows of the past before it begins, and what it does while that cannot be had."""

from __future__ import annotations

from itertools import pairwise

from application.surroundings import WARM_UP
from application.warm_up import ASKED_AGAIN, NOTHING_LEFT, OWED, Wanted, WarmUp
from domain.bar import Bar
from domain.event import (
    BarClosed,
    DecisionMade,
    HostState,
    KillTriggered,
    OrderSubmitting,
    QualityAssessed,
)
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from execution_world import wants
from live_market import OPEN, Stage, minute, pieces
from market_builders import PRICE
from trading_floor import Weekdays

OFTEN = range(9, 30)
"""Minutes in which something may be entered, by their decisions."""


class Begun:
    """A stage whose run begins with a past: the program's own way to warm up."""

    def __init__(self, stage: Stage, least: int = 3, best: int = 20) -> None:
        self.stage, self.told = stage, []
        self.past = WarmUp(
            stage.core, stage.run, stage.market, Weekdays(), None, stage.clock.steady,
            Wanted(least, best), self.told.append,
        )  # fmt: skip
        stage.loop._p = stage.loop._p._replace(warm=self.past, past=self.past)

    def begin(self) -> None:
        self.past.begin(self.stage.clock.now())

    @property
    def before(self) -> list[UtcNanos]:
        """The sessions whose minutes were fed as the past, by their first one."""
        return [b for b in warm(self.stage) if (b - OPEN) % DAY == 0]


def warm(stage: Stage) -> list[UtcNanos]:
    return [e.bar.open_time for e in stage.of(BarClosed) if e.warmup]


def decided(stage: Stage) -> list[UtcNanos]:
    return [e.at - MINUTE for e in stage.of(DecisionMade)]


def day_before(stage: Stage, *days: int) -> None:
    """The history knows two minutes of the session so many days ago."""
    for each in days:
        opens = OPEN - each * DAY
        stage.market.past += [
            Bar(opens + n * MINUTE, PRICE, PRICE + 1, PRICE - 1, PRICE, 9) for n in (0, 1)
        ]


def today(stage: Stage, minutes: int) -> None:
    """It knows today's first minutes too, told apart by their volume."""
    stage.market.past += [
        Bar(minute(n), PRICE, PRICE + 1, PRICE - 1, PRICE, 700 + n) for n in range(minutes)
    ]


# ---- how far it looks back


def test_a_history_that_has_ended_is_not_asked_for_more() -> None:
    stage = Stage()
    day_before(stage, 1)
    begun = Begun(stage)
    begun.begin()
    assert begun.past.sessions == 1
    assert len(stage.market.asked) == 1 + NOTHING_LEFT
    assert not begun.past.owed, "a new listing has no more, and trades"


def test_a_hole_in_the_history_is_no_end_of_it() -> None:
    stage = Stage()
    day_before(stage, 1, 6, 5)
    begun = Begun(stage)
    begun.begin()
    assert begun.past.sessions == 3


def test_no_more_sessions_than_are_preferred() -> None:
    stage = Stage()
    day_before(stage, *range(1, 30))
    begun = Begun(stage, best=5)
    begun.begin()
    assert begun.past.sessions == 5
    assert begun.before == sorted(OPEN - n * DAY for n in (1, 4, 5, 6, 7))


# ---- what cannot be had is owed


def test_without_its_past_a_run_takes_no_minute_and_enters_nothing() -> None:
    stage = Stage({n: wants(1) for n in OFTEN}, start=OPEN - 5 * MINUTE)
    stage.market.refuses = None
    begun = Begun(stage)
    begun.begin()
    assert begun.past.owed == OWED
    assert len(stage.market.asked) == 1, "the next question would be refused as well"
    stage.market.plan(pieces(OPEN - 2 * MINUTE, 20 * 60))
    stage.until(minute(17))
    assert decided(stage) == []
    assert stage.of(BarClosed) == []
    assert stage.of(OrderSubmitting) == []
    assert stage.fitness.states == {WARM_UP: OWED}
    assert WARM_UP in stage.core.desk.hindered
    assert stage.of(KillTriggered) == [], "a feed that nobody listens to is not silent"
    stage.told_again()


def test_it_is_asked_again_no_faster_than_the_broker_allows() -> None:
    stage = Stage(start=OPEN - 5 * MINUTE)
    stage.market.refuses = None
    begun = Begun(stage)
    begun.begin()
    asked_at = [0]
    seen = len(stage.market.asked)
    while stage.clock.now() < OPEN:
        stage.until(stage.clock.now() + SECOND)
        if len(stage.market.asked) > seen:
            seen = len(stage.market.asked)
            asked_at.append(stage.clock.now() - (OPEN - 5 * MINUTE))
    apart = [b - a for a, b in pairwise(asked_at)]
    assert len(apart) > 10
    assert min(apart) >= ASKED_AGAIN - SECOND


def test_two_refusals_at_the_start_delay_it_and_no_more() -> None:
    """It begins as if it had been started when the past came: all of it, then live minutes."""
    stage = Stage({n: wants(1) for n in OFTEN})
    day_before(stage, 1, 4, 5)
    today(stage, 20)
    stage.market.refuses = 2
    begun = Begun(stage)
    begun.begin()
    assert begun.past.owed == OWED
    stage.market.plan(pieces(OPEN, 20 * 60, {11 * 12 + 2: -1, 11 * 12 + 3: -1}))
    stage.until(minute(19))
    assert begun.told == [3]
    assert begun.past.owed == ""
    assert begun.before == [OPEN - n * DAY for n in (5, 4, 1)] + [OPEN]
    first = decided(stage)[0]
    assert minute(0) < first <= minute(2)
    bars = [e.bar.open_time for e in stage.of(BarClosed)]
    assert bars == sorted(set(bars))
    assert [t for t in bars if t >= OPEN] == [minute(n) for n in range(len(bars) - 6)]
    graded = [e for e in stage.of(QualityAssessed) if e.cause != "stale"]
    assert not [e for e in graded if e.penalties], "what was past is no gap"
    assert len(stage.of(OrderSubmitting)) >= 1
    assert WARM_UP not in stage.core.desk.hindered
    stage.told_again()


def test_silence_counts_from_the_moment_the_past_has_come() -> None:
    stage = Stage()
    day_before(stage, 1, 4, 5)
    today(stage, 9)
    stage.market.refuses = 20
    begun = Begun(stage)
    begun.begin()
    while begun.past.owed:
        stage.until(stage.clock.now() + SECOND)
    assert stage.clock.now() > minute(4)
    came = stage.clock.now()
    stage.until(came + 170 * SECOND)
    assert stage.of(KillTriggered) == []
    stage.until(came + 200 * SECOND)
    assert [e.trigger for e in stage.of(KillTriggered)] == ["DVS_KILL"], "now it is silent"
    stage.told_again()


def test_today_s_minutes_are_owed_like_the_sessions_before() -> None:
    stage = Stage(start=minute(30))
    day_before(stage, 1, 4, 5)
    today(stage, 60)
    stage.market.refused_from = OPEN
    begun = Begun(stage)
    begun.begin()
    assert begun.past.sessions == 3
    assert begun.past.owed == OWED
    stage.market.refused_from = None
    stage.market.plan(pieces(minute(30), 600))
    stage.until(minute(35))
    assert begun.past.owed == ""
    assert [t for t in warm(stage) if t >= OPEN][:30] == [minute(n) for n in range(30)]
    stage.told_again()


def test_older_sessions_than_are_needed_are_gone_without() -> None:
    stage = Stage()
    day_before(stage, 1, 4, 5, 6)
    stage.market.refused_until = OPEN - 5 * DAY - DAY // 2
    begun = Begun(stage)
    begun.begin()
    assert begun.past.sessions == 3
    assert begun.past.owed == ""


def test_a_trade_that_turns_up_is_looked_after_with_what_there_is() -> None:
    """An entry of the process before, found late: its bars count more than a whole past."""
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 20 * 60, {9 * 12 + 2: -1, 9 * 12 + 3: -1}))
    stage.until(minute(11))
    assert stage.core.desk.alive
    begun = Begun(stage)
    stage.market.refuses = None
    begun.past.owed = OWED
    stage.until(minute(13))
    assert not begun.past.holds
    assert stage.core.desk.alive
    stage.until(minute(27))  # the pieces end with minute 19
    silent = [e for e in stage.of(KillTriggered) if e.trigger == "DVS_KILL"]
    assert minute(22) < silent[0].at <= minute(23) + 5 * SECOND, "its silence is judged as ever"
    assert WARM_UP in stage.core.desk.hindered
    assert minute(12) in decided(stage) or minute(11) in decided(stage)


def test_a_process_that_comes_back_to_its_session_goes_on_without_what_it_missed() -> None:
    stage = Stage()
    day_before(stage, 1, 4, 5)
    stage.market.plan(pieces(OPEN, 180))
    stage.until(minute(4))
    stage.again()
    stage.market.refuses = None
    past = WarmUp(
        stage.core, stage.run, stage.market, Weekdays(), minute(2), stage.clock.steady,
        Wanted(3, 20), lambda _: None,
    )  # fmt: skip
    past.begin(minute(6))
    assert past.owed == ""
    assert stage.market.asked == [(minute(3), minute(6))]


def test_the_host_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    stage = Stage(start=OPEN - 5 * MINUTE)
    day_before(stage, 1, 4, 5)
    stage.market.refuses = 3
    begun = Begun(stage)
    begun.begin()
    stage.until(OPEN)
    states = [WARM_UP in e.hindered for e in stage.of(HostState)]
    assert states[0]
    assert not states[-1]
    assert sum(a != b for a, b in pairwise(states)) == 1
