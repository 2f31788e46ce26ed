"""How the second gateway writes and reads: frames of text fields, for one server version.

Written from the protocol's description alone, so that a misreading of it in the other gateway
is not repeated here.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import Final

UNSET: Final = "1.7976931348623157E308"
CONTRACT: Final = (
    "conId", "symbol", "secType", "expiry", "strike", "right", "multiplier", "exchange",
    "primaryExchange", "currency", "localSymbol", "tradingClass",
)  # fmt: skip
NAMES: Final = {
    1: "reqMktData", 2: "cancelMktData", 3: "placeOrder", 4: "cancelOrder", 5: "reqOpenOrders",
    6: "reqAccountUpdates", 7: "reqExecutions", 8: "reqIds", 9: "reqContractDetails",
    14: "setServerLogLevel", 15: "reqAutoOpenOrders", 16: "reqAllOpenOrders",
    17: "reqManagedAccts", 20: "reqHistoricalData", 25: "cancelHistoricalData",
    49: "reqCurrentTime", 50: "reqRealTimeBars", 51: "cancelRealTimeBars",
    58: "reqGlobalCancel", 59: "reqMarketDataType", 61: "reqPositions", 62: "reqAccountSummary",
    63: "cancelAccountSummary", 64: "cancelPositions", 71: "startApi",
    76: "reqAccountUpdatesMulti", 77: "cancelAccountUpdatesMulti", 99: "reqCompletedOrders",
}  # fmt: skip
Fields = list[str]


def text_of(value: object) -> str:
    """A value as it travels."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def framed(fields: Iterable[object]) -> bytes:
    """One message: its length, then each field with a NUL after it."""
    body = b"".join(text_of(f).encode() + b"\0" for f in fields)
    return struct.pack(">I", len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The body of the next message. Errors: asyncio.IncompleteReadError at the end."""
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return await reader.readexactly(length)


def split(body: bytes) -> Fields:
    """The fields of a body; the last one is ended too."""
    return body.decode().split("\0")[:-1]


class Session:
    """One socket."""

    def __init__(self, writer: asyncio.StreamWriter, version: int) -> None:
        self.writer, self.version = writer, version
        self.client = -1
        self.bars: list[str] = []
        self.quotes: list[str] = []
        self.account = False
        self.deaf = False

    @property
    def port(self) -> int:
        return int(self.writer.get_extra_info("peername")[1])


class Order(dict[str, str]):
    """The fields of a placeOrder by name, those that a server must know."""

    @classmethod
    def read(cls, fields: Fields, version: int) -> Order:
        """Fields of message 3, for a plain order of one contract."""
        shift = 0 if version < 177 else -1
        found = cls(zip(CONTRACT, fields[2:14], strict=True))
        at = {
            "action": 16, "quantity": 17, "type": 18, "limit": 19, "aux": 20, "tif": 21,
            "oca": 22, "account": 23, "openClose": 24, "ref": 26, "transmit": 27, "parentId": 28,
            "outsideRth": 33, "goodTill": 38, "ocaType": 47 + shift, "whatIf": 85 + shift,
        }  # fmt: skip
        return cls(found | {name: fields[n] for name, n in at.items()} | {"orderId": fields[1]})


_OPEN_HEAD: Final = (
    "action quantity type limit aux tif oca account openClose origin:0 ref clientId permId "
    "outsideRth hidden:0 discretionaryAmt:0 goodAfterTime dead? faGroup faMethod faPercentage "
    "faProfile<177 modelCode goodTill rule80A percentOffset settlingFirm shortSaleSlot:0 "
    "designatedLocation exemptCode:-1 auctionStrategy? startingPrice stockRefPrice delta "
    "stockRangeLower stockRangeUpper displaySize blockOrder?:0 sweepToFill:0 allOrNone:0 minQty "
    "ocaType eTradeOnly?:0 firmQuoteOnly?:0 nbboPriceCap? parentId? triggerMethod:0 volatility "
    "volatilityType deltaNeutralOrderType:None deltaNeutralAuxPrice "
)
_NEUTRAL_OPEN: Final = ("0", "", "", "", "?", "0", "0", "")
_NEUTRAL_DONE: Final = ("0", "0", "0", "")
_OPEN_TAIL: Final = (
    "continuousUpdate:0 referencePriceType:0 trailStopPrice trailingPercent basisPoints "
    "basisPointsType comboLegsDescrip nLegs:0 nOrderLegs:0 nSmart:0 scaleInit scaleSubs "
    "scaleIncrement hedgeType optOutSmart:0 clearingAccount clearingIntent:IB notHeld:0 neutral:0 "
    "algoStrategy solicited:0 whatIf:0 status m1 m2 m3 m4 m5 m6 m7 m8 m9 commission minCommission "
    "maxCommission commissionCurrency warning randomizeSize:0 randomizePrice:0 nConditions:0 "
    "adjustedType:None triggerPrice trailStop lmtOffset adjustedStop adjustedStopLimit "
    "adjustedTrailing trailingUnit:0 softName softValue softDisplay cashQty:0 autoHedge:1 oms:0 "
    "discretionaryUpTo:0 usePriceMgmt:0 duration>159 postToAts>160 autoCancelParent:0>162 "
    "minTradeQty>170 minCompeteSize>170 offset>170 atWhole>170 atHalf>170"
)
_DONE_TAIL: Final = (
    "continuousUpdate:0 referencePriceType:0 trailStopPrice trailingPercent comboLegsDescrip "
    "nLegs:0 nOrderLegs:0 nSmart:0 scaleInit scaleSubs scaleIncrement hedgeType clearingAccount "
    "clearingIntent:IB notHeld:0 neutral:0 algoStrategy solicited:0 status randomizeSize:0 "
    "randomizePrice:0 nConditions:0 trailStop lmtOffset cashQty:0 autoHedge:1 oms:0 "
    "autoCancelDate filled refFuturesConId autoCancelParent:0 shareholder:Not_an_insider "
    "imbalanceOnly:0 routeMarketable:0 parentPermId completedTime completedStatus "
    "minTradeQty>170 minCompeteSize>170 offset>170 atWhole>170 atHalf>170"
)


def _fields(recipe: str, values: dict[str, object], version: int, done: bool) -> list[object]:
    """The fields that a recipe names: `name:default`, `?` not of completed orders, `<` and `>`
    up to or from a version."""
    out: list[object] = []
    for word in recipe.split():
        until = int(word.partition("<")[2] or 0)
        since = int(word.partition(">")[2] or 0)
        name, _, default = word.partition("<")[0].partition(">")[0].partition(":")
        if name.endswith("?"):
            name = name.rstrip("?")
            if done:
                continue
        if (until and version >= until) or version < since:
            continue
        out.append(values.get(name, default))
    return out


def contract_fields(values: dict[str, object]) -> list[object]:
    """A contract in an answer: without the primary exchange."""
    return [values.get(name, "") for name in CONTRACT if name != "primaryExchange"]


def open_order(values: dict[str, object], version: int) -> list[object]:
    """An openOrder message."""
    head = _fields(_OPEN_HEAD, values, version, done=False)
    tail = _fields(_OPEN_TAIL, values, version, done=False)
    return [5, values["orderId"], *contract_fields(values), *head, *_NEUTRAL_OPEN, *tail]


def completed_order(values: dict[str, object], version: int) -> list[object]:
    """A completedOrder message: no order id, no client id."""
    recipe = _OPEN_HEAD.replace("clientId ", "")
    head = _fields(recipe, values, version, done=True)
    tail = _fields(_DONE_TAIL, values, version, done=True)
    return [101, *contract_fields(values), *head, *_NEUTRAL_DONE, *tail]
