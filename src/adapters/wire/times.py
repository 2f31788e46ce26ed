"""Instants on the wire: RFC 3339, UTC, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from domain.units import DAY, SECOND, UtcNanos


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * 86_400, UTC).strftime("%Y-%m-%dT")


@lru_cache(maxsize=8192)
def rfc3339(t: UtcNanos) -> str:
    """`2013-10-07T13:30:00.000000Z`; nanoseconds below a microsecond are cut."""
    day, rest = divmod(t, DAY)
    seconds, nanos = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day(day)}{hour:02d}:{minute:02d}:{second:02d}.{nanos // 1000:06d}Z"
