"""What a broker's words do to the bracket, the law and the trade.

Order events move the states of execution.md 2 and 3; executions, each once, move the
position. An event that its state forbids is recorded and latches the kill switch.
"""

from __future__ import annotations

from dataclasses import replace

from application.assess import Assess
from application.desk import Desk, Outcome
from application.leave import exit_at_market
from domain.command import CancelOrder
from domain.errors import IllegalTransition
from domain.event import (
    FillReceived,
    IllegalTransitionSeen,
    OrderReported,
    PositionChanged,
    TradeClosed,
    TradeOpened,
)
from domain.intent import EntryType
from domain.law import state as law_state
from domain.law.limits import worst_case
from domain.orders import (
    CHILD_TERMINAL,
    ChildEvent,
    Fill,
    OrderEvent,
    OrderEventKind,
    ParentEvent,
    Role,
    child_after,
    parent_after,
)
from domain.quality_parameters import IncidentKind
from domain.trade import Group, entry_slip, exit_reason, exit_slip
from domain.units import Ticks, q9

_PARENT = {
    OrderEventKind.ACK: ParentEvent.ACK,
    OrderEventKind.CANCEL_ACK: ParentEvent.CANCEL_ACK,
    OrderEventKind.CANCEL_REJECT: ParentEvent.CANCEL_REJECT,
    OrderEventKind.REJECT: ParentEvent.REJECT,
    OrderEventKind.EXPIRE: ParentEvent.EXPIRE,
    OrderEventKind.UNKNOWN: ParentEvent.UNKNOWN,
}
_CHILD = {
    OrderEventKind.ACK: ChildEvent.PLACED,
    OrderEventKind.CANCEL_ACK: ChildEvent.CANCEL_ACK,
    OrderEventKind.REJECT: ChildEvent.REJECT,
}


class Supervise:
    """Takes order events and fills; see `order_event` and `fill`."""

    def __init__(self, desk: Desk, assess: Assess) -> None:
        self._desk = desk
        self._assess = assess

    # ---- order events

    def order_event(self, report: OrderEvent, out: Outcome) -> None:
        """Move an order's state; fills are moved by executions, never by a status."""
        desk = self._desk
        group = self._group_of(report.order_ref)
        decision_id = group.intent.decision_id if group else ""
        out.events.append(OrderReported(report.time, report, decision_id))
        if group is None:
            return
        try:
            if report.role is Role.ENTRY:
                self._entry_event(group, report, out)
            elif report.role is Role.EXIT:
                self._exit_event(group, report)
            else:
                self._child_event(group, report, out)
        except IllegalTransition as error:
            self._illegal(report.order_ref, error, report.time, out)
        if report.kind is OrderEventKind.CANCEL_ACK:
            desk.order_cancelled_at = report.time
            if report.role is Role.ENTRY:
                desk.entry_cancelled_at = report.time
        if report.kind is OrderEventKind.REJECT:
            if desk.group is not None:
                desk.group = replace(desk.group, rejects=desk.group.rejects + 1)
            self._incident(IncidentKind.ORDER_REJECTED, report.time, report.order_ref, out)
        self._drop_settled(report.time, out)

    def _entry_event(self, group: Group, report: OrderEvent, out: Outcome) -> None:
        event = _PARENT.get(report.kind)
        if event is None:
            return
        after = parent_after(group.parent, event)
        self._desk.state_changed(
            group.ref(Role.ENTRY), group.parent.value, after.value, event.value, report.time, out
        )
        self._desk.group = replace(group, parent=after)

    def _child_event(self, group: Group, report: OrderEvent, out: Outcome) -> None:
        event = _CHILD.get(report.kind)
        if event is None:
            return
        is_stop = report.role is Role.STOP
        before = group.stop if is_stop else group.target
        after = child_after(before, event)
        self._desk.state_changed(
            group.ref(report.role), before.value, after.value, event.value, report.time, out
        )
        self._desk.group = replace(group, stop=after) if is_stop else replace(group, target=after)

    def _exit_event(self, group: Group, report: OrderEvent) -> None:
        if report.kind in (OrderEventKind.CANCEL_ACK, OrderEventKind.REJECT):
            self._desk.group = replace(group, pending=None)

    # ---- executions

    def fill(self, fill: Fill, out: Outcome) -> None:
        """Book one execution, once, whatever says so how often."""
        desk = self._desk
        group = self._group_of(fill.order_ref)
        decision_id = group.intent.decision_id if group else ""
        if not desk.first_time(fill.exec_id):
            return
        out.events.append(FillReceived(fill.time, fill, decision_id))
        if group is None:
            self.kill("UNEXPECTED_POSITION", f"{fill.order_ref}: no such order", fill.time, out)
        elif fill.role is Role.ENTRY and group.entry is not None:
            self._overfilled(group, group.entry, fill, out)
        else:
            book = self._entry_filled if fill.role is Role.ENTRY else self._exit_filled
            try:
                book(group, fill, out)
            except IllegalTransition as error:
                self._illegal(fill.order_ref, error, fill.time, out)
        self._drop_settled(fill.time, out)

    def _overfilled(self, group: Group, first: Fill, fill: Fill, out: Outcome) -> None:
        """More than was ordered: all of it is ours to close, and the law is broken."""
        desk = self._desk
        desk.group = replace(group, entry=first._replace(qty=first.qty + fill.qty))
        self._position_changed(fill, out)
        desk.violations += 1
        self.kill("CONSTITUTION_VIOLATION", f"{fill.order_ref}: overfilled", fill.time, out)

    def _illegal(self, order_ref: str, error: IllegalTransition, at: int, out: Outcome) -> None:
        number = self._desk.next_number(order_ref, "illegal")
        out.events.append(IllegalTransitionSeen(at, order_ref, str(error), number))
        self.kill("STATE_CORRUPT", f"{order_ref}: {error}", at, out)

    def _entry_filled(self, group: Group, fill: Fill, out: Outcome) -> None:
        desk, intent = self._desk, group.intent
        after = parent_after(group.parent, ParentEvent.FILL)
        desk.state_changed(
            group.ref(Role.ENTRY), group.parent.value, after.value, "Fill", fill.time, out
        )
        slip = entry_slip(intent, fill)
        group = replace(group, parent=after, entry=fill, slip_entry=slip)
        desk.group = group
        if intent.entry_type is EntryType.STOP_LIMIT:
            self._slipped(slip, fill, out)
        self._position_changed(fill, out)
        out.events.append(
            TradeOpened(
                fill.time,
                intent.decision_id,
                intent.side,
                fill.qty,
                fill.price,
                intent.limit,
                intent.stop,
                intent.stop_price,
                intent.target_price,
                intent.a14,
                intent.key,
                intent.p0,
                q9(intent.b),
            )
        )
        desk.set_law(law_state.entry_filled(desk.law, fill.time), "entry filled", fill.time, out)
        broken = self._post_trade(group, fill)
        if broken:
            desk.violations += 1
            self.kill("CONSTITUTION_VIOLATION", broken, fill.time, out)

    def _post_trade(self, group: Group, fill: Fill) -> str | None:
        """What the law finds wrong with a filled entry, if anything."""
        desk, law, intent = self._desk, self._desk.contracts.constitution, group.intent
        fees = desk.instrument.fee_per_side * (2 * fill.qty)
        worst = worst_case(
            intent.side * (fill.price - group.stop_price),
            fill.qty,
            desk.instrument.tick_value,
            desk.instrument.fee_per_side,
        )
        if fill.qty > law.max_position:
            return f"position of {fill.qty}"
        if fill.side != intent.side:
            return "filled on the other side"
        if worst > law.max_risk + fees:
            return f"worst case {worst}"
        if group.stop in CHILD_TERMINAL:
            return f"no stop: {group.stop.value}"
        if desk.law.trades_today > law.max_trades_per_day:
            return f"{desk.law.trades_today} entries today"
        return None

    def _exit_filled(self, group: Group, fill: Fill, out: Outcome) -> None:
        desk, entry = self._desk, group.entry
        if entry is None or group.closed:
            self.kill("DOUBLE_EXIT", f"{fill.order_ref}: nothing to close", fill.time, out)
            return
        if fill.role is not Role.EXIT:
            is_stop = fill.role is Role.STOP
            before = group.stop if is_stop else group.target
            after = child_after(before, ChildEvent.FILL)
            ref = group.ref(fill.role)
            desk.state_changed(ref, before.value, after.value, "fill", fill.time, out)
            group = replace(group, stop=after) if is_stop else replace(group, target=after)
        reason, slip = exit_reason(group, fill), exit_slip(group, fill)
        if fill.role is not Role.TARGET:
            self._slipped(slip, fill, out)
        pending = None if fill.role is Role.EXIT else group.pending
        desk.group = replace(group, pending=pending, closed=True)
        self._position_changed(fill, out)
        closed = self._closing_record(group, entry, fill, reason, slip)
        out.events.append(closed)
        before_net = desk.law
        law = law_state.trade_closed(before_net, closed.net, desk.contracts.constitution)
        desk.set_law(law, f"trade closed {reason}", fill.time, out)

    def _closing_record(
        self, group: Group, entry: Fill, fill: Fill, reason: str, slip: Ticks
    ) -> TradeClosed:
        desk, intent, seen = self._desk, group.intent, group.seen
        ticks = intent.side * (fill.price - entry.price)
        gross = desk.instrument.tick_value * (ticks * fill.qty)
        fees = desk.instrument.fee_per_side * (2 * fill.qty)
        risk = float(desk.instrument.tick_value * (intent.stop * fill.qty))
        return TradeClosed(
            fill.time,
            intent.decision_id,
            intent.side,
            entry.price,
            fill.price,
            reason,
            gross,
            fees,
            gross - fees,
            q9(float(gross) / risk),
            q9(float(gross - fees) / risk),
            q9(intent.b),
            intent.p0,
            intent.edge,
            max(seen.mae, -ticks),
            max(seen.mfe, ticks),
            group.slip_entry,
            slip,
            (fill.time - entry.time) // 1_000_000_000,
            seen.thesis,
            seen.min_dvs_bp,
            seen.min_eqs_bp,
            seen.max_atr_ratio,
            seen.shock,
            seen.regime,
            group.rejects,
            False,
            group.incident,
            group.stop_beyond_entry,
            desk.run.mode,
        )

    def _position_changed(self, fill: Fill, out: Outcome) -> None:
        desk, group = self._desk, self._desk.group
        if group is None:
            return
        live = group.open and group.entry is not None
        out.events.append(
            PositionChanged(
                fill.time,
                group.position,
                group.entry.price if live and group.entry else None,
                desk.open_worst,
                group.stop_price if live else None,
                group.intent.target_price if live else None,
                fill.exec_id,
                group.intent.decision_id,
            )
        )

    def _slipped(self, slip: Ticks, fill: Fill, out: Outcome) -> None:
        """Feed S26, and raise an incident where the market gave far less than estimated."""
        self._assess.own_fill_slipped(slip)
        estimate = self._desk.slip_estimate
        if estimate == estimate and slip > max(2 * estimate, estimate + 1):
            self._incident(IncidentKind.EXCESS_SLIPPAGE, fill.time, fill.order_ref, out)

    def _incident(self, kind: IncidentKind, at: int, order_ref: str, out: Outcome) -> None:
        out.events.append(self._assess.incident(kind, at, order_ref))

    # ---- the kill switch, as far as one process can carry it out at once

    def kill(self, trigger: str, detail: str, at: int, out: Outcome) -> None:
        """Latch, cancel the entry, close the position; completion follows the broker's words."""
        desk = self._desk
        if not desk.latch(trigger, detail, at, out):
            return
        self.cancel_entry("KILL", at, out)
        exit_at_market(desk, "KILL", at, out)
        desk.settle_kill(at, out)

    def cancel_entry(self, reason: str, at: int, out: Outcome) -> None:
        """Cancel a working entry, once."""
        desk, group = self._desk, self._desk.group
        if group is None or not group.working_entry or group.cancel_reason is not None:
            return
        ref = group.ref(Role.ENTRY)
        desk.group = replace(group, cancel_reason=reason)
        desk.command("cancel", ref, reason, CancelOrder(ref, reason, at), out)

    def check_flat(self, at: int, out: Outcome) -> None:
        """The law at a session's close: no position, no working order of ours."""
        if self._desk.group is not None:
            self._desk.violations += 1
            self.kill("CONSTITUTION_VIOLATION", "not flat at the close", at, out)

    def check_marked_loss(self, price: Ticks, at: int, out: Outcome) -> None:
        """LOSS_OVERRUN: the marked loss of the day is beyond what the stop should allow."""
        desk, group = self._desk, self._desk.group
        marked = desk.law.net_day
        if group is not None and group.open and group.entry is not None:
            ticks = group.intent.side * (price - group.entry.price) * group.entry.qty
            fees = desk.instrument.fee_per_side * (2 * group.entry.qty)
            marked = marked + desk.instrument.tick_value * ticks - fees
        if -marked > desk.contracts.constitution.loss_overrun:
            self.kill("LOSS_OVERRUN", f"marked result {marked}", at, out)

    # ---- inside

    def _group_of(self, order_ref: str) -> Group | None:
        group = self._desk.group
        return group if group is not None and order_ref.startswith(group.name + "-") else None

    def _drop_settled(self, at: int, out: Outcome) -> None:
        desk, group = self._desk, self._desk.group
        if group is not None and group.settled:
            desk.group = None
        desk.settle_kill(at, out)
