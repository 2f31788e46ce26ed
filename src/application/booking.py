"""What executions make of a bracket: a trade opened, a trade closed, the law told.

The law counts money once: whatever a bracket has executed beyond its closing record is
booked as soon as it is flat again.
"""

from __future__ import annotations

from typing import Protocol

from application.carry import carry_out
from application.desk import Desk, Outcome
from domain.aftermath import TradeEnd
from domain.closing import closing_record, opening_record
from domain.event import AFTER_TRADE, PositionChanged
from domain.execution.words import Step
from domain.intent import EntryType
from domain.law import state as law_state
from domain.law.limits import worst_case
from domain.orders import CHILD_TERMINAL, Fill, Role
from domain.quality_parameters import IncidentKind
from domain.trade import Group, entry_slip, exit_reason, exit_slip
from domain.units import ZERO, Ticks, UtcNanos


class Watcher(Protocol):
    """What booking asks of the supervisor."""

    def kill(self, trigger: str, detail: str, at: UtcNanos, out: Outcome) -> None: ...

    def incident(self, kind: IncidentKind, at: UtcNanos, order_ref: str, out: Outcome) -> None: ...

    def slipped(self, slip: Ticks, fill: Fill, out: Outcome) -> None: ...

    def moved(self, group: Group, step: Step, at: UtcNanos, out: Outcome) -> Group: ...


class Booking:
    """Takes each execution once; see `take`."""

    def __init__(self, desk: Desk, watcher: Watcher) -> None:
        self._desk = desk
        self._watcher = watcher

    def take(self, group: Group, step: Step, fill: Fill, out: Outcome) -> None:
        """Book `fill`, which has led `group` to the book of `step`."""
        first = not group.orders.entries
        group = self._watcher.moved(group, step, fill.time, out)
        if fill.role is Role.ENTRY:
            self._entered(group, first, fill, out)
        else:
            self._left(group, fill, out)
        carry_out(self._desk, group.name, step.wishes, fill.time, self._watcher, out)

    # ---- in

    def _entered(self, group: Group, first: bool, fill: Fill, out: Outcome) -> None:
        desk, intent = self._desk, group.intent
        slip, exits = entry_slip(intent, fill), group.orders.exits
        over = first and bool(exits) and group.orders.open_qty == 0  # left before this was heard
        if first:
            group = group._replace(slip_entry=slip, closed=over)
            desk.keep(group)
        if intent.entry_type is EntryType.STOP_LIMIT:
            self._watcher.slipped(slip, fill, out)
        self.position_changed(group, fill.time, fill.exec_id, out)
        if not first:
            if group.orders.filled > group.orders.qty:
                desk.violations += 1
            return
        out.events.append(opening_record(intent, fill))
        desk.set_law(law_state.entry_filled(desk.law, fill.time), "entry filled", fill.time, out)
        desk.lessons.opened(intent.decision_id, desk.violations)
        broken = self._post_trade(group, fill)
        if broken:
            desk.violations += 1
            self._watcher.kill("CONSTITUTION_VIOLATION", broken, fill.time, out)
        if over:
            reason, slip = exit_reason(group, exits[-1]), exit_slip(group, exits[-1])
            self.close_trade(group, exits[-1], reason, slip, out)

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
        if abs(desk.expected_position) > law.max_position:
            return f"position of {abs(desk.expected_position)}"
        if fill.side != intent.side:
            return "filled on the other side"
        if worst > law.max_risk + fees:
            return f"worst case {worst}"
        orders = group.orders
        alone = orders.open_qty > 0 and orders.provisional_at is None
        if alone and orders.stop.state in CHILD_TERMINAL:
            return f"no stop: {orders.stop.state.value}"
        if desk.law.trades_today > law.max_trades_per_day:
            return f"{desk.law.trades_today} entries today"
        return None

    # ---- out

    def _left(self, group: Group, fill: Fill, out: Outcome) -> None:
        desk = self._desk
        if group.entry is None or group.closed:
            self.position_changed(group, fill.time, fill.exec_id, out)
            self.settle(group, fill.time, out)
            return
        slip = exit_slip(group, fill)
        if fill.role is not Role.TARGET:
            self._watcher.slipped(slip, fill, out)
        if group.orders.open_qty > 0:
            self.position_changed(group, fill.time, fill.exec_id, out)
            return
        reason = exit_reason(group, fill)
        group = group._replace(closed=True)
        desk.keep(group)
        self.position_changed(group, fill.time, fill.exec_id, out)
        self.close_trade(group, fill, reason, slip, out)

    def close_trade(self, group: Group, last: Fill, reason: str, slip: Ticks, out: Outcome) -> None:
        """Make the closing record of a trade whose last execution is `last`, and tell the law."""
        desk = self._desk
        record = closing_record(group, last, reason, slip, desk.instrument, desk.run.mode)
        desk.keep(group._replace(closed=True, booked=record.net))
        out.events.append(record)
        law = law_state.trade_closed(desk.law, record.net, desk.contracts.constitution)
        desk.set_law(law, f"trade closed {reason}", last.time, out)
        qty = last.qty if group.entry is None else group.entry.qty
        risk = float(desk.instrument.tick_value * (group.intent.stop * qty))
        kill = (desk.law.kill_trigger or "") if reason == "KILL" else ""
        lawful = desk.lessons.lawful(record.decision_id, desk.violations)
        end = TradeEnd(group.intent, record, group.stop_price, risk, kill, lawful)
        out.events += desk.lessons.trade_closed(end)

    def settle(self, group: Group, at: UtcNanos, out: Outcome) -> None:
        """Book what a closed trade's orders have executed since, once it is flat again."""
        desk = self._desk
        if group.orders.open_qty != 0:
            return
        gross, fees = group.result(desk.instrument)
        rest = gross - fees - group.booked
        if rest == ZERO:
            return
        desk.keep(group._replace(booked=gross - fees))
        law = law_state.adjusted(desk.law, rest, desk.contracts.constitution)
        desk.set_law(law, f"{AFTER_TRADE}{group.intent.decision_id}", at, out)

    def position_changed(self, group: Group, at: UtcNanos, cause: str, out: Outcome) -> None:
        """Tell of our expected position."""
        live = group.open and group.orders.open_qty > 0
        entry = group.entry
        out.events.append(
            PositionChanged(
                at,
                group.position,
                entry.price if live and entry is not None else None,
                self._desk.open_worst,
                group.stop_price if live else None,
                group.intent.target_price if live else None,
                cause,
                group.intent.decision_id,
            )
        )
