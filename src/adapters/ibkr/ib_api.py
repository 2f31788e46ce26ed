"""The only module that touches a client library: `ib_insync` or `ib_async`, one at a time.

It uses exactly what both libraries have with the same name and meaning. What the rest of the
adapter sees of them are the Protocols below.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol

from ports.errors import BrokerRefused

_KIND: Final = re.compile(r"^[^\d]*|\D.*$", re.DOTALL)
VERSIONS: Final = {"ib_insync": ("0.9.86",), "ib_async": ("2.0.", "2.1.")}
"""Versions that were tested: a whole number, or how it begins."""


class Event(Protocol):
    """An event of the library; listeners are kept alive by it."""

    def connect(
        self, listener: Callable[..., None], error: None = None, done: None = None,
        keep_ref: bool = False,
    ) -> object: ...  # fmt: skip


class Contract(Protocol):
    """A contract of the library's."""

    conId: int  # noqa: N815 - the library's name, here and below
    symbol: str
    secType: str  # noqa: N815
    lastTradeDateOrContractMonth: str  # noqa: N815
    multiplier: str
    exchange: str
    currency: str
    localSymbol: str  # noqa: N815
    tradingClass: str  # noqa: N815


class ContractDetails(Protocol):
    """What the gateway says about a contract."""

    @property
    def contract(self) -> Contract | None: ...

    minTick: float  # noqa: N815
    priceMagnifier: int  # noqa: N815
    contractMonth: str  # noqa: N815
    timeZoneId: str  # noqa: N815
    tradingHours: str  # noqa: N815
    liquidHours: str  # noqa: N815
    realExpirationDate: str  # noqa: N815


class Order(Protocol):
    """An order of the library's, which changes it as it likes."""

    orderId: int  # noqa: N815
    clientId: int  # noqa: N815
    permId: int  # noqa: N815
    action: str
    totalQuantity: float  # noqa: N815
    orderType: str  # noqa: N815
    lmtPrice: float  # noqa: N815
    auxPrice: float  # noqa: N815
    tif: str
    ocaGroup: str  # noqa: N815
    orderRef: str  # noqa: N815
    account: str
    filledQuantity: float  # noqa: N815


class OrderStatus(Protocol):
    status: str
    filled: float
    remaining: float
    permId: int  # noqa: N815
    whyHeld: str  # noqa: N815


class LogEntry(Protocol):
    errorCode: int  # noqa: N815


class Execution(Protocol):
    execId: str  # noqa: N815
    time: datetime
    acctNumber: str  # noqa: N815
    side: str
    shares: float
    price: float
    permId: int  # noqa: N815
    clientId: int  # noqa: N815
    orderId: int  # noqa: N815
    liquidation: int
    orderRef: str  # noqa: N815


class CommissionReport(Protocol):
    execId: str  # noqa: N815
    commission: float
    realizedPNL: float  # noqa: N815
    currency: str


class Fill(Protocol):
    @property
    def contract(self) -> Contract: ...
    @property
    def execution(self) -> Execution: ...
    @property
    def commissionReport(self) -> CommissionReport: ...  # noqa: N802


class Trade(Protocol):
    @property
    def contract(self) -> Contract: ...
    @property
    def order(self) -> Order: ...
    @property
    def orderStatus(self) -> OrderStatus: ...  # noqa: N802
    @property
    def log(self) -> Sequence[LogEntry]: ...


class Position(Protocol):
    @property
    def account(self) -> str: ...
    @property
    def contract(self) -> Contract: ...
    @property
    def position(self) -> float: ...


class AccountValue(Protocol):
    @property
    def account(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def currency(self) -> str: ...


class RealTimeBar(Protocol):
    time: datetime
    open_: float
    high: float
    low: float
    close: float
    volume: float
    wap: float


class RealTimeBarList(Protocol):
    reqId: int  # noqa: N815

    def __getitem__(self, index: int) -> RealTimeBar: ...
    def __len__(self) -> int: ...
    def clear(self) -> None: ...


class BarData(Protocol):
    date: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class TickData(Protocol):
    tickType: int  # noqa: N815


class Ticker(Protocol):
    bid: float
    ask: float
    marketDataType: int  # noqa: N815
    ticks: Sequence[TickData]

    @property
    def updateEvent(self) -> Event: ...  # noqa: N802


class Client(Protocol):
    """The socket half of the library."""

    MaxRequests: int

    @property
    def throttleStart(self) -> Event: ...  # noqa: N802
    @property
    def throttleEnd(self) -> Event: ...  # noqa: N802
    @property
    def apiError(self) -> Event: ...  # noqa: N802
    def getReqId(self) -> int: ...  # noqa: N802
    def updateReqId(self, minReqId: int) -> None: ...  # noqa: N802, N803
    def serverVersion(self) -> int: ...  # noqa: N802


class IB(Protocol):
    """One connection. Every request has to be made inside the loop it was made in."""

    RaiseRequestErrors: bool
    TimezoneTWS: str

    @property
    def client(self) -> Client: ...
    @property
    def connectedEvent(self) -> Event: ...  # noqa: N802
    @property
    def disconnectedEvent(self) -> Event: ...  # noqa: N802
    @property
    def errorEvent(self) -> Event: ...  # noqa: N802
    @property
    def orderStatusEvent(self) -> Event: ...  # noqa: N802
    @property
    def openOrderEvent(self) -> Event: ...  # noqa: N802
    @property
    def execDetailsEvent(self) -> Event: ...  # noqa: N802
    @property
    def commissionReportEvent(self) -> Event: ...  # noqa: N802
    @property
    def positionEvent(self) -> Event: ...  # noqa: N802
    @property
    def accountValueEvent(self) -> Event: ...  # noqa: N802
    @property
    def barUpdateEvent(self) -> Event: ...  # noqa: N802

    def connectAsync(  # noqa: N802
        self, host: str, port: int, clientId: int, timeout: float, readonly: bool,  # noqa: N803
        account: str,
    ) -> Awaitable[object]: ...  # fmt: skip
    def disconnect(self) -> object: ...
    def isConnected(self) -> bool: ...  # noqa: N802
    def managedAccounts(self) -> list[str]: ...  # noqa: N802
    def fills(self) -> list[Fill]: ...
    def accountValues(self, account: str = "") -> list[AccountValue]: ...  # noqa: N802
    def reqContractDetailsAsync(  # noqa: N802
        self, contract: Contract
    ) -> Awaitable[list[ContractDetails]]: ...
    def reqRealTimeBars(  # noqa: N802
        self, contract: Contract, barSize: int, whatToShow: str, useRTH: bool  # noqa: N803
    ) -> RealTimeBarList: ...  # fmt: skip
    def cancelRealTimeBars(self, bars: RealTimeBarList) -> None: ...  # noqa: N802
    def reqMktData(self, contract: Contract) -> Ticker: ...  # noqa: N802
    def reqHistoricalDataAsync(  # noqa: N802
        self, contract: Contract, endDateTime: datetime | str, durationStr: str,  # noqa: N803
        barSizeSetting: str, whatToShow: str, useRTH: bool, formatDate: int,  # noqa: N803
        keepUpToDate: bool, timeout: float,  # noqa: N803
    ) -> Awaitable[Sequence[BarData]]: ...  # fmt: skip
    def placeOrder(self, contract: Contract, order: Order) -> Trade: ...  # noqa: N802
    def cancelOrder(self, order: Order) -> object: ...  # noqa: N802
    def reqAllOpenOrdersAsync(self) -> Awaitable[list[Trade]]: ...  # noqa: N802
    def reqCompletedOrdersAsync(  # noqa: N802
        self, apiOnly: bool  # noqa: N803
    ) -> Awaitable[list[Trade]]: ...  # fmt: skip
    def reqExecutionsAsync(self) -> Awaitable[list[Fill]]: ...  # noqa: N802
    def reqPositionsAsync(self) -> Awaitable[list[Position]]: ...  # noqa: N802
    def reqCurrentTimeAsync(self) -> Awaitable[datetime]: ...  # noqa: N802
    def reqAccountUpdatesAsync(self, account: str) -> Awaitable[None]: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class Library:
    """What is used of the library that was loaded."""

    name: str
    version: str
    connection: Callable[[], IB]
    contract: Callable[..., Contract]
    order: Callable[..., Order]


def load(name: str) -> Library:
    """Import one library; call it inside the running loop that it is to live in.

    Errors: BrokerRefused if it is not installed, or in a version that was never tested.
    """
    try:
        installed = version(name)
        module: Any = importlib.import_module(name)
    except (PackageNotFoundError, ImportError) as error:
        hint = " (pip install .[ib-async], in an environment of its own)"
        raise BrokerRefused(
            f"the library {name} cannot be loaded{hint if name == 'ib_async' else ''}: {error}"
        ) from error
    if not installed.startswith(VERSIONS[name]):
        raise BrokerRefused(f"{name} {installed} was never tested; {VERSIONS[name][-1]} was")
    return Library(name, installed, module.IB, module.Contract, module.Order)


def refusal(error: BaseException) -> tuple[int, str] | None:
    """Code and text if `error` is the gateway's refusal of one request, None otherwise."""
    code, text = getattr(error, "code", None), getattr(error, "message", None)
    if type(error).__name__ == "RequestError" and isinstance(code, int) and isinstance(text, str):
        return code, text
    return None


class Listening(logging.Handler):
    """Turns what the library can only log into a call of `tell`; nothing of it is printed.

    It logs a message that it cannot decode, a status of an order it has not heard of, and a
    listener that failed; it also logs account ids, so none of it reaches a log of ours.
    """

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._loggers = tuple(logging.getLogger(n) for n in (name, "eventkit", "aeventkit"))
        for logger in self._loggers:
            logger.setLevel(logging.WARNING)
            logger.propagate = False
            logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of what matters."""
        if record.levelno < logging.ERROR:
            return
        text = record.getMessage()
        if record.name.endswith(".Decoder"):  # its text holds the whole message, accounts too
            self._tell(f"a message of kind {_KIND.sub('', text)[:8]} could not be read")
        elif "No order found" in text:
            self._tell("a status of an order that the library had not heard of")
        elif record.name.startswith(("eventkit", "aeventkit")):
            self._tell("a listener failed")

    def stop(self) -> None:
        """Listen no longer."""
        for logger in self._loggers:
            logger.removeHandler(self)
