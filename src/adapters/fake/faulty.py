"""The fake broker with a plan of faults; see `adapters.fake.faults`.

Its own books stay true whatever it says or keeps to itself: a fresh read shows them. It needs
to be told the time, because faults strike between bars too.
"""

from __future__ import annotations

import random

from adapters.fake.broker import FakeBroker
from adapters.fake.faults import FaultKind, Plan
from adapters.fake.order import Order
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import AccountSnapshot
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.instrument import Instrument
from domain.law.door import AmendPermit, ExitPermit, Permit, ProtectPermit, TightenPermit
from domain.management_parameters import ExecutionParameters
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role, group_of
from domain.statement import Statement, StatementLine
from domain.units import MINUTE, SECOND, ZERO, Money, UtcNanos
from ports.broker import BrokerPosition, LinkChanged, Word
from ports.errors import BrokerDown

_F, _K = FaultKind, OrderEventKind
_REJECTS = {
    Role.ENTRY: _F.REJECT_ENTRY,
    Role.STOP: _F.REJECT_STOP,
    Role.TARGET: _F.REJECT_TARGET,
    Role.EXIT: _F.REJECT_EXIT,
}


class FaultyBroker(FakeBroker):
    """A broker of which every word may be missing, late, double or wrong; see `advance`."""

    def __init__(
        self,
        instrument: Instrument,
        execution: ExecutionParameters,
        equity: Money,
        plan: Plan,
        seed: int = 7,
    ) -> None:
        super().__init__(instrument, execution, equity, seed)
        self.plan = plan
        self.now: UtcNanos = 0
        self.manual = 0
        """Contracts that a person holds beside ours."""
        self.sent: list[str] = []
        """Every reference that reached the broker, in order, each time it did."""
        self.misstated = (Money.parse("0.30"), Money.parse("6.25"))
        """By how much a statement's fee is dearer, and its result worse."""
        self._up = True
        self._late: list[tuple[UtcNanos, Word]] = []
        self._rng = random.Random(seed + 1)  # noqa: S311 - repeatable, not secret
        self._foreign: OpenOrder | None = None
        self._zombies: list[Order] = []

    # ---- time

    def advance(self, now: UtcNanos) -> None:
        """Let time pass: the link, people, and orders that move of themselves."""
        self.now = now
        up = not self.plan.lasts(_F.LINK_DOWN, now)
        if up and not self._up:
            self._healthy_since = now
        if up is not self._up:
            self._up = up
            self._events.append(LinkChanged(now, up, "fault script"))
        self._tamper(now)
        if self.plan.strikes(_F.MANUAL_TRADE, now):
            self.manual += self._rng.choice((-1, 1))
        if self._position and self.plan.strikes(_F.MANUAL_CLOSE, now):
            self.manual -= self._position
        if self.plan.strikes(_F.FOREIGN_ORDER, now):
            self._foreign = OpenOrder("20991231-000-MES-E", False, 99, 1, 0, 100, False, False)
        if self.plan.strikes(_F.MARGIN_CALL, now):
            self._events.append(AccountSnapshot(now, Money.parse("-1.00"), Money.parse("-1.00")))
        for order in self._zombies:
            price = self._last if order.limit is None else order.limit
            if price is not None:
                self._orders[str(order.ref)] = order
                self._fill(order, price, now)
        self._zombies.clear()

    def _tamper(self, now: UtcNanos) -> None:
        """What others do to stops and targets that work."""
        for order in list(self._orders.values()):
            if order.held or order.ref.role not in (Role.STOP, Role.TARGET):
                continue
            stop = order.ref.role is Role.STOP
            if stop and self.plan.strikes(_F.STOP_VANISHES, now):
                del self._orders[str(order.ref)]
            elif stop and self.plan.strikes(_F.STOP_CANCELLED, now):
                self._drop(order, now)
            elif stop and order.trigger is not None and self.plan.strikes(_F.STOP_MOVED, now):
                order.trigger += 4 * order.side
                self._say(order, _K.OPEN_ORDER, now, "Modified", order.trigger)
            elif not stop and self.plan.strikes(_F.TARGET_VANISHES, now):
                del self._orders[str(order.ref)]

    # ---- requests

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        """Accept a bracket, or what is left of it."""
        ref = OrderRef(group_of(permit.intent.decision_id), Role.ENTRY)
        self._reach(ref, now)
        if self.plan.strikes(_F.NEVER_ARRIVES, now):
            permit.redeem(now)
            return
        self.sent.append(str(ref))
        super().submit(permit, now)
        for role in (Role.STOP, Role.TARGET):
            order = self._orders.get(str(OrderRef(ref.group, role)))
            if order is not None and self.plan.strikes(_REJECTS[role], now):
                self._reject(order, now)
        entry = self._orders.get(str(ref))
        if entry is not None and self.plan.strikes(_F.REJECT_ENTRY, now):
            self._reject(entry, now)
            self._drop_children(ref.group, now)
        if self.plan.strikes(_F.ONE_LEG, now):
            for role in (Role.STOP, Role.TARGET):
                text = str(OrderRef(ref.group, role))
                self._orders.pop(text, None)
                self._events = [
                    w for w in self._events
                    if not isinstance(w, OrderEvent) or w.order_ref != text
                ]  # fmt: skip
        self._break_after(now)

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        """A market exit."""
        self._reach(permit.ref, now)
        if self.plan.strikes(_F.NEVER_ARRIVES, now):
            return
        self.sent.append(str(permit.ref))
        super().close(permit, group, now)
        self._finish_send(permit.ref, now)

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        """A stop or target of its own."""
        self._reach(permit.ref, now)
        if self.plan.strikes(_F.NEVER_ARRIVES, now):
            return
        self.sent.append(str(permit.ref))
        super().place(permit, group, now)
        self._finish_send(permit.ref, now)

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        """A cancel, unless it is ignored, refused or too late."""
        self._link(now)
        if self.plan.lasts(_F.HALT, now) or self.plan.strikes(_F.CANCEL_IGNORED, now):
            return
        order = self._orders.get(str(ref))
        if order is not None and self.plan.strikes(_F.CANCEL_REFUSED, now):
            self._say(order, _K.CANCEL_REJECT, now, "cannot be cancelled")
            return
        super().cancel(ref, now)
        late = ref.role is Role.ENTRY and order is not None
        if late and order is not None and self.plan.strikes(_F.FILL_AFTER_CANCEL, now):
            self._zombies.append(order)

    def move_stop(self, permit: TightenPermit, now: UtcNanos) -> None:
        """A tightening, unless it is refused."""
        self._link(now)
        order = self._orders.get(str(permit.ref))
        if order is not None and self.plan.strikes(_F.CANCEL_REFUSED, now):
            self._say(order, _K.CANCEL_REJECT, now, "cannot be changed")
            return
        super().move_stop(permit, now)

    def amend(self, permit: AmendPermit, now: UtcNanos) -> None:
        """A correction."""
        self._link(now)
        super().amend(permit, now)

    # ---- answers

    def position(self) -> BrokerPosition:
        """A fresh read of the position, a person's part included."""
        self._link(self.now)
        self._answer(self.now)
        return super().position()._replace(qty=self._position + self.manual)

    def read(self, now: UtcNanos) -> BrokerTruth:
        """Everything afresh."""
        self._link(now)
        self._answer(now)
        truth = super().read(now)
        orders = truth.orders if self._foreign is None else (*truth.orders, self._foreign)
        self._misstate(now)
        truth = truth._replace(statement=Statement(tuple(self._statement)))
        return truth._replace(position=truth.position + self.manual, orders=orders)

    def _misstate(self, now: UtcNanos) -> None:
        """Let the statement say something else, from now on, of what was executed last."""
        lines, (dearer, worse) = self._statement, self.misstated
        if lines and self.plan.strikes(_F.STATEMENT_FEE, now):
            lines[-1] = _worse(lines[-1], dearer, dearer)
        closed = [n for n, line in enumerate(lines) if line.result is not None]
        if closed and self.plan.strikes(_F.STATEMENT_RESULT, now):
            lines[closed[-1]] = _worse(lines[closed[-1]], ZERO, worse)

    def drain(self) -> tuple[Word, ...]:
        """What is heard: nothing while the link is down, but that it is down."""
        words: list[Word] = []
        for word in (*self._due(), *super().drain()):
            if not self._up and not isinstance(word, LinkChanged):
                continue
            words += self._spoiled(word)
        if len(words) > 1 and self.plan.strikes(_F.REORDERED_WORDS, self.now):
            self._rng.shuffle(words)
        return tuple(words)

    @property
    def idle(self) -> bool:
        """Never: something may always go wrong."""
        return False

    def play(self, bar: Bar | SubBar, length: int = MINUTE) -> None:
        """Let a bar trade, unless trading is halted."""
        if self.plan.lasts(_F.HALT, bar.open_time):
            self._last = bar.close
            return
        super().play(bar, length)

    # ---- inside

    def _spoiled(self, word: Word) -> list[Word]:
        now = self.now
        if isinstance(word, Fill):
            if self.plan.strikes(_F.LOST_FILL, now):
                return []
        elif isinstance(word, OrderEvent) and word.kind is _K.ACK:
            if self.plan.strikes(_F.LOST_ACK, now):
                return []
            if self.plan.strikes(_F.LATE_ACK, now):
                self._late.append((now + 7 * SECOND, word))
                return []
            if self.plan.strikes(_F.UNKNOWN_STATUS, now):
                return [word._replace(kind=_K.UNKNOWN, status_text="?")]
        if not isinstance(word, LinkChanged) and self.plan.strikes(_F.DUPLICATE_WORDS, now):
            return [word, word]
        return [word]

    def _due(self) -> list[Word]:
        due = [w for at, w in self._late if at <= self.now]
        self._late = [(at, w) for at, w in self._late if at > self.now]
        return due

    def _link(self, now: UtcNanos) -> None:
        if not self._up or self.plan.lasts(_F.LINK_DOWN, now):
            raise BrokerDown("the link is down")

    def _answer(self, now: UtcNanos) -> None:
        if self.plan.lasts(_F.READ_FAILS, now):
            raise BrokerDown("no answer")

    def _reach(self, ref: OrderRef, now: UtcNanos) -> None:
        self._link(now)
        if self.plan.strikes(_F.SEND_FAILS, now):
            raise BrokerDown(f"{ref}: the link broke before it was sent")

    def _finish_send(self, ref: OrderRef, now: UtcNanos) -> None:
        order = self._orders.get(str(ref))
        if order is not None and self.plan.strikes(_REJECTS[ref.role], now):
            self._reject(order, now)
        self._break_after(now)

    def _cancel_rest(self, group: str, at: UtcNanos) -> None:
        if not self.plan.strikes(_F.OCA_FAILS, self.now):
            super()._cancel_rest(group, at)

    def _break_after(self, now: UtcNanos) -> None:
        if self.plan.strikes(_F.SENT_THEN_DOWN, now):
            raise BrokerDown("the link broke after it was sent")

    def _reject(self, order: Order, now: UtcNanos) -> None:
        del self._orders[str(order.ref)]
        self._done.append(DoneOrder(str(order.ref), _K.REJECT, order.filled))
        self._say(order, _K.REJECT, now, "Rejected")

    def _drop_children(self, group: str, now: UtcNanos) -> None:
        for child in list(self._orders.values()):
            if child.ref.group == group:
                self._drop(child, now)


def _worse(line: StatementLine, fee: Money, result: Money) -> StatementLine:
    """A line that states so much more of a fee, and so much less of a result."""
    return line._replace(
        fee=None if line.fee is None else line.fee + fee,
        result=None if line.result is None else line.result - result,
    )
