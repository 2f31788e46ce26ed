"""Holds the ledger against the broker's statement, and remembers what was found (execution.md 6).

A fold of executions, reads and a person's acts; part of the desk. What waits for a person stands
in the law's memory, so that no restart, contract file or other store forgets it.
"""

from __future__ import annotations

from collections.abc import Iterable

from application.fees import Fees
from domain.instrument import Instrument
from domain.orders import Fill
from domain.statement import Booked, Difference, Statement, Weight, compare, weigh
from domain.units import ZERO, Money

Key = tuple[str, str]


class StatementBook:
    """What of this session and the one before can be compared, and what differed.

    `due` says that the next read should bring the broker's values: at a start, with each session
    and after its close, because a broker may speak of the current day alone.
    """

    def __init__(self, instrument: Instrument, fees: Fees) -> None:
        self.due = True
        self._instrument = instrument
        self._fees = fees
        self._fills: dict[str, Fill] = {}
        self._before: dict[str, Fill] = {}
        self._found: dict[Key, Difference] = {}
        self._settled: dict[Key, Money] = {}
        self._told: frozenset[Difference] = frozenset()
        self._in_law: dict[Key, Money] = {}

    def executed(self, fill: Fill) -> None:
        """An execution was booked, or booked out."""
        self._fills[fill.exec_id] = fill

    def session_over(self) -> None:
        """What the session before the last one had is not compared any more."""
        kept = self._fills
        self._before, self._fills = kept, {}
        self._found = {k: v for k, v in self._found.items() if k[0] in kept}
        self._settled = {k: v for k, v in self._settled.items() if k[0] in kept}
        self._in_law = {k: v for k, v in self._in_law.items() if k[0] in kept}

    def take(self, statement: Statement) -> tuple[Difference, ...]:
        """Compare; what differs and has not been told of like that, with all that is left beside
        it. Nothing if there is nothing new."""
        for each in compare(self._booked(), statement, self._instrument):
            self._found[each.exec_id, each.what] = each
        left = self.left
        new = frozenset(left) - self._told
        self._told = frozenset(left)
        return left if new else ()

    @property
    def left(self) -> tuple[Difference, ...]:
        """What differs, beside what a person has seen."""
        return tuple(d for _, d in sorted(self._found.items()) if self._weight([d]).differs)

    @property
    def weight(self) -> Weight:
        """What all that differs adds up to, beside what a person has seen."""
        return self._weight(self._found.values())

    def for_law(self) -> Money:
        """By how much the loss that waits for a person has grown since this was asked last."""
        before = self._in_law
        self._in_law = {key: self._weight([each]).loss for key, each in self._found.items()}
        now = self._in_law.items()
        return sum((loss - before.get(key, ZERO) for key, loss in now), start=ZERO)

    def settle(self) -> None:
        """A person has seen all of it."""
        self._settled = {key: each.gain for key, each in self._found.items()}
        self._told = frozenset()
        self._in_law = {}

    def _weight(self, differences: Iterable[Difference]) -> Weight:
        return weigh(differences, self._settled)

    def _booked(self) -> list[Booked]:
        side = self._instrument.fee_per_side
        every = {**self._before, **self._fills}.items()
        return [
            Booked(fill, side * fill.qty if (fee := self._fees.booked(exec_id)) is None else fee)
            for exec_id, fill in every
        ]
