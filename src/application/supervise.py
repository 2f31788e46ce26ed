"""What a broker's words do to the bracket, the law and the trade.

Order events move the states of execution.md 2 and 3; executions, each once, move the
position. An event that its state forbids is recorded and latches the kill switch. The
rules themselves are pure and live in `domain.execution`.
"""

from __future__ import annotations

from application.assess import Assess
from application.booking import Booking
from application.carry import carry_out
from application.desk import FOREIGN_ORDER, Desk, Outcome
from application.leave import exit_at_market
from domain.decision import DecisionRecord
from domain.errors import IllegalTransition
from domain.event import FillReceived, ForeignOrder, IllegalTransitionSeen, OrderReported
from domain.execution.watch import Moment, missed, watch
from domain.execution.words import Step, cancel_entry, executed, heard
from domain.law import state as law_state
from domain.orders import Fill, OrderEvent, OrderEventKind, Role, ref_of
from domain.quality_parameters import IncidentKind
from domain.session import Phase, Timetable
from domain.trade import Group
from domain.units import Ticks, UtcNanos


class Supervise:
    """Takes order events and fills, and watches between them; see the methods."""

    def __init__(self, desk: Desk, assess: Assess) -> None:
        self._desk = desk
        self._assess = assess
        self.booking = Booking(desk, self)

    # ---- the broker's words

    def order_event(self, report: OrderEvent, out: Outcome) -> None:
        """Move an order's state; fills are moved by executions, never by a status."""
        desk, at = self._desk, report.time
        ref = ref_of(report.order_ref)
        if (ref is not None and desk.is_over(ref.group)) or not desk.first_word(report):
            return
        group = None if ref is None else desk.find(ref.group)
        out.events.append(OrderReported(at, report, group.intent.decision_id if group else ""))
        if ref is None or group is None:
            self.foreign(report.order_ref, at, out)
            return
        try:
            step = heard(group.orders, ref, report)
        except IllegalTransition as error:
            self._illegal(report.order_ref, error, at, out)
            return
        if ref.role is Role.STOP:
            step = step._replace(book=missed(step.book, at))
        if report.kind is OrderEventKind.CANCEL_ACK:
            desk.order_cancelled_at = at
            if ref.role is Role.ENTRY:
                desk.entry_cancelled_at = at
        if report.kind is OrderEventKind.REJECT:
            group = group._replace(rejects=group.rejects + 1)
        group = self._move_answered(group, step, report, out)
        self.adopt(group, step, at, out)
        self._put_away(at, out)

    def _move_answered(self, group: Group, step: Step, report: OrderEvent, out: Outcome) -> Group:
        """Count refused tightenings: two in a row, and the stop is left where it is."""
        before, after = group.orders, step.book
        if before.stop_was is None or after.stop_was is not None:
            return group
        if report.kind is not OrderEventKind.CANCEL_REJECT:
            return group._replace(refused_moves=0)
        refused = group.refused_moves + 1
        if refused == self._desk.contracts.management.max_rejected_modifications:
            self.incident(IncidentKind.CANCEL_REJECTED, report.time, report.order_ref, out)
        return group._replace(refused_moves=refused)

    def foreign(self, order_ref: str, at: UtcNanos, out: Outcome) -> None:
        """An order that is not ours: it is left alone, and no entry is made this session."""
        if order_ref not in self._desk.strangers_told:
            self._desk.strangers_told.add(order_ref)
            self._desk.observe_only = self._desk.observe_only or FOREIGN_ORDER
            out.events.append(ForeignOrder(at, order_ref))

    def fill(self, fill: Fill, out: Outcome) -> None:
        """Book one execution, once, whatever says so how often."""
        desk, at = self._desk, fill.time
        ref = ref_of(fill.order_ref)
        group = None if ref is None else desk.find(ref.group)
        if not desk.first_time(fill.exec_id):
            return
        desk.last_fill_at = at
        out.events.append(FillReceived(at, fill, group.intent.decision_id if group else ""))
        desk.rebook_fee(fill.exec_id, desk.fees.executed(fill), at, out)
        if ref is None or group is None:
            self.kill("UNEXPECTED_POSITION", f"{fill.order_ref}: no such order", at, out)
            return
        try:
            step = executed(group.orders, ref, fill)
        except IllegalTransition as error:
            self._illegal(fill.order_ref, error, at, out)
            return
        desk.statement.executed(fill)
        self.booking.take(group, step, fill, out)
        self._resume_kill(fill.order_ref, at, out)
        if fill.role is Role.ENTRY:
            self._leave_at_once(group.name, at, out)
        self._put_away(at, out)

    def _leave_at_once(self, name: str, at: UtcNanos, out: Outcome) -> None:
        """An entry that fills although everything is being ended is closed for the same reason."""
        group = self._desk.find(name)
        if group is not None and group.open and group.cancel_reason in _ENDS:
            exit_at_market(self._desk, group, group.cancel_reason or "", at, out)

    def _illegal(
        self, order_ref: str, error: IllegalTransition, at: UtcNanos, out: Outcome
    ) -> None:
        number = self._desk.next_number(order_ref, "illegal")
        out.events.append(IllegalTransitionSeen(at, order_ref, str(error), number))
        self.kill("STATE_CORRUPT", f"{order_ref}: {error}", at, out)
        self._put_away(at, out)

    # ---- the tick rules

    def watch(self, now: UtcNanos, out: Outcome) -> None:
        """Let the tick rules of execution.md 4 look at every bracket that is alive."""
        desk = self._desk
        law = desk.contracts.constitution
        moment = Moment(now, desk.last_close, desk.connected, desk.eqs_bp >= law.eqs_hold_bp)
        for group in desk.alive:
            step = watch(group.orders, moment, desk.contracts.execution)
            if step.book is not group.orders or step.wishes:
                self.adopt(group, step, now, out)
        self._put_away(now, out)

    # ---- what every change goes through

    def adopt(self, group: Group, step: Step, at: UtcNanos, out: Outcome) -> None:
        """Put the next book in force, tell which orders moved, and carry out what follows."""
        self.moved(group, step, at, out)
        carry_out(self._desk, group.name, step.wishes, at, self, out)

    def moved(self, group: Group, step: Step, at: UtcNanos, out: Outcome) -> Group:
        """The group with its next book, its orders' moves told."""
        desk, before, after = self._desk, group.orders, step.book
        group = group._replace(orders=after)
        desk.keep(group)
        told = (group, after.entry_ref, before.parent.value, after.parent.value)
        desk.state_changed(*told, step.cause, at, out)
        for leg in after.legs:
            old = before.leg(leg.ref)
            if old is not None:
                told = (group, leg.ref, old.state.value, leg.state.value)
                desk.state_changed(*told, step.cause, at, out)
        return group

    # ---- incidents and the kill switch

    def incident(self, kind: IncidentKind, at: UtcNanos, order_ref: str, out: Outcome) -> None:
        """Charge an execution incident."""
        if kind is IncidentKind.PROTECTION_LOST and self._desk.group is not None:
            self._desk.group = self._desk.group._replace(incident=True)
        out.events.append(self._assess.incident(kind, at, order_ref))

    def slipped(self, slip: Ticks, fill: Fill, out: Outcome) -> None:
        """Feed S26, and raise an incident where the market gave far less than estimated."""
        self._assess.own_fill_slipped(slip)
        estimate = self._desk.slip_estimate
        if estimate == estimate and slip > max(2 * estimate, estimate + 1):
            self.incident(IncidentKind.EXCESS_SLIPPAGE, fill.time, fill.order_ref, out)

    def kill(self, trigger: str, detail: str, at: UtcNanos, out: Outcome) -> None:
        """Latch, cancel the entry, close the position; completion follows the broker's words."""
        desk = self._desk
        if trigger in _ORDER_TRIGGERS and desk.group is not None:
            desk.group = desk.group._replace(incident=True)
        if not desk.latch(trigger, detail, at, out):
            return
        desk.reconciled = desk.reconciled and not desk.run.live
        self.clear_away("KILL", at, out)
        desk.settle_kill(at, out)

    def clear_away(self, reason: str, at: UtcNanos, out: Outcome) -> None:
        """Cancel every entry that may still fill and close what is open, for `reason`."""
        for group in self._desk.alive:
            self.cancel(group, reason, at, out)
            found = self._desk.find(group.name)
            if found is not None:
                exit_at_market(self._desk, found, reason, at, out)

    def cancel_entry(self, reason: str, at: UtcNanos, out: Outcome) -> None:
        """Cancel a working entry, once."""
        if self._desk.group is not None:
            self.cancel(self._desk.group, reason, at, out)

    def cancel(self, group: Group, reason: str, at: UtcNanos, out: Outcome) -> None:
        """Ask for the cancel of one bracket's entry, once, and only while it can be asked."""
        if not self._desk.connected:
            return
        step = cancel_entry(group.orders, reason, at)
        if step.book is not group.orders:
            self.adopt(group, step, at, out)

    def _resume_kill(self, order_ref: str, at: UtcNanos, out: Outcome) -> None:
        """A late execution under a latched kill takes the sequence up again (law.md 3)."""
        desk = self._desk
        if not desk.law.killed or not desk.alive:
            return
        desk.kill_resumed(f"late word of {order_ref}", at, out)
        self.clear_away("KILL", at, out)

    def recovers(self, dvs_bp: int, eqs_bp: int, at: UtcNanos, out: Outcome) -> None:
        """Count a decision towards recovery from a losing streak; a moment at which nobody can
        vouch for what is held is not a clean one."""
        desk = self._desk
        known = dvs_bp if desk.reconciled else 0
        law = law_state.decision_seen(desk.law, known, eqs_bp, desk.rules.law)
        desk.set_law(law, "recovery", at, out)

    def rests(self, record: DecisionRecord, at: UtcNanos, out: Outcome) -> None:
        """A decision after a reset: with clean gates the run observes no longer."""
        desk = self._desk
        if all(gate.passed for gate in record.gates if gate.candidate is None):
            desk.set_law(law_state.rested(desk.law), "clean after a reset", at, out)

    def check_quality(self, timetable: Timetable, at: UtcNanos, out: Outcome) -> None:
        """DVS_KILL and EQS_KILL: in regular hours, whether or not a position is open."""
        desk, law = self._desk, self._desk.contracts.constitution
        for trigger, name, score, least in (
            ("DVS_KILL", "DVS", desk.dvs_bp, law.dvs_kill_bp),
            ("EQS_KILL", "EQS", desk.eqs_bp, law.eqs_kill_bp),
        ):
            if score >= least:
                desk.condition_gone(trigger, at, out)
            elif timetable.phase(at) is not Phase.POST_RTH:
                self.kill(trigger, f"{name} {score} bp", at, out)

    def check_flat(self, at: UtcNanos, out: Outcome) -> None:
        """The law at a session's close: no position, no working order of ours."""
        if self._desk.group is not None:
            self._desk.violations += 1
            self.kill("CONSTITUTION_VIOLATION", "not flat at the close", at, out)

    def check_marked_loss(self, price: Ticks, at: UtcNanos, out: Outcome) -> None:
        """LOSS_OVERRUN: the marked loss of the day is beyond what the stop should allow."""
        desk, group = self._desk, self._desk.group
        marked = desk.law.net_day
        entry = None if group is None else group.entry
        if group is not None and group.open and entry is not None:
            ticks = group.intent.side * (price - entry.price) * entry.qty
            fees = desk.instrument.fee_per_side * (2 * entry.qty)
            marked = marked + desk.instrument.tick_value * ticks - fees
        if -marked > desk.contracts.constitution.loss_overrun:
            self.kill("LOSS_OVERRUN", f"marked result {marked}", at, out)
        else:
            desk.condition_gone("LOSS_OVERRUN", at, out)

    def _put_away(self, at: UtcNanos, out: Outcome) -> None:
        self._desk.put_away()
        self._desk.settle_kill(at, out)


_ENDS = frozenset({"EOD", "HALT", "OPERATOR"})
"""Reasons for which not only entries are cancelled, but what is open is closed."""
_ORDER_TRIGGERS = frozenset(
    {"PROTECTION_FAILED", "DOUBLE_EXIT", "POSITION_DESYNC", "ORDER_STATE_UNKNOWN", "STATE_CORRUPT"}
)
"""Kills that execution, not the market, brought about: the trade's record says incident."""
