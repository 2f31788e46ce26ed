"""A gateway of our own for tests: bars of a real day, or made ones, behind a socket.

`gateway(bars)` starts one; `playing(gw)` connects ib_insync to it and gives a `Desk` with the
few steps every test needs. No test sleeps: time passes by `desk.step()`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.gateway_sim.bars import MINUTE, SECOND, Bar, read
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Settings
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.server import GatewaySim

ROOT = Path(__file__).resolve().parents[1]
OPEN = 1_381_239_000 * SECOND  # 2013-10-08 13:30 UTC, the opening of New York
CLIENT = 17


def data_file(name: str) -> Path:
    """A file of real bars; the test is skipped where there are none."""
    folder = Path(os.environ.get("TRADEBOT_DATA", ROOT / "../shared/data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"no market data at {path}; set TRADEBOT_DATA")
    return path


def real_bars(name: str) -> list[Bar]:
    """The bars of a real file in ticks of MES."""
    return read(data_file(name), Product().tick)


def minutes(*closes: int, start: int = OPEN, spread: int = 1) -> list[Bar]:
    """Minute bars in ticks, each from the close before to the next of `closes`."""
    bars: list[Bar] = []
    before = closes[0]
    for number, close in enumerate(closes):
        bars.append(
            Bar(
                start + number * MINUTE, MINUTE, before, max(before, close), min(before, close),
                close, 120, close - spread, close,
            )
        )  # fmt: skip
        before = close
    return bars


def gateway(
    bars: Sequence[Bar], warmup: Sequence[Bar] = (), settings: Settings | None = None
) -> GatewaySim:
    """A gateway that plays `bars`; use it with `with`."""
    return GatewaySim(bars, warmup, settings)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine in a loop that ib_insync finds."""

    async def main() -> None:
        asyncio.set_event_loop(asyncio.get_running_loop())
        await asyncio.wait_for(work(), 60)

    asyncio.run(main())


@dataclass
class Desk:
    """One connected ib_insync client and the gateway it talks to."""

    gw: GatewaySim
    ib: Any
    contract: Any
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    decoding: list[str] = field(default_factory=list)

    async def sync(self) -> None:
        """Wait until everything that either side has said was heard by the other."""
        await asyncio.wait_for(self.ib.reqCurrentTimeAsync(), 5)

    async def step(self, pieces: int = 1) -> None:
        """Let 5-second pieces pass, each read before the next."""
        for _ in range(pieces):
            await self.gw.step()
            if self.ib.isConnected():
                await self.sync()

    async def bracket(
        self, side: int, entry: int, stop: int, target: int, **entry_options: Any
    ) -> list[Any]:
        """Send a bracket and wait for its answers; the trades of entry, target and stop."""
        trades = self.send_bracket(side, entry, stop, target, **entry_options)
        await self.sync()
        return trades

    def send_bracket(
        self, side: int, entry: int, stop: int, target: int, **entry_options: Any
    ) -> list[Any]:
        """Send a bracket, prices in ticks, and wait for nothing."""
        import ib_insync as lib

        tick = float(Product().tick)
        names = ("BUY", "SELL") if side > 0 else ("SELL", "BUY")
        ids = [self.ib.client.getReqId() for _ in range(3)]
        common = {"account": self.gw.core.broker.account.name}
        given = {"tif": "GTC", "orderRef": f"r{ids[0]}-E", "totalQuantity": 1, **entry_options}
        qty = given["totalQuantity"]
        parent = lib.Order(
            orderId=ids[0], action=names[0], orderType="LMT", lmtPrice=entry * tick,
            transmit=False, **common, **given,
        )  # fmt: skip
        profit = lib.Order(
            orderId=ids[1], action=names[1], totalQuantity=qty, orderType="LMT",
            lmtPrice=target * tick, parentId=ids[0], transmit=False, tif="DAY",
            orderRef=f"r{ids[0]}-T", **common,
        )  # fmt: skip
        loss = lib.Order(
            orderId=ids[2], action=names[1], totalQuantity=qty, orderType="STP",
            auxPrice=stop * tick, parentId=ids[0], transmit=True, tif="GTC", outsideRth=True,
            orderRef=f"r{ids[0]}-S", **common,
        )  # fmt: skip
        return [self.ib.placeOrder(self.contract, order) for order in (parent, profit, loss)]

    def said(self, kind: str) -> list[Entry]:
        """What the gateway sent to this client of one kind."""
        return [e for e in self.gw.sent if e.kind == kind and e.client == CLIENT]

    def states(self, trade: Any) -> list[str]:
        """The states that orderStatus messages gave an order, in order."""
        number = str(trade.order.orderId)
        return [
            e.message.text("status")
            for e in self.said("orderStatus")
            if e.message.text("orderId") == number
        ]


async def connect(gw: GatewaySim, client: int = CLIENT, timeout: float = 5) -> Any:
    """A new ib_insync connection."""
    import ib_insync as lib

    ib = lib.IB()
    await ib.connectAsync("127.0.0.1", gw.port, clientId=client, timeout=timeout)
    return ib


@asynccontextmanager
async def playing(gw: GatewaySim, client: int = CLIENT) -> AsyncIterator[Desk]:
    """Connect, find the front month and disconnect at the end."""
    import ib_insync as lib

    ib = await connect(gw, client)
    future = lib.Future("MES", exchange="CME", currency="USD")
    found = await ib.reqContractDetailsAsync(future)
    desk = Desk(gw, ib, found[0].contract)
    ib.errorEvent += lambda number, code, text, _contract: desk.errors.append((number, code, text))
    try:
        yield desk
    finally:
        ib.disconnect()
