"""`db bind`: a person says whose a store is, and nothing that the law knew is forgotten.

What the law must remember is for each item the worse of the store, the guard file, the
broker's executions of today and what the person types for week and month (events.md 5).
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from application.binding import LIVE, OBSERVE, Owner, taken_by
from domain.law.constitution import Constitution
from domain.law.state import Halt, KillState, LawState, adjusted, entries_seen
from domain.law.worse import worse
from domain.units import ZERO, Money
from ports.broker import BrokerToday

LEAST_REASON: Final = 10
MODES: Final = ("PAPER", LIVE)
UNREADABLE: Final = "STATE_CORRUPT"
"""The latch that is assumed where a guard file cannot tell whether there is one."""


class Typed(NamedTuple):
    """What the person types: losses of this week and this month, not negative."""

    week: Money
    month: Money


def reason_refused(reason: str) -> str:
    """Why `reason` is none; empty if it is one."""
    if sum(not character.isspace() for character in reason) < LEAST_REASON:
        return f"needs at least {LEAST_REASON} characters that say why"
    return ""


def bind_refused(bound: Owner, asked: Owner, events: int) -> str:
    """Why the store of `bound` cannot be bound to `asked`; empty if it can.

    A store keeps its adapter, account and mode for ever: who wants others takes another store.
    """
    if asked.mode not in MODES:
        return f"binds to PAPER or LIVE, not to {asked.mode}; {OBSERVE} needs no binding"
    return taken_by(bound, asked, events)


def carried_over(
    memories: tuple[LawState, ...],
    broker: BrokerToday,
    typed: Typed,
    today: date,
    law: Constitution,
) -> LawState:
    """The law's memory after a binding: no item is laxer than in any of `memories` (store,
    guard), at the broker, or as typed. Halts follow from the sums.

    `today` is the date of the session that opened last. It is halted whatever it has lost, so
    entries begin with the next one.
    """
    state = LawState(session_date=today)
    for memory in memories:
        state = worse(state, memory)
    day = min(state.net_day, broker.net)
    state = state._replace(
        net_day=day,
        net_week=min(state.net_week, -typed.week, day),
        net_month=min(state.net_month, -typed.month, day),
    )
    state = adjusted(entries_seen(state, broker.entries, state.last_entry), ZERO, law)
    return state._replace(halts=tuple(h for h in Halt if h is Halt.DAY or h in state.halts))


def assumed_latched() -> LawState:
    """What a guard file that cannot be read is taken for."""
    return LawState(kill_state=KillState.KILLING, kill_trigger=UNREADABLE)
