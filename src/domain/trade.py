"""One bracket and the trade it may become: a frozen value and the pure steps of its life.

A `Group` is born from a permitted intent, holds the states of its three orders, and once
its entry has filled, everything the trade's rules and its closing record need.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.execution.book import Book
from domain.frame import Frame, Regime
from domain.instrument import Instrument
from domain.intent import EntryType, OrderIntent
from domain.law.limits import worst_case
from domain.management import Plan, TradeView
from domain.orders import Fill, OrderRef, Role
from domain.units import MINUTE, ZERO, Money, Ticks, UtcNanos, q9


class Excursion(NamedTuple):
    """What happened while the position was open: ticks, basis points, None where unseen."""

    mae: Ticks = 0
    mfe: Ticks = 0
    thesis: float | None = None
    regime: str | None = None
    min_dvs_bp: int | None = None
    min_eqs_bp: int | None = None
    max_atr_ratio: float | None = None
    shock: bool = False


class Pending(NamedTuple):
    """A market exit on its way: its order, why, and the price its slippage is measured from."""

    ref: OrderRef
    reason: str
    reference: Ticks


class Group(NamedTuple):
    """A bracket's orders and, from the entry's first fill to flat, its trade.

    `bars_closed` counts bars that opened after the fill's minute. `closed` is set once the
    trade's closing record was made, `booked` is the net result that the law has taken in.
    """

    intent: OrderIntent
    orders: Book
    slip_entry: Ticks = 0
    bad: int = 0
    dvs_run: int = 0
    eqs_tightened: bool = False
    moved_to_entry: bool = False
    locked: bool = False
    bars_closed: int = 0
    seen: Excursion = Excursion()
    incident: bool = False
    rejects: int = 0
    refused_moves: int = 0
    closed: bool = False
    booked: Money = ZERO

    @classmethod
    def of(cls, intent: OrderIntent, at: UtcNanos) -> Group:
        """A bracket about to be sent."""
        return cls(intent, Book.of(intent, at))

    @property
    def name(self) -> str:
        """The group part of its references."""
        return self.orders.name

    @property
    def stop_price(self) -> Ticks:
        """The recorded stop."""
        return self.orders.stop_price

    @property
    def cancel_reason(self) -> str | None:
        """Why the entry's cancel was asked for, None if it was not."""
        return self.orders.cancel_reason

    @property
    def entry(self) -> Fill | None:
        """The entry's executions as one: the first one's price and time, the whole quantity."""
        fills = self.orders.entries
        if len(fills) == 1:
            return fills[0]
        return fills[0]._replace(qty=self.orders.filled) if fills else None

    @property
    def pending(self) -> Pending | None:
        """The market exit on its way."""
        o = self.orders
        if o.exit is None or not o.exit.alive or o.exit_reason is None:
            return None
        return Pending(o.exit.ref, o.exit_reason, o.exit_from)

    @property
    def working_entry(self) -> bool:
        """True while the entry may still fill."""
        return self.orders.entry_alive

    @property
    def open(self) -> bool:
        """True from the entry's fill until the trade is closed."""
        return bool(self.orders.entries) and not self.closed

    @property
    def settled(self) -> bool:
        """True once no order of the group can do anything any more."""
        return self.orders.settled

    @property
    def stop_beyond_entry(self) -> bool:
        """True once the stop was moved to the entry price or beyond, whichever rule did it."""
        entry = self.entry
        if entry is None or self.stop_price == self.intent.stop_price:
            return False
        return self.intent.side * (self.stop_price - entry.price) >= 0

    @property
    def position(self) -> int:
        """Signed contracts."""
        return self.orders.position

    def result(self, instrument: Instrument) -> tuple[Money, Money]:
        """Gross result and fees of everything executed so far, once it is flat."""
        fills = (*self.orders.entries, *self.orders.exits)
        ticks = sum(-f.side * f.price * f.qty for f in fills)
        contracts = sum(f.qty for f in fills)  # a reversal that was closed costs four sides
        return instrument.tick_value * ticks, instrument.fee_per_side * contracts

    def open_worst(self, instrument: Instrument) -> Money:
        """The worst case of what is open or may still open, fees included."""
        o, fill = self.orders, self.entry
        price = fill.price if fill else self.intent.limit
        if self.closed or not (self.open or self.working_entry):
            return ZERO
        ticks = self.intent.side * (price - self.stop_price)
        qty = o.qty if self.working_entry else max(o.open_qty, 0)
        return worst_case(ticks, qty, instrument.tick_value, instrument.fee_per_side)

    def open_risk(self, instrument: Instrument) -> Money:
        """Stop distance times tick value times quantity, without fees (L2)."""
        if self.closed or not (self.open or self.working_entry):
            return ZERO
        return self.open_worst(instrument) - instrument.fee_per_side * (2 * self.intent.qty)

    def view(self) -> TradeView:
        """The trade as its rules see it; only once it is open."""
        entry = self.entry
        if entry is None:
            raise ValueError(f"{self.intent.decision_id}: no entry, no trade")
        i = self.intent
        return TradeView(
            i.template,
            i.side,
            entry.price,
            entry.time,
            i.stop,
            self.stop_price,
            i.target_price,
            i.a14,
            i.theta_t,
            i.level,
            i.time_stop_min,
            self.bad,
            self.dvs_run,
            self.eqs_tightened,
            self.bars_closed,
            self.moved_to_entry,
            self.locked,
        )

    def after_plan(self, plan: Plan) -> Group:
        """Carry the counters of one bar's management."""
        return self._replace(
            bad=plan.bad,
            dvs_run=plan.dvs_run,
            eqs_tightened=plan.eqs_tightened,
            moved_to_entry=plan.moved_to_entry,
            locked=plan.locked,
        )

    def after_bar(
        self, minute: UtcNanos, high: Ticks, low: Ticks, frame: Frame, quality: tuple[int, int]
    ) -> Group:
        """Take in a bar at whose decision the position is open; `quality` is (DVS, EQS) in bp.

        The bar that holds the entry's fill contributes only the fill price to the excursions.
        """
        fill = self.entry
        if fill is None:
            return self
        s, entry, seen = self.intent.side, fill.price, self.seen
        mae, mfe, later = seen.mae, seen.mfe, self.bars_closed
        if minute > fill.time // MINUTE * MINUTE:
            mae = max(mae, s * (entry - (low if s > 0 else high)))
            mfe = max(mfe, s * ((high if s > 0 else low) - entry))
            later += 1
        ratio = q9(frame.a14 / self.intent.a14)
        dvs_bp, eqs_bp = quality
        return self._replace(
            bars_closed=later,
            seen=Excursion(
                mae,
                mfe,
                frame.thesis if s > 0 else q9(1.0 - frame.thesis),
                Regime(frame.regime).name.lower(),
                dvs_bp if seen.min_dvs_bp is None else min(seen.min_dvs_bp, dvs_bp),
                eqs_bp if seen.min_eqs_bp is None else min(seen.min_eqs_bp, eqs_bp),
                ratio if seen.max_atr_ratio is None else max(seen.max_atr_ratio, ratio),
                seen.shock or frame.shock,
            ),
        )


def entry_slip(intent: OrderIntent, fill: Fill) -> Ticks:
    """Adverse slippage of an entry fill in ticks: from the trigger of a STOP-LIMIT, else none."""
    if intent.entry_type is EntryType.LIMIT or intent.trigger is None:
        return 0
    return max(0, intent.side * (fill.price - intent.trigger))


def exit_slip(group: Group, fill: Fill) -> Ticks:
    """Adverse slippage of an exit in ticks: from the stop, or the last close before a market."""
    if fill.role is Role.TARGET:
        return 0
    if fill.role is Role.STOP:
        reference = group.stop_price
    else:
        reference = group.orders.exit_from if group.orders.exit_reason else fill.price
    return max(0, group.intent.side * (reference - fill.price))


def exit_reason(group: Group, fill: Fill) -> str:
    """Why the trade ended: the stop's own reasons, the target, or the exit's."""
    if fill.role is Role.TARGET:
        return "TARGET"
    if fill.role is Role.STOP:
        return "BE_STOP" if group.stop_beyond_entry else "STOP"
    return group.orders.exit_reason or "EXTERNAL"
