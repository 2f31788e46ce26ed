"""The gateway without its sockets: sessions, broker, market and faults, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from adapters.gateway_sim.account import Account
from adapters.gateway_sim.bars import SECOND, Bar, Piece
from adapters.gateway_sim.broker import Broker
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.contracts import (
    ZONE,
    ZONE_NAME,
    Product,
    Quarter,
    local_day,
    quarters,
)
from adapters.gateway_sim.faults import IN, OUT, Faults, Happening
from adapters.gateway_sim.log import Log
from adapters.gateway_sim.market import Market
from adapters.gateway_sim.matching import Rules
from adapters.gateway_sim.orders import Order
from adapters.gateway_sim.session import Session

LISTENERS: Final = -1
_ACCOUNT_EVERY: Final = 180 * SECOND
_HEARD_WHEN_CUT: Final = ("startApi", "reqCurrentTime", "reqIds", "reqManagedAccts")
_SAID_WHEN_CUT: Final = ("error", "currentTime", "nextValidId", "managedAccounts")


def _at_once(seconds: float, action: Callable[[], None]) -> None:
    action()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a gateway is started with; money in dollars, costs in ticks.

    `remember` is how many messages its log keeps in memory, None for all.
    """

    account: str = "DU1234567"
    cash: Decimal = Decimal(25_000)
    fee: Decimal = Decimal("0.62")
    through: int = 1
    slip: int = 1
    master: int | None = None
    remember: int | None = None
    product: Product = field(default_factory=Product)


class Core:
    """Everything the gateway knows; single-threaded."""

    def __init__(self, settings: Settings, day: list[Bar], warmup: list[Bar] | None = None) -> None:
        self.settings = settings
        self.product = settings.product
        self.accounts: list[str] = [settings.account]
        self.market = Market(day, warmup or ())
        self.sessions: list[Session] = []
        self.log = Log(lambda: self.market.now, settings.remember)
        account = Account(settings.account, settings.cash, product=settings.product)
        if self.market.last is not None:
            account.last = self.market.last.close
        rules = Rules(settings.through, settings.slip)
        self.broker = Broker(account, rules, self._route, settings.fee, self.market.now)
        self.faults = Faults()
        self.later: Callable[[float, Callable[[], None]], object] = _at_once
        self.restart: Callable[[float], None] = self._hang_up_all
        self.cut = False  # IBKR out of reach: order messages are lost, requests unanswered
        self.farms_ok = True
        self.late_farms = 0
        self.account_updates = True
        self.shows_foreign_executions = False
        self.clock_ahead = 0
        self.first_id: int | None = None
        self._soon: list[Callable[[], None]] = []
        self._timers: list[tuple[int, Callable[[], None]]] = []
        self._counted: list[tuple[int, Callable[[], None]]] = []
        self._steps = 0
        self._account_told = self.market.now
        self._numbers = 0

    # ---- connections

    def connect(self, write: Callable[[bytes], None], hang_up: Callable[[], None]) -> Session:
        """A socket was opened."""
        self._numbers += 1
        session = Session(self, self._numbers, write, hang_up)
        self.sessions.append(session)
        return session

    def disconnect(self, session: Session) -> None:
        """A socket is gone; orders stay."""
        session.closed = True
        if session in self.sessions:
            self.sessions.remove(session)

    def admit(self, session: Session, client: int) -> bool:
        """Whether `client` may log on: one connection for each id."""
        return not any(s.client == client and s.started for s in self.sessions if s is not session)

    def sees_all(self, client: int) -> bool:
        """Whether this client is told of everybody's orders."""
        return client in (0, self.settings.master)

    def next_id(self, client: int) -> int:
        """The next valid order id of `client`."""
        return self.first_id if self.first_id is not None else self.broker.next_id(client)

    def listened(self) -> bool:
        """Whether some client is following the bars."""
        if self.cut:
            return False
        return any(s.started and not s.deaf and (s.bars or s.updates) for s in self.sessions)

    # ---- messages

    def receive(self, session: Session, message: Message) -> None:
        """A request came in."""
        self.log.received(session, message)
        if session.deaf or session.closed:
            return
        self.broker.now = max(self.broker.now, self.market.now)
        if self.cut and message.kind not in _HEARD_WHEN_CUT:
            return
        happening = self.faults.apply(IN, self, session, message)
        session.muted = happening.silenced
        if happening.delay or happening.pieces:
            self._put_off(happening, lambda: self._act(session, happening.messages))
        else:
            self._act(session, happening.messages)
        for action in happening.then:
            action()
        self._finish()

    def _act(self, session: Session, messages: list[Message]) -> None:
        for message in messages:
            session.handle(message)
        self._finish()

    def outgoing(self, session: Session, message: Message) -> None:
        """An answer is to go out: faults decide how."""
        if session.deaf or (self.cut and message.kind not in _SAID_WHEN_CUT):
            return
        happening = self.faults.apply(OUT, self, session, message)
        if happening.until is not None:
            self.faults.hold(happening.until, session, happening.messages)
        elif happening.delay or happening.pieces:
            self._put_off(happening, lambda: self._deliver(session, happening))
        else:
            self._deliver(session, happening)

    def _put_off(self, happening: Happening, action: Callable[[], None]) -> None:
        if happening.pieces:
            self.after_pieces(happening.pieces, action)
        else:
            self.later(happening.delay, action)

    def _deliver(self, session: Session, happening: Happening) -> None:
        for message in happening.messages:
            session.deliver(message)
            for held in self.faults.released(session, message):
                session.deliver(held)
        for action in happening.then:
            self.soon(action)

    def everybody(self, code: int, text: str) -> None:
        """A system message to every client."""
        for session in list(self.sessions):
            if session.started:
                session.error(-1, code, text)

    def tell_account(self) -> None:
        """Account values to whoever subscribed to them."""
        self._account_told = self.market.now
        for session in list(self.sessions):
            if session.account and self.account_updates:
                session.account_values()

    def forget_streams(self) -> None:
        """End every stream of bars and quotes; new subscriptions work."""
        for session in self.sessions:
            session.bars.clear()
            session.updates.clear()
            session.quotes.clear()

    def restarted(self) -> None:
        """The gateway starts afresh: data farms come up after some pieces."""
        if self.late_farms:
            self.farms_ok = False
            self.after_pieces(self.late_farms, self._farms_up)

    def _farms_up(self) -> None:
        self.farms_ok = True
        self.everybody(2104, "Market data farm connection is OK:usfuture")
        self.everybody(2106, "HMDS data farm connection is OK:ushmds")

    def _hang_up_all(self, seconds: float) -> None:
        for session in list(self.sessions):
            session.hang_up()

    # ---- things put off

    def soon(self, action: Callable[[], None]) -> None:
        """Do something when what is going on now is done."""
        self._soon.append(action)

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do something at a virtual time."""
        self._timers.append((when, action))

    def after_pieces(self, count: int, action: Callable[[], None]) -> None:
        """Do something when `count` more pieces were played."""
        self._counted.append((self._steps + count, action))

    def _finish(self) -> None:
        while self._soon:
            self._soon.pop(0)()

    def _due(self) -> None:
        due = [t for t in self._timers if t[0] <= self.market.now]
        due += [t for t in self._counted if t[0] <= self._steps]
        self._timers = [t for t in self._timers if t not in due]
        self._counted = [t for t in self._counted if t not in due]
        for _, action in due:
            action()

    def _route(self, client: int, message: Message) -> None:
        for session in list(self.sessions):
            if not session.started:
                continue
            if client == LISTENERS:
                told = session.account
                if message.kind == "position":
                    told = session.positions
            else:
                told = session.client == client or self.sees_all(session.client)
            if told:
                session.say(message)

    # ---- time

    def step(self) -> Piece | None:
        """Let the next five seconds happen; None when there are none."""
        if not self.market.left:
            return None
        coming = self.market.peek()
        if coming is not None:
            self.market.now = max(self.market.now, coming.bar.start)
        self._due()
        piece = self.market.take()
        self._steps += 1
        self.broker.play(piece)
        self.broker.expire(self.market.now)
        for session in list(self.sessions) if self.farms_ok else ():
            session.bar(piece)
        if self.market.now - self._account_told >= _ACCOUNT_EVERY:
            self.tell_account()
        self._due()
        self._finish()
        return piece

    def pass_time(self, until: int) -> None:
        """Let virtual time pass without bars, up to `until`: orders expire, timers run. A market
        order that no bar of its session will fill is filled at the last close.
        """
        self.market.now = max(self.market.now, until)
        self.broker.expire(self.market.now)
        if self.market.resting():
            self.broker.fill_at_last()
        self._due()
        self._finish()

    def clock(self) -> int:
        """The gateway's own time, UTC nanoseconds."""
        return self.market.now + self.clock_ahead

    def stamp(self, at: int) -> str:
        """A time as the gateway writes it."""
        local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZONE)
        return f"{local:%Y%m%d %H:%M:%S} {ZONE_NAME}"

    def hand_clock(self) -> str:
        """Hours and minutes in the gateway's zone."""
        return self.stamp(self.clock())[9:14]

    # ---- words that need several parts

    def quarter(self, asked: Message) -> Quarter | None:
        """The one contract a request names; None if it is none or several."""
        today = local_day(self.market.now)
        found = [q for q in quarters(self.product, today) if q.matches(asked)]
        return found[0] if len(found) == 1 else None

    def completed(self, order: Order) -> Message:
        """The completedOrder message of `order`."""
        words = order.words()
        parent = order.parent.perm if order.parent is not None else 0
        return Message(
            "completedOrder",
            {
                **words, "filledQuantity": order.filled, "parentPermId": parent,
                "completedTime": self.stamp(order.done_at),
                "completedStatus": f"{order.status} Size: {order.filled}",
            },
        )  # fmt: skip
