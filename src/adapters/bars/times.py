"""Times in bar files: ISO-8601 with a zone, to UTC nanoseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.bars.grid import BadCellError, Cell, shown
from domain.units import DAY, SECOND, UtcNanos

_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN: Final = 11
"""Length of a date with its separator: what comes before the time of day."""


class TimeReader:
    """Reads times; remembers dates and times of day, so that most cost two look-ups.

    `days` maps the first eleven characters to the midnight they name, `clock` the rest
    (zone included) to nanoseconds after it; any sum of two is in range.
    """

    def __init__(self) -> None:
        self.days: dict[str, UtcNanos] = {}
        self.clock: dict[str, int] = {}

    def instant(self, cell: Cell) -> UtcNanos:
        """The instant in a cell: text, or UTC nanoseconds; BadCellError if it is neither."""
        if isinstance(cell, str):
            return self.read(cell)
        if not isinstance(cell, int):
            raise BadCellError("time is empty")
        return cell

    def read(self, text: str) -> UtcNanos:
        """The instant of an ISO-8601 time that states its zone.

        Errors: BadCellError if it is no such time, states no zone, or lies before 1970 or
        beyond what nanoseconds can hold.
        """
        t, day = _parse(text.strip(" \t"))
        if not 0 <= t < 2**63:
            raise BadCellError(f"time {shown(text)} is out of range")
        if text[_SPAN - 1 : _SPAN] in ("T", " ") and 2 * DAY < t < 2**63 - 4 * DAY:
            self.days[text[:_SPAN]] = day
            self.clock[text[_SPAN:]] = t - day
        return t


def _parse(text: str) -> tuple[UtcNanos, UtcNanos]:
    """The instant, and the midnight UTC of the date as written."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise BadCellError(f"time {shown(text)} is not ISO-8601")
    date, minutes, seconds, fraction, zone = found.groups()
    if zone is None:
        raise BadCellError(f"time {shown(text)} states no zone: UTC is written with a final Z")
    try:
        day = datetime.fromisoformat(f"{date}T00:00:00+00:00")
        moment = datetime.fromisoformat(f"{date}T{minutes}:{seconds or '00'}{zone.upper()}")
    except ValueError:
        raise BadCellError(f"time {shown(text)} does not exist") from None
    nanos = int((fraction or "").ljust(9, "0"))
    return _whole(moment) + nanos, _whole(day)


def _whole(moment: datetime) -> UtcNanos:
    return (moment - _EPOCH) // timedelta(seconds=1) * SECOND


def written(t: UtcNanos) -> str:
    """An instant in range as it may stand in a message."""
    whole, rest = divmod(t, SECOND)
    text = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}Z" if rest else f"{text}Z"
