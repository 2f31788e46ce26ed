"""One bracket and the trade it may become: a frozen value and the pure steps of its life.

A `Group` is born from a permitted intent, holds the states of its three orders, and once
its entry has filled, everything the trade's rules and its closing record need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.frame import Frame, Regime
from domain.instrument import Instrument
from domain.intent import EntryType, OrderIntent
from domain.law.limits import worst_case
from domain.management import Plan, TradeView
from domain.orders import (
    CHILD_TERMINAL,
    PARENT_TERMINAL,
    ChildState,
    Fill,
    OrderRef,
    ParentState,
    Role,
    group_of,
)
from domain.units import MINUTE, ZERO, Money, Ticks, UtcNanos, q9


@dataclass(frozen=True, slots=True)
class Excursion:
    """What happened while the position was open: ticks, basis points, None where unseen."""

    mae: Ticks = 0
    mfe: Ticks = 0
    thesis: float | None = None
    regime: str | None = None
    min_dvs_bp: int | None = None
    min_eqs_bp: int | None = None
    max_atr_ratio: float | None = None
    shock: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """A market exit on its way: its order, why, and the price its slippage is measured from."""

    ref: OrderRef
    reason: str
    reference: Ticks


@dataclass(frozen=True, slots=True)
class Group:
    """An entry with its stop and target; `stop_price` is the working stop.

    `cancel_reason` is set once the entry's cancel was asked for. `exits` counts the market
    exits sent. `bars_closed` counts bars that opened after the fill's minute.
    """

    intent: OrderIntent
    parent: ParentState
    stop: ChildState
    target: ChildState
    stop_price: Ticks
    cancel_reason: str | None = None
    pending: Pending | None = None
    exits: int = 0
    entry: Fill | None = None
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
    closed: bool = False

    @classmethod
    def of(cls, intent: OrderIntent) -> Group:
        """A bracket about to be sent."""
        return cls(
            intent,
            ParentState.CREATED,
            ChildState.CREATED,
            ChildState.CREATED,
            intent.stop_price,
        )

    @property
    def name(self) -> str:
        """The group part of its references."""
        return group_of(self.intent.decision_id)

    def ref(self, role: Role, number: int = 0) -> OrderRef:
        """The reference of one of its orders."""
        return OrderRef(self.name, role, number)

    @property
    def working_entry(self) -> bool:
        """True while the entry may still fill."""
        return self.parent not in PARENT_TERMINAL

    @property
    def open(self) -> bool:
        """True from the entry's fill until the trade is closed."""
        return self.entry is not None and not self.closed

    @property
    def settled(self) -> bool:
        """True once no order of the group can do anything any more."""
        return (
            not self.open
            and self.pending is None
            and self.parent in PARENT_TERMINAL
            and self.stop in CHILD_TERMINAL
            and self.target in CHILD_TERMINAL
        )

    @property
    def stop_beyond_entry(self) -> bool:
        """True once the stop was moved to the entry price or beyond, whichever rule did it."""
        if self.entry is None or self.stop_price == self.intent.stop_price:
            return False
        return self.intent.side * (self.stop_price - self.entry.price) >= 0

    @property
    def position(self) -> int:
        """Signed contracts."""
        if self.entry is None or self.closed:
            return 0
        return self.entry.side * self.entry.qty

    def open_worst(self, instrument: Instrument) -> Money:
        """The worst case of what is open or may still open, fees included."""
        intent = self.intent
        entry = self.entry.price if self.entry else intent.limit
        if self.closed or not (self.open or self.working_entry):
            return ZERO
        ticks = intent.side * (entry - self.stop_price)
        return worst_case(ticks, intent.qty, instrument.tick_value, instrument.fee_per_side)

    def open_risk(self, instrument: Instrument) -> Money:
        """Stop distance times tick value times quantity, without fees (L2)."""
        if self.closed or not (self.open or self.working_entry):
            return ZERO
        return self.open_worst(instrument) - instrument.fee_per_side * (2 * self.intent.qty)

    def view(self) -> TradeView:
        """The trade as its rules see it; only once it is open."""
        if self.entry is None:
            raise ValueError(f"{self.intent.decision_id}: no entry, no trade")
        i = self.intent
        return TradeView(
            i.template,
            i.side,
            self.entry.price,
            self.entry.time,
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
        return replace(
            self,
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
        if self.entry is None:
            return self
        s, entry, seen = self.intent.side, self.entry.price, self.seen
        mae, mfe, later = seen.mae, seen.mfe, self.bars_closed
        if minute > self.entry.time // MINUTE * MINUTE:
            mae = max(mae, s * (entry - (low if s > 0 else high)))
            mfe = max(mfe, s * ((high if s > 0 else low) - entry))
            later += 1
        ratio = q9(frame.a14 / self.intent.a14)
        dvs_bp, eqs_bp = quality
        return replace(
            self,
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
        reference = group.pending.reference if group.pending else fill.price
    return max(0, group.intent.side * (reference - fill.price))


def exit_reason(group: Group, fill: Fill) -> str:
    """Why the trade ended: the stop's own reasons, the target, or the exit's."""
    if fill.role is Role.TARGET:
        return "TARGET"
    if fill.role is Role.STOP:
        return "BE_STOP" if group.stop_beyond_entry else "STOP"
    return group.pending.reason if group.pending else "EXTERNAL"
