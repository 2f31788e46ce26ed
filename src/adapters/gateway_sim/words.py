"""Orders and executions as messages."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from adapters.gateway_sim.account import Account
from adapters.gateway_sim.bars import SECOND
from adapters.gateway_sim.codec import Message, Value
from adapters.gateway_sim.contracts import ZONE, ZONE_NAME, Quarter
from adapters.gateway_sim.orders import Execution, Order


def status_words(order: Order) -> Message:
    """The orderStatus message of `order` as it is."""
    price = order.quarter.product.price
    return Message(
        "orderStatus",
        {
            "orderId": order.number, "status": order.status, "filled": order.filled,
            "remaining": order.left, "avgFillPrice": order.average, "permId": order.perm,
            "clientId": order.client, "whyHeld": order.waits_for(),
            "parentId": order.parent.number if order.parent is not None else 0,
            "lastFillPrice": price(order.last_price) if order.filled else "0.0",
        },
    )  # fmt: skip


def what_if_words(
    client: int, asked: Message, quarter: Quarter, account: Account, fee: Decimal
) -> Message:
    """The openOrder message that answers a what-if request."""
    before = account.margin * abs(account.size())
    change = account.margin * int(Decimal(asked.text("totalQuantity")))
    same = ("action", "orderType", "orderRef", "totalQuantity", "lmtPrice", "auxPrice", "tif")
    values: dict[str, Value] = {
        **{name: asked.text(name) for name in same},
        **quarter.block(), "orderId": asked.number("orderId"), "clientId": client, "whatIf": 1,
        "account": account.name, "status": "PreSubmitted", "initMarginBefore": before,
        "maintMarginBefore": before, "equityWithLoanBefore": account.cash,
        "initMarginChange": change, "maintMarginChange": change, "equityWithLoanChange": 0,
        "initMarginAfter": before + change, "maintMarginAfter": before + change,
        "equityWithLoanAfter": account.cash, "commission": fee, "commissionCurrency": "USD",
    }  # fmt: skip
    return Message("openOrder", values)


def execution_words(done: Execution, request: int = -1) -> Message:
    """The execDetails message of a fill."""
    order, price = done.order, done.order.quarter.product.price(done.price)
    stamp = datetime.fromtimestamp(done.at // SECOND, UTC).astimezone(ZONE)
    return Message(
        "execDetails",
        {
            **order.quarter.block(), "reqId": request, "orderId": order.number,
            "execId": done.exec_id, "time": f"{stamp:%Y%m%d %H:%M:%S} {ZONE_NAME}",
            "account": order.account, "side": "BOT" if order.side > 0 else "SLD",
            "shares": done.qty, "price": price, "permId": order.perm, "clientId": order.client,
            "liquidation": done.liquidation, "cumQty": done.cumulative,
            "avgPrice": done.average, "orderRef": order.ref,
        },
    )  # fmt: skip


def commission_words(done: Execution) -> Message:
    """The commissionReport message of a fill."""
    values: dict[str, Value] = {"execId": done.exec_id, "commission": done.fee}
    if done.profit is not None:
        values["realizedPNL"] = done.profit
    return Message("commissionReport", values)
