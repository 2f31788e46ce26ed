"""Executions, each once: corrections, commissions and what they add up to (ibkr.md 7)."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

from adapters.ibkr.prices import UNSET, to_ticks, whole
from adapters.ibkr.records import ExecSeen, FeeSeen
from domain.instrument import Instrument
from domain.orders import Fill, OrderRef, Role
from domain.statement import StatementLine
from domain.units import HOUR, MINUTE, SECOND, Money, Side, Ticks, UtcNanos

NEAR: Final = 5 * SECOND
"""An execution whose time is so close to its receipt is given the receipt's."""
ENTRY_LIVES: Final = 10 * MINUTE
"""Longer than any entry can wait for its fill, and shorter than two zones are apart."""
_EAST: Final = range(-12 * HOUR, 14 * HOUR + 1, 15 * MINUTE)
"""How far the zones of the world are ahead of UTC."""
_SIDES: Final[dict[str, Side]] = {"BOT": 1, "BUY": 1, "SLD": -1, "SELL": -1}
_PLACES: Final = Decimal("0.0001")


def split_exec_id(exec_id: str) -> tuple[str, int]:
    """What stays the same when an execution is corrected, and the number of the version."""
    stem, _, last = exec_id.rpartition(".")
    if not stem or not last.isdigit():
        return exec_id, 0
    return stem, int(last)


def side_of(text: str) -> Side | None:
    """+1 or -1, None for a word that is neither."""
    return _SIDES.get(text)


def amount_of(seen: FeeSeen) -> Decimal | None:
    """The commission in US dollars to the hundredth of a cent; None where there is none yet."""
    if seen.currency not in ("", "USD") or not abs(seen.amount) < UNSET:
        return None
    return Decimal(repr(float(seen.amount))).quantize(_PLACES, rounding=ROUND_HALF_EVEN)


def result_of(seen: FeeSeen) -> Money | None:
    """What a closing execution has realised, after commissions; None where it is not said."""
    unset = seen.realised == 0.0 or not abs(seen.realised) < UNSET
    if unset or seen.currency not in ("", "USD"):
        return None
    said = Decimal(repr(float(seen.realised)))
    return Money.parse(said.quantize(_PLACES, rounding=ROUND_HALF_EVEN))


class Taken(NamedTuple):
    """What an execution message brought: a fill to tell, and whether it corrected quantity."""

    fill: Fill | None = None
    requantified: bool = False


@dataclass(slots=True)
class _Known:
    """One execution of ours: the fill as it was first told, and what it is by now."""

    fill: Fill
    version: int
    qty: int
    price: int
    tell: bool
    commission: Money | None = None
    told: Money | None = None
    result: Money | None = None


class UnreadableExecutionError(Exception):
    """An execution of ours that cannot be a fill: nobody may believe to be flat."""


class ExecutionLedger:
    """Every execution of ours that this process has seen, by what its id keeps for ever.

    A correction replaces: of its quantity `qty_of` and a fresh read tell, of its price the next
    fee, because a price that moved is money and nothing else (docs/decisions). `recorded` is the
    price at which a process before has booked an execution: one that was corrected meanwhile
    has moved too.
    """

    def __init__(
        self,
        instrument: Instrument,
        recorded: Callable[[str], Ticks | None] = lambda exec_id: None,
    ) -> None:
        self._instrument = instrument
        self._recorded = recorded
        self._known: dict[str, _Known] = {}
        self._early: dict[str, FeeSeen] = {}

    def take(
        self, seen: ExecSeen, ref: OrderRef, at: UtcNanos, tell: bool = True, sent: UtcNanos = 0
    ) -> Taken:  # fmt: skip
        """Take an execution of the order `ref`; `at` is the time its word would have, `sent` when
        the order left (0: not known), and without `tell` nothing will ever be said of it.

        Errors: UnreadableExecutionError if side, quantity or price make no sense.
        """
        stem, version = split_exec_id(seen.exec_id)
        known = self._known.get(stem)
        if known is not None and version <= known.version:
            return Taken()
        side, qty = side_of(seen.side), whole(seen.shares)
        price = to_ticks(seen.price, self._instrument.tick_size)
        if known is not None and qty == 0:
            price = known.price  # taken back altogether
        if side is None or qty is None or qty < 0 or price is None:
            raise UnreadableExecutionError(f"execution {stem[-8:]} of {ref} makes no sense")
        if known is not None:
            changed = qty != known.qty
            known.version, known.qty, known.price = version, qty, price
            return Taken(None, changed)
        if qty == 0:
            return Taken()
        before = self._recorded(stem)
        booked = price if before is None else before
        when = _time(seen, at, sent, ref.role is Role.ENTRY)
        fill = Fill(stem, str(ref), ref.role, seen.perm_id, side, qty, booked, when)
        self._known[stem] = _Known(fill, version, qty, price, tell)
        early = self._early.pop(stem, None)
        if early is not None:
            self.fee(early)
        return Taken(fill)

    def fee(self, seen: FeeSeen) -> None:
        """Take a commission report; one without its execution waits for it."""
        stem, version = split_exec_id(seen.exec_id)
        known = self._known.get(stem)
        if known is None:
            self._early[stem] = seen
            return
        if version < known.version and known.commission is not None:
            return
        amount = amount_of(seen)
        if amount is not None:
            known.commission = Money.parse(amount)
        known.result = result_of(seen) or known.result

    def statement(self, fresh: Set[str]) -> tuple[StatementLine, ...]:
        """What the broker says of the money of our executions among `fresh`, by their lasting ids.
        A result is left out where the execution was corrected: it may be that of the first version.
        """
        return tuple(
            StatementLine(
                stem,
                None if k.commission is None else self._cost(k),
                k.result if (k.qty, k.price) == (k.fill.qty, k.fill.price) else None,
            )
            for stem, k in sorted(self._known.items()) if stem in fresh
        )  # fmt: skip

    def fees_to_tell(self) -> list[tuple[str, Money]]:
        """Commissions that are new or different, corrected prices with them."""
        told: list[tuple[str, Money]] = []
        for stem, known in self._known.items():
            if not known.tell or (known.commission is None and _moved(known) == 0):
                continue
            whole_fee = self._cost(known)
            if whole_fee != known.told:
                known.told = whole_fee
                told.append((stem, whole_fee))
        return told

    def _cost(self, known: _Known) -> Money:
        """Commission, the contract's while there is none, and what a corrected price costs."""
        fee = known.commission
        if fee is None:
            fee = self._instrument.fee_per_side * known.qty
        return fee + self._instrument.tick_value * _moved(known)

    def fills(self) -> tuple[Fill, ...]:
        """Every execution that was not taken back, with the quantity it has now."""
        return tuple(
            k.fill if k.qty == k.fill.qty else k.fill._replace(qty=k.qty)
            for k in self._known.values() if k.qty
        )  # fmt: skip

    def filled(self, order_ref: str) -> int:
        """Contracts that the executions of one order add up to."""
        return sum(k.qty for k in self._known.values() if k.fill.order_ref == order_ref)

    def position(self) -> int:
        """What all of them add up to, signed."""
        return sum(k.fill.side * k.qty for k in self._known.values())


def _moved(known: _Known) -> int:
    """Ticks times contracts by which a corrected price is worse than the one that was told."""
    return known.fill.side * (known.price - known.fill.price) * known.qty


def _time(seen: ExecSeen, at: UtcNanos, sent: UtcNanos, entry: bool) -> UtcNanos:
    """The execution's own time, unless it is hardly another one, lies ahead, or lies before its
    order was sent: such a time was told without a zone and read in the wrong one, and would age a
    trade by hours. Of the zones there are, one may bring it between the sending of its order and
    now; else the time of its receipt has to do.
    """
    said = seen.time
    if said is None:
        return at
    latest = min(at, sent + ENTRY_LIVES) if entry and sent else at
    if not sent - NEAR <= said <= at:
        zones = (said - east for east in _EAST)
        fits = [t for t in zones if sent and sent - NEAR <= t <= latest + NEAR]
        said = max(fits[0], sent) if len(fits) == 1 else at
    return at if at - said <= NEAR else said
