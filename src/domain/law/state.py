"""What the law remembers: a pure fold of entries, closes and sessions (law.md 1).

Counters belong to the account. Every function takes a state and returns the next one;
nothing else may change them.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Final, NamedTuple

from domain.law.constitution import Constitution
from domain.units import ZERO, Money, UtcNanos


class StreakState(Enum):
    """Losing streak: free, locked for the session, or back with one trade a day."""

    NORMAL = "NORMAL"
    LOCKED = "LOCKED"
    PROBATION = "PROBATION"


class Halt(Enum):
    """A stop that ends by itself."""

    DAY = "HALT_DAY"
    WEEK = "HALT_WEEK"
    MONTH = "HALT_MONTH"


class KillState(Enum):
    """The kill switch: latched until a person resets it."""

    ARMED = "ARMED"
    KILLING = "KILLING"
    KILLED = "KILLED"


LASTING: Final = frozenset({"DVS_KILL", "EQS_KILL", "LOSS_OVERRUN", "MARGIN"})
"""Triggers whose condition can outlast a reset; the others are events, over when they have been."""


class LawState(NamedTuple):
    """Counters, halts and latches; `net_*` are sums of net results, so a loss is negative.

    `good_minutes` counts consecutive clean decisions of a session later than `locked_on`,
    towards recovery from a streak. `kill_trigger` names what latched the switch. `muted` is the
    trigger that was reset last and has not been false since: it does not trigger again, and no
    permit is made. `reset_on` is the session of the last reset; a second one in the same session
    is `reset_pending` until the next one opens. `resting` is from a reset to the next decision
    with clean gates: until then the run observes. `statement` is the loss by which the broker's
    statement differs, zero where it differs for the better: until a person acknowledges it
    nothing is entered; None if nothing waits. `month_halted` is the session in which the halt of
    a month began, None where that is not known any more.
    """

    session_date: date | None = None
    trades_today: int = 0
    sent_today: int = 0
    last_entry: UtcNanos | None = None
    streak: int = 0
    streak_state: StreakState = StreakState.NORMAL
    locked_on: date | None = None
    good_minutes: int = 0
    net_day: Money = ZERO
    net_week: Money = ZERO
    net_month: Money = ZERO
    halts: tuple[Halt, ...] = ()
    month_acknowledged: bool = True
    kill_state: KillState = KillState.ARMED
    kill_trigger: str | None = None
    muted: str | None = None
    reset_on: date | None = None
    reset_pending: bool = False
    resting: bool = False
    statement: Money | None = None
    month_halted: date | None = None

    def realised_loss(self, halt: Halt) -> Money:
        """The period's realised loss: what it has lost net, never negative."""
        if halt is Halt.DAY:
            net = self.net_day
        else:
            net = self.net_week if halt is Halt.WEEK else self.net_month
        return -net if net < ZERO else ZERO

    @property
    def killed(self) -> bool:
        """True from the latch until the reset."""
        return self.kill_state is not KillState.ARMED


_GOOD: Final = LawState._fields.index("good_minutes")
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


def limit_of(halt: Halt, law: Constitution) -> Money:
    """The loss limit of a period."""
    if halt is Halt.DAY:
        return law.max_daily_loss
    return law.max_weekly_loss if halt is Halt.WEEK else law.max_monthly_loss


def session_opened(state: LawState, day: date) -> LawState:
    """Begin the session of `day`: counters of ended periods restart, their halts end.

    The halt of a month ends only with a later month and an acknowledgement, whichever comes last.
    """
    before = state.session_date
    if before == day:
        return state
    new_week = before is None or before.isocalendar()[:2] != day.isocalendar()[:2]
    new_month = before is None or not _same_month(before, day)
    ended = {Halt.DAY}
    if new_week:
        ended.add(Halt.WEEK)
    halted = state.month_halted
    over = new_month if halted is None else not _same_month(halted, day)
    if over and state.month_acknowledged:
        ended.add(Halt.MONTH)
    if state.reset_pending:
        state = _armed(state)
    return state._replace(
        session_date=day,
        trades_today=0,
        sent_today=0,
        good_minutes=0,
        net_day=ZERO,
        net_week=ZERO if new_week else state.net_week,
        net_month=ZERO if new_month else state.net_month,
        halts=tuple(h for h in state.halts if h not in ended),
        month_halted=None if Halt.MONTH in ended else halted,
    )


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


def entry_sent(state: LawState) -> LawState:
    """An entry order is on its way (L19 counts it, filled or not)."""
    return state._replace(sent_today=state.sent_today + 1)


def entry_filled(state: LawState, at: UtcNanos) -> LawState:
    """An entry got its first fill (L4, L5)."""
    return state._replace(trades_today=state.trades_today + 1, last_entry=at)


def trade_closed(state: LawState, net: Money, law: Constitution) -> LawState:
    """Book a closed trade: sums, streak, and the halts and locks that follow."""
    day, week, month = (n + net for n in (state.net_day, state.net_week, state.net_month))
    booked = _after_result(state, net, law)._replace(net_day=day, net_week=week, net_month=month)
    return _halted(booked, law)


def adjusted(state: LawState, difference: Money, law: Constitution) -> LawState:
    """Book money that belongs to no trade of its own: a fee's correction, a statement's
    difference, what was executed after a trade was closed. Sums and halts move, the streak not.
    """
    day, week, month = (n + difference for n in (state.net_day, state.net_week, state.net_month))
    return _halted(state._replace(net_day=day, net_week=week, net_month=month), law)


def _halted(booked: LawState, law: Constitution) -> LawState:
    """Begin the halts that the sums ask for; none ends here."""
    reached = [h for h in Halt if booked.realised_loss(h) >= limit_of(h, law)]
    if Halt.MONTH in reached and not _halted_in_this_month(booked):
        day = booked.session_date
        booked = booked._replace(month_acknowledged=False, month_halted=day)
    halts = (*booked.halts, *(h for h in reached if h not in booked.halts))
    return booked._replace(halts=halts)


def _halted_in_this_month(state: LawState) -> bool:
    """True if the halt of a month is in force, and not one of an earlier month."""
    halted, day = state.month_halted, state.session_date
    if Halt.MONTH not in state.halts:
        return False
    return halted is None or day is None or _same_month(halted, day)


def _after_result(state: LawState, net: Money, law: Constitution) -> LawState:
    if net == ZERO:
        return state
    if net > ZERO:
        if state.streak_state is StreakState.LOCKED:
            return state  # a lock ends by its recovery alone
        return state._replace(streak=0, streak_state=StreakState.NORMAL, locked_on=None)
    streak = state.streak + 1
    if streak < law.max_loss_streak:
        return state._replace(streak=streak)
    return state._replace(
        streak=streak,
        streak_state=StreakState.LOCKED,
        locked_on=state.session_date,
        good_minutes=0,
    )


def decision_seen(state: LawState, dvs_bp: int, eqs_bp: int, law: Constitution) -> LawState:
    """Count one decision towards recovery from a losing streak.

    Called before the gates, so that the last good minute needed already counts. The caller
    vouches for a clean reconciliation at the session's start.
    """
    if state.streak_state is not StreakState.LOCKED or state.session_date == state.locked_on:
        return state
    if dvs_bp < law.dvs_entry_bp or eqs_bp < law.eqs_entry_bp or state.killed:
        return state._replace(good_minutes=0) if state.good_minutes else state
    good = state.good_minutes + 1
    if good < law.recovery_minutes:
        return _made(LawState, (*state[:_GOOD], good, *state[_GOOD + 1 :]))
    return state._replace(
        good_minutes=0,
        streak=1,
        streak_state=StreakState.PROBATION,
        locked_on=None,
    )


def differs_in_more_than_recovery(one: LawState, other: LawState) -> bool:
    """True if anything but the count towards recovery, which moves every minute, differs."""
    return one[:_GOOD] != other[:_GOOD] or one[_GOOD + 1 :] != other[_GOOD + 1 :]


def kill_latched(state: LawState, trigger: str) -> LawState:
    """Latch the kill switch; the first trigger stays the named one, and a reset that waits for
    the next session is void."""
    if state.killed:
        return state._replace(reset_pending=False) if state.reset_pending else state
    return state._replace(kill_state=KillState.KILLING, kill_trigger=trigger)


def kill_completed(state: LawState) -> LawState:
    """The kill sequence has verified that our part is flat."""
    return state._replace(kill_state=KillState.KILLED)


def kill_resumed(state: LawState) -> LawState:
    """The kill sequence begins anew: something of ours turned up after it was complete."""
    return state._replace(kill_state=KillState.KILLING)


def kill_reset(state: LawState) -> LawState:
    """A person lifts a completed kill; counters stay. The second reset of a session waits."""
    if state.kill_state is not KillState.KILLED:
        raise ValueError(f"nothing to reset in {state.kill_state.value}")
    if state.reset_on is not None and state.reset_on == state.session_date:
        return state._replace(reset_pending=True)
    return _armed(state)


def _armed(state: LawState) -> LawState:
    return state._replace(
        kill_state=KillState.ARMED,
        kill_trigger=None,
        muted=state.kill_trigger if state.kill_trigger in LASTING else None,
        reset_on=state.session_date,
        reset_pending=False,
        resting=True,
    )


def rested(state: LawState) -> LawState:
    """A decision with clean gates has come since the reset."""
    return state if state.muted is not None else state._replace(resting=False)


def month_acknowledged(state: LawState) -> LawState:
    """A person has acknowledged the halt of a month; it ends with the next one."""
    return state._replace(month_acknowledged=True)


def statement_differs(state: LawState, loss: Money) -> LawState:
    """The broker's statement differs, by `loss` more than was known; it waits for a person. It
    may turn out smaller, but what a person has to see does not go by itself."""
    return state._replace(statement=max(ZERO, (state.statement or ZERO) + loss))


def statement_acknowledged(state: LawState, law: Constitution) -> LawState:
    """A person has seen how the statement differs: a loss is booked, once; a gain never is."""
    loss = state.statement
    if loss is None:
        return state
    state = state._replace(statement=None)
    return adjusted(state, -loss, law) if loss > ZERO else state


def condition_gone(state: LawState, trigger: str) -> LawState:
    """The condition of `trigger` is false: from now on it may trigger again."""
    return state._replace(muted=None) if state.muted == trigger else state


def entries_seen(state: LawState, count: int, at: UtcNanos | None) -> LawState:
    """The broker shows `count` entries of our form today: the larger count holds (law.md).

    When another store's entry filled it does not say: `at` is when it was first shown, which is
    no earlier, so the spacing (L5) may be longer than it has to be and is never shorter.
    """
    if count <= state.trades_today:
        return state
    known = [t for t in (state.last_entry, at) if t is not None]
    return state._replace(trades_today=count, last_entry=max(known, default=None))


def streak_allows(state: LawState, law: Constitution) -> bool:
    """L10 with probation: locked never, on probation one trade a day."""
    if state.streak_state is StreakState.LOCKED:
        return False
    if state.streak_state is StreakState.PROBATION:
        return state.trades_today < law.probation_trades_per_day
    return state.streak < law.max_loss_streak
