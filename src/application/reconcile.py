"""Compare what we believe with what the broker says, and bring them together (execution.md 6).

First every unknown execution of ours is booked, then every order takes the broker's state,
then the rows for the position. What is missing afterwards is repaired by the tick rules.
"""

from __future__ import annotations

from typing import Final

from application.booking import Booking
from application.desk import Desk, Outcome
from application.supervise import Supervise
from domain.event import ReconcileCompleted, ReconcileStarted, StatementDiffers
from domain.execution.resolve import next_numbers, resolve
from domain.execution.truth import BrokerTruth
from domain.law import state as law_state
from domain.law.state import KillState
from domain.orders import Fill, ParentState, Role, ref_of
from domain.statement import BOOKED_OUT
from domain.trade import Group
from domain.units import SECOND, ZERO, UtcNanos

DESYNC_S: Final = 3
"""A difference without a fill in flight is believed after so long (law.md 3)."""
DESYNC_FLIGHT_S: Final = 10
DOUBLE_EXIT_S: Final = 60


class Reconcile:
    """Takes whole reads of the broker; see `take`."""

    def __init__(self, desk: Desk, supervise: Supervise, booking: Booking) -> None:
        self._desk = desk
        self._supervise = supervise
        self._booking = booking

    def take(self, truth: BrokerTruth, out: Outcome) -> None:
        """Act on a read that a second one has confirmed."""
        desk = self._desk
        desk.reconciliations += 1
        out.events.append(ReconcileStarted(truth.at, desk.reconciliations, truth))
        rows: list[str] = []
        self._executions(truth, rows, out)
        self._orders(truth, rows, out)
        self._strangers(truth, rows, out)
        there, since = desk.entries_there
        since = truth.at if truth.entries_today > there else since
        desk.entries_there = truth.entries_today, since
        if truth.entries_today > desk.law.trades_today:
            rows.append(f"entries {desk.law.trades_today} here, {truth.entries_today} there")
            law = law_state.entries_seen(desk.law, truth.entries_today, since)
            desk.set_law(law, "entries at the broker", truth.at, out)
        agreed = self._position(truth, rows, out)
        desk.read_at, desk.unread_since = truth.at, None
        self._settle_doubts(truth)
        self._statement(truth, out)
        clean = agreed and not self._unknown()
        desk.reconciled = clean
        self._supervise.watch(truth.at, out)
        theirs_alone = desk.expected_position == 0 and not self._unknown() and self._lasts(truth)
        self._continue_kill(truth, clean or theirs_alone, out)
        told = tuple(rows) or ("clean",)
        out.events.append(ReconcileCompleted(truth.at, desk.reconciliations, told, clean))

    # ---- executions and orders

    def _known(self) -> tuple[Group, ...]:
        desk = self._desk
        here = () if desk.group is None else (desk.group,)
        return (*here, *desk.past.values())

    def _executions(self, truth: BrokerTruth, rows: list[str], out: Outcome) -> None:
        names = {g.name for g in self._known()}
        for fill in sorted(truth.executions, key=lambda f: (f.time, f.exec_id)):
            ref = ref_of(fill.order_ref)
            if ref is None or ref.group not in names or self._desk.seen(fill.exec_id):
                continue
            rows.append(f"missed execution of {fill.order_ref}")
            self._supervise.fill(fill, out)

    def _orders(self, truth: BrokerTruth, rows: list[str], out: Outcome) -> None:
        desk = self._desk
        for known in self._known():
            group = desk.find(known.name)
            if group is None:
                continue
            step = resolve(group.orders, truth, desk.contracts.execution)
            step = step._replace(book=next_numbers(step.book, truth))
            if step.book.parent is not group.orders.parent:
                before, after = group.orders.parent.value, step.book.parent.value
                rows.append(f"{group.orders.entry_ref} {before} to {after}")
            self._supervise.adopt(group, step, truth.at, out)
        desk.put_away()

    def _strangers(self, truth: BrokerTruth, rows: list[str], out: Outcome) -> None:
        names = {g.name for g in self._known()}
        strangers: list[str] = []
        for order in truth.orders:
            ref = ref_of(order.order_ref)
            if order.ours and ref is not None and ref.group in names:
                continue
            strangers.append(order.order_ref)
            rows.append(f"not ours: {order.order_ref}")
            self._supervise.foreign(order.order_ref, truth.at, out)
        self._desk.strangers = tuple(strangers)

    def _unknown(self) -> bool:
        return any(
            g.orders.parent is ParentState.ERROR
            or any(leg.alive and leg.doubt_since is not None for leg in g.orders.legs)
            for g in self._desk.alive
        )

    def _settle_doubts(self, truth: BrokerTruth) -> None:
        """Executions were read: a cancel that is old enough is no longer provisional."""
        desk = self._desk
        wait = desk.contracts.execution.settle_s * SECOND
        for name in ("order_cancelled_at", "entry_cancelled_at"):
            at: UtcNanos | None = getattr(desk, name)
            if desk.run.live and at is not None and truth.at - at >= wait:
                setattr(desk, name, None)

    # ---- the statement

    def _statement(self, truth: BrokerTruth, out: Outcome) -> None:
        """Hold the ledger's fees and results against the broker's: what differs is told once, and
        what differs by more than a person may leave unseen lets nothing in until one has seen it.
        """
        desk, book = self._desk, self._desk.statement
        book.due = False
        differ, weight = book.take(truth.statement), book.weight
        waits = desk.law.statement is not None
        observe = desk.run.mode != "OBSERVE" and (waits or weight.for_a_person)
        if differ or (observe and not waits):
            left = differ or book.left
            out.events.append(
                StatementDiffers(truth.at, desk.reconciliations, left, *weight, observe)
            )
        if not observe:
            return
        more = book.for_law()
        if more != ZERO or not waits:
            law = law_state.statement_differs(desk.law, more)
            desk.set_law(law, f"statement {desk.reconciliations}: {law.statement}", truth.at, out)

    # ---- the position

    def _position(self, truth: BrokerTruth, rows: list[str], out: Outcome) -> bool:
        """True if both agree; a difference that lasts is acted on (law.md 3)."""
        desk = self._desk
        ours, theirs = desk.expected_position, truth.position
        if ours == theirs:
            desk.desync_since = None
            return True
        rows.append(f"position {ours} here, {theirs} there")
        if desk.desync_since is None:
            desk.desync_since = truth.at
            return False
        if not self._lasts(truth):
            return False
        self._differ(ours, theirs, truth, rows, out)
        if desk.expected_position == theirs:
            desk.desync_since = None
        return False

    def _lasts(self, truth: BrokerTruth) -> bool:
        """True for a difference that no fill in flight explains any more."""
        desk = self._desk
        since, fill = desk.desync_since, desk.last_fill_at
        if since is None:
            return False
        flying = fill is not None and fill >= since
        return truth.at - since >= (DESYNC_FLIGHT_S if flying else DESYNC_S) * SECOND

    def _differ(
        self, ours: int, theirs: int, truth: BrokerTruth, rows: list[str], out: Outcome
    ) -> None:
        """Book out what the broker no longer holds, and pull the kill switch."""
        desk, at = self._desk, truth.at
        detail = f"position {ours} here, {theirs} at the broker"
        if ours == 0:
            group = self._left_lately(theirs, at)
            if group is None:
                self._supervise.kill("UNEXPECTED_POSITION", detail, at, out)
                return
            rows.append("an exit of ours and another one have both filled")
            self._book_out(group, -theirs, at, out)
            self._supervise.kill("DOUBLE_EXIT", detail, at, out)
            return
        kept = max(0, theirs * (1 if ours > 0 else -1))
        if kept < abs(ours) and desk.group is not None:
            rows.append("closed by somebody else")
            self._book_out(desk.group, ours - (kept if ours > 0 else -kept), at, out)
        self._supervise.kill("POSITION_DESYNC", detail, at, out)

    def _left_lately(self, theirs: int, at: UtcNanos) -> Group | None:
        """The bracket whose exit explains a small position of the opposite sign.

        An exit of ours alone does: what is left beside a close by somebody else is theirs.
        """
        for group in self._known():
            exits = group.orders.exits
            if not exits or at - exits[-1].time > DOUBLE_EXIT_S * SECOND:
                continue
            if any(fill.exec_id.startswith(group.name + BOOKED_OUT) for fill in exits):
                continue
            if theirs * group.intent.side < 0 and abs(theirs) <= group.orders.closed:
                return group
        return None

    def _book_out(self, group: Group, change: int, at: UtcNanos, out: Outcome) -> None:
        """An execution that is not ours took `change` contracts off the position: booked at the
        worse of stop and last price."""
        desk, side = self._desk, 1 if group.position >= 0 else -1
        price = min(side * group.stop_price, side * desk.last_close) * side
        if group.position * group.intent.side < 0:
            price = desk.last_close
        number = len(group.orders.exits) + 1
        fill = Fill(
            f"{group.name}{BOOKED_OUT}{number}", f"{group.name}-X{group.orders.closes + 1}",
            Role.EXIT, 0, -1 if change > 0 else 1, abs(change), price, at,
        )  # fmt: skip
        orders = group.orders._replace(exits=(*group.orders.exits, fill))
        group = group._replace(orders=orders)
        desk.keep(group)
        desk.statement.executed(fill)
        self._booking.position_changed(group, at, f"FOREIGN_CLOSE {desk.reconciliations}", out)
        if not group.closed and orders.open_qty == 0:
            self._booking.close_trade(group, fill, "EXTERNAL", 0, out)
        desk.put_away()

    # ---- the kill sequence

    def _continue_kill(self, truth: BrokerTruth, verified: bool, out: Outcome) -> None:
        """Verify that all of ours is flat and gone, or take the sequence up again.

        `verified` does not mean that both sides agree: what others hold keeps nothing open.
        """
        desk = self._desk
        if not desk.law.killed:
            return
        if desk.alive and desk.law.kill_state is KillState.KILLED:
            desk.kill_resumed("something of ours is there", truth.at, out)
        if desk.law.kill_state is KillState.KILLING:
            self._supervise.clear_away("KILL", truth.at, out)
            desk.kill_step("verify", truth.at, out)
            desk.settle_kill(truth.at, out, verified)
