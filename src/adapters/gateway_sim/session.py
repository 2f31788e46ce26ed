"""One connection: what a client asks and what it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim.bars import MINUTE, PIECE, SECOND, Bar, Piece, join
from adapters.gateway_sim.codec import BadMessage, Message, Value, encode
from adapters.gateway_sim.contracts import Quarter, details, front, local_day, quarters
from adapters.gateway_sim.market import in_hours, seconds_of, size_of
from adapters.gateway_sim.orders import Order, moment
from adapters.gateway_sim.words import commission_words, execution_words, status_words

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core

_log: Final = logging.getLogger(__name__)
_FARMS: Final = (
    (2104, "Market data farm connection is OK:usfuture"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)


class Session:
    """The server's side of one socket. `write` takes bytes; `hang_up` closes."""

    def __init__(
        self, core: Core, number: int, write: Callable[[bytes], None], hang_up: Callable[[], None]
    ) -> None:
        self.core = core
        self.number = number
        self.version = 0
        self.client = -1
        self.started = False
        self.closed = False
        self.muted = False  # says nothing more: its socket is about to be closed
        self.deaf = False  # half-open: neither hears nor is heard
        self.drip = False  # writes one byte at a time
        self._write = write
        self._close = hang_up
        self.bars: dict[int, tuple[Quarter, bool]] = {}
        self.updates: dict[int, tuple[Quarter, int]] = {}
        self.quotes: dict[int, str] = {}
        self.positions = False
        self.account = False

    # ---- sending

    def send(self, kind: str, tail: tuple[Value, ...] = (), **values: Value) -> None:
        """Say something to this client."""
        self.say(Message(kind, values, tail))

    def say(self, message: Message) -> None:
        """Hand a message to the faults, which hand it on to `deliver`."""
        if not self.closed and not self.muted:
            self.core.outgoing(self, message)

    def deliver(self, message: Message) -> None:
        """Write a message to the wire."""
        if self.closed or self.muted:
            return
        self.core.log.sent(self, message)
        data = encode(message, self.version)
        for start in range(0, len(data), 1 if self.drip else len(data)):
            self._write(data[start : start + (1 if self.drip else len(data))])

    def hang_up(self) -> None:
        """Close the socket; orders stay."""
        self.closed = True
        self._close()

    def error(self, request: int, code: int, text: str) -> None:
        """Say an error."""
        self.send("error", id=request, code=code, text=text)

    # ---- receiving

    def handle(self, message: Message) -> None:
        """Act on one request; an unknown one is logged and ignored, as TWS mostly does."""
        if not self.started and message.kind != "startApi":
            return
        act = getattr(self, f"_on_{message.kind}", None)
        if act is None:
            _log.info("ignored: %s", message.kind)
            return
        try:
            act(message)
        except (BadMessage, ValueError, IndexError, ArithmeticError) as problem:
            number = message.text("reqId") or message.text("orderId") or "-1"
            self.error(int(number), 320, f"Error reading request. {problem}")

    def _on_startApi(self, m: Message) -> None:  # noqa: N802 - the name on the wire
        client = m.number("clientId")
        if not self.core.admit(self, client):
            self.error(-1, 326, "Unable to connect as the client id is already in use.")
            self.hang_up()
            return
        self.client, self.started = client, True
        self.send("managedAccounts", accounts=",".join(self.core.accounts))
        self.send("nextValidId", orderId=self.core.next_id(client))
        for code, text in _FARMS:
            if self.core.farms_ok:
                self.error(-1, code, text)
            else:
                self.error(-1, code - 1, text.replace("OK", "broken"))

    def _on_reqIds(self, m: Message) -> None:  # noqa: N802
        self.send("nextValidId", orderId=self.core.next_id(self.client))

    def _on_reqManagedAccts(self, m: Message) -> None:  # noqa: N802
        self.send("managedAccounts", accounts=",".join(self.core.accounts))

    def _on_reqCurrentTime(self, m: Message) -> None:  # noqa: N802
        self.send("currentTime", time=self.core.clock() // SECOND)

    def _on_placeOrder(self, m: Message) -> None:  # noqa: N802
        self.core.broker.place(self.client, m, self.core.quarter(m))

    def _on_cancelOrder(self, m: Message) -> None:  # noqa: N802
        self.core.broker.cancel(self.client, m.number("orderId"))

    def _on_reqGlobalCancel(self, m: Message) -> None:  # noqa: N802
        self.core.broker.cancel_all()

    def _on_reqOpenOrders(self, m: Message) -> None:  # noqa: N802
        self._open_orders(o for o in self.core.broker.live() if self._mine(o))

    def _on_reqAllOpenOrders(self, m: Message) -> None:  # noqa: N802
        self._open_orders(self.core.broker.live())

    def _on_reqAutoOpenOrders(self, m: Message) -> None:  # noqa: N802
        """Binding costs nothing here: client 0 is told of every order anyway."""

    def _on_reqCompletedOrders(self, m: Message) -> None:  # noqa: N802
        for order in self.core.broker.orders:
            done = not order.live and order.status != "PendingSubmit"
            if done and local_day(order.done_at) == local_day(self.core.market.now):
                self.say(self.core.completed(order))
        self.send("completedOrdersEnd")

    def _on_reqExecutions(self, m: Message) -> None:  # noqa: N802
        request, today = m.number("reqId"), local_day(self.core.market.now)
        only = m.number("clientId")
        for done in self.core.broker.executions:
            told = self._mine(done.order) or self.core.shows_foreign_executions
            if told and local_day(done.at) == today and only in (0, done.order.client):
                self.say(execution_words(done, request))
                self.say(commission_words(done))
        self.send("execDetailsEnd", reqId=request)

    def _on_reqPositions(self, m: Message) -> None:  # noqa: N802
        self.positions = True
        for holding in self.core.broker.account.holdings.values():
            if holding.size:
                self.say(Message("position", self.core.broker.account.position(holding)))
        self.send("positionEnd")

    def _on_cancelPositions(self, m: Message) -> None:  # noqa: N802
        self.positions = False

    def _on_reqAccountUpdates(self, m: Message) -> None:  # noqa: N802
        self.account = m.flag("subscribe")
        if self.account:
            self.account_values()
            self.send("accountDownloadEnd", account=self.core.broker.account.name)

    def account_values(self) -> None:
        """Every account value, the portfolio and the time of both."""
        account = self.core.broker.account
        for tag, value, currency in account.rows():
            self.send(
                "updateAccountValue", tag=tag, value=value, currency=currency,
                account=account.name,
            )  # fmt: skip
        for holding in account.holdings.values():
            if holding.size:
                self.say(Message("updatePortfolio", account.portfolio(holding)))
        self.send("updateAccountTime", time=self.core.hand_clock())

    def _on_reqAccountUpdatesMulti(self, m: Message) -> None:  # noqa: N802
        request, name = m.number("reqId"), self.core.broker.account.name
        for tag, value, currency in self.core.broker.account.rows():
            self.send(
                "accountUpdateMulti", reqId=request, account=name, tag=tag, value=value,
                currency=currency,
            )  # fmt: skip
        self.send("accountUpdateMultiEnd", reqId=request)

    def _on_cancelAccountUpdatesMulti(self, m: Message) -> None:  # noqa: N802
        """Multi updates are answered once; nothing runs on."""

    def _on_reqAccountSummary(self, m: Message) -> None:  # noqa: N802
        request, tags = m.number("reqId"), m.text("tags").split(",")
        name = self.core.broker.account.name
        for tag, value, currency in self.core.broker.account.rows():
            if tag in tags and currency != "BASE":
                self.send(
                    "accountSummary", reqId=request, account=name, tag=tag, value=value,
                    currency=currency,
                )  # fmt: skip
        self.send("accountSummaryEnd", reqId=request)

    def _on_cancelAccountSummary(self, m: Message) -> None:  # noqa: N802
        """A summary is answered once; nothing runs on."""

    # ---- contracts and market data

    def _on_reqContractDetails(self, m: Message) -> None:  # noqa: N802
        request, now = m.number("reqId"), self.core.market.now
        found = [q for q in quarters(self.core.product, local_day(now)) if q.matches(m)]
        for quarter in found:
            self.say(Message("contractDetails", {**details(quarter, now), "reqId": request}))
        if found:
            self.send("contractDetailsEnd", reqId=request)
        else:
            self._unknown(request)

    def _on_reqRealTimeBars(self, m: Message) -> None:  # noqa: N802
        request, quarter = m.number("reqId"), self.core.quarter(m)
        if quarter is None:
            self._unknown(request)
        else:
            self.bars[request] = (quarter, m.flag("useRTH"))

    def _on_cancelRealTimeBars(self, m: Message) -> None:  # noqa: N802
        self.bars.pop(m.number("reqId"), None)

    def _on_reqHistoricalData(self, m: Message) -> None:  # noqa: N802
        request, quarter = m.number("reqId"), self.core.quarter(m)
        if quarter is None:
            self._unknown(request)
            return
        now = self.core.market.now
        size = size_of(m.text("barSizeSetting"))
        end = min(moment(m.text("endDateTime"), now), now)
        start = end - seconds_of(m.text("durationStr")) * SECOND
        rows = self.core.market.history(size, start, end, m.flag("useRTH"))
        if not rows:
            text = "Historical Market Data Service error message:HMDS query returned no data"
            self.error(request, 162, text)
            return
        epoch = m.text("formatDate") == "2"
        cells = [cell for bar in rows for cell in self._history(bar, epoch, quarter)]
        self.send(
            "historicalData", tuple(cells), reqId=request, n=len(rows),
            start=self.core.stamp(start), end=self.core.stamp(end),
        )  # fmt: skip
        if m.flag("keepUpToDate"):
            self.updates[request] = (quarter, size)

    def _on_cancelHistoricalData(self, m: Message) -> None:  # noqa: N802
        self.updates.pop(m.number("reqId"), None)

    def _on_reqMktData(self, m: Message) -> None:  # noqa: N802
        request = m.number("reqId")
        if self.core.quarter(m) is None:
            self._unknown(request)
            return
        self.send(
            "tickReqParams", reqId=request, minTick=self.core.product.tick, bboExchange="a60001"
        )
        self.send("marketDataType", reqId=request, type=1)
        self.quotes[request] = "mktData"
        self.quote()
        if m.flag("snapshot"):
            self.send("tickSnapshotEnd", reqId=request)
            self.quotes.pop(request)

    def _on_cancelMktData(self, m: Message) -> None:  # noqa: N802
        self.quotes.pop(m.number("reqId"), None)

    def _on_reqTickByTickData(self, m: Message) -> None:  # noqa: N802
        if self.core.quarter(m) is None:
            self._unknown(m.number("reqId"))
            return
        self.quotes[m.number("reqId")] = "tickByTick"
        self.quote()

    def _on_cancelTickByTickData(self, m: Message) -> None:  # noqa: N802
        self.quotes.pop(m.number("reqId"), None)

    def quote(self) -> None:
        """Bid, ask and last to every quote subscription."""
        seen, price = self.core.market.quoted(), self.core.product.price
        if seen is None or self.core.market.last is None:
            return
        last = price(self.core.market.last.close)
        for request, kind in self.quotes.items():
            if kind == "tickByTick":
                self.send(
                    "tickByTick", reqId=request, time=self.core.clock() // SECOND,
                    bid=price(seen[0]), ask=price(seen[1]),
                )  # fmt: skip
                continue
            for tick, value in ((1, price(seen[0])), (2, price(seen[1])), (4, last)):
                self.send("tickPrice", reqId=request, tickType=tick, price=value, size=1)

    def bar(self, piece: Piece) -> None:
        """Five seconds are over."""
        bar = piece.bar
        for request, (quarter, regular) in list(self.bars.items()):
            if regular and not in_hours(bar.start):
                continue
            o, h, low, c, volume, wap, count = self._cells(bar, quarter)
            self.send(
                "realtimeBar", reqId=request, time=bar.start // SECOND, open=o, high=h, low=low,
                close=c, volume=volume, wap=wap, count=count,
            )  # fmt: skip
        for request, (quarter, size) in list(self.updates.items()):
            start = bar.start - bar.start % size
            whole = self.core.market.history(PIECE, start, bar.end, False)
            o, h, low, c, volume, wap, count = self._cells(join(whole, size)[-1], quarter)
            self.send(
                "historicalDataUpdate", reqId=request, count=count, date=start // SECOND, open=o,
                high=h, low=low, close=c, volume=volume, wap=wap,
            )  # fmt: skip
        if self.quotes and (bar.bid is not None or bar.end % MINUTE == 0):
            self.quote()

    # ---- inside

    def _mine(self, order: Order) -> bool:
        return order.client in (self.client, -1) or self.core.sees_all(self.client)

    def _open_orders(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self.say(Message("openOrder", order.words()))
            self.say(status_words(order))
        self.send("openOrderEnd")

    def _unknown(self, request: int) -> None:
        self.error(request, 200, "No security definition has been found for the request")

    def _cells(self, bar: Bar, quarter: Quarter) -> tuple[Value, ...]:
        """Open, high, low, close, volume, average and count; other months trade little."""
        price = self.core.product.price
        busy = quarter == front(self.core.product, local_day(self.core.market.now))
        volume = bar.volume if busy else bar.volume // 50
        wap = f"{float(self.core.product.tick) * bar.weighted:.4f}"
        prices = [price(p) for p in (bar.open, bar.high, bar.low, bar.close)]
        return (*prices, volume, wap, max(1, volume // 3) if volume else 0)

    def _history(self, bar: Bar, epoch: bool, quarter: Quarter) -> tuple[Value, ...]:
        o, h, low, c, volume, wap, count = self._cells(bar, quarter)
        if bar.length >= 86_400 * SECOND:
            when: Value = f"{datetime.fromtimestamp(bar.start // SECOND, UTC):%Y%m%d}"
        else:
            when = bar.start // SECOND if epoch else self.core.stamp(bar.start)
        return (when, o, h, low, c, volume, wap, count)
