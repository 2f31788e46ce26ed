"""Which contract month a live run goes on in: never another one in mid-session, nor while a trade
of the recorded one is open (instrument-and-session.md 5)."""

from __future__ import annotations

from datetime import date

from adapters.store.reading import StoreReading, reading
from application.cli.recorded import fields_of
from application.container import store_url
from application.day import TradingDay
from application.expiry import new_york_day
from application.settings import Settings
from domain.units import UtcNanos
from ports.errors import BadInput
from ports.journal import Stored


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
    opened, entered = store.last("SessionOpened"), store.last("TradeOpened")
    if entered is not None and _is_later(entered, store.last("TradeClosed")):
        return True
    return (
        opened is not None
        and opened.session_date == today.isoformat()
        and _is_later(opened, store.last("SessionClosed"))
    )


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
        reason = f"the record is in {was}, and {what}: name {was}, not {contract}"
        raise BadInput("settings", "ibkr_month", reason)
    return True
