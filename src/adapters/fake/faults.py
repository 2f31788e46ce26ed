"""Faults by name, seeded and schedulable: what brokers, links and people really do.

A `FaultyBroker` is the fake broker with a plan of faults. Each fault waits for its moment and
then for the first occasion on which it can strike; those with a duration last for it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum
from typing import Final

from domain.units import SECOND, UtcNanos


class FaultKind(Enum):
    """What can go wrong. Kinds with a duration are in `LASTING`, the others strike once."""

    REJECT_ENTRY = "the broker rejects an entry"
    REJECT_STOP = "the broker rejects a stop"
    REJECT_TARGET = "the broker rejects a target"
    REJECT_EXIT = "the broker rejects a market exit"
    ONE_LEG = "of a bracket only the entry arrives"
    LOST_ACK = "an order is acknowledged, and nobody hears it"
    LATE_ACK = "an order is acknowledged late"
    NEVER_ARRIVES = "an order is lost on its way, without a word"
    SEND_FAILS = "the link breaks before an order is sent"
    SENT_THEN_DOWN = "the link breaks after an order was sent"
    LOST_FILL = "an execution is never reported of itself"
    DUPLICATE_WORDS = "everything is said twice"
    REORDERED_WORDS = "words arrive in another order"
    CANCEL_IGNORED = "a cancel is never answered"
    CANCEL_REFUSED = "a cancel or a change is refused"
    FILL_AFTER_CANCEL = "a cancelled entry fills all the same"
    UNKNOWN_STATUS = "a status that nobody can map"
    STOP_VANISHES = "a working stop is gone, without a word"
    STOP_CANCELLED = "somebody cancels a working stop"
    STOP_MOVED = "somebody moves a working stop away"
    TARGET_VANISHES = "a working target is gone, without a word"
    OCA_FAILS = "one exit does not cancel the other"
    LINK_DOWN = "the link is down for a while"
    READ_FAILS = "the broker does not answer questions for a while"
    HALT = "trading is halted: nothing fills, no cancel is answered"
    MANUAL_CLOSE = "a person closes the position by hand"
    MANUAL_TRADE = "a person opens a position of their own"
    FOREIGN_ORDER = "an order of somebody else's appears"
    MARGIN_CALL = "the account reports a negative margin"
    STATEMENT_FEE = "the statement of an execution has a dearer fee"
    STATEMENT_RESULT = "the statement of an execution has another result"


LASTING: Final = frozenset({FaultKind.LINK_DOWN, FaultKind.READ_FAILS, FaultKind.HALT})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from `at` on, for `seconds` if it lasts, else at the first occasion."""

    kind: FaultKind
    at: UtcNanos
    seconds: int = 0


class Plan:
    """The faults still to come; deterministic."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._waiting = sorted(faults, key=lambda f: (f.at, f.kind.value))
        self.struck: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let one more come."""
        self._waiting.append(fault)
        self._waiting.sort(key=lambda f: (f.at, f.kind.value))

    def strikes(self, kind: FaultKind, now: UtcNanos) -> Fault | None:
        """The first fault of `kind` that is due, taken out of the plan; None if there is none."""
        for fault in self._waiting:
            if fault.at > now:
                return None
            if fault.kind is kind:
                self._waiting.remove(fault)
                self.struck.append(fault)
                return fault
        return None

    def lasts(self, kind: FaultKind, now: UtcNanos) -> bool:
        """True while a fault with a duration is in force."""
        found = False
        for fault in self._waiting:
            if fault.kind is kind and fault.at <= now < fault.at + fault.seconds * SECOND:
                found = True
                if fault not in self.struck:
                    self.struck.append(fault)
        return found


def random_plan(seed: int, start: UtcNanos, end: UtcNanos, count: int) -> Plan:
    """`count` faults of any kind between two instants, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    kinds = list(FaultKind)
    faults = []
    for _ in range(count):
        kind = rng.choice(kinds)
        seconds = rng.choice((1, 3, 8, 20, 45, 90, 300)) if kind in LASTING else 0
        faults.append(Fault(kind, rng.randrange(start, end), seconds))
    return Plan(tuple(faults))
