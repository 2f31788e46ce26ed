"""Sessions of the cash calendar cut by the venue's (instrument-and-session.md 4).

Both calendars come from `exchange_calendars`. Importing it costs about 1.6 s and
building calendars another 0.7 s, so neither happens before a date is asked for,
only blocks of years around that date are built, and `YearStore` may keep them on disk.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapters.calendar.year_store import YearStore
from domain.session import Session
from domain.units import SECOND, UtcNanos

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

FIRST_YEAR: Final = 1990
"""The cash calendar of the library states no holidays before."""
LAST_YEAR: Final = 2050
"""Holiday rules are law of today; farther ahead they are a guess, so the date is unknown."""

_NEW_YORK: Final = ZoneInfo("America/New_York")
_FULL_CLOSE: Final = time(16)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _nanos(moment: datetime) -> UtcNanos:
    """UTC nanoseconds of an aware moment, exact."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


_FROM: Final = _nanos(datetime(FIRST_YEAR, 1, 1, tzinfo=_NEW_YORK))
_UNTIL: Final = _nanos(datetime(LAST_YEAR + 1, 1, 1, tzinfo=_NEW_YORK))


class ExchangeCalendars:
    """The port `Calendar` over two calendars of the library, by its names for them.

    A session is `rth`'s session of a date intersected with `venue`'s session of that
    date; a date that misses in either has none. Dates outside 1990..2050 are unknown.
    `store` keeps what was worked out, so that the next start needs no library.
    Errors: ValueError if the library has no calendar of that name, at first use.
    """

    def __init__(self, rth: str, venue: str, store: YearStore | None = None) -> None:
        self._rth = rth
        self._venue = venue
        self._store = store
        self._years: dict[int, Mapping[date, Session]] = {}
        self._block = 1
        # The New York day of the last question: most questions are about the same day.
        self._day_from: UtcNanos = 0
        self._day_until: UtcNanos = 0
        self._day_session: Session | None = None

    def session_at(self, t: UtcNanos) -> Session | None:
        """The session on the New York date of `t`, or None: no session, or date not covered."""
        if self._day_from <= t < self._day_until:
            return self._day_session
        if not _FROM <= t < _UNTIL:
            return None
        day = _new_york_date(t)
        self._day_session = self.on_date(day)
        self._day_from = _nanos(datetime.combine(day, time(), _NEW_YORK))
        self._day_until = _nanos(datetime.combine(day + timedelta(days=1), time(), _NEW_YORK))
        return self._day_session

    def covers(self, t: UtcNanos, days_ahead: int) -> bool:
        """True if the New York date of `t` and the next `days_ahead` days are known."""
        if not _FROM <= t < _UNTIL:
            return False
        until = _new_york_date(t) + timedelta(days=days_ahead)
        return until.year <= LAST_YEAR

    def on_date(self, day: date) -> Session | None:
        """The session of a New York date, or None."""
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            return None
        return self._year(day.year).get(day)

    def _year(self, year: int) -> Mapping[date, Session]:
        found = self._years.get(year)
        if found is None and self._store is not None:
            found = self._store.load(year)
            if found is not None:
                self._years[year] = found
        if found is None:
            self._build(year)
            found = self._years[year]
        return found

    def _build(self, year: int) -> None:
        """Work out `year` and some after it: a build costs little more for many than for one."""
        self._block = min(2 * self._block, LAST_YEAR - year + 1)
        built = build_sessions(self._rth, self._venue, year, year + self._block - 1)
        self._years.update(built)
        if self._store is not None:
            self._store.save(built)


def build_sessions(
    rth: str, venue: str, first_year: int, last_year: int
) -> dict[int, dict[date, Session]]:
    """Ask the library for all sessions of whole years, by year and date."""
    import exchange_calendars

    start, end = f"{first_year}-01-01", f"{last_year}-12-31"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the library uses of pandas is its own affair
            cash = _hours(exchange_calendars.get_calendar(rth, start=start, end=end))
            hours = _hours(exchange_calendars.get_calendar(venue, start=start, end=end))
    except exchange_calendars.errors.InvalidCalendarName as error:
        raise ValueError(f"no such exchange calendar: {error}") from None
    sessions: dict[int, dict[date, Session]] = {y: {} for y in range(first_year, last_year + 1)}
    for day, (venue_opens, venue_closes) in hours.items():
        if day in cash:
            opens, closes = cash[day]
            session = _session(day, max(opens, venue_opens), min(closes, venue_closes))
            if session is not None:
                sessions[day.year][day] = session
    return sessions


def _hours(calendar: ExchangeCalendar) -> dict[date, tuple[datetime, datetime]]:
    """Open and close of each session of a library calendar, by its date."""
    times = zip(calendar.sessions, calendar.opens, calendar.closes, strict=True)
    return {d.date(): (o.to_pydatetime(), c.to_pydatetime()) for d, o, c in times}


def _session(day: date, opens: datetime, closes: datetime) -> Session | None:
    if opens >= closes:
        return None
    offset = opens.astimezone(_NEW_YORK).utcoffset() or timedelta(0)
    early = closes.astimezone(_NEW_YORK).time() < _FULL_CLOSE
    return Session(
        date=day,
        open=_nanos(opens),
        close=_nanos(closes),
        utc_offset=int(offset.total_seconds()) * SECOND,
        early_close=early,
    )


def _new_york_date(t: UtcNanos) -> date:
    return (_EPOCH + timedelta(microseconds=t // 1_000)).astimezone(_NEW_YORK).date()
