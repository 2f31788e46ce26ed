"""How near a contract month is to its end, and what that forbids (instrument-and-session.md 5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.units import SECOND, UtcNanos
from ports.calendar import Calendar
from ports.market import ContractFacts

_NOON: Final = 12 * 3600
_FAR: Final = 366
"""Days after which nothing is counted any more: a month that far off is far."""
_ZONE: Final = ZoneInfo("America/New_York")


class Expiry(NamedTuple):
    """The last trade date of the pinned month; with `roll_days` exchange days or fewer to it, the
    month is too near its end. Today does not count, the last trade date does."""

    facts: ContractFacts
    calendar: Calendar
    roll_days: int

    def left(self, today: date, most: int = _FAR) -> int:
        """Exchange days from `today` to the last trade date; below zero once it is past; nothing
        is counted beyond `most` or a year."""
        last = self.facts.last_trade
        if last < today:
            return -1
        found = 0
        for ahead in range(1, min((last - today).days, _FAR) + 1):
            found += self._is_session(today + timedelta(days=ahead))
            if found == most:
                break
        return found

    def near(self, today: date) -> str:
        """Why nothing may be entered on `today`; empty while the end is far."""
        left = self.left(today, self.roll_days + 1)
        if left > self.roll_days:
            return ""
        name, last = self.facts.local_symbol, self.facts.last_trade
        if left < 0:
            return f"{name} expired on {last}"
        return f"{name} last trades on {last}: {left} exchange days left"

    def _is_session(self, day: date) -> bool:
        noon = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return self.calendar.session_at((int(noon.timestamp()) + _NOON) * SECOND) is not None


def new_york_day(t: UtcNanos) -> date:
    """The New York date of an instant."""
    return datetime.fromtimestamp(t / SECOND, _ZONE).date()
