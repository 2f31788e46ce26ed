"""Brokers to hold to one contract: each in a world of its own in which a test moves the market.

A new adapter is held to the contract by a world here. A world plays pieces of five seconds,
hands out permits of the law, and collects what the broker says.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, Self

from adapters.fake.broker import FakeBroker
from adapters.gateway_sim.bars import Bar as SimBar
from adapters.gateway_sim.core import Settings as SimSettings
from adapters.gateway_sim.server import GatewaySim
from adapters.ibkr.gateway import Gateway, open_gateway
from adapters.ibkr.settings import GatewaySettings
from changing import replace
from domain.aggregator import SubBar
from domain.event import FeeReported
from domain.intent import OrderIntent
from domain.law.door import ExitPermit, ProtectPermit, authorize_exit, authorize_protection
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role, group_of
from domain.units import SECOND, Money, UtcNanos
from law_builders import NOW, granted, intent
from market_builders import PRICE, contracts, mes
from ports.broker import Broker, Word
from ports.market import MarketItem, Trouble, TroubleSeen

LIBRARY = os.environ.get("TRADEBOT_TEST_IB_LIBRARY", "ib_insync")
"""Under which client library the contract is tested; the other one needs its own environment."""
PIECE = 5 * SECOND
PATIENCE_S = 60.0
TAG = "ab12"
Prices = tuple[int, int, int, int]
FLAT: Prices = (PRICE + 2, PRICE + 3, PRICE + 1, PRICE + 2)
"""Above a long entry at `PRICE`, below a target: nothing fills."""


def bracket(side: int = 1, **changes: object) -> OrderIntent:
    """A lawful limit bracket at `PRICE`."""
    return intent(side, **changes)


def ref(wanted: OrderIntent, role: Role, number: int = 0) -> OrderRef:
    """The reference of one order of an intent."""
    return OrderRef(group_of(wanted.decision_id), role, number)


class World(Protocol):
    """A broker and its market; `now` is the market's time."""

    broker: Broker
    heard: list[Word]

    @property
    def now(self) -> UtcNanos: ...
    def piece(self, prices: Prices = FLAT) -> None: ...
    def listen(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...


class Hearing:
    """What every world has: what was heard, and questions about it."""

    broker: Broker

    def __init__(self) -> None:
        self.heard: list[Word] = []

    @property
    def now(self) -> UtcNanos:
        raise NotImplementedError

    def listen(self) -> None:
        """Take what the broker has said."""
        self.heard += self.broker.drain()

    def until(self, true: Callable[[], bool]) -> None:
        """Listen until something holds; fails if it never does."""
        end = time.monotonic() + PATIENCE_S
        while True:
            self.listen()
            if true():
                return
            assert time.monotonic() < end, self.heard
            time.sleep(0.005)

    def kinds(self, wanted: OrderRef) -> list[OrderEventKind]:
        """What was said of one order, in order."""
        return [
            w.kind for w in self.heard if isinstance(w, OrderEvent) and w.order_ref == str(wanted)
        ]

    def said(self, wanted: OrderRef, kind: OrderEventKind) -> bool:
        return kind in self.kinds(wanted)

    @property
    def fills(self) -> list[Fill]:
        return [w for w in self.heard if isinstance(w, Fill)]

    @property
    def fees(self) -> list[FeeReported]:
        return [w for w in self.heard if isinstance(w, FeeReported)]

    def filled(self, wanted: OrderRef) -> int:
        return sum(f.qty for f in self.fills if f.order_ref == str(wanted))

    # ---- orders, by leave of the law

    def submit(self, wanted: OrderIntent) -> None:
        self.broker.submit(granted(wanted), NOW)

    def exit_permit(self, wanted: OrderIntent, number: int = 1) -> ExitPermit:
        permit = authorize_exit(ref(wanted, Role.EXIT, number), wanted.side, 1)
        assert permit is not None
        return permit

    def protection(self, wanted: OrderIntent, role: Role, number: int, price: int) -> ProtectPermit:
        permit = authorize_protection(ref(wanted, role, number), wanted.side, 1, price)
        assert permit is not None
        return permit

    def accepted(self, wanted: OrderIntent) -> None:
        """Submit, and wait until all three are acknowledged."""
        self.submit(wanted)
        legs = [ref(wanted, role) for role in (Role.ENTRY, Role.STOP, Role.TARGET)]
        self.until(lambda: all(self.said(leg, OrderEventKind.ACK) for leg in legs))


class FakeWorld(Hearing):
    """The fake broker, which lives on the pieces it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeBroker(mes(), contracts().execution, Money.parse("25000.00"))
        self.broker: Broker = self.fake
        self._now = NOW

    @property
    def now(self) -> UtcNanos:
        return self._now

    def piece(self, prices: Prices = FLAT) -> None:
        o, h, low, c = prices
        self.fake.play(SubBar(self._now, o, h, low, c, 10), PIECE)
        self._now += PIECE
        self.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


class GatewayWorld(Hearing):
    """The gateway adapter on a gateway of our own, over a real socket."""

    def __init__(self, mode: str = "PAPER", start: UtcNanos = NOW, **changes: object) -> None:
        super().__init__()
        day = [SimBar(start + i * PIECE, PIECE, *FLAT, 10) for i in range(400)]
        self.sim = GatewaySim(day, settings=SimSettings(slip=1))
        self._mode = mode
        self._changes = changes
        self._stack = ExitStack()
        self.known: Callable[[str], bool] = lambda text: True
        self.gateway: Gateway
        self.items: list[MarketItem] = []

    def settings(self) -> GatewaySettings:
        base = GatewaySettings(
            mes(), self._mode, TAG, self.known, port=self.sim.port, clock="gateway",
            library=LIBRARY,
        )  # fmt: skip
        return replace(base, **self._changes)

    @property
    def now(self) -> UtcNanos:
        return self.gateway.market.now()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.sim)
        self.connect()
        return self

    def connect(self) -> None:
        """Connect the adapter, anew if it was before."""
        self.gateway = open_gateway(self.settings())
        self.broker = self.gateway.broker
        self.gateway.market.open()

    def __exit__(self, *exc: object) -> None:
        try:
            self.gateway.market.close()
        finally:
            self._stack.close()

    def piece(self, prices: Prices = FLAT) -> None:
        """Let the gateway play these five seconds, and wait for their bar."""
        before = self.now

        def reprice() -> None:
            market = self.sim.core.market
            coming = market._coming[market._next]
            o, h, low, c = prices
            bar = replace(coming.bar, open=o, high=h, low=low, close=c)
            market._coming[market._next] = coming.__class__(bar)

        self.sim.call(reprice)
        self.sim.play()
        end = time.monotonic() + PATIENCE_S
        while self.now <= before:
            self.items += self.gateway.market.drain()
            assert time.monotonic() < end, "no bar came"
            self.gateway.market.wait(0.05)
        self.listen()

    def listen(self) -> None:
        super().listen()
        self.items += self.gateway.market.drain()

    def troubles(self) -> list[tuple[Trouble, bool]]:
        """Troubles that began or ended, in order."""
        return [(i.kind, i.on) for i in self.items if isinstance(i, TroubleSeen)]

    def placed(self) -> Sequence[dict[str, object]]:
        """The orders that went over the wire, field by field."""
        rows = [e.as_row()["fields"] for e in self.sim.received if e.kind == "placeOrder"]
        return [dict(r) for r in rows if isinstance(r, dict)]


WORLDS: dict[str, Callable[[], AbstractContextManager[Hearing]]] = {
    "fake": FakeWorld,
    "ibkr": GatewayWorld,
}
