"""What others do to the account: people, another program, the broker himself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.gateway_sim.codec import Message, Value
from adapters.gateway_sim.contracts import front, local_day
from adapters.gateway_sim.orders import Execution, Order

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core

PERSON: Final = 0
PROGRAM: Final = 99
EVERYBODY: Final = -1
DAY: Final = 86_400 * 10**9


def place(
    core: Core, client: int, signed: int, ref: str = "", away: int | None = None, kind: str = "LMT"
) -> Order:
    """An order of somebody else: `signed` contracts, `away` ticks from the market.

    Without `away` it is a market order. It is accepted at once.
    """
    quarter = front(core.product, local_day(core.market.now))
    number = core.broker.next_id(client)
    last = core.broker.account.last or 0
    side = 1 if signed > 0 else -1
    values: dict[str, Value] = {
        **quarter.block(), "orderId": number, "action": "BUY" if signed > 0 else "SELL",
        "totalQuantity": abs(signed), "orderType": "MKT" if away is None else kind, "tif": "GTC",
        "orderRef": ref, "transmit": 1, "outsideRth": 1,
    }  # fmt: skip
    if away is not None:
        name = "auxPrice" if kind == "STP" else "lmtPrice"
        values[name] = core.product.price(last - side * away)
    core.broker.place(client, Message("placeOrder", values), quarter)
    found = core.broker.find(client, number)
    if found is None:
        raise ValueError("the order was refused")
    return found


def trade(core: Core, signed: int, client: int = PERSON, at: int | None = None) -> Execution:
    """Somebody else trades `signed` contracts at the last price."""
    order = place(core, client, signed)
    done = core.broker.fill(order, core.broker.account.last or 0, order.left, at)
    if at is not None:
        order.done_at = at
    return done


def liquidate(core: Core) -> Execution | None:
    """The broker closes the whole position by force; every client hears of it, order id -1."""
    size = core.broker.account.size()
    if not size:
        return None
    order = place(core, PERSON, -size)
    order.number, order.client = -1, EVERYBODY
    return core.broker.fill(order, core.broker.account.last or 0, abs(size), liquidation=1)
