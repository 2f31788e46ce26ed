"""The worse of two memories of the law, item by item (events.md 5).

Used where a store was lost, replaced or bound anew: whatever one of them forgot, the other
remembers, so no choice between them buys anything.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.law.state import Halt, KillState, LawState, StreakState, session_opened
from domain.units import UtcNanos

_STREAK: Final = (StreakState.NORMAL, StreakState.PROBATION, StreakState.LOCKED)
# A sequence that is under way has more left to do than one that is complete.
_KILL: Final = (KillState.ARMED, KillState.KILLED, KillState.KILLING)


def worse(one: LawState, other: LawState) -> LawState:
    """The stricter value of each item, as of the later of both sessions.

    The earlier memory is first carried into the later session, which ends what ends by
    itself. A reset that waits for the next session holds only if it is of every latch there
    is. The order of the arguments does not matter, but for the name of two kill triggers, of
    which the first argument's is kept.
    """
    days = [state.session_date for state in (one, other) if state.session_date is not None]
    if days:
        one, other = (session_opened(state, max(days)) for state in (one, other))
    streak = max(one.streak_state, other.streak_state, key=_STREAK.index)
    locked = [state for state in (one, other) if state.streak_state is StreakState.LOCKED]
    latched = [state for state in (one, other) if state.killed]
    return LawState(
        session_date=max(days, default=None),
        trades_today=max(one.trades_today, other.trades_today),
        sent_today=max(one.sent_today, other.sent_today),
        last_entry=_later(one.last_entry, other.last_entry),
        streak=max(one.streak, other.streak),
        streak_state=streak,
        locked_on=max((s.locked_on for s in locked if s.locked_on is not None), default=None),
        good_minutes=min((s.good_minutes for s in locked), default=0),
        net_day=min(one.net_day, other.net_day),
        net_week=min(one.net_week, other.net_week),
        net_month=min(one.net_month, other.net_month),
        halts=tuple(h for h in Halt if h in one.halts or h in other.halts),
        month_acknowledged=one.month_acknowledged and other.month_acknowledged,
        kill_state=max(one.kill_state, other.kill_state, key=_KILL.index),
        kill_trigger=latched[0].kill_trigger if latched else None,
        muted=min((s.muted for s in (one, other) if s.muted is not None), default=None),
        reset_on=max((s.reset_on for s in (one, other) if s.reset_on is not None), default=None),
        reset_pending=bool(latched) and all(state.reset_pending for state in latched),
        resting=one.resting or other.resting,
        month_halted=_later_of([s.month_halted for s in (one, other) if Halt.MONTH in s.halts]),
        statement=max((s.statement for s in (one, other) if s.statement is not None), default=None),
    )


def _later_of(begun: list[date | None]) -> date | None:
    """When a month's halt began; not known where one of them does not know it."""
    known = [day for day in begun if day is not None]
    return max(known, default=None) if len(known) == len(begun) else None


def _later(one: UtcNanos | None, other: UtcNanos | None) -> UtcNanos | None:
    return max((t for t in (one, other) if t is not None), default=None)
