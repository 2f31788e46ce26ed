"""Which month is chosen, what its hours say, and what our orders look like on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from adapters.ibkr.contracts import months, named, regular_hours
from adapters.ibkr.front import by_date
from adapters.ibkr.ib_api import Library
from adapters.ibkr.orders import Maker, bracket, closing, market_exit
from adapters.ibkr.times import nanos
from domain.law.door import authorize_exit
from domain.orders import OrderRef, Role
from law_builders import intent, stop_limit_intent
from market_builders import PRICE, mes
from ports.errors import BrokerRefused

HOURS = "20261117:0830-20261117:1500;20261118:0830-20261118:1500;20261128:CLOSED"


@dataclass
class Contract:
    conId: int = 600
    symbol: str = "MES"
    secType: str = "FUT"
    lastTradeDateOrContractMonth: str = "20261218"
    multiplier: str = "5"
    exchange: str = "CME"
    currency: str = "USD"
    localSymbol: str = "MESZ6"
    tradingClass: str = "MES"


@dataclass
class Details:
    contract: Contract = field(default_factory=Contract)
    minTick: float = 0.25
    priceMagnifier: int = 1
    contractMonth: str = "202612"
    timeZoneId: str = "US/Central"
    tradingHours: str = HOURS
    liquidHours: str = HOURS
    realExpirationDate: str = "20261218"


def quarter(con_id: int, expiry: str, name: str) -> Details:
    return Details(
        Contract(con_id, lastTradeDateOrContractMonth=expiry, localSymbol=name),
        contractMonth=expiry[:6],
        realExpirationDate=expiry,
    )


LISTED = [
    quarter(3, "20270319", "MESH7"),
    quarter(1, "20260918", "MESU6"),
    quarter(2, "20261218", "MESZ6"),
]


def chosen(today: date, name: str | None = None) -> str:
    listed = months(LISTED, mes())
    month = by_date(listed, today) if name is None else named(listed, name, today)
    return month.pinned.local_symbol


def test_the_front_month_is_the_first_not_past_its_roll() -> None:
    assert chosen(date(2026, 9, 9)) == "MESU6"
    assert chosen(date(2026, 9, 10)) == "MESZ6"  # eight days before its last trade
    assert chosen(date(2026, 12, 9)) == "MESZ6"
    assert chosen(date(2026, 12, 10)) == "MESH7"
    assert chosen(date(2027, 3, 18)) == "MESH7"  # nothing later is listed


@pytest.mark.parametrize("named", ["202612", "2026-12", "20261218", "MESZ6"])
def test_a_month_can_be_named(named: str) -> None:
    assert chosen(date(2026, 9, 1), named) == "MESZ6"


@pytest.mark.parametrize(
    ("named", "today", "match"),
    [
        ("202611", date(2026, 9, 1), "not listed"),
        ("2026", date(2026, 8, 1), "not unique"),
        ("202609", date(2026, 9, 19), "expired"),
        (None, date(2027, 4, 1), "expired"),
    ],
)
def test_a_month_that_cannot_be_traded_is_refused(
    named: str | None, today: date, match: str
) -> None:
    with pytest.raises(BrokerRefused, match=match):
        chosen(today, named)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"multiplier": "50"}, "multiplier 50, not 5"),
        ({"tradingClass": "MES2"}, "trading class"),
        ({"currency": "EUR"}, "currency"),
        ({"exchange": "EUREX"}, "exchange"),
        ({"secType": "FOP"}, "no future"),
        ({"symbol": "ES"}, "lists no MES"),
    ],
)
def test_a_contract_that_differs_from_the_instrument_is_refused(
    changes: dict[str, str], match: str
) -> None:
    with pytest.raises(BrokerRefused, match=match):
        months([Details(Contract(**changes))], mes())


@pytest.mark.parametrize("tick", [0.05, 0.0, 0.5])
def test_a_tick_that_differs_is_refused(tick: float) -> None:
    with pytest.raises(BrokerRefused, match="tick"):
        months([Details(minTick=tick)], mes())


def test_none_at_all_is_refused() -> None:
    with pytest.raises(BrokerRefused, match="lists no MES"):
        months([], mes())


def test_hours_of_the_days_that_are_told() -> None:
    days, hours = regular_hours(Details())
    assert days == (date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 28))
    assert hours[1] == (
        nanos(datetime(2026, 11, 18, 14, 30, tzinfo=UTC)),
        nanos(datetime(2026, 11, 18, 21, 0, tzinfo=UTC)),
    )


def test_old_gateways_write_the_end_without_its_date() -> None:
    _, hours = regular_hours(Details(liquidHours="20261118:0830-1500"))
    assert hours[0][1] - hours[0][0] == 6.5 * 3600 * 10**9


@pytest.mark.parametrize(
    "text", ["", "20261118:CLOSED;20261119:CLOSED", "tomorrow", "20261118:0830", "20261118:9-x"]
)
def test_hours_that_are_missing_or_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(BrokerRefused, match="hours"):
        regular_hours(Details(liquidHours=text, tradingHours=text))


def test_hours_in_an_unknown_zone_are_refused() -> None:
    with pytest.raises(BrokerRefused, match="time zone"):
        regular_hours(Details(timeZoneId="Mars/Olympus"))


# ---- orders


@dataclass
class Sent:
    """Whatever the library would be given."""

    fields: dict[str, object]


def maker() -> Maker:
    library = Library(
        "none", "0", lambda: None, lambda **f: Sent(f), lambda **f: Sent(f)  # type: ignore[arg-type, return-value]
    )  # fmt: skip
    pinned = months([Details()], mes())[0].pinned
    return Maker(library, mes(), pinned, "DU1")


def wire(wanted: object, ids: tuple[int, int, int] = (8, 9, 10)) -> list[dict[str, object]]:
    group = "20240305-089-MES"
    refs = tuple(
        (OrderRef(group, role), f"{group}-{role.value}-00ff")
        for role in (Role.ENTRY, Role.TARGET, Role.STOP)
    )
    plans = bracket(wanted, refs, "group-1", 5)  # type: ignore[arg-type]
    made = [maker().order(plan, ids[i], ids[0], transmit=i == 2) for i, plan in enumerate(plans)]
    return [m.fields for m in made]  # type: ignore[attr-defined]


def test_a_bracket_field_by_field() -> None:
    entry, target, stop = wire(intent())
    common = {"account": "DU1", "totalQuantity": 1}
    for leg in (entry, target, stop):
        assert common.items() <= leg.items()
    assert (entry["action"], entry["orderType"], entry["lmtPrice"]) == ("BUY", "LMT", PRICE / 4)
    assert (entry["tif"], entry["goodTillDate"]) == ("GTD", "20240305-16:01:35")
    assert (entry["parentId"], entry["ocaGroup"], entry["outsideRth"]) == (0, "", False)
    assert (target["action"], target["orderType"], target["tif"]) == ("SELL", "LMT", "DAY")
    assert (stop["action"], stop["orderType"], stop["tif"]) == ("SELL", "STP", "GTC")
    assert (stop["auxPrice"], stop["outsideRth"]) == ((PRICE - 12) / 4, True)
    assert "lmtPrice" not in stop
    for leg in (target, stop):
        assert (leg["parentId"], leg["ocaGroup"], leg["ocaType"]) == (8, "group-1", 1)
    assert [leg["transmit"] for leg in (entry, target, stop)] == [False, False, True]
    assert [leg["orderRef"] for leg in (entry, target, stop)] == [
        f"20240305-089-MES-{letter}-00ff" for letter in "ETS"
    ]


def test_a_short_stop_limit_bracket() -> None:
    entry, target, stop = wire(stop_limit_intent(-1))
    assert (entry["action"], entry["orderType"]) == ("SELL", "STP LMT")
    assert (entry["auxPrice"], entry["lmtPrice"]) == ((PRICE - 2) / 4, (PRICE - 4) / 4)
    assert target["action"] == stop["action"] == "BUY"


def test_an_exit_is_a_market_order_in_the_group() -> None:
    permit = authorize_exit(OrderRef("20240305-089-MES", Role.EXIT, 1), 1, 1)
    assert permit is not None
    made = maker().order(market_exit(permit, "x", "group-1"), 11, 8, transmit=True)
    fields = made.fields  # type: ignore[attr-defined]
    assert (fields["orderType"], fields["action"], fields["tif"]) == ("MKT", "SELL", "DAY")
    assert (fields["ocaGroup"], fields["ocaType"], fields["parentId"]) == ("group-1", 1, 0)
    assert not {"lmtPrice", "auxPrice"} & set(fields)


def test_a_changed_stop_keeps_everything_but_its_price() -> None:
    stop = OrderRef("20240305-089-MES", Role.STOP)
    before, after = (closing(stop, "s", -1, 1, p, "group-1") for p in (PRICE - 12, PRICE - 4))
    assert after._replace(stop=before.stop) == before
    assert not after.child  # a parent that is gone is not named again


def test_orders_name_the_pinned_contract() -> None:
    fields = maker().contract().fields  # type: ignore[attr-defined]
    assert (fields["conId"], fields["exchange"], fields["localSymbol"]) == (600, "CME", "MESZ6")
