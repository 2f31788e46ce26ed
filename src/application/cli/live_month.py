"""Which contract month a live run goes on in: never another one in mid-session, nor while a trade
of the recorded one is open (instrument-and-session.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from adapters.store.reading import StoreReading, reading
from application.cli.live_end import warn
from application.cli.output import say
from application.cli.recorded import fields_of
from application.container import store_url
from application.day import TradingDay
from application.expiry import Expiry, new_york_day
from application.host import MONTH_OVER, Fitness
from application.settings import Settings
from domain.units import UtcNanos
from ports.errors import BadInput, BrokerRefused, MonthOver
from ports.journal import Stored
from ports.market import ContractFacts

if TYPE_CHECKING:
    from adapters.ibkr.gateway import Gateway

Connect = Callable[[Settings, bool], "Gateway"]
"""Makes a gateway of settings; with True it has no way to send. Nothing is connected yet."""


class Entered(NamedTuple):
    """A gateway that is connected, and what it trades. `over` is the month that has ended with a
    trade open in the record, empty if none has: nothing can be sent then."""

    gateway: Gateway
    facts: ContractFacts
    over: str


def entered(settings: Settings, now: UtcNanos, connect: Connect) -> Entered:
    """Connect in the month that the record is bound to, else in the one named or proposed.

    In a month that has ended no order can be sent: a trade that is open in it was settled, or
    closed by somebody. Then the gateway is one that cannot send, and the run only reads, so that
    the record learns of it (execution.md 6, closed without an execution of ours).

    Errors: BadInput for another month than that of an open trade; BrokerRefused also if the
    account still holds what cannot be closed any more; BrokerDown, StoreFailure.
    """
    trade, named = _month_of_trade(settings), settings.ibkr_month
    gateway = connect(in_month_of_then(settings, now), False)
    try:
        facts = gateway.market.open()
    except MonthOver:
        if not trade or not _is_over(trade, settings, connect):
            raise
        named = None
    else:
        if trade in ("", facts.local_symbol):
            return Entered(gateway, facts, "")
        gateway.market.close()
        if not _is_over(trade, settings, connect):
            raise _other(trade, facts.local_symbol, "a trade is open in it")
    gateway = connect(settings.model_copy(update={"ibkr_month": named}), True)
    facts = gateway.market.open()
    held = gateway.broker.read(gateway.market.now()).position
    if held:
        raise BrokerRefused(
            f"{trade} has ended with a trade of the record open in it, and the account still holds "
            f"{held} {settings.symbol}: no order can be sent in an ended month; start again when "
            "it is settled, and close by hand what is held in another month"
        )
    return Entered(gateway, facts, trade)


def _is_over(month: str, settings: Settings, connect: Connect) -> bool:
    gateway = connect(settings.model_copy(update={"ibkr_month": month}), True)
    try:
        gateway.market.open()
    except MonthOver:
        return True
    finally:
        gateway.market.close()
    return False


def _month_of_trade(settings: Settings) -> str:
    """The recorded month, if a trade is open in it."""
    with reading(store_url(settings)) as found:
        return _traded(found)[0] if found is not None and _is_in_trade(found) else ""


def in_month_of_then(settings: Settings, now: UtcNanos) -> Settings:
    """Settings that name the recorded month, where none is named and the record is in the middle
    of today's session or of a trade: the front month may be another one by now.

    Errors: StoreFailure, DivergedError for a record that cannot be read.
    """
    if settings.ibkr_month is not None:
        return settings
    with reading(store_url(settings)) as found:
        if found is None or not _is_bound(found, new_york_day(now)):
            return settings
        month, _ = _traded(found)
    return settings.model_copy(update={"ibkr_month": month or None})


def _is_bound(store: StoreReading, today: date) -> bool:
    opened = store.last("SessionOpened")
    return _is_in_trade(store) or (
        opened is not None
        and opened.session_date == today.isoformat()
        and _is_later(opened, store.last("SessionClosed"))
    )


def _is_in_trade(store: StoreReading) -> bool:
    entry = store.last("TradeOpened")
    return entry is not None and _is_later(entry, store.last("TradeClosed"))


def _is_later(row: Stored, end: Stored | None) -> bool:
    return end is None or end.seq < row.seq


def last_bar(store: StoreReading) -> Stored | None:
    """The last bar of the month that was traded last, None if it has had none."""
    row = store.last("BarClosed")
    return None if row is None or row.seq < _traded(store)[1] else row


def _traded(store: StoreReading) -> tuple[str, int]:
    """The month that was traded last, empty if none is named; the seq of the first start in it
    after another one, 0 if there was no other."""
    month, since = "", 0
    for row in store.of_type("RunStarted"):
        named = str(fields_of(row).get("contract", ""))
        if month and named not in ("", month):
            since = row.seq
        month = named or month
    return month, since


def is_other_month(core: TradingDay, contract: str, now: UtcNanos) -> bool:
    """True if `contract` is another month than the recorded one; it is begun with between two
    sessions, and flat.

    Errors: BadInput at any other time.
    """
    was, session = core.desk.run.contract, core.open_session
    if was in ("", contract):
        return False
    if core.desk.alive or (session is not None and now < session.close):
        what = "a trade is open in it" if core.desk.alive else "its session is not over"
        raise _other(was, contract, what)
    return True


def _other(was: str, contract: str, what: str) -> BadInput:
    reason = f"the record is in {was}, and {what}: name {was}, not {contract}"
    return BadInput("settings", "ibkr_month", reason)


def look_at_month(fitness: Fitness, expiry: Expiry, over: str, today: date) -> None:
    """Nothing is entered in a month too near its end, which is looked at again as sessions open,
    nor while a trade of a month that is `over` is booked out; both are said."""
    if over:
        why = f"{over} has ended with a trade open in the record: it is booked out"
        fitness.hinder(MONTH_OVER, why)
        warn(f"{why}, and nothing is sent; then look at it, reset, and start again")
    if expiry.facts.why:
        say(f"contract month {expiry.facts.why}")
    fitness.near_its_end = expiry.near
    fitness.day(today)
    if expiry.near(today):
        warn(f"{expiry.near(today)}: nothing is entered")
