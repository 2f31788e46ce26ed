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
from adapters.gateway_sim.log import Log
from adapters.gateway_sim.market import Market
from adapters.gateway_sim.matching import Rules
from adapters.gateway_sim.orders import Order
from adapters.gateway_sim.session import Session

LISTENERS: Final = -1


@dataclass(frozen=True, slots=True)
class Settings:
    """What a gateway is started with; money in dollars, costs in ticks."""

    account: str = "DU1234567"
    cash: Decimal = Decimal(25_000)
    fee: Decimal = Decimal("0.62")
    through: int = 1
    slip: int = 1
    master: int | None = None
    product: Product = field(default_factory=Product)


class Core:
    """Everything the gateway knows; single-threaded."""

    def __init__(self, settings: Settings, day: list[Bar], warmup: list[Bar] | None = None) -> None:
        self.settings = settings
        self.product = settings.product
        self.accounts: list[str] = [settings.account]
        self.market = Market(day, warmup or ())
        self.sessions: list[Session] = []
        self.log = Log(lambda: self.market.now)
        account = Account(settings.account, settings.cash, product=settings.product)
        if self.market.last is not None:
            account.last = self.market.last.close
        rules = Rules(settings.through, settings.slip)
        self.broker = Broker(account, rules, self._route, settings.fee, self.market.now)
        self.shows_foreign_executions = False
        self.clock_ahead = 0
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
        return self.broker.next_id(client)

    # ---- messages

    def receive(self, session: Session, message: Message) -> None:
        """A request came in."""
        self.log.received(session, message)
        self.broker.now = max(self.broker.now, self.market.now)
        session.handle(message)

    def outgoing(self, session: Session, message: Message) -> None:
        """An answer is to go out."""
        session.deliver(message)

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
        piece = self.market.take()
        self.broker.play(piece)
        self.broker.expire(self.market.now)
        for session in list(self.sessions):
            session.bar(piece)
        return piece

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
