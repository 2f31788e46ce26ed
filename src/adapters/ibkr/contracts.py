"""Which contract month is traded, and whether it is what the instrument says (ibkr.md 7, MES)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from adapters.ibkr.ib_api import ContractDetails
from adapters.ibkr.times import day_of, in_zone
from domain.instrument import Instrument
from domain.units import UtcNanos
from ports.errors import BrokerRefused, MonthOver
from ports.market import ContractFacts

FORWARD: Final = {"CME": "GLOBEX"}
"""What an exchange was called before."""


class Pinned(NamedTuple):
    """The month that is traded: everything an order or a request for data names it by.

    `why` it is this one, empty where it was named; `doubtful` if a person should look at that.
    """

    con_id: int
    symbol: str
    exchange: str
    currency: str
    multiplier: str
    local_symbol: str
    trading_class: str
    last_trade: date
    why: str = ""
    doubtful: bool = False

    @property
    def facts(self) -> ContractFacts:
        """What the port tells of it."""
        return ContractFacts(
            self.con_id, self.local_symbol, self.last_trade, None, self.why, self.doubtful
        )


class Month(NamedTuple):
    """One listed month."""

    pinned: Pinned
    details: ContractDetails


def months(details: Sequence[ContractDetails], instrument: Instrument) -> list[Month]:
    """The months of the instrument among `details`, the nearest first.

    Errors: BrokerRefused naming tick or multiplier if months of the symbol are there and none
    agrees with the instrument.
    """
    found: list[Month] = []
    differences: list[str] = []
    for each in details:
        contract = each.contract
        if contract is None or contract.symbol != instrument.symbol:
            continue
        wrong = _difference(each, instrument)
        if wrong is not None:
            differences.append(wrong)
            continue
        pinned = Pinned(
            contract.conId, contract.symbol, contract.exchange or instrument.exchange,
            contract.currency, contract.multiplier, contract.localSymbol, contract.tradingClass,
            _last_trade(each),
        )  # fmt: skip
        found.append(Month(pinned, each))
    if not found:
        raise BrokerRefused(
            f"the gateway lists no {instrument.symbol} future that can be traded"
            + (f": {differences[0]}" if differences else "")
        )
    return sorted(found, key=lambda m: (m.pinned.last_trade, m.pinned.con_id))


def named(listed: Sequence[Month], name: str, today: date) -> Month:
    """The month that the operator named.

    Errors: MonthOver if it is not listed, or expired; BrokerRefused if it is not unique.
    """
    matching = [m for m in listed if _is_named(m, name)]
    if len(matching) != 1:
        names = ", ".join(m.pinned.local_symbol for m in listed)
        what = "not listed" if not matching else "not unique"
        error = BrokerRefused if matching else MonthOver
        raise error(f"contract month {name} is {what}; listed are {names}")
    if matching[0].pinned.last_trade < today:
        raise MonthOver(f"contract month {name} has expired")
    return matching[0]


def again(listed: Sequence[Month], pinned: Pinned) -> Month:
    """The month that was pinned before. Errors: BrokerRefused if it is no longer listed."""
    for month in listed:
        if month.pinned.con_id == pinned.con_id:
            return month
    raise BrokerRefused(f"contract {pinned.local_symbol} is no longer listed")


def regular_hours(
    details: ContractDetails,
) -> tuple[tuple[date, ...], tuple[tuple[UtcNanos, UtcNanos], ...]]:
    """The days told about, and the regular hours of those that have any.

    Errors: BrokerRefused if there are none at all, or they cannot be read.
    """
    days: set[date] = set()
    hours: list[tuple[UtcNanos, UtcNanos]] = []
    text = details.liquidHours or details.tradingHours
    try:
        for part in filter(None, (p.strip() for p in text.split(";"))):
            days.add(day_of(part))
            if "CLOSED" in part.upper():
                continue
            for span in part.split(","):
                opens, closes = span.split("-")
                if ":" not in closes:  # 20261118:0830-1500, as old gateways write it
                    closes = f"{opens[:8]}:{closes}"
                start = in_zone(opens, details.timeZoneId)
                end = in_zone(closes, details.timeZoneId)
                if end > start:
                    hours.append((start, end))
                    days.add(day_of(closes))
    except ValueError as error:
        raise BrokerRefused(f"the trading hours of the contract cannot be read: {error}") from error
    if not hours:
        raise BrokerRefused("the gateway tells no trading hours of the contract")
    return tuple(sorted(days)), tuple(sorted(hours))


def _difference(details: ContractDetails, instrument: Instrument) -> str | None:
    contract = details.contract
    if contract is None:
        return "no contract"
    if contract.secType != "FUT":
        return f"{contract.localSymbol or contract.symbol} is no future"
    if contract.tradingClass and contract.tradingClass != instrument.symbol:
        return f"trading class {contract.tradingClass}, not {instrument.symbol}"
    if contract.currency != instrument.currency:
        return f"currency {contract.currency}, not {instrument.currency}"
    if contract.exchange not in ("", instrument.exchange, FORWARD.get(instrument.exchange)):
        return f"exchange {contract.exchange}, not {instrument.exchange}"
    if _decimal(contract.multiplier) != instrument.multiplier:
        return f"multiplier {contract.multiplier}, not {instrument.multiplier}"
    if _decimal(repr(float(details.minTick))) != instrument.tick_size:
        return f"tick {details.minTick}, not {instrument.tick_size}"
    if details.priceMagnifier not in (0, 1):
        return f"prices are given times {details.priceMagnifier}"
    try:
        _last_trade(details)
    except ValueError:
        return f"{contract.localSymbol}: its last trading day cannot be read"
    return None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def _last_trade(details: ContractDetails) -> date:
    contract = details.contract
    text = details.realExpirationDate
    if not text and contract is not None:
        text = contract.lastTradeDateOrContractMonth
    return day_of(text.split(" ")[0])


def _is_named(month: Month, name: str) -> bool:
    pinned, text = month.pinned, name.replace("-", "")
    if not text.isdigit():
        return pinned.local_symbol == name
    expiry = f"{pinned.last_trade:%Y%m%d}"
    return expiry.startswith(text) or month.details.contractMonth == text[:6] == text
