"""The imperative shell of a run against a broker with a will of its own.

One loop feeds it: bars as they close, a tick every second, and whatever the broker says. It
owns no rule. It records first and acts then; it reads the kill latch and the broker's position
again with the bytes in hand; what could not be sent is told to the core like any other word.
With a store that refuses, nothing is entered any more, and what only reduces still goes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from application.day import TradingDay
from application.dealing import LATCH
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
from domain.event import (
    AccountSnapshot,
    BarClosed,
    BeliefsComputed,
    DecisionMade,
    Event,
    QualityAssessed,
    SignalsComputed,
)
from domain.execution.truth import BrokerTruth
from domain.law.door import ExitPermit
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role, group_of
from domain.statement import NO_STATEMENT
from domain.units import Ticks, UtcNanos
from ports.broker import Broker, Word
from ports.errors import BrokerDown, BrokerRefused, GuardFailure, StoreFailure
from ports.event_log import EventLog

_TOLD_AGAIN: Final = (
    AccountSnapshot, BarClosed, QualityAssessed, SignalsComputed, BeliefsComputed, DecisionMade,
)  # fmt: skip
"""What a machine that lost its power loses nothing by: market and account say it again."""
READ_ATTEMPTS: Final = 3
STORE_FAILURE: Final = "STORE_FAILURE"
Observer = Callable[[Sequence[Event]], None]


class Keeper(Protocol):
    """Keeps outside the store what the law must not forget (events.md 5)."""

    def recorded(self, events: Sequence[Event]) -> None:
        """These events are about to be durable."""

    def settled(self) -> None:
        """Everything recorded is durable, and what followed from it has been sent."""

    def latched(self, trigger: str, detail: str, at: UtcNanos) -> None:
        """The store cannot take this latch: it must stand here."""

    def unrecorded(self, ref: str) -> None:
        """An order that only reduces is about to be sent, and the store cannot record it."""


class NoKeeper:
    """A run without a guard file."""

    def recorded(self, events: Sequence[Event]) -> None:
        pass

    def settled(self) -> None:
        pass

    def latched(self, trigger: str, detail: str, at: UtcNanos) -> None:
        pass

    def unrecorded(self, ref: str) -> None:
        pass


class LiveRun:
    """Core, broker and event log around one loop; see `bar`, `tick` and `listen`.

    `time` is the time at which something is sent, None where that of its decision will do;
    `sent` is told of each order reference a request was made for, `heard` of each one answered.
    """

    def __init__(
        self,
        core: TradingDay,
        broker: Broker,
        log: EventLog,
        kill_watch: KillWatch = nobody_asks,
        observe: Observer | None = None,
        keeper: Keeper | None = None,
        time: Callable[[], UtcNanos] | None = None,
        kill_recorded: Callable[[], None] | None = None,
    ) -> None:
        self._core = core
        self._broker = broker
        self._log = log
        self._kill_watch = kill_watch
        self._observe = observe
        self._keeper: Keeper = keeper or NoKeeper()
        self._time = time
        self._kill_recorded = kill_recorded
        self._words = log.count  # so that no number of a process before comes again
        self._news = 0  # words but for the account's figures
        self._waiting: deque[Word] = deque()
        self._reading, self._again, self._tries = False, False, 0
        self._confirmed: tuple[int, BrokerTruth] | None = None
        self._untold: deque[Sequence[Event]] = deque()
        self._dirty, self._told_again = False, True
        self._store_latched = False
        self.store_failed: str | None = None
        """Why the store refused for the first time; None while it never has."""
        self.too_soon: Callable[[], bool] = _never
        """Asked before a read that nothing but the time is the reason for: True leaves it out."""
        self.beat: Callable[[], None] = _nothing
        """Called before whatever may take seconds."""
        self.unanswered: set[str] = set()
        """References of requests that the broker has said nothing about yet."""

    # ---- what the loop calls

    def bar(self, bar: Bar) -> None:
        """A minute has closed: words first, then the bar step, made durable as one."""
        self.listen()
        self.take(self._core.bar(bar))
        self.settle()

    def tick(self, price: Ticks | None, now: UtcNanos, bar_follows: bool = False) -> None:
        """A second has passed: a person's kill, the broker's words, the tick rules.

        Where a bar step follows at once, what came with the second and sends nothing (account
        figures, mostly) becomes durable with it: an entry waits for one sync, not for two.
        """
        self.kill_if_asked(now)
        self.listen()
        again, tries = self._again, self._tries
        self.take(self._core.dealing.tick(price, now))
        if again and self._tries == tries:
            self._read(now)
        if not bar_follows:
            self.settle()

    def silence(self, now: UtcNanos) -> None:
        """Judge how long no bar has come."""
        self.take(self._core.surroundings.silence(now))
        self.settle()

    def listen(self) -> None:
        """Hand the broker's words to the core, each before the next, each durable on its own.

        A word may lead to a read, which listens too: it goes on with the words that waited.
        """
        self._waiting.extend(self._broker.drain())
        while self._waiting:
            word = self._waiting.popleft()
            self._words += 1
            self._news += not isinstance(word, AccountSnapshot)
            if isinstance(word, OrderEvent | Fill):
                self.unanswered.discard(word.order_ref)
            self.take(heard(self._core, word))
            if isinstance(word, OrderEvent | Fill):
                self.settle()

    def kill_if_asked(self, now: UtcNanos) -> bool:
        """Latch a person's kill; True if there is one."""
        reason = self._asked()
        if reason is None:
            return False
        law = self._core.desk.law
        if not law.killed or law.reset_pending:
            self.take(self._core.dealing.operator("kill", reason, "operator", now))
            self.settle()
        if self.store_failed is None and self._kill_recorded is not None:
            self._kill_recorded()
        return True

    def latch(self, trigger: str, detail: str, who: str, now: UtcNanos) -> None:
        """Pull the kill switch for what only the shell can see."""
        self.take(self._core.dealing.operator(LATCH, f"{trigger} {detail}", who, now))
        self.settle()

    def take(self, out: Outcome) -> None:
        """Record what the core said, make it durable if something is to be sent, then send it.

        Who observes is told first, but where an entry waits: that takes no answer of the broker's,
        while what else is sent may, and an alert shall not wait for one.
        """
        if out.events:
            self._append(out.events)
        if not any(isinstance(c, SubmitEntry) for c in out.commands):
            self._tell()
        if not out.commands:
            return
        self._commit()
        reads = [c for c in out.commands if isinstance(c, ReadBroker)]
        try:
            for command in out.commands:
                if not isinstance(command, ReadBroker):
                    self._perform(command)
        finally:
            self._tell()
        self._keeper.settled()
        self._store_latch(out.commands[0].at)
        if reads:
            self._read(reads[-1].at)

    def read(self, now: UtcNanos) -> None:
        """Ask the broker afresh now, whatever the clock says."""
        self._read(now)
        self.settle()

    def settle(self) -> None:
        """Make durable what was recorded, in the store and beside it.

        What can be told again waits for no sync of its own: a minute that nothing followed from.
        """
        if not self._dirty:
            return
        self._commit(synced=not self._told_again)
        self._keeper.settled()
        self._store_latch(self._core.desk.read_at if self._time is None else self._time())

    # ---- the store

    def _append(self, events: Sequence[Event]) -> None:
        self._dirty = True
        self._told_again = self._told_again and all(isinstance(e, _TOLD_AGAIN) for e in events)
        try:
            self._log.append(events)
        except StoreFailure as error:
            self.store_failed = self.store_failed or str(error)
        self._keeper.recorded(events)
        self._untold.append(events)

    def _tell(self) -> None:
        """Tell who observes of what was recorded, in its order."""
        while self._untold:
            events = self._untold.popleft()
            if self._observe is not None:
                self._observe(events)

    def _commit(self, synced: bool = True) -> None:
        """Make everything durable; a store that refuses is remembered, and is no reason to stop."""
        try:
            self._log.commit(synced)
            self._dirty, self._told_again = False, True
        except StoreFailure as error:
            self.store_failed = self.store_failed or str(error)

    def _store_latch(self, at: UtcNanos) -> None:
        """Latch for a store that has refused, once."""
        if self.store_failed is None or self._store_latched:
            return
        self._store_latched = True
        detail = self.store_failed
        self._keeper.latched(STORE_FAILURE, detail, at)
        self.take(self._core.dealing.operator(LATCH, f"{STORE_FAILURE} {detail}", "store", at))

    # ---- inside

    def _asked(self) -> str | None:
        try:
            return self._kill_watch()
        except GuardFailure as error:  # who cannot be heard may be asking for it
            return str(error)

    def _perform(self, command: Command) -> None:
        broker, ref = self._broker, _ref_of(command)
        at = command.at if self._time is None else self._time()
        if self.store_failed is not None and not isinstance(command, SubmitEntry):
            self._keeper.unrecorded(str(ref))
        self.unanswered.add(str(ref))
        try:
            match command:
                case SubmitEntry(permit, _):
                    if self.store_failed is not None or self._asked() is not None:
                        permit.void()
                    broker.submit(permit, at)
                case CancelOrder(_, _, _):
                    broker.cancel(ref, at)
                case CloseAtMarket(permit, group, _, _):
                    if not self._only_reduces(permit):
                        self._not_sent(permit.ref, OrderEventKind.NOT_SENT, at)
                        self._read(at)
                        return
                    broker.close(permit, group, at)
                case MoveStop(permit, _):
                    broker.move_stop(permit, at)
                case PlaceProtection(permit, group, _):
                    broker.place(permit, group, at)
                case AmendOrder(permit, _):
                    broker.amend(permit, at)
                case ReadBroker():
                    pass
        except PermitVoid:
            self._not_sent(ref, OrderEventKind.NOT_SENT, at)
        except BrokerRefused:
            self.unanswered.discard(str(ref))  # OBSERVE has nothing to send with
        except BrokerDown:
            sends = isinstance(command, SubmitEntry | CloseAtMarket | PlaceProtection)
            kind = OrderEventKind.SEND_FAILED if sends else OrderEventKind.UNKNOWN
            self._not_sent(ref, kind, at)

    def _only_reduces(self, permit: ExitPermit) -> bool:
        """True if the broker's position, read again with the close in hand, allows it."""
        try:
            held = self._broker.position().qty
        except BrokerDown:
            return False
        return held * permit.side < 0 and abs(held) >= permit.qty

    def _wanted(self, truth: BrokerTruth) -> BrokerTruth:
        """The read without the broker's statement, unless it is to be held against ours."""
        due = self._core.desk.statement.due
        return truth if due else truth._replace(statement=NO_STATEMENT)

    def _not_sent(self, ref: OrderRef, kind: OrderEventKind, at: UtcNanos) -> None:
        """Tell the core that an order did not leave, or that nobody knows whether it did."""
        self._words += 1
        self.unanswered.discard(str(ref))
        text = "never sent" if kind is OrderEventKind.NOT_SENT else "sending failed"
        word = OrderEvent(str(ref), ref.role, kind, at, -self._words, 0, 0, text, 0, 0, 0, None)
        self.take(self._core.dealing.order_event(word))

    def _read(self, at: UtcNanos) -> None:
        """Two whole reads that agree, with no word between them; else the next tick tries again."""
        if self._reading or (self._is_calm() and self.too_soon()):
            return
        self._reading, self._again = True, False
        self._tries += 1
        try:
            for _ in range(READ_ATTEMPTS):
                self.listen()
                self.beat()
                words, first = self._words, self._broker.read(at)
                if self._is_confirmed(first):
                    self.take(self._core.dealing.truth(self._wanted(first)))
                    return
                self.beat()
                second = self._broker.read(at)
                self.listen()
                if words == self._words and first.agrees(second):
                    self._confirmed = (self._news, second)
                    self.take(self._core.dealing.truth(self._wanted(second)))
                    return
            self._again = True
        except BrokerDown:
            self.take(self._core.dealing.unanswered(at))
        finally:
            self._reading = False

    def _is_confirmed(self, truth: BrokerTruth) -> bool:
        """True if all is calm and this read says the same as the two that agreed: it is the second
        one of its kind."""
        self.listen()
        return self._is_calm() and self._confirmed is not None and truth.agrees(self._confirmed[1])

    def _is_calm(self) -> bool:
        """True while nothing of ours is at stake, and nothing was said since two reads agreed."""
        desk, before = self._core.desk, self._confirmed
        calm = desk.reconciled and not desk.alive and desk.order_cancelled_at is None
        return calm and before is not None and before[0] == self._news


def _nothing() -> None:
    pass


def _never() -> bool:
    return False


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
