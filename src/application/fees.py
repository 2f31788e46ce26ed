"""Fees of executions: the contract's until the broker says what they are (law.md 1).

A fold of fills and reports, whatever their order; part of the desk.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from domain.instrument import Instrument
from domain.orders import Fill
from domain.units import ZERO, Money

LATELY: Final = 20
"""Fills whose reported fees a worst case remembers (law.md 1)."""


class Fees:
    """What each execution's fee is booked with, and what a worst case has to reckon with."""

    def __init__(self, instrument: Instrument) -> None:
        self._contract = instrument
        self._booked: dict[str, tuple[int, Money]] = {}
        self._before: dict[str, tuple[int, Money]] = {}
        self._early: dict[str, Money] = {}
        self._lately: deque[tuple[str, Money]] = deque(maxlen=LATELY)
        self.at_worst = instrument
        """The instrument with the fee that a worst case reckons with: the contract's, or the
        largest that was reported of the last fills."""

    def executed(self, fill: Fill) -> Money:
        """A fill is booked with the contract's fee; what a report that came before it adds to the
        sums, zero as a rule."""
        self._booked[fill.exec_id] = (fill.qty, self._contract.fee_per_side * fill.qty)
        self._lately.append((fill.exec_id, ZERO))
        self._reckon()
        early = self._early.pop(fill.exec_id, None)
        return ZERO if early is None else self.reported(fill.exec_id, early)

    def reported(self, exec_id: str, fee: Money) -> Money:
        """A report replaces what was booked: what that adds to the sums, negative for a dearer
        fee. One of an execution that is not known yet waits for it; one of the session before the
        last stays as it was booked.
        """
        found = self._booked.get(exec_id) or self._before.get(exec_id)
        if found is None:
            self._early[exec_id] = fee
            return ZERO
        qty, before = found
        self._booked[exec_id] = (qty, fee)
        self._remember(exec_id, fee, qty)
        return before - fee

    def booked(self, exec_id: str) -> Money | None:
        """What an execution of this session or the one before is booked with; None if unknown."""
        found = self._booked.get(exec_id) or self._before.get(exec_id)
        return None if found is None else found[1]

    def session_over(self) -> None:
        """Reports of this session may still come in the next one, not after it."""
        self._before, self._booked = self._booked, {}
        self._early.clear()

    def _remember(self, exec_id: str, fee: Money, qty: int) -> None:
        """The first report of a fill is its fee; a later one may carry a corrected price."""
        for place, (known, told) in enumerate(self._lately):
            if known == exec_id and told == ZERO:
                self._lately[place] = (exec_id, Money(-(-fee.units // max(qty, 1))))
                self._reckon()

    def _reckon(self) -> None:
        fee = max(self._contract.fee_per_side, *(told for _, told in self._lately))
        if fee != self.at_worst.fee_per_side:
            self.at_worst = replace(self._contract, fee_per_side=fee)
