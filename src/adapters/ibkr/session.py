"""One connection: made, checked, listened to, used and ended inside the library's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from adapters.ibkr import codes
from adapters.ibkr.accounts import check_account
from adapters.ibkr.codes import LinkMeaning
from adapters.ibkr.contracts import Month, Pinned, again, months, named, regular_hours
from adapters.ibkr.front import DAYS_ASKED, front_month
from adapters.ibkr.ib_api import Contract, Library, RealTimeBarList, Ticker, Trade
from adapters.ibkr.order_ids import OrderIds
from adapters.ibkr.orders import Maker, Plan
from adapters.ibkr.questions import (
    IdInUseError,
    NotConnectedError,
    NotSentError,
    Questions,
    RefusedRequestError,
)
from adapters.ibkr.records import (
    AccountSeen,
    ApiError,
    BarSeen,
    HoursSeen,
    LinkUp,
    OrderFacts,
    PositionSeen,
    RawTruth,
    Record,
    TimeSeen,
    Watched,
)
from adapters.ibkr.session_events import Listeners
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import LinkTime
from adapters.ibkr.times import moment, nanos, new_york_date
from adapters.ibkr.translate import completed_facts, exec_facts, fee_facts, position_facts
from adapters.ibkr.translate import order_facts as facts_of
from domain.units import UtcNanos
from ports.errors import BrokerDown, BrokerRefused
from ports.market import Trouble

_BAR_SECONDS: Final = 5
LOOK: Final = "is TWS or IB Gateway running there, its API switched on, and this its port?"
READ_ONLY: Final = "the gateway's interface is in read-only mode: only OBSERVE can run"


class Session:
    """A new one for every connection; nothing of an old one is used again.

    `start` connects and checks; `lost` is set once the connection is of no more use, with
    `reason`. `synced` once every question of the start was answered, `upstream` while the
    gateway itself has its broker.
    """

    def __init__(
        self, library: Library, settings: GatewaySettings, ids: OrderIds, time: LinkTime,
        put: Callable[[Record], None],
    ) -> None:  # fmt: skip
        self.ib = library.connection()
        self.ib.RaiseRequestErrors = True
        self.ib.TimezoneTWS = settings.zone
        self.ib.client.MaxRequests = settings.waits.messages
        self.lost = asyncio.Event()
        self.reason = ""
        self.synced = False
        self.upstream = True
        self.queueing = False
        self.read_only = False
        self.account = ""
        self.no_bars_before = 0.0
        self.bars_seen = False
        self.account_at: UtcNanos = 0
        self._bars_missing = False
        self._library = library
        self._settings = settings
        self._ids = ids
        self._time = time
        self._put = put
        self._questions = Questions(self.lost, settings.waits.request, settings.waits.messages)
        self.ask = self._questions.ask
        self._failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._id_taken = False
        self._maker: Maker | None = None
        self._bars: RealTimeBarList | None = None
        self._about: list[tuple[Contract, str]] = []
        self._ticker: Ticker | None = None
        self._listeners = Listeners(self.ib, self.passed, self, time.now)

    # ---- the start

    async def start(self, pinned: Pinned | None, account: str | None) -> Pinned:
        """Connect, check account, time, contract and that every question is answered.

        Errors: NotConnectedError, IdInUseError, BrokerRefused.
        """
        await self._connect(account)
        self.account = check_account(self._settings, self.ib.managedAccounts(), account)
        self._ids.begin(self.ib)
        await self.ask_time()
        month = await self.ask_month(pinned)
        self._maker = Maker(self._library, self._settings.instrument, month.pinned, self.account)
        state = await self.read()
        self.synced = True
        self.subscribe()
        self._put(LinkUp("connected", state))
        return month.pinned

    async def _connect(self, account: str | None) -> None:
        s, waits = self._settings, self._settings.waits
        making = asyncio.ensure_future(
            self.ib.connectAsync(
                s.host, s.port, s.client_id, waits.connect, s.observing,
                account or s.account or "",
            )
        )  # fmt: skip
        both: set[asyncio.Future[Any]] = {making, self._failed}
        await asyncio.wait(both, timeout=3 * waits.connect, return_when=asyncio.FIRST_COMPLETED)
        if making.done() and not making.cancelled() and making.exception() is None:
            return
        making.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await making
        if self._id_taken:
            raise IdInUseError(f"client id {s.client_id} is in use")
        if self.read_only:
            raise BrokerRefused(READ_ONLY)
        error = making.exception() if making.done() and not making.cancelled() else None
        told = self._failed.result() if self._failed.done() else ""
        text = told or (f"{type(error).__name__} {error}" if error else "no answer")
        raise NotConnectedError(f"{s.host}:{s.port} cannot be reached: {text}; {LOOK}")

    # ---- questions

    async def ask_time(self) -> None:
        """The gateway's clock; also the sign that it lives."""
        before = self._time.host()
        said = await self.ask("time", self.ib.reqCurrentTimeAsync, self._settings.waits.answer)
        broker = nanos(said)
        self._time.heard(broker)
        self._put(TimeSeen((before + self._time.host()) // 2, broker))

    async def ask_month(self, pinned: Pinned | None) -> Month:
        """Contract details afresh, and the hours they tell. Errors: BrokerRefused."""
        instrument, s = self._settings.instrument, self._settings
        wanted = self._library.contract(
            secType="FUT", symbol=instrument.symbol, exchange=instrument.exchange,
            currency=instrument.currency,
        )  # fmt: skip
        try:
            details = await self.ask(
                "details", lambda: self.ib.reqContractDetailsAsync(wanted), s.waits.connect
            )
        except RefusedRequestError as error:
            raise BrokerRefused(f"no contract {instrument.symbol}: {error}") from error
        listed = months(details, instrument)
        today = new_york_date(self._time.now())
        if pinned is not None:
            month = again(listed, pinned)
        elif s.month is not None:
            month = named(listed, s.month, today)
        else:
            month = await front_month(listed, today, self._days)
        days, hours = regular_hours(month.details)
        self._time.hours = hours
        self._put(HoursSeen(days, hours))
        return month

    async def read(self) -> RawTruth:
        """Positions, all open orders, completed orders, executions: asked in this order."""
        ib, orders_read = self.ib, not (self._settings.observing and self.read_only)
        positions = self.ask("positions", ib.reqPositionsAsync)
        executions = self.ask("executions", ib.reqExecutionsAsync)
        if orders_read:
            found, opened, done, fills = await asyncio.gather(
                positions, self._all_open(), self._all_completed(), executions
            )
        else:
            opened, done = (), ()
            found, fills = await asyncio.gather(positions, executions)
        for fill in fills:
            if fill.execution.clientId == self._settings.client_id:
                self._ids.saw(max(0, fill.execution.orderId))
        fees = tuple(f for f in map(fee_facts, ib.fills()) if f is not None)
        return RawTruth(
            tuple(position_facts(p) for p in found), opened, done,
            tuple(exec_facts(f) for f in fills), fees, orders_read,
        )  # fmt: skip

    async def positions(self) -> tuple[PositionSeen, ...]:
        """Positions afresh."""
        found = await self.ask("positions", self.ib.reqPositionsAsync)
        return tuple(position_facts(p) for p in found)

    async def _all_open(self) -> tuple[OrderFacts, ...]:
        trades = await self._orders("open", self.ib.reqAllOpenOrdersAsync)
        return tuple({id(t): facts_of(t) for t in trades}.values())

    async def _all_completed(self) -> tuple[OrderFacts, ...]:
        trades = await self._orders("completed", lambda: self.ib.reqCompletedOrdersAsync(False))
        return tuple(completed_facts(t) for t in trades)

    async def _orders(
        self, slot: str, begin: Callable[[], Awaitable[list[Trade]]]
    ) -> Sequence[Trade]:
        """Orders, or none in OBSERVE on an interface that does not show them."""
        try:
            return await self.ask(slot, begin)
        except BrokerDown:
            if self.read_only and not self._settings.observing:
                raise BrokerRefused(READ_ONLY) from None
            if not self._settings.observing or self.lost.is_set():
                raise
            self.read_only = True
            return ()

    # ---- data

    @property
    def maker(self) -> Maker:
        """Orders and contracts of this connection. Errors: BrokerDown before it is checked."""
        if self._maker is None:
            raise BrokerDown("the link is not up")
        return self._maker

    def subscribe(self) -> None:
        """Ask for bars and quotes; an older subscription is ended first."""
        self.subscribe_bars()
        contract = self.maker.contract()
        self._about.append((contract, "quotes"))
        self._ticker = self.ib.reqMktData(contract)
        self._listeners.quotes(self._ticker)

    def subscribe_bars(self) -> None:
        """Ask for the 5-second bars anew."""
        if self._bars is not None:
            with suppress(Exception):
                self.ib.cancelRealTimeBars(self._bars)
        contract = self.maker.contract()
        self._about = [(c, what) for c, what in self._about if what != "bars"]
        self._about.append((contract, "bars"))
        self._bars = self.ib.reqRealTimeBars(contract, _BAR_SECONDS, "TRADES", False)
        self._listeners.bars = self._bars
        self._time.bars_asked()
        self.bars_seen = False

    async def ask_account(self) -> None:
        """The account's figures afresh; they come as events."""
        await self.ask("account", lambda: self.ib.reqAccountUpdatesAsync(self.account))

    def ask_bars(
        self, until: datetime | str, duration: str, seconds: float = 0.0, size: str = "1 min",
        of: Contract | None = None,
    ) -> Awaitable[Sequence[object]]:  # fmt: skip
        """Bars that end by `until`, of the month traded or `of` another. Errors: as `ask`."""
        it, ask = of or self.maker.contract(), self.ib.reqHistoricalDataAsync
        return self.ask(
            "", lambda: ask(it, until, duration, size, "TRADES", False, 2, False, 0), seconds
        )

    def _days(self, month: Pinned) -> Awaitable[Sequence[object]]:
        maker = Maker(self._library, self._settings.instrument, month, "")
        return self.ask_bars("", DAYS_ASKED, size="1 day", of=maker.contract())

    # ---- orders

    def place(self, plans: Sequence[Plan]) -> tuple[int, ...]:
        """Send orders in one go: the first is the parent of those that are children.

        Errors: NotSentError if not one of them has left, BrokerDown if nobody knows.
        """
        self._may_send()
        ids = tuple(self._ids.next(self.ib) for _ in plans)
        last = len(plans) - 1
        orders = [
            (self.maker.contract(), self.maker.order(plan, n, ids[0], transmit=i == last))
            for i, (plan, n) in enumerate(zip(plans, ids, strict=True))
        ]
        self._questions.budget.spend(len(orders))
        for i, (contract, order) in enumerate(orders):
            try:
                self.ib.placeOrder(contract, order)
            except ConnectionError as error:
                if i == 0:
                    raise NotSentError(str(error)) from error
                raise BrokerDown(f"the link broke between {i} of {last + 1} orders") from error
        return ids

    def change(self, plan: Plan, order_id: int) -> None:
        """Send a working order again with another price or quantity.

        Errors: NotSentError if it has not left.
        """
        self._may_send()
        order = self.maker.order(plan._replace(child=False), order_id, 0, transmit=True)
        self._questions.budget.spend()
        try:
            self.ib.placeOrder(self.maker.contract(), order)
        except ConnectionError as error:
            raise NotSentError(str(error)) from error
        except AssertionError:
            return  # it was sent; the library believes the order dead, which is no evidence

    def cancel(self, order_id: int) -> None:
        """Ask for the cancel of an order. Errors: NotSentError if it has not left."""
        if self._settings.observing:
            raise NotSentError("an OBSERVE run sends nothing about orders")
        if self.lost.is_set() or not self.ib.isConnected():
            raise NotSentError("the link is down")
        self._questions.budget.spend()
        with self._listeners.muted():
            try:
                self.ib.cancelOrder(self.maker.cancelled(order_id, self._settings.client_id))
            except ConnectionError as error:
                raise NotSentError(str(error)) from error

    def _may_send(self) -> None:
        if self._settings.observing:
            raise NotSentError("an OBSERVE run sends no order")
        if self.lost.is_set() or not self.synced or not self.ib.isConnected():
            raise NotSentError("the link is down")
        if not self.upstream:
            raise NotSentError("the gateway has lost the broker")
        if self.queueing:
            raise NotSentError("requests wait in a queue, and an order does not")

    # ---- what the listeners tell

    def heard_error(self, req_id: int, code: int, text: str, contract: object) -> None:
        """An error message: what concerns the link is noted here, all of it is passed on."""
        about = next((what for c, what in self._about if c is contract), "")
        match codes.about_link(code):
            case LinkMeaning.ID_IN_USE:
                self._id_taken = True
                self.fail_attempt(text)
            case LinkMeaning.UPSTREAM_DOWN:
                self.upstream = False
            case LinkMeaning.UPSTREAM_BACK:
                self.upstream = True
            case LinkMeaning.UPSTREAM_LOST:
                self.upstream = True
                if self.synced:
                    self.subscribe()
            case LinkMeaning.READ_ONLY if codes.says_read_only(text):
                self.read_only = True
                self.fail_attempt(text)
            case LinkMeaning.RECONNECT:
                self.end(f"{code}: {text}")
            case LinkMeaning.PACING if about == "bars":
                self.no_bars_before = self._time.steady() + 600
            case _:
                pass
        self._put(ApiError(req_id, code, text, about))

    def passed(self, record: Record) -> None:
        """A record on its way out: what the watch has to know of it."""
        if isinstance(record, BarSeen):
            self.bars_seen = True
            self._time.bar(record.opens)
        elif isinstance(record, AccountSeen) and self.account in ("", record.account):
            self.account_at = self._time.host()
        self._put(record)

    def bars_missing(self, on: bool) -> None:
        """Bars are missing, or are no longer."""
        if on != self._bars_missing:
            self._bars_missing = on
            text = f"none for {self._time.bar_age():.0f} s" if on else "bars flow"
            self._put(Watched(Trouble.NO_BARS, on, text))

    def fail_attempt(self, text: str) -> None:
        """Connecting cannot succeed any more."""
        if not self._failed.done():
            self._failed.set_result(text)

    def end(self, reason: str) -> None:
        """This connection is of no more use."""
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()

    # ---- the end

    def close(self) -> None:
        """Disconnect and let nobody wait; what comes later is not heard."""
        self.end("closed")
        self._listeners.stop()
        with suppress(Exception):
            self.ib.disconnect()
        self._questions.stop()

    def today(self) -> str:
        """The date by which hours are refreshed."""
        return moment(self._time.now()).date().isoformat()
