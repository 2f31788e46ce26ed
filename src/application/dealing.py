"""Everything but bars that the core is told: the broker's words, the clock, the link, a person.

Each method takes one thing that happened and returns what it brings about. What it takes is
recorded as it was received, so a replay can say it again.
"""

from __future__ import annotations

from typing import Final

from application.desk import Desk, Outcome
from application.manage import Manage
from application.reconcile import Reconcile
from application.supervise import Supervise
from domain.command import ReadBroker
from domain.event import (
    AccountSnapshot,
    ClockTick,
    ConnectionChanged,
    FeeReported,
    KillReset,
    OperatorCommand,
    StoreBound,
)
from domain.execution.truth import BrokerTruth
from domain.gates import law_gates
from domain.law import state as law_state
from domain.law.state import Halt
from domain.orders import Fill, OrderEvent
from domain.units import SECOND, ZERO, Ticks, UtcNanos

LINK_S = 60
"""A link down for longer with a position or a working entry is a kill (law.md 3)."""
MARGIN_S = 10
"""Two negative readings so far apart are a kill."""
LATCH: Final = "latch"
"""What the shell says in place of a person: a trigger that the core cannot see, and what was
seen. The store, the loop, the host's restarts, a latch found beside the store."""
UNREAD_PAUSE_S = 5
"""How often a broker that does not answer is asked at last."""
UNANSWERED: Final = "unanswered"
"""Why a moment is recorded at which the broker did not answer."""
HALTED: Final = "HALT"
"""Why a trade ends, or an entry is cancelled, as a loss limit is reached beside it (law.md 1)."""
READ_FLAT_S, READ_BUSY_S = 60, 30
"""How often the broker is read: while flat, and while something of ours is open or works."""


class Dealing:
    """The core's other half; `TradingDay` takes the bars."""

    def __init__(
        self, desk: Desk, supervise: Supervise, manage: Manage, reconcile: Reconcile
    ) -> None:
        self._desk = desk
        self._supervise = supervise
        self._manage = manage
        self._reconcile = reconcile
        self._down_since: UtcNanos | None = None
        self._short_since: UtcNanos | None = None
        self._asked_at: UtcNanos = 0

    # ---- the broker

    def order_event(self, report: OrderEvent) -> Outcome:
        """A broker's word about an order."""
        out = Outcome()
        self._supervise.order_event(report, out)
        return out

    def fill(self, fill: Fill) -> Outcome:
        """One execution."""
        out, halts = Outcome(), self._desk.law.halts
        self._supervise.fill(fill, out)
        self._supervise.check_marked_loss(self._desk.last_close, fill.time, out)
        self._end_if_halted(halts, fill.time, out)
        return out

    def fee(self, fee: FeeReported) -> Outcome:
        """The broker's fee of one execution, or a corrected one; each figure counts once."""
        out, desk = Outcome(), self._desk
        if not desk.first_time(f"{fee.exec_id}|{fee.fee}"):
            return out
        halts = desk.law.halts
        out.events.append(fee)
        desk.rebook_fee(fee.exec_id, desk.fees.reported(fee.exec_id, fee.fee), fee.at, out)
        self._supervise.check_marked_loss(desk.last_close, fee.at, out)
        self._end_if_halted(halts, fee.at, out)
        return out

    def _end_if_halted(self, before: tuple[Halt, ...], at: UtcNanos, out: Outcome) -> None:
        """A halt that starts beside something open ends it: only a fee can bring that about."""
        group = self._desk.group
        if self._desk.law.halts == before or group is None:
            return
        if group.open or group.working_entry:
            self._manage.flatten(HALTED, at, out)

    def account(self, snapshot: AccountSnapshot) -> Outcome:
        """The broker's account figures; said again they are one reading, recorded once."""
        out = Outcome()
        if snapshot == self._desk.account:
            return out
        self._desk.account = snapshot
        out.events.append(snapshot)
        if snapshot.available >= ZERO:
            self._short_since = None
            self._desk.condition_gone("MARGIN", snapshot.at, out)
        elif self._short_since is None:
            self._short_since = snapshot.at  # one bad reading is none: no entry, no latch
        elif snapshot.at - self._short_since >= MARGIN_S * SECOND:
            detail = f"{snapshot.available} available, twice"
            self._supervise.kill("MARGIN", detail, snapshot.at, out)
        return out

    def connection(self, up: bool, reason: str, at: UtcNanos) -> Outcome:
        """The link went down or came back: until it is reconciled only protection is sent."""
        out = Outcome()
        desk = self._desk
        out.events.append(ConnectionChanged(at, up, reason))
        desk.connected = up
        desk.reconciled = False
        self._down_since = None if up else at
        if not up and desk.unread_since is None:
            desk.unread_since = at
        desk.link_up_at = at if up else desk.link_up_at
        if up:
            self._read("the link is back", at, out)
        return out

    def unanswered(self, at: UtcNanos) -> Outcome:
        """The broker was asked and has not answered: what it holds is unknown, not nothing."""
        out, desk = Outcome(), self._desk
        if desk.unread_since is not None and not desk.reconciled:
            return out
        desk.unread_since = at if desk.unread_since is None else desk.unread_since
        desk.reconciled = False
        out.events.append(ClockTick(at, desk.seen_price, UNANSWERED))
        return out

    def truth(self, truth: BrokerTruth) -> Outcome:
        """A read of the broker that a second one has confirmed."""
        out = Outcome()
        self._reconcile.take(truth, out)
        return out

    # ---- the clock

    def tick(self, price: Ticks | None, now: UtcNanos) -> Outcome:
        """Let the tick rules run; a tick that changes nothing leaves no trace."""
        desk, out = self._desk, Outcome()
        if price is not None:
            desk.seen_price = price
            self._manage.price_seen(price, now, out)
        if self._manage.due(now) is not None:
            self._manage.timer(now, out)
        group = desk.group
        if desk.law.halts and desk.connected and group and group.open and group.pending is None:
            self._manage.flatten(HALTED, now, out)  # it filled while its entry was cancelled
        watched = self.watch(now)
        out.events += watched.events
        out.commands += watched.commands
        self._read_in_time(now, out)
        return out

    def watch(self, now: UtcNanos) -> Outcome:
        """The tick rules alone; empty if they change nothing."""
        desk, out = self._desk, Outcome()
        recorded, desk.last_close = desk.last_close, desk.seen_price
        before = desk.alive
        self._supervise.watch(now, out)
        self._link(now, out)
        if out.events or out.commands or desk.alive != before:
            out.events.insert(0, ClockTick(now, desk.last_close, "watch"))
        else:
            desk.last_close = recorded
        return out

    def _link(self, now: UtcNanos, out: Outcome) -> None:
        """CONNECTION_LOST: a link down for a minute with something of ours at stake, or a position
        that nobody has been able to verify for as long."""
        desk, down, unread = self._desk, self._down_since, self._desk.unread_since
        if down is not None and now - down > LINK_S * SECOND and desk.alive:
            self._supervise.kill("CONNECTION_LOST", f"for more than {LINK_S} s", now, out)
        held = desk.connected and desk.expected_position
        if held and unread is not None and now - unread > LINK_S * SECOND:
            detail = f"no answer for more than {LINK_S} s"
            self._supervise.kill("CONNECTION_LOST", detail, now, out)

    def _read_in_time(self, now: UtcNanos, out: Outcome) -> None:
        """Ask for a read where one is due; asking changes nothing, so it is not recorded."""
        desk = self._desk
        if not desk.run.live or not desk.connected:
            return
        waited = now - max(desk.read_at, self._asked_at)
        if waited < self._patience():
            return
        settle = desk.contracts.execution.settle_s * SECOND
        cancelled = desk.order_cancelled_at
        over = desk.law.kill_state is law_state.KillState.KILLED
        if not desk.reconciled and (desk.alive or not over):
            due = True
        elif cancelled is not None and now - cancelled >= settle:
            due = True  # a cancel is provisional until executions were read once since
        else:
            calm = desk.reconciled and not desk.alive
            due = waited >= (READ_FLAT_S if calm else READ_BUSY_S) * SECOND
        if due and not any(isinstance(c, ReadBroker) for c in out.commands):
            self._read("in time", now, out)

    def _patience(self) -> UtcNanos:
        """How long to wait before the next question: a read that is not answered holds the loop
        up, so one that never is may not be asked every second."""
        since = self._desk.unread_since
        blind = 0 if since is None else self._asked_at - since
        return min(max(blind, SECOND), UNREAD_PAUSE_S * SECOND)

    def _read(self, reason: str, now: UtcNanos, out: Outcome) -> None:
        self._asked_at = now
        out.commands.append(ReadBroker(reason, now))

    # ---- a person

    def operator(self, command: str, arguments: str, who: str, at: UtcNanos) -> Outcome:
        """A person's `kill` or `ack`, the shell's `latch`; `reset` has its own."""
        out = Outcome()
        desk = self._desk
        out.events.append(OperatorCommand(at, command, arguments, who))
        if command == "kill":
            self._supervise.kill("MANUAL", arguments, at, out)
        elif command == LATCH:
            trigger, _, detail = arguments.partition(" ")
            self._supervise.kill(trigger, detail, at, out)
        elif command == "ack" and arguments.split(" ", 1)[0] == "month":
            law = law_state.month_acknowledged(desk.law)
            desk.set_law(law, "month acknowledged", at, out)
        elif command == "ack" and arguments.split(" ", 1)[0] == "statement":
            self._statement_acknowledged(at, out)
        return out

    def _statement_acknowledged(self, at: UtcNanos, out: Outcome) -> None:
        """What the statement says is true from here on: a loss counts, and may reach a limit."""
        desk, halts, loss = self._desk, self._desk.law.halts, self._desk.law.statement
        if loss is None:
            return
        desk.statement.settle()
        law = law_state.statement_acknowledged(desk.law, desk.rules.law)
        desk.set_law(law, f"statement acknowledged: {-loss}", at, out)
        self._supervise.check_marked_loss(desk.last_close, at, out)
        self._end_if_halted(halts, at, out)

    def bound(self, event: StoreBound) -> Outcome:
        """A person bound the store: the memory that was carried over is the law's from here."""
        out = Outcome()
        desk = self._desk
        desk.law = event.state
        desk.law_gates = law_gates(event.state, desk.rules.law, desk.worst_fee)
        out.events.append(event)
        return out

    def reset(self, who: str, reason: str, trigger: str, at: UtcNanos) -> Outcome:
        """A person lifts the kill switch. Errors: ValueError where the law does not allow it."""
        out = Outcome()
        desk = self._desk
        if desk.law.kill_trigger != trigger:
            raise ValueError(f"the switch was pulled by {desk.law.kill_trigger}, not by {trigger}")
        if desk.alive or desk.expected_position:
            raise ValueError("something of ours is still open or working")
        law = law_state.kill_reset(desk.law)
        out.events.append(KillReset(at, who, reason, trigger))
        desk.set_law(law, "kill reset", at, out)
        return out
