"""Times between the wire and our nanoseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.units import SECOND, UtcNanos

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEW_YORK: Final = "America/New_York"


def nanos(moment: datetime) -> UtcNanos:
    """UTC nanoseconds of an aware moment, exact. Errors: ValueError if it is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def moment(t: UtcNanos) -> datetime:
    """The aware UTC moment of `t`, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=t // 1_000)


def utc_text(t: UtcNanos) -> str:
    """`YYYYMMDD-hh:mm:ss`, which the broker reads as UTC; a part of a second counts as one."""
    return moment(-(-t // SECOND) * SECOND).strftime("%Y%m%d-%H:%M:%S")


def new_york_date(t: UtcNanos) -> date:
    """The New York date of an instant: whose session an order of that moment belongs to."""
    return moment(t).astimezone(ZoneInfo(_NEW_YORK)).date()


def in_zone(text: str, zone: str) -> UtcNanos:
    """`20261118:0830` in the exchange's zone.

    Errors: ValueError for another form or a zone that is not known.
    """
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"time zone {zone!r} is not known") from error
    naive = datetime.strptime(text, "%Y%m%d:%H%M")  # noqa: DTZ007 - the zone follows
    return nanos(naive.replace(tzinfo=known))


def day_of(text: str) -> date:
    """`20261118` as a date. Errors: ValueError for another form."""
    return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
