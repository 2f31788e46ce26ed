"""The law's memory against a naive recount, over sessions, weeks and months (law.md 1)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from changing import replace
from domain.law import state as law
from domain.law.door import Permit, authorize
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.session import Timetable
from domain.units import MINUTE, Money
from law_builders import facts, intent
from market_builders import rules, session_on, timetable_on

THE_LAW = rules().law
FIRST = date(2024, 11, 4)


class Remembering(RuleBasedStateMachine):
    """Sessions, entries, results and minutes in any order; every total recounted from scratch."""

    @initialize()
    def begin(self) -> None:
        self.state = LawState()
        self.trades: list[tuple[date, int]] = []  # session, net in 0.0001 USD
        self.entries: list[tuple[date, int]] = []  # session, time
        self.sent: list[date] = []
        self.open: int | None = None  # risk with fees of the open trade
        self.streak = 0
        self.lock = "free"
        self.locked_on: date | None = None
        self.good = 0
        self.halted: dict[str, date] = {}
        self.day = FIRST
        self.minute = 0
        self._start()

    def _start(self) -> None:
        self.state = law.session_opened(self.state, self.day)
        self.minute = 6
        self.good = 0

    @rule(days=st.sampled_from([1, 1, 1, 1, 3, 7, 31]))
    def next_session(self, days: int) -> None:
        if self.open is not None:
            self.close(0)
        before = self.day
        self.day += timedelta(days=days)
        if self.day.isocalendar()[:2] != before.isocalendar()[:2]:
            self.halted.pop("week", None)
        self.halted.pop("day", None)  # that of a month waits for a person
        self._start()

    @precondition(lambda self: self.open is None)
    @rule(stop=st.integers(8, 12), fills=st.booleans())
    def try_to_enter(self, stop: int, fills: bool) -> None:
        now = session_on(self.day).open + self.minute * MINUTE
        wanted = replace(
            intent(stop=stop),
            decision_id=f"{self.day.isoformat()}-{self.minute:03d}-MES",
            decided_at=now,
            expires_at=now + MINUTE,
        )
        answer = authorize(
            wanted, replace(facts(now, state=self.state), timetable=self._table()), THE_LAW
        )
        risk = stop * 12_500 + 12_400
        assert isinstance(answer, Permit) is self._may(now, risk)
        if not isinstance(answer, Permit):
            return
        self.state = law.entry_sent(self.state)
        self.sent.append(self.day)
        if fills:
            self.state = law.entry_filled(self.state, now)
            self.entries.append((self.day, now))
            self.open = risk

    def _table(self) -> Timetable:
        return timetable_on(self.day)

    def _lost(self, period: str) -> int:
        def same(d: date) -> bool:
            if period == "day":
                return d == self.day
            if period == "week":
                return d.isocalendar()[:2] == self.day.isocalendar()[:2]
            return (d.year, d.month) == (self.day.year, self.day.month)

        return max(0, -sum(net for d, net in self.trades if same(d)))

    def _may(self, now: int, risk: int) -> bool:
        today = [t for d, t in self.entries if d == self.day]
        last = self.entries[-1][1] if self.entries else None
        minutes = (now - session_on(self.day).open) // MINUTE
        return (
            (5 <= minutes < 120 or 240 <= minutes < 375)
            and not self.halted
            and len(today) < 2
            and (last is None or now - last >= 30 * MINUTE)
            and self.sent.count(self.day) < 10
            and self._lost("day") + risk <= 300_000
            and self._lost("week") + risk <= 750_000
            and self._lost("month") + risk <= 1_500_000
            and (self.lock == "free" or (self.lock == "probation" and not today))
        )

    @precondition(lambda self: self.open is not None)
    @rule(net=st.sampled_from([-300_000, -174_900, -162_400, -112_400, -1, 0, 1, 100_000, 300_000]))
    def close(self, net: int) -> None:
        self.state = law.trade_closed(self.state, Money(net), THE_LAW)
        self.trades.append((self.day, net))
        self.open = None
        if net > 0:
            self.streak, self.lock = 0, "free"
        elif net < 0:
            self.streak += 1
            if self.streak >= 2:
                self.lock, self.locked_on, self.good = "locked", self.day, 0
        for period, limit in (("day", 300_000), ("week", 750_000), ("month", 1_500_000)):
            if self._lost(period) >= limit:
                self.halted.setdefault(period, self.day)

    @rule(minutes=st.integers(1, 45), good=st.booleans())
    def minutes_pass(self, minutes: int, good: bool) -> None:
        for _ in range(minutes):
            self.minute = min(self.minute + 1, 389)
            quality = (8000, 7500) if good else (7999, 10_000)
            self.state = law.decision_seen(self.state, *quality, THE_LAW)
            if self.lock == "locked" and self.locked_on != self.day:
                self.good = self.good + 1 if good else 0
                if self.good == 30:
                    self.lock, self.streak, self.good = "probation", 1, 0

    @invariant()
    def totals_are_those_of_the_recount(self) -> None:
        if not hasattr(self, "state"):
            return
        s = self.state
        for halt, period in ((Halt.DAY, "day"), (Halt.WEEK, "week"), (Halt.MONTH, "month")):
            assert s.realised_loss(halt).units == self._lost(period)
            assert (halt in s.halts) is (period in self.halted)
        assert s.trades_today == sum(d == self.day for d, _ in self.entries) <= 2
        assert s.sent_today == self.sent.count(self.day) <= 10
        assert s.last_entry == (self.entries[-1][1] if self.entries else None)
        assert s.streak == self.streak
        names = {"free": "NORMAL", "locked": "LOCKED", "probation": "PROBATION"}
        assert s.streak_state.value == names[self.lock]
        assert s.kill_state is KillState.ARMED

    @invariant()
    def nothing_can_lose_more_than_the_law_allows(self) -> None:
        if getattr(self, "open", None) is not None:
            assert self._lost("day") + self.open <= 300_000


Remembering.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestRemembering = Remembering.TestCase


def started(**changes: object) -> LawState:
    return law.session_opened(LawState(), FIRST)._replace(**changes)


def lose(state: LawState, usd: str) -> LawState:
    return law.trade_closed(state, -Money.parse(usd), THE_LAW)


def good_minutes(state: LawState, count: int) -> LawState:
    for _ in range(count):
        state = law.decision_seen(state, 8000, 7500, THE_LAW)
    return state


def test_two_losses_lock_for_the_session_and_thirty_minutes_of_the_next_free_it() -> None:
    locked = lose(lose(started(), "5"), "5")
    assert (locked.streak, locked.streak_state) == (2, StreakState.LOCKED)
    assert good_minutes(locked, 300) == locked
    later = law.session_opened(locked, FIRST + timedelta(days=1))
    assert good_minutes(later, 29).streak_state is StreakState.LOCKED
    free = good_minutes(later, 30)
    assert (free.streak, free.streak_state) == (1, StreakState.PROBATION)
    assert law.streak_allows(free, THE_LAW)


@pytest.mark.parametrize("bad", [(7999, 7500), (8000, 7499)])
def test_a_bad_minute_restarts_the_recovery(bad: tuple[int, int]) -> None:
    locked = law.session_opened(lose(lose(started(), "5"), "5"), FIRST + timedelta(days=1))
    nearly = law.decision_seen(good_minutes(locked, 29), *bad, THE_LAW)
    assert good_minutes(nearly, 29).streak_state is StreakState.LOCKED
    assert good_minutes(nearly, 30).streak_state is StreakState.PROBATION


def test_recovery_does_not_carry_over_to_another_session() -> None:
    locked = law.session_opened(lose(lose(started(), "5"), "5"), FIRST + timedelta(days=1))
    tomorrow = law.session_opened(good_minutes(locked, 29), FIRST + timedelta(days=2))
    assert good_minutes(tomorrow, 29).streak_state is StreakState.LOCKED


def test_no_recovery_under_a_kill() -> None:
    locked = law.session_opened(lose(lose(started(), "5"), "5"), FIRST + timedelta(days=1))
    killed = law.kill_latched(locked, "MANUAL")
    assert good_minutes(killed, 60).streak_state is StreakState.LOCKED


def test_probation_one_trade_a_loss_locks_a_win_frees_a_zero_keeps() -> None:
    on = started(streak=1, streak_state=StreakState.PROBATION)
    used = law.entry_filled(on, 1)
    assert law.streak_allows(on, THE_LAW)
    assert not law.streak_allows(used, THE_LAW)
    assert lose(used, "1").streak_state is StreakState.LOCKED
    win = law.trade_closed(used, Money.parse("0.01"), THE_LAW)
    assert (win.streak, win.streak_state) == (0, StreakState.NORMAL)
    zero = law.trade_closed(used, Money(0), THE_LAW)
    assert (zero.streak, zero.streak_state) == (1, StreakState.PROBATION)


def test_a_lock_ends_by_its_own_rule_alone() -> None:
    """A result that is booked late must not unlock."""
    locked = lose(lose(started(), "5"), "5")
    late = law.trade_closed(locked, Money.parse("50"), THE_LAW)
    assert (late.streak, late.streak_state) == (2, StreakState.LOCKED)


def test_a_streak_of_one_carries_over() -> None:
    assert law.session_opened(lose(started(), "5"), FIRST + timedelta(days=1)).streak == 1


@pytest.mark.parametrize(
    ("lost", "halts"),
    [("29.9999", ()), ("30.00", (Halt.DAY,)), ("75.00", (Halt.DAY, Halt.WEEK)),
     ("150.00", (Halt.DAY, Halt.WEEK, Halt.MONTH))],
)  # fmt: skip
def test_halts_begin_exactly_at_their_limit(lost: str, halts: tuple[Halt, ...]) -> None:
    assert lose(started(), lost).halts == halts


def test_halts_end_at_their_own_time() -> None:
    """Monday 2024-11-04: the day's ends on Tuesday, the week's on the 11th, the month's on
    2 December only with an acknowledgement."""
    halted = lose(started(), "150.00")
    tuesday = law.session_opened(halted, FIRST + timedelta(days=1))
    assert tuesday.halts == (Halt.WEEK, Halt.MONTH)
    next_week = law.session_opened(tuesday, FIRST + timedelta(days=7))
    assert next_week.halts == (Halt.MONTH,)
    december = law.session_opened(next_week, date(2024, 12, 2))
    assert december.halts == (Halt.MONTH,)
    assert december.realised_loss(Halt.MONTH) == Money(0)
    acknowledged = next_week._replace(month_acknowledged=True)
    assert law.session_opened(acknowledged, date(2024, 12, 2)).halts == ()
    assert law.session_opened(acknowledged, date(2024, 11, 29)).halts == (Halt.MONTH,)


def test_a_winning_trade_does_not_end_a_halt() -> None:
    halted = lose(started(), "30.00")
    assert law.trade_closed(halted, Money.parse("100"), THE_LAW).halts == (Halt.DAY,)


@pytest.mark.parametrize(
    ("before", "after", "same_week"),
    [(date(2024, 12, 30), date(2025, 1, 2), True), (date(2026, 12, 31), date(2027, 1, 4), False),
     (date(2020, 12, 28), date(2021, 1, 3), True), (date(2024, 3, 8), date(2025, 3, 7), False)],
)  # fmt: skip
def test_weeks_are_iso_weeks(before: date, after: date, same_week: bool) -> None:
    lost = lose(law.session_opened(LawState(), before), "10")
    later = law.session_opened(lost, after)
    assert (later.realised_loss(Halt.WEEK) == Money.parse("10")) is same_week
    assert later.realised_loss(Halt.MONTH) == Money(0)


def test_opening_a_session_twice_changes_nothing() -> None:
    once = law.entry_sent(law.entry_filled(lose(started(), "10"), 5))
    assert law.session_opened(once, FIRST) == once


def test_the_first_kill_stays_the_named_one() -> None:
    killed = law.kill_latched(law.kill_latched(started(), "DVS_KILL"), "EQS_KILL")
    assert killed.kill_trigger == "DVS_KILL"
    assert killed.kill_state is KillState.KILLING
    done = law.kill_completed(killed)
    assert done.killed
    assert law.kill_latched(done, "MANUAL") == done
    assert law.session_opened(done, FIRST + timedelta(days=40)).killed
