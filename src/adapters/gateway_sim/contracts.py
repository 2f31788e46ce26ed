"""The listed futures: quarters of one symbol, and what the gateway tells about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from adapters.gateway_sim.codec import Message, Value

ZONE: Final = ZoneInfo("America/Chicago")
ZONE_NAME: Final = "US/Central"
_QUARTERS: Final = {3: "H", 6: "M", 9: "U", 12: "Z"}
_EVENING: Final = 17  # the hour at which the next trading day begins
_ROLL_DAYS: Final = 8  # the volume moves to the next quarter this long before the last trade


@dataclass(frozen=True, slots=True)
class Product:
    """What is common to all quarters; `listed` is how many are on offer at a time.

    `hours` overrides the trading hours of single days: date to (trading, liquid) in the form
    of the wire, `CLOSED` or `1700-1600` and `0830-1500`. `moved` is the local symbol of the month
    that has the volume, empty for the one the date says.
    """

    symbol: str = "MES"
    trading_class: str = "MES"
    exchange: str = "CME"
    currency: str = "USD"
    tick: Decimal = Decimal("0.25")
    multiplier: int = 5
    long_name: str = "Micro E-Mini S&P 500 Stock Price Index"
    listed: int = 5
    hours: dict[date, tuple[str, str]] = field(default_factory=dict)
    moved: str = ""

    @property
    def tick_value(self) -> Decimal:
        """Money of one tick of one contract."""
        return self.tick * self.multiplier

    def price(self, ticks: int) -> Decimal:
        """A price in ticks as it travels."""
        return ticks * self.tick

    def ticks(self, price: str) -> int | None:
        """A price as ticks, None if it is not on the grid."""
        value = Decimal(price) / self.tick
        return int(value) if value == value.to_integral_value() else None


@dataclass(frozen=True, slots=True)
class Quarter:
    """One listed contract."""

    product: Product
    year: int
    month: int

    @property
    def con_id(self) -> int:
        return 600_000_000 + self.year * 100 + self.month

    @property
    def last_trade(self) -> date:
        """The third Friday of the month."""
        first = date(self.year, self.month, 1)
        return first + timedelta(days=(4 - first.weekday()) % 7 + 14)

    @property
    def local_symbol(self) -> str:
        return f"{self.product.symbol}{_QUARTERS[self.month]}{self.year % 10}"

    def block(self, exchange: bool = True) -> dict[str, Value]:
        """The contract's fields in answers."""
        return {
            "conId": self.con_id,
            "symbol": self.product.symbol,
            "secType": "FUT",
            "lastTradeDate": self.last_trade.strftime("%Y%m%d"),
            "strike": "0.0",
            "right": "",
            "multiplier": self.product.multiplier,
            "exchange": self.product.exchange if exchange else "",
            "currency": self.product.currency,
            "localSymbol": self.local_symbol,
            "tradingClass": self.product.trading_class,
        }

    def matches(self, asked: Message) -> bool:
        """Whether the contract fields of a request name this contract."""
        wanted = (
            ("conId", str(self.con_id), ("", "0")),
            ("symbol", self.product.symbol, ("",)),
            ("secType", "FUT", ("",)),
            ("currency", self.product.currency, ("",)),
            ("localSymbol", self.local_symbol, ("",)),
            ("tradingClass", self.product.trading_class, ("",)),
        )
        for name, own, anything in wanted:
            said = asked.text(name)
            if said not in anything and said != own:
                return False
        if asked.text("exchange") not in ("", "SMART", self.product.exchange):
            return False
        said = asked.text("multiplier")
        if said and Decimal(said) != self.product.multiplier:
            return False
        month = asked.text("lastTradeDate")
        return self.last_trade.strftime("%Y%m%d").startswith(month)


def quarters(product: Product, today: date) -> list[Quarter]:
    """The contracts on offer on `today`, nearest first."""
    found: list[Quarter] = []
    year = today.year
    while len(found) < product.listed:
        for month in _QUARTERS:
            quarter = Quarter(product, year, month)
            if quarter.last_trade >= today and len(found) < product.listed:
                found.append(quarter)
        year += 1
    return found


def front(product: Product, today: date) -> Quarter:
    """The quarter that has the volume on `today`."""
    listed = quarters(product, today)
    if product.moved in [q.local_symbol for q in listed]:
        return next(q for q in listed if q.local_symbol == product.moved)
    first, second = listed[:2]
    return first if today < first.last_trade - timedelta(days=_ROLL_DAYS) else second


def trading_day(at: int) -> date:
    """The day that a trade at `at` belongs to: the next one from the evening's opening on."""
    local = datetime.fromtimestamp(at // 10**9, UTC).astimezone(ZONE)
    return local.date() + timedelta(days=local.hour >= _EVENING)


def local_day(now: int) -> date:
    """The date in Chicago at `now` (UTC nanoseconds)."""
    return datetime.fromtimestamp(now // 10**9, UTC).astimezone(ZONE).date()


def details(quarter: Quarter, now: int) -> dict[str, Value]:
    """What contractDetails says of `quarter` at `now`."""
    trading, liquid = hours(quarter.product, local_day(now))
    product = quarter.product
    return {
        **quarter.block(),
        "lastTradeDate": f"{quarter.last_trade:%Y%m%d} 08:30 {ZONE_NAME}",
        "marketName": product.trading_class,
        "minTick": product.tick,
        "orderTypes": "ACTIVETIM,AD,ADJUST,DAY,GAT,GTC,GTD,LMT,MKT,OCA,STP,STPLMT,TRAIL,WHATIF",
        "validExchanges": product.exchange,
        "underConId": 11004968,
        "longName": product.long_name,
        "contractMonth": f"{quarter.year}{quarter.month:02d}",
        "timeZoneId": ZONE_NAME,
        "tradingHours": trading,
        "liquidHours": liquid,
        "underSymbol": product.symbol,
        "realExpirationDate": quarter.last_trade.strftime("%Y%m%d"),
    }


def hours(product: Product, today: date) -> tuple[str, str]:
    """Trading and liquid hours of the week from `today` on, as they travel."""
    trading: list[str] = []
    liquid: list[str] = []
    for day in (today + timedelta(days=n) for n in range(6)):
        stamp, before = f"{day:%Y%m%d}", f"{day - timedelta(days=1):%Y%m%d}"
        closed = ("CLOSED", "CLOSED")
        usual = ("1700-1600", "0830-1500")
        one, two = product.hours.get(day, usual if day.weekday() < 5 else closed)
        for rows, words, opens in ((trading, one, before), (liquid, two, stamp)):
            start, dash, end = words.partition("-")
            rows.append(f"{opens}:{start}-{stamp}:{end}" if dash else f"{stamp}:{words}")
    return ";".join(trading), ";".join(liquid)
