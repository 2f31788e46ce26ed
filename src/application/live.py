"""The imperative shell of a run against a broker with a will of its own.

One loop feeds it: bars as they close, a tick every second, and whatever the broker says. It
owns no rule. It records first and acts then; it reads the kill latch and the broker's position
again with the bytes in hand; what could not be sent is told to the core like any other word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from application.day import TradingDay
from application.desk import Outcome
from application.hear import heard
from application.playback import KillWatch, nobody_asks
from domain.bar import Bar
from domain.command import (
    AmendOrder,
    CancelOrder,
    CloseAtMarket,
    Command,
    MoveStop,
    PlaceProtection,
    ReadBroker,
    SubmitEntry,
)
from domain.errors import PermitVoid
from domain.event import Event
from domain.law.door import ExitPermit
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role, group_of
from domain.units import Ticks, UtcNanos
from ports.broker import Broker
from ports.errors import BrokerDown
from ports.event_log import EventLog

READ_ATTEMPTS: Final = 3
Observer = Callable[[Sequence[Event]], None]


class LiveRun:
    """Core, broker and event log around one loop; see `bar`, `tick` and `listen`."""

    def __init__(
        self,
        core: TradingDay,
        broker: Broker,
        log: EventLog,
        kill_watch: KillWatch = nobody_asks,
        observe: Observer | None = None,
    ) -> None:
        self._core = core
        self._broker = broker
        self._log = log
        self._kill_watch = kill_watch
        self._observe = observe
        self._words = 0
        self._reading = False

    # ---- what the loop calls

    def bar(self, bar: Bar) -> None:
        """A minute has closed: words first, then the bar step, made durable as one."""
        self.listen()
        self.take(self._core.bar(bar))
        self._log.commit()

    def tick(self, price: Ticks | None, now: UtcNanos) -> None:
        """A second has passed: a person's kill, the broker's words, the tick rules."""
        self.kill_if_asked(now)
        self.listen()
        self.take(self._core.dealing.tick(price, now))

    def listen(self) -> None:
        """Hand the broker's words to the core, each before the next, each durable on its own."""
        for word in self._broker.drain():
            self._words += 1
            self.take(heard(self._core, word))
            if isinstance(word, OrderEvent | Fill):
                self._log.commit()

    def kill_if_asked(self, now: UtcNanos) -> bool:
        """Latch a person's kill; True if there is one."""
        reason = self._kill_watch()
        if reason is None:
            return False
        if not self._core.desk.law.killed:
            self.take(self._core.dealing.operator("kill", reason, "operator", now))
        return True

    def take(self, out: Outcome) -> None:
        """Record what the core said, make it durable if something is to be sent, then send it."""
        if out.events:
            self._log.append(out.events)
            if self._observe is not None:
                self._observe(out.events)
        if not out.commands:
            return
        self._log.commit()
        reads = [c for c in out.commands if isinstance(c, ReadBroker)]
        for command in out.commands:
            if not isinstance(command, ReadBroker):
                self._perform(command)
        if reads:
            self._read(reads[-1].at)

    # ---- inside

    def _perform(self, command: Command) -> None:
        broker = self._broker
        try:
            match command:
                case SubmitEntry(permit, at):
                    if self._kill_watch() is not None:
                        permit.void()
                    broker.submit(permit, at)
                case CancelOrder(ref, _, at):
                    broker.cancel(ref, at)
                case CloseAtMarket(permit, group, _, at):
                    if not self._only_reduces(permit):
                        self._not_sent(permit.ref, OrderEventKind.NOT_SENT, at)
                        self._read(at)
                        return
                    broker.close(permit, group, at)
                case MoveStop(permit, at):
                    broker.move_stop(permit, at)
                case PlaceProtection(permit, group, at):
                    broker.place(permit, group, at)
                case AmendOrder(permit, at):
                    broker.amend(permit, at)
                case ReadBroker():
                    pass
        except PermitVoid:
            self._not_sent(_ref_of(command), OrderEventKind.NOT_SENT, command.at)
        except BrokerDown:
            sends = isinstance(command, SubmitEntry | CloseAtMarket | PlaceProtection)
            kind = OrderEventKind.SEND_FAILED if sends else OrderEventKind.UNKNOWN
            self._not_sent(_ref_of(command), kind, command.at)

    def _only_reduces(self, permit: ExitPermit) -> bool:
        """True if the broker's position, read again with the close in hand, allows it."""
        try:
            held = self._broker.position().qty
        except BrokerDown:
            return False
        return held * permit.side < 0 and abs(held) >= permit.qty

    def _not_sent(self, ref: OrderRef, kind: OrderEventKind, at: UtcNanos) -> None:
        """Tell the core that an order did not leave, or that nobody knows whether it did."""
        self._words += 1
        text = "never sent" if kind is OrderEventKind.NOT_SENT else "sending failed"
        word = OrderEvent(str(ref), ref.role, kind, at, -self._words, 0, 0, text, 0, 0, 0, None)
        self.take(self._core.dealing.order_event(word))

    def _read(self, at: UtcNanos) -> None:
        """Two whole reads that agree, with no word between them; else the next tick tries again."""
        if self._reading:
            return
        self._reading = True
        try:
            for _ in range(READ_ATTEMPTS):
                self.listen()
                words, first = self._words, self._broker.read(at)
                second = self._broker.read(at)
                self.listen()
                if words == self._words and first.agrees(second):
                    self.take(self._core.dealing.truth(second))
                    return
        except BrokerDown:
            return
        finally:
            self._reading = False


def _ref_of(command: Command) -> OrderRef:
    match command:
        case SubmitEntry(permit, _):
            return OrderRef(group_of(permit.intent.decision_id), Role.ENTRY)
        case CancelOrder(ref, _, _):
            return ref
        case ReadBroker():
            raise TypeError("a read has no order")
        case _:
            return command.permit.ref
