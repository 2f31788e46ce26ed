"""References, prices, times, accounts and executions: the small translations, case by case."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ibkr import codes
from adapters.ibkr.accounts import AccountBook, check_account, masked
from adapters.ibkr.codes import LinkMeaning, OrderMeaning, about_link, about_order
from adapters.ibkr.executions import ExecutionLedger, UnreadableExecutionError, split_exec_id
from adapters.ibkr.prices import number, to_price, to_ticks, whole
from adapters.ibkr.records import AccountSeen, ExecSeen, FeeSeen
from adapters.ibkr.refs import from_wire, oca_name, to_wire
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.times import in_zone, nanos, new_york_date, utc_text
from changing import replace
from domain.orders import OrderRef, Role
from domain.units import HOUR, MINUTE, SECOND, Money, UtcNanos
from market_builders import mes
from ports.errors import BrokerRefused

TICK = Decimal("0.25")
NOW = nanos(datetime(2026, 11, 18, 15, 30, 15, tzinfo=UTC))
ENTRY = OrderRef("20261118-060-MES", Role.ENTRY)

# ---- references


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("number", [0, 1, 12])
def test_a_reference_comes_back_as_it_went(role: Role, number: int) -> None:
    ref = OrderRef("20261118-060-MES", role, number)
    wire = to_wire(ref, "00ff")
    assert len(wire) <= 40
    back = from_wire(wire)
    assert back is not None
    assert (back.ref, back.tag) == (ref, "00ff")


@pytest.mark.parametrize(
    "text",
    ["", "somebody", "20261118-060-MES-E", "20261118-060-MES-E-12", "20261118-060-MES-Q-00ff",
     "20261118-060-MES-E-00FF", "20261118-060-MES-E-00ff-00ff", "2026-060-MES-E-00ff"],
)  # fmt: skip
def test_what_has_not_our_form_is_not_ours(text: str) -> None:
    assert from_wire(text) is None


def test_a_reference_too_long_for_the_broker_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="cannot be an order reference"):
        to_wire(OrderRef("20261118-060-" + "M" * 30, Role.ENTRY), "00ff")


def test_each_group_of_a_trade_has_its_own_name() -> None:
    names = [oca_name("20261118-060-MES", "00ff", g) for g in range(3)]
    assert len(set(names)) == 3
    assert names[0] == "20261118-060-MES-00ff"


# ---- prices and counts


@given(st.integers(1, 10**6))
@settings(max_examples=50)
def test_a_price_comes_back_as_it_went(ticks: int) -> None:
    assert to_ticks(to_price(ticks, TICK), TICK) == ticks
    fine = Decimal("0.00005")
    assert to_ticks(to_price(ticks, fine), fine) == ticks


@pytest.mark.parametrize(
    "price", [0.0, -5.25, 5000.1, math.nan, math.inf, 1.7976931348623157e308, -1.0]
)
def test_what_is_no_price_is_none(price: float) -> None:
    assert to_ticks(price, TICK) is None


def test_no_price_is_made_of_nothing() -> None:
    with pytest.raises(ValueError, match="no price"):
        to_price(0, TICK)


@pytest.mark.parametrize(("text", "value"), [("12.50", "12.50"), (" -3 ", "-3"), ("", None),
    ("1.7976931348623157E308", None), ("nan", None), ("N/A", None), ("inf", None)])  # fmt: skip
def test_amounts_that_came_as_text(text: str, value: str | None) -> None:
    assert number(text) == (None if value is None else Decimal(value))


def test_counts_that_came_as_floats() -> None:
    assert [whole(x) for x in (0.0, 3.0, -1.0)] == [0, 3, -1]
    assert [whole(x) for x in (0.5, math.nan, math.inf, 1.797e308)] == [None] * 4


# ---- times


def test_a_deadline_is_written_in_utc_and_never_early() -> None:
    assert utc_text(NOW) == "20261118-15:30:15"
    assert utc_text(NOW + 1) == "20261118-15:30:16"


def test_the_day_is_new_yorks() -> None:
    late = nanos(datetime(2026, 11, 19, 3, 0, tzinfo=UTC))
    assert new_york_date(late).isoformat() == "2026-11-18"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        nanos(datetime(2026, 11, 18, 9, 30))  # noqa: DTZ001
    with pytest.raises(ValueError, match="not known"):
        in_zone("20261118:0830", "Mars/Olympus")


def test_hours_follow_daylight_saving() -> None:
    winter, summer = in_zone("20260105:0830", "US/Central"), in_zone("20260706:0830", "US/Central")
    assert winter == nanos(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    assert summer == nanos(datetime(2026, 7, 6, 13, 30, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "America/New_York"])
def test_nothing_depends_on_the_hosts_zone_or_its_zone_files(zone: str) -> None:
    source = Path(__file__).resolve().parents[2] / "src"
    program = (
        "from adapters.ibkr.times import in_zone, utc_text, new_york_date, nanos\n"
        "t = in_zone('20261118:0830', 'US/Central')\n"
        "print(t, utc_text(t), new_york_date(t))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | {"TZ": zone, "PYTHONTZPATH": "", "PYTHONPATH": str(source)},
    )  # fmt: skip
    assert done.stdout.split() == ["1795012200000000000", "20261118-14:30:00", "2026-11-18"]


# ---- codes


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (201, OrderMeaning.REJECTED), (110, OrderMeaning.BAD_PRICE), (202, OrderMeaning.CANCELLED),
        (103, OrderMeaning.QUERY), (10349, OrderMeaning.QUERY), (463, OrderMeaning.QUERY),
        (99999, OrderMeaning.QUERY), (10147, OrderMeaning.REFUSED), (161, OrderMeaning.REFUSED),
        (105, OrderMeaning.REFUSED), (399, OrderMeaning.WAITS), (404, OrderMeaning.NOTE),
        (2109, OrderMeaning.NOTE), (2161, OrderMeaning.NOTE), (321, OrderMeaning.READ_ONLY),
    ],
)  # fmt: skip
def test_what_a_code_says_about_an_order(code: int, meaning: OrderMeaning) -> None:
    assert about_order(code) is meaning


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (1100, LinkMeaning.UPSTREAM_DOWN), (2110, LinkMeaning.UPSTREAM_DOWN),
        (1101, LinkMeaning.UPSTREAM_LOST), (1102, LinkMeaning.UPSTREAM_BACK),
        (326, LinkMeaning.ID_IN_USE), (100, LinkMeaning.RATE), (2103, LinkMeaning.FARM_DOWN),
        (2104, LinkMeaning.FARM_UP), (2119, LinkMeaning.NOTE), (2107, LinkMeaning.NOTE),
        (10197, LinkMeaning.COMPETING), (420, LinkMeaning.PACING), (366, LinkMeaning.NOTE),
        (300, LinkMeaning.NOTE), (1300, LinkMeaning.RECONNECT), (12345, LinkMeaning.NOTE),
    ],
)  # fmt: skip
def test_what_a_code_says_about_the_link(code: int, meaning: LinkMeaning) -> None:
    assert about_link(code) is meaning


def test_a_farm_is_away_until_it_is_back() -> None:
    farms = codes.Farms()
    assert farms.heard(2103, "Market data farm connection is broken:usfuture")
    assert farms.heard(2105, "HMDS data farm connection is broken:ushmds")
    assert farms.heard(2104, "Market data farm connection is OK:usfarm")  # another one
    assert farms.heard(2104, "Market data farm connection is OK:usfuture")
    assert not farms.heard(2106, "HMDS data farm connection is OK:ushmds")


# ---- the account

SETTINGS = GatewaySettings(mes(), "PAPER", "00ff", lambda _: True)


@pytest.mark.parametrize(
    ("mode", "named", "offered", "result"),
    [
        ("PAPER", None, ["DU1234567"], "DU1234567"),
        ("PAPER", "DU2", ["DU1", "DU2"], "DU2"),
        ("OBSERVE", None, ["U7654321"], "U7654321"),
        ("LIVE", "U7654321", ["U7654321"], "U7654321"),
        ("PAPER", None, ["U7654321"], None),
        ("PAPER", None, ["DU1", "DU2"], None),
        ("PAPER", "DU3", ["DU1", "DU2"], None),
        ("LIVE", None, ["DU1234567"], None),
        ("LIVE", None, ["X123"], None),
        ("LIVE", None, ["DF1234567"], None),
        ("PAPER", None, [], None),
    ],
)
def test_which_account_is_traded(
    mode: str, named: str | None, offered: list[str], result: str | None
) -> None:
    settings_ = replace(SETTINGS, mode=mode, account=named)
    if result is not None:
        assert check_account(settings_, offered, None) == result
        return
    with pytest.raises(BrokerRefused) as refused:
        check_account(settings_, offered, None)
    assert not any(a in str(refused.value) for a in offered if len(a) > 5)


def test_an_account_that_changes_between_connections_is_refused() -> None:
    with pytest.raises(BrokerRefused):
        check_account(SETTINGS, ["DU9999999"], "DU1234567")


def test_an_account_is_shown_masked() -> None:
    assert masked("U1234567") == "U1…67"


def book(**rows: str) -> AccountBook:
    made = AccountBook()
    made.account = "DU1"
    for tag, value in rows.items():
        made.take(AccountSeen("DU1", tag, value, "" if tag == "AccountReady" else "USD"), NOW)
    return made


FULL = {"NetLiquidation": "10000.005", "AvailableFunds": "8000", "BuyingPower": "32000",
        "ExcessLiquidity": "8100"}  # fmt: skip


def test_figures_of_other_accounts_currencies_and_segments_are_not_ours() -> None:
    made = book(**FULL)
    made.take(AccountSeen("DU2", "NetLiquidation", "1", "USD"), NOW)
    made.take(AccountSeen("DU1", "NetLiquidation", "2", "BASE"), NOW)
    made.take(AccountSeen("DU1", "NetLiquidation-C", "3", "USD"), NOW)
    snapshot = made.snapshot()
    assert snapshot is not None
    assert (snapshot.equity, snapshot.available) == (
        Money.parse("10000.005"), Money.parse("8000")
    )  # fmt: skip


@pytest.mark.parametrize("value", ["", "1.7976931348623157E308", "nan"])
@pytest.mark.parametrize("tag", ["NetLiquidation", "AvailableFunds"])
def test_a_figure_that_is_unset_is_unknown_and_not_zero(tag: str, value: str) -> None:
    made = book(**(FULL | {tag: value}))
    assert made.snapshot() is None
    assert not made.known


def test_figures_are_not_believed_before_they_are_ready() -> None:
    assert book(**FULL, AccountReady="false").snapshot() is None
    assert book(**FULL, AccountReady="true").snapshot() is not None


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({"ExcessLiquidity": "-5"}, "-5"),
        ({"BuyingPower": "-7.5", "ExcessLiquidity": "-5"}, "-7.5"),
        ({"AvailableFunds": "-20"}, "0"),
        ({"ExcessLiquidity": "1.7976931348623157E308"}, "8000"),
    ],
)
def test_a_margin_call_is_negative_liquidity_or_buying_power(
    changes: dict[str, str], free: str
) -> None:
    snapshot = book(**(FULL | changes)).snapshot()
    assert snapshot is not None
    assert snapshot.available == Money.parse(free)


def test_figures_are_handed_out_once_after_each_row() -> None:
    made = book(**FULL)
    assert made.changed() is not None
    assert made.changed() is None
    made.take(AccountSeen("DU1", "BuyingPower", "32000", "USD"), NOW + SECOND)
    again = made.changed()
    assert again is not None
    assert again.at == NOW + SECOND


# ---- executions


def done(exec_id: str = "0000e0d5.65.01.01", **changes: object) -> ExecSeen:
    made = ExecSeen(
        exec_id, NOW, "DU1", 1, "MES", "FUT", "BOT", 1.0, 5000.0, 1900, 17, 8, 0,
        "20261118-060-MES-E-00ff",
    )  # fmt: skip
    return made._replace(**changes)


@pytest.mark.parametrize(
    ("exec_id", "parts"),
    [("0000e0d5.65.01.01", ("0000e0d5.65.01", 1)), ("a.b.02", ("a.b", 2)), ("abc", ("abc", 0)),
     ("a.b.x", ("a.b.x", 0))],
)  # fmt: skip
def test_what_stays_of_an_execution_id(exec_id: str, parts: tuple[str, int]) -> None:
    assert split_exec_id(exec_id) == parts


def test_a_correction_replaces_in_either_order() -> None:
    for first, second in ((1, 2), (2, 1)):
        ledger = ExecutionLedger(mes())
        versions = {1: done("a.b.01"), 2: done("a.b.02", price=5000.5)}
        assert ledger.take(versions[first], ENTRY, NOW).fill is not None
        assert ledger.take(versions[second], ENTRY, NOW).fill is None
        assert ledger.filled(str(ENTRY)) == 1
        assert ledger.position() == 1


def test_a_time_before_the_order_was_sent_is_of_another_zone() -> None:
    hour, sent = 3600 * SECOND, NOW - 60 * SECOND
    for told, taken in ((NOW - 5 * hour, NOW), (NOW - 40 * SECOND, NOW - 40 * SECOND)):
        found = ExecutionLedger(mes()).take(done(time=told), ENTRY, NOW, sent=sent).fill
        assert found is not None
        assert found.time == taken
    unsent = ExecutionLedger(mes()).take(done(time=NOW - 5 * hour), ENTRY, NOW).fill
    assert unsent is not None
    assert unsent.time == NOW - 5 * hour


def test_a_corrected_price_is_a_difference_in_money() -> None:
    ledger = ExecutionLedger(mes())
    ledger.take(done("a.b.01"), ENTRY, NOW)
    ledger.fee(FeeSeen("a.b.01", 0.62, "USD"))
    assert ledger.fees_to_tell() == [("a.b", Money.parse("0.62"))]
    ledger.take(done("a.b.02", price=5000.5), ENTRY, NOW)
    assert ledger.fees_to_tell() == [("a.b", Money.parse("3.12"))]  # two ticks dearer
    assert ledger.fees_to_tell() == []
    ledger.fee(FeeSeen("a.b.02", 0.62, "USD"))
    assert ledger.fees_to_tell() == []
    ledger.take(done("a.b.03", price=4999.75), ENTRY, NOW)
    assert ledger.fees_to_tell() == [("a.b", Money.parse("-0.63"))]


def test_an_execution_that_is_taken_back_counts_nothing() -> None:
    ledger = ExecutionLedger(mes())
    ledger.take(done("a.b.01"), ENTRY, NOW)
    assert ledger.take(done("a.b.02", shares=0.0), ENTRY, NOW).requantified
    assert (ledger.fills(), ledger.position(), ledger.filled(str(ENTRY))) == ((), 0, 0)


def test_a_fee_before_its_execution_waits_for_it() -> None:
    ledger = ExecutionLedger(mes())
    ledger.fee(FeeSeen("a.b.01", 0.62, "USD"))
    assert ledger.fees_to_tell() == []
    ledger.take(done("a.b.01"), ENTRY, NOW)
    assert ledger.fees_to_tell() == [("a.b", Money.parse("0.62"))]


def test_an_unset_fee_is_none() -> None:
    ledger = ExecutionLedger(mes())
    ledger.take(done("a.b.01"), ENTRY, NOW)
    ledger.fee(FeeSeen("a.b.01", 1.7976931348623157e308, "USD"))
    assert ledger.fees_to_tell() == []


@pytest.mark.parametrize(
    "changes", [{"side": "?"}, {"shares": 0.5}, {"price": 5000.1}, {"price": math.nan}]
)
def test_an_execution_that_makes_no_sense_is_said_to(changes: dict[str, object]) -> None:
    with pytest.raises(UnreadableExecutionError):
        ExecutionLedger(mes()).take(done(**changes), ENTRY, NOW)


@pytest.mark.parametrize(
    ("time", "expected"),
    [(NOW - SECOND, NOW), (NOW + 3600 * SECOND, NOW), (None, NOW),
     (NOW - 600 * SECOND, NOW - 600 * SECOND)],
)  # fmt: skip
def test_when_a_fill_was(time: int | None, expected: int) -> None:
    fill = ExecutionLedger(mes()).take(done(time=time), ENTRY, NOW).fill
    assert fill is not None
    assert fill.time == expected


def test_what_is_told_to_nobody_has_no_fee_either() -> None:
    ledger = ExecutionLedger(mes())
    ledger.take(done("a.b.01"), ENTRY, NOW, tell=False)
    ledger.fee(FeeSeen("a.b.01", 0.62, "USD"))
    assert ledger.fees_to_tell() == []


def test_fixed_offsets_are_zones_too() -> None:
    chicago = datetime(2026, 11, 18, 9, 30, 15, tzinfo=timezone(timedelta(hours=-6)))
    assert nanos(chicago) == NOW


# ---- times of executions that were told without a zone

SENT = NOW
"""When the order left; a fill here is told much later, by a read."""


def dated(said: UtcNanos, at: UtcNanos, role: Role = Role.ENTRY, sent: UtcNanos = SENT) -> UtcNanos:
    """The time that a fill is given whose execution says it was at `said`."""
    ref = OrderRef("20261118-060-MES", role)
    seen = ExecSeen("0000e0d5.01.01", said, "DU1", 600, "MES", "FUT", "BOT", 1.0, 5994.25, 1, 17, 8,
                    0, str(ref))  # fmt: skip
    fill = ExecutionLedger(mes()).take(seen, ref, at, sent=sent).fill
    assert fill is not None
    return fill.time


@pytest.mark.parametrize("east", [-11.0, -6.0, -5.0, 1.0, 5.5, 5.75, 9.0, 12.75, 14.0])
@pytest.mark.parametrize("after", [3, 80])
def test_a_time_of_another_zone_is_brought_to_where_its_order_worked(
    east: float, after: int
) -> None:
    true = SENT + after * SECOND
    assert dated(true + int(east * HOUR), SENT + 40 * MINUTE) == true


def test_a_time_that_fits_no_zone_is_that_of_its_receipt() -> None:
    at = SENT + 40 * MINUTE
    assert dated(SENT - 5 * HOUR - 4 * MINUTE, at) == at
    assert dated(SENT - 30 * HOUR, at) == at


def test_an_exit_that_more_than_one_zone_could_explain_is_dated_by_its_receipt() -> None:
    """It may have filled at any time since its bracket was sent."""
    at = SENT + 40 * MINUTE
    true = SENT + 17 * MINUTE
    assert dated(true - 6 * HOUR, at, Role.STOP) == at
    assert dated(SENT + 5 * MINUTE - 6 * HOUR, SENT + 12 * MINUTE, Role.STOP) == SENT + 5 * MINUTE


def test_of_an_order_that_nobody_remembers_only_the_future_is_doubted() -> None:
    at = SENT + 40 * MINUTE
    assert dated(SENT - 5 * HOUR, at, sent=0) == SENT - 5 * HOUR
    assert dated(at + 5 * HOUR, at, sent=0) == at
