"""What every message looks like, as tables of field names with defaults and versions.

One table serves every protocol version that is spoken: a field carries the first and last
server version that has it. A column reads `name`, `name=default`, `name@164` (from 164 on),
`name@-176` (up to 176) or `#8` (a literal, the message's own old version).
"""

from __future__ import annotations

from typing import Final, NamedTuple

MIN_VERSION: Final = 157
MAX_VERSION: Final = 178
BROKEN_VERSION: Final = 158  # the clients disagree about it, so nobody may be given it


class Field(NamedTuple):
    """One column: its name, what is written without a value, and the versions that have it."""

    name: str
    default: str
    since: int
    until: int


def table(text: str) -> tuple[Field, ...]:
    """Read the columns of `text`, separated by blanks."""
    return tuple(_field(word) for word in text.split())


def _field(word: str) -> Field:
    word, _, versions = word.partition("@")
    low, _, high = versions.partition("-")
    since, until = int(low or 0), int(high or 999)
    if word.startswith("#"):
        return Field("", word[1:], since, until)
    name, _, default = word.partition("=")
    return Field(name, default, since, until)


_C12: Final = (
    "conId symbol secType lastTradeDate strike right multiplier exchange primaryExchange currency"
    " localSymbol tradingClass"
)
_C11: Final = (
    "conId symbol secType lastTradeDate strike=0.0 right multiplier exchange currency localSymbol"
    " tradingClass"
)
_PEG: Final = (
    " minTradeQty@170 minCompeteSize@170 competeAgainstBestOffset@170 midOffsetAtWhole@170"
    " midOffsetAtHalf@170"
)

ANSWERS: Final[dict[str, tuple[Field, ...]]] = {
    "tickPrice": table("#1 #6 reqId tickType price size=0 attribs=0"),
    "tickSize": table("#2 #6 reqId tickType size"),
    "tickString": table("#46 #6 reqId tickType value"),
    "tickReqParams": table("#81 reqId minTick bboExchange snapshotPermissions=3"),
    "tickSnapshotEnd": table("#57 #1 reqId"),
    "marketDataType": table("#58 #1 reqId type=1"),
    "tickByTick": table("#99 reqId tickType=3 time bid ask bidSize=1 askSize=1 mask=0"),
    "nextValidId": table("#9 #1 orderId"),
    "managedAccounts": table("#15 #1 accounts"),
    "currentTime": table("#49 #1 time"),
    "error": table("#4 #2 id=-1 code text advancedOrderRejectJson@166"),
    "contractDetailsEnd": table("#52 #1 reqId"),
    "realtimeBar": table("#50 #3 reqId time open high low close volume wap count"),
    "historicalData": table("#17 reqId start end n"),
    "historicalDataUpdate": table(
        "#90 reqId count date open close high low wap volume",
    ),
    "orderStatus": table(
        "#3 orderId status filled=0 remaining=0 avgFillPrice=0.0 permId=0 parentId=0"
        " lastFillPrice=0.0 clientId whyHeld mktCapPrice=0"
    ),
    "openOrderEnd": table("#53 #1"),
    "completedOrdersEnd": table("#102"),
    "execDetailsEnd": table("#55 #1 reqId"),
    "commissionReport": table(
        "#59 #1 execId commission currency=USD realizedPNL=1.7976931348623157E308"
        " yield=1.7976931348623157E308 yieldRedemptionDate"
    ),
    "position": table(f"#61 #3 account {_C11} position avgCost"),
    "positionEnd": table("#62 #1"),
    "updateAccountValue": table("#6 #2 tag value currency account"),
    "updatePortfolio": table(
        "#7 #8 conId symbol secType lastTradeDate strike=0.0 right multiplier primaryExchange"
        " currency localSymbol tradingClass position marketPrice marketValue averageCost"
        " unrealizedPNL realizedPNL account"
    ),
    "updateAccountTime": table("#8 #1 time"),
    "accountDownloadEnd": table("#54 #1 account"),
    "accountUpdateMulti": table("#73 #1 reqId account modelCode tag value currency"),
    "accountUpdateMultiEnd": table("#74 #1 reqId"),
    "accountSummary": table("#63 #1 reqId account tag value currency"),
    "accountSummaryEnd": table("#64 #1 reqId"),
    "orderBound": table("#100 permId clientId orderId"),
    "execDetails": table(
        f"#11 reqId=-1 orderId {_C11} execId time account execExchange=CME side shares price permId"
        " clientId liquidation=0 cumQty avgPrice orderRef evRule evMultiplier modelCode"
        " lastLiquidity=2 pendingPriceRevision=0@178"
    ),
    "contractDetails": table(
        "#10 #8@-163 reqId symbol secType lastTradeDate strike=0.0 right exchange currency"
        " localSymbol marketName tradingClass conId minTick mdSizeMultiplier=1@-163 multiplier"
        " orderTypes validExchanges priceMagnifier=1 underConId longName primaryExchange"
        " contractMonth industry category subcategory timeZoneId tradingHours liquidHours evRule"
        " evMultiplier nSecIds=0 aggGroup=2147483647 underSymbol underSecType=IND"
        " marketRuleIds=67 realExpirationDate stockType minSize=1@164 sizeIncrement=1@164"
        " suggestedSizeIncrement=1@163"
    ),
    "openOrder": table(
        f"#5 orderId {_C11} action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
        " openClose=O origin=0 orderRef clientId permId outsideRth=0 hidden=0 discretionaryAmt=0"
        " goodAfterTime #  faGroup faMethod faPercentage faProfile@-176 modelCode goodTillDate"
        " rule80A percentOffset settlingFirm shortSaleSlot=0 designatedLocation exemptCode=-1"
        " auctionStrategy=0 startingPrice stockRefPrice delta stockRangeLower stockRangeUpper"
        " displaySize=0 blockOrder=0 sweepToFill=0 allOrNone=0 minQty ocaType=3 eTradeOnly=0"
        " firmQuoteOnly=0 nbboPriceCap parentId=0 triggerMethod=0 volatility volatilityType=0"
        " deltaNeutralOrderType deltaNeutralAuxPrice continuousUpdate=0 referencePriceType=0"
        " trailStopPrice trailingPercent basisPoints basisPointsType comboLegsDescrip nLegs=0"
        " nOrderLegs=0 nSmartParams=0 scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement"
        " hedgeType optOutSmartRouting=0 clearingAccount clearingIntent=IB notHeld=0"
        " deltaNeutral=0 algoStrategy solicited=0 whatIf=0 status initMarginBefore"
        " maintMarginBefore equityWithLoanBefore initMarginChange maintMarginChange"
        " equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter commission"
        " minCommission maxCommission commissionCurrency warningText randomizeSize=0"
        " randomizePrice=0 nConditions=0 adjustedOrderType=None triggerPrice trailStopPrice2"
        " lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount"
        " adjustableTrailingUnit=0 softDollarName softDollarValue softDollarDisplayName cashQty=0"
        " dontUseAutoPriceForHedge=1 isOmsContainer=0 discretionaryUpToLimitPrice=0"
        f" usePriceMgmtAlgo=0 duration@159 postToAts@160 autoCancelParent=0@162{_PEG}"
    ),
    "completedOrder": table(
        f"#101 {_C11} action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
        " openClose=O origin=0 orderRef permId outsideRth=0 hidden=0 discretionaryAmt=0"
        " goodAfterTime faGroup faMethod faPercentage faProfile@-176 modelCode goodTillDate rule80A"
        " percentOffset settlingFirm shortSaleSlot=0 designatedLocation exemptCode=-1 startingPrice"
        " stockRefPrice delta stockRangeLower stockRangeUpper displaySize=0 sweepToFill=0"
        " allOrNone=0 minQty ocaType=3 triggerMethod=0 volatility volatilityType=0"
        " deltaNeutralOrderType deltaNeutralAuxPrice continuousUpdate=0 referencePriceType=0"
        " trailStopPrice trailingPercent comboLegsDescrip nLegs=0 nOrderLegs=0 nSmartParams=0"
        " scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement hedgeType clearingAccount"
        " clearingIntent=IB notHeld=0 deltaNeutral=0 algoStrategy solicited=0 status"
        " randomizeSize=0 randomizePrice=0 nConditions=0 trailStopPrice2 lmtPriceOffset cashQty=0"
        " dontUseAutoPriceForHedge=1 isOmsContainer=0 autoCancelDate filledQuantity"
        " refFuturesConId autoCancelParent=0 shareholder imbalanceOnly=0 routeMarketableToBbo=0"
        f" parentPermId completedTime completedStatus{_PEG}"
    ),
}

REQUESTS: Final[dict[int, tuple[str, tuple[Field, ...]]]] = {
    71: ("startApi", table("#2 clientId optCapab")),
    8: ("reqIds", table("#1 numIds")),
    17: ("reqManagedAccts", table("#1")),
    49: ("reqCurrentTime", table("#1")),
    14: ("setServerLogLevel", table("#1 level")),
    9: (
        "reqContractDetails",
        table(f"#8 reqId {_C12} includeExpired secIdType secId issuerId@176"),
    ),
    50: ("reqRealTimeBars", table(f"#3 reqId {_C12} barSize whatToShow useRTH options")),
    51: ("cancelRealTimeBars", table("#1 reqId")),
    20: (
        "reqHistoricalData",
        table(
            f"reqId {_C12} includeExpired endDateTime barSizeSetting durationStr useRTH whatToShow"
            " formatDate keepUpToDate chartOptions"
        ),
    ),
    25: ("cancelHistoricalData", table("#1 reqId")),
    4: ("cancelOrder", table("#1 orderId manualCancelOrderTime@169")),
    58: ("reqGlobalCancel", table("#1")),
    5: ("reqOpenOrders", table("#1")),
    16: ("reqAllOpenOrders", table("#1")),
    15: ("reqAutoOpenOrders", table("#1 autoBind")),
    99: ("reqCompletedOrders", table("apiOnly")),
    7: (
        "reqExecutions",
        table("#3 reqId clientId acctCode time symbol secType exchange side"),
    ),
    61: ("reqPositions", table("#1")),
    64: ("cancelPositions", table("#1")),
    6: ("reqAccountUpdates", table("#2 subscribe acctCode")),
    76: ("reqAccountUpdatesMulti", table("#1 reqId account modelCode ledgerAndNLV")),
    77: ("cancelAccountUpdatesMulti", table("#1 reqId")),
    62: ("reqAccountSummary", table("#1 reqId group tags")),
    63: ("cancelAccountSummary", table("#1 reqId")),
    1: (
        "reqMktData",
        table(f"#11 reqId {_C12} deltaNeutral genericTicks snapshot regulatory options"),
    ),
    2: ("cancelMktData", table("#2 reqId")),
    59: ("reqMarketDataType", table("#1 type")),
    97: ("reqTickByTickData", table(f"reqId {_C12} tickType numberOfTicks ignoreSize")),
    98: ("cancelTickByTickData", table("reqId")),
}

PLACE_ORDER: Final = table(
    f"orderId {_C12} secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup"
    " account openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize"
    " triggerMethod outsideRth hidden # discretionaryAmt goodAfterTime goodTillDate faGroup"
    " faMethod faPercentage faProfile@-176 modelCode shortSaleSlot designatedLocation exemptCode"
    " ocaType rule80A settlingFirm allOrNone minQty percentOffset eTradeOnly firmQuoteOnly"
    " nbboPriceCap auctionStrategy startingPrice stockRefPrice delta stockRangeLower"
    " stockRangeUpper overridePercentageConstraints volatility volatilityType deltaNeutralOrderType"
    " deltaNeutralAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent"
    " scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement scaleTable activeStartTime"
    " activeStopTime hedgeType optOutSmartRouting clearingAccount clearingIntent notHeld"
    " deltaNeutral algoStrategy algoId whatIf orderMiscOptions solicited randomizeSize"
    " randomizePrice"
)
