"""Sessions against the facts of the page and a second calendar library."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendar import sessions as module
from adapters.calendar.sessions import FIRST_YEAR, LAST_YEAR, ExchangeCalendars
from adapters.calendar.year_store import YearStore
from domain.session import Session
from domain.units import DAY, HOUR, MINUTE, SECOND

NEW_YORK = ZoneInfo("America/New_York")
FIVE_YEARS = range(2021, 2026)


@pytest.fixture(scope="module")
def calendar() -> ExchangeCalendars:
    return ExchangeCalendars("XNYS", "CMES")


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND


def at(day: date, hour: int, minute: int = 0) -> int:
    """A New York wall-clock time in UTC nanoseconds."""
    return ns(datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK))


def test_a_common_day(calendar: ExchangeCalendars) -> None:
    day = date(2013, 10, 7)
    session = calendar.on_date(day)
    assert session == Session(day, at(day, 9, 30), at(day, 16), -4 * HOUR, False)
    assert session.minutes == 390
    assert session.at(9, 30) == session.open


@pytest.mark.parametrize("day", [date(2025, 11, 28), date(2025, 12, 24), date(2013, 7, 3)])
def test_early_closes(calendar: ExchangeCalendars, day: date) -> None:
    session = calendar.on_date(day)
    assert session is not None
    assert session.early_close
    assert (session.open, session.close) == (at(day, 9, 30), at(day, 13))


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 1, 20),  # a CMES session without a cash session
        date(2025, 1, 9),  # day of mourning
        date(2025, 4, 18),  # Good Friday
        date(2024, 6, 19),
        date(2001, 9, 11),
        date(2012, 10, 29),
        date(2013, 10, 5),  # Saturday
        date(2013, 10, 6),
    ],
)
def test_days_without_a_session(calendar: ExchangeCalendars, day: date) -> None:
    assert calendar.on_date(day) is None
    assert calendar.session_at(at(day, 12)) is None


def second_opinion(year: int) -> dict[date, tuple[int, int]]:
    """Cash sessions cut by the venue's, by the other library, of one year."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas_market_calendars as mcal

        cash, venue = (
            {
                day.date(): (opens.value, closes.value)
                for day, opens, closes in mcal.get_calendar(name)
                .schedule(f"{year}-01-01", f"{year}-12-31")[["market_open", "market_close"]]
                .itertuples()
            }
            for name in ("NYSE", "CME_Equity")
        )
    found = {}
    for day in sorted(cash.keys() & venue.keys()):
        opens, closes = max(cash[day][0], venue[day][0]), min(cash[day][1], venue[day][1])
        if opens < closes:
            found[day] = (opens, closes)
    return found


@pytest.mark.parametrize("year", FIVE_YEARS)
def test_five_years_agree_with_another_library(calendar: ExchangeCalendars, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=i) for i in range(365)]
    ours = {s.date: (s.open, s.close) for d in days if (s := calendar.on_date(d))}
    theirs = {d: times for d, times in second_opinion(year).items() if d in days}
    assert ours == theirs
    assert len(ours) >= 249


def test_the_half_days_of_five_years(calendar: ExchangeCalendars) -> None:
    halves = [
        day
        for year in FIVE_YEARS
        for i in range(366)
        if (day := date(year, 1, 1) + timedelta(days=i)).year == year
        and (s := calendar.on_date(day)) is not None
        and s.early_close
    ]
    assert halves == [
        date(2021, 11, 26),
        date(2022, 11, 25),
        date(2023, 7, 3),
        date(2023, 11, 24),
        date(2024, 7, 3),
        date(2024, 11, 29),
        date(2024, 12, 24),
        date(2025, 7, 3),
        date(2025, 11, 28),
        date(2025, 12, 24),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (date(2013, 11, 1), date(2013, 11, 4)),
        (date(2024, 3, 8), date(2024, 3, 11)),
        (date(2025, 10, 31), date(2025, 11, 3)),
    ],
)
def test_daylight_saving_moves_the_open_in_utc_only(
    calendar: ExchangeCalendars, before: date, after: date
) -> None:
    first, second = calendar.on_date(before), calendar.on_date(after)
    assert first is not None
    assert second is not None
    assert abs(first.utc_offset - second.utc_offset) == HOUR
    assert (second.open - first.open) % DAY in (HOUR, DAY - HOUR)
    for session in (first, second):
        assert session.at(9, 30) == session.open
        assert session.at(16) == session.close


def test_the_date_is_new_york_s(calendar: ExchangeCalendars) -> None:
    day = date(2024, 3, 11)  # the Monday after the clocks went forward
    session = calendar.on_date(day)
    midnight = at(day, 0)
    assert calendar.session_at(midnight - 1) is None
    assert calendar.session_at(midnight) == session
    assert calendar.session_at(midnight + DAY - 1) == session
    assert calendar.session_at(midnight + DAY) == calendar.on_date(date(2024, 3, 12))


@settings(max_examples=40, deadline=None)
@given(st.integers(-(2**70), 2**70) | st.integers(0, 2**61))
def test_any_time_has_an_answer(t: int) -> None:
    calendar = shared()
    session = calendar.session_at(t)
    if session is not None:
        local = datetime.fromtimestamp(t // SECOND, UTC).astimezone(NEW_YORK)
        assert session.date == local.date()
        assert session.open % MINUTE == session.close % MINUTE == 0
    assert calendar.covers(t, 0) or session is None


_SHARED: list[ExchangeCalendars] = []


def shared() -> ExchangeCalendars:
    if not _SHARED:
        _SHARED.append(ExchangeCalendars("XNYS", "CMES"))
    return _SHARED[0]


def test_what_is_not_covered_is_unknown(calendar: ExchangeCalendars) -> None:
    assert calendar.covers(at(date(FIRST_YEAR, 1, 2), 12), 30)
    assert not calendar.covers(at(date(FIRST_YEAR - 1, 12, 29), 12), 0)
    assert calendar.session_at(at(date(FIRST_YEAR - 1, 12, 29), 12)) is None
    assert calendar.covers(at(date(LAST_YEAR, 12, 1), 12), 30)
    assert not calendar.covers(at(date(LAST_YEAR, 12, 1), 12), 31)
    assert calendar.session_at(at(date(LAST_YEAR + 1, 1, 4), 12)) is None
    assert calendar.on_date(date(FIRST_YEAR, 1, 2)) is not None


def test_an_unknown_calendar_is_named() -> None:
    with pytest.raises(ValueError, match="XXXX"):
        ExchangeCalendars("XXXX", "CMES").on_date(date(2024, 1, 3))


def test_kept_years_need_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh() -> ExchangeCalendars:
        return ExchangeCalendars("XNYS", "CMES", YearStore(tmp_path / "kept", "XNYS", "CMES"))

    days = [date(2013, 10, 1) + timedelta(days=i) for i in range(90)]
    first = fresh()
    built = [first.on_date(d) for d in days]

    def fail(*_: object) -> dict[int, dict[date, Session]]:
        raise LookupError("the library was asked")

    monkeypatch.setattr(module, "build_sessions", fail)
    second = fresh()
    assert [second.on_date(d) for d in days] == built
    (kept,) = (tmp_path / "kept").iterdir()
    whole = json.loads(kept.read_text())
    damaged = [
        "",
        "[]",
        "{}",
        kept.read_text()[:-20],
        json.dumps({**whole, "key": "another"}),
        json.dumps({**whole, "years": {"2013": [["2013-10-07", 1, 2]]}}),
        json.dumps({**whole, "years": {"2013": [["2012-10-08", 0, SECOND, 0, False]]}}),
        json.dumps({**whole, "years": {"2013": 7}}),
    ]
    for text in damaged:
        kept.write_text(text)
        with pytest.raises(LookupError):
            fresh().on_date(days[0])


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = YearStore(tmp_path / "file" / "folder", "XNYS", "CMES")
    store.save({2013: {}})
    assert store.load(2013) == {}
