"""Our ledger held against the broker's own statement of the same executions (execution.md 6).

Pure: what both sides know of an execution goes in, what they differ by comes out. Every value
is a result in money, so a fee is negative, and a difference is negative where the statement is
worse for us than the ledger.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.instrument import Instrument
from domain.orders import Fill, Role, ref_of
from domain.units import ZERO, Money, Side, Ticks

ROUNDING: Final = Money.parse("0.05")
"""A value that differs by no more is the same one (execution.md 6)."""
MOST: Final = Money.parse("5.00")
"""What more than this is missing, or too much, is for a person to look at."""
BOOKED_OUT: Final = ".FOREIGN"
"""In the id of what was booked out without an execution of ours: its price was not known."""

FEE, RESULT, EXIT = "fee", "result", "exit"
"""What is compared: an execution's fee, what a closing one has realised, and an exit that was
booked without its price."""


class StatementLine(NamedTuple):
    """What the broker says that one execution has cost and, if it closed something, realised;
    None where it says nothing. `result` is after commissions, of which ones a broker knows."""

    exec_id: str
    fee: Money | None
    result: Money | None


class Statement(NamedTuple):
    """The broker's values; `others` are executions in our contract that are not ours."""

    lines: tuple[StatementLine, ...] = ()
    others: tuple[Fill, ...] = ()


NO_STATEMENT: Final = Statement()


class Booked(NamedTuple):
    """One execution as our ledger has it, with the fee it is booked with."""

    fill: Fill
    fee: Money


class Difference(NamedTuple):
    """A value of which both sides know something."""

    exec_id: str
    what: str
    ours: Money
    theirs: Money

    @property
    def gain(self) -> Money:
        """Negative where the statement is worse for us."""
        return self.theirs - self.ours


class Weight(NamedTuple):
    """What differences add up to: losses and gains apart, for one must not hide the other."""

    loss: Money
    gain: Money

    @property
    def differs(self) -> bool:
        """True if anything is more than rounding."""
        return self.loss > ZERO or self.gain > ZERO

    @property
    def for_a_person(self) -> bool:
        """True if a person has to look at it before anything is entered."""
        return max(self.loss, self.gain) > MOST


@dataclass(slots=True)
class _Lot:
    """Contracts that are still open, what each was bought or sold at, and what each has cost."""

    side: Side
    qty: int
    price: Ticks
    fee: Money


def compare(
    booked: Iterable[Booked], statement: Statement, instrument: Instrument
) -> tuple[Difference, ...]:
    """Hold every execution of the ledger against the statement; what only one side knows is left
    out. The order of neither side matters."""
    lines = {line.exec_id: line for line in statement.lines}
    groups: dict[str, list[Booked]] = {}
    for each in booked:
        ref = ref_of(each.fill.order_ref)
        groups.setdefault(each.fill.order_ref if ref is None else ref.group, []).append(each)
    others = sorted(set(statement.others), key=lambda f: (f.time, f.exec_id))
    found: list[Difference] = []
    for name in sorted(groups):
        found += _of_group(sorted(groups[name], key=_place), lines, others, instrument)
    return tuple(found)


def weigh(differences: Iterable[Difference], settled: Mapping[tuple[str, str], Money]) -> Weight:
    """What is left of `differences` beside what a person has seen and `settled`."""
    loss = gain = ZERO
    for each in differences:
        rest = each.gain - settled.get((each.exec_id, each.what), ZERO)
        if rest < -ROUNDING:
            loss = loss - rest
        elif rest > ROUNDING:
            gain = gain + rest
    return Weight(loss, gain)


def _place(each: Booked) -> tuple[int, bool, str]:
    """In time; of two executions of one instant the entry was first."""
    return each.fill.time, each.fill.role is not Role.ENTRY, each.fill.exec_id


def _of_group(
    booked: list[Booked],
    lines: Mapping[str, StatementLine],
    others: list[Fill],
    instrument: Instrument,
) -> list[Difference]:
    found: list[Difference] = []
    lots: deque[_Lot] = deque()
    for each in booked:
        fill, line = each.fill, lines.get(each.fill.exec_id)
        fee = each.fee if line is None or line.fee is None else line.fee
        if line is not None and line.fee is not None:
            found.append(Difference(fill.exec_id, FEE, -each.fee, -line.fee))
        closed = _closed(fill, fee, lots, instrument)
        if BOOKED_OUT in fill.exec_id:
            found += _exit(each, booked[0].fill, lines, others, instrument)
        elif closed is not None and line is not None and line.result is not None:
            ours = _as_told(line.result, *closed)
            found.append(Difference(fill.exec_id, RESULT, ours, line.result))
    return found


def _closed(
    fill: Fill, fee: Money, lots: deque[_Lot], instrument: Instrument
) -> tuple[Money, Money, Money] | None:
    """What `fill` has closed, first in, first out: its gross result, its own fee and that of what
    it closed. None if it has only opened."""
    each = Money(fee.units // fill.qty)
    gross = cost = ZERO
    left = fill.qty
    while left and lots and lots[0].side != fill.side:
        lot = lots[0]
        qty = min(left, lot.qty)
        gross = gross + instrument.tick_value * (lot.side * (fill.price - lot.price) * qty)
        cost = cost + lot.fee * qty
        lot.qty, left = lot.qty - qty, left - qty
        if lot.qty == 0:
            lots.popleft()
    if left:
        lots.append(_Lot(fill.side, left, fill.price, each))
    closed = fill.qty - left
    return (gross, each * closed, cost) if closed else None


def _as_told(theirs: Money, gross: Money, fee: Money, before: Money) -> Money:
    """Our result, less the commissions that the broker has taken off its own.

    Both sides' as a rule, for the average cost holds the entry's; a value that is exactly before
    commissions, or after the exit's alone, is the same one told otherwise.
    """
    after_both = gross - fee - before
    for ours in (after_both, gross - fee, gross):
        if -ROUNDING <= theirs - ours <= ROUNDING:
            return ours
    return after_both


def _exit(
    booked: Booked,
    first: Fill,
    lines: Mapping[str, StatementLine],
    others: list[Fill],
    instrument: Instrument,
) -> list[Difference]:
    """What an exit of somebody else's really brought, where the broker shows it: executions of
    that side, from the trade's beginning until it was booked out, of that quantity in all."""
    out = booked.fill
    seen = [f for f in others if f.side == out.side and first.time <= f.time <= out.time]
    if sum(f.qty for f in seen) != out.qty:
        return []
    told = [lines[f.exec_id].fee if f.exec_id in lines else None for f in seen]
    known = [fee for fee in told if fee is not None]
    fee = sum(known, start=ZERO) if len(known) == len(told) else booked.fee
    value = instrument.tick_value * -out.side
    ours = value * (out.price * out.qty) - booked.fee
    theirs = value * sum(f.price * f.qty for f in seen) - fee
    return [Difference(out.exec_id, EXIT, ours, theirs)]
