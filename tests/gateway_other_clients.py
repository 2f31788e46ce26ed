"""Run by another interpreter: ib_async or the official ibapi against a gateway, told as JSON.

Usage: python gateway_other_clients.py ib_async|ibapi PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Any


async def with_ib_async(port: int) -> dict[str, Any]:
    import ib_async as lib

    ib = lib.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=17, timeout=10, raiseSyncErrors=True)
    future = lib.Future("MES", exchange="CME", currency="USD")
    contract = (await ib.reqContractDetailsAsync(future))[0].contract
    history = await ib.reqHistoricalDataAsync(contract, "", "1 D", "1 min", "TRADES", False, 2)
    bars = ib.reqRealTimeBars(contract, 5, "TRADES", False)
    ticker = ib.reqMktData(contract)
    trades = [ib.placeOrder(contract, o) for o in bracket(lib.Order, ib.client.getReqId)]
    while not all(t.isDone() for t in trades):
        await asyncio.sleep(0.01)
    executions = await ib.reqExecutionsAsync()
    done = await ib.reqCompletedOrdersAsync(False)
    result = {
        "version": ib.client.serverVersion(), "accounts": ib.managedAccounts(),
        "symbol": contract.localSymbol, "history": len(history), "bars": len(bars) > 0,
        "states": [t.orderStatus.status for t in trades], "quote": [ticker.bid, ticker.ask],
        "fills": [f.execution.price for t in trades for f in t.fills],
        "commission": [f.commissionReport.commission for t in trades for f in t.fills],
        "executions": len(executions), "completed": sorted(t.order.orderRef for t in done),
        "values": any(v.tag == "NetLiquidation" for v in ib.accountValues()),
    }  # fmt: skip
    ib.disconnect()
    return result


def bracket(make: Any, next_id: Any) -> list[Any]:
    """Buy at 1498.75, target 1502.50, stop 1495."""
    ids = [next_id() for _ in range(3)]
    rows = [("BUY", "LMT", 1498.75, 0, False), ("SELL", "LMT", 1502.5, ids[0], False),
            ("SELL", "STP", 1495.0, ids[0], True)]  # fmt: skip
    orders = []
    for number, (action, kind, price, parent, transmit) in zip(ids, rows, strict=True):
        order = make()
        order.orderId, order.action, order.orderType = number, action, kind
        order.totalQuantity, order.tif, order.parentId = 1, "GTC", parent
        order.transmit, order.orderRef = transmit, f"r-{kind}-{action}"
        order.eTradeOnly = order.firmQuoteOnly = False
        setattr(order, "auxPrice" if kind == "STP" else "lmtPrice", price)
        orders.append(order)
    return orders


def with_ibapi(port: int) -> dict[str, Any]:
    from ibapi.client import EClient
    from ibapi.contract import Contract
    from ibapi.order import Order
    from ibapi.wrapper import EWrapper

    class App(EWrapper, EClient):  # type: ignore[misc]
        def __init__(self) -> None:
            EClient.__init__(self, self)
            self.states: dict[str, str] = {}
            self.refs: dict[int, str] = {}
            self.prices: list[float] = []
            self.fees: list[float] = []
            self.values: set[str] = set()
            self.rows = self.bars = 0
            self.contract: Any = None
            self.accounts = ""
            self.done = threading.Event()
            self.ready = threading.Event()

        def nextValidId(self, orderId: int) -> None:
            self.next = orderId

        def managedAccounts(self, accountsList: str) -> None:
            self.accounts = accountsList
            wanted = Contract()
            wanted.symbol, wanted.secType = "MES", "FUT"
            wanted.exchange, wanted.currency = "CME", "USD"
            self.reqAccountUpdates(True, "")
            self.reqContractDetails(900, wanted)

        def updateAccountValue(self, key: str, *_: str) -> None:
            self.values.add(key)

        def contractDetails(self, reqId: int, details: Any) -> None:
            self.contract = self.contract or details.contract

        def contractDetailsEnd(self, reqId: int) -> None:
            self.ready.set()

        def historicalData(self, reqId: int, bar: Any) -> None:
            self.rows += 1

        def realtimeBar(self, *_: Any) -> None:
            self.bars += 1

        def openOrder(self, orderId: int, contract: Any, order: Any, state: Any) -> None:
            self.refs[orderId] = order.orderRef

        def orderStatus(self, orderId: int, status: str, *_: Any) -> None:
            self.states[self.refs[orderId]] = status
            if sorted(self.states.values()) == ["Cancelled", "Filled", "Filled"]:
                self.done.set()

        def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
            self.prices.append(execution.price)

        def commissionReport(self, report: Any) -> None:
            self.fees.append(report.commission)

    app = App()
    app.connect("127.0.0.1", port, 17)
    threading.Thread(target=app.run, daemon=True).start()
    assert app.ready.wait(10)
    app.reqHistoricalData(901, app.contract, "", "1 D", "1 min", "TRADES", 0, 2, False, [])
    app.reqRealTimeBars(902, app.contract, 5, "TRADES", False, [])
    ids = iter(range(app.next, app.next + 3))
    for order in bracket(Order, lambda: next(ids)):
        app.placeOrder(order.orderId, app.contract, order)
    assert app.done.wait(30)
    threading.Event().wait(0.3)
    result = {
        "version": app.serverVersion(), "accounts": [app.accounts],
        "symbol": app.contract.localSymbol, "history": app.rows, "bars": app.bars > 0,
        "states": [app.states[r] for r in ("r-LMT-BUY", "r-LMT-SELL", "r-STP-SELL")],
        "fills": app.prices, "commission": app.fees, "values": "NetLiquidation" in app.values,
    }  # fmt: skip
    app.disconnect()
    return result


if __name__ == "__main__":
    library, number = sys.argv[1], int(sys.argv[2])
    told = asyncio.run(with_ib_async(number)) if library == "ib_async" else with_ibapi(number)
    sys.stdout.write(json.dumps(told))
