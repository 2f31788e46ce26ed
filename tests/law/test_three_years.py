"""Three years of the real calendar: no night, week, month or year resets what it should not (H6).

2020 has 53 ISO weeks; every year has two changes of the clocks and its half days. The law's
counters are held against a recount of everything that was booked, by its dates alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendar.sessions import ExchangeCalendars
from domain.law.state import (
    Halt,
    LawState,
    adjusted,
    entry_filled,
    entry_sent,
    limit_of,
    month_acknowledged,
    session_opened,
    trade_closed,
)
from domain.session import Session
from domain.units import ZERO, Money
from market_builders import rules

LAW = rules().law
FIRST, LAST = date(2020, 1, 1), date(2022, 12, 31)


@pytest.fixture(scope="module")
def sessions() -> list[Session]:
    calendar = ExchangeCalendars("XNYS", "CMES")
    days = (FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1))
    return [s for s in map(calendar.on_date, days) if s is not None]


def test_the_years_hold_what_they_are_taken_for(sessions: list[Session]) -> None:
    weeks = {s.date.isocalendar()[:2] for s in sessions}
    assert (2020, 53) in weeks
    assert len({s.utc_offset for s in sessions}) == 2
    assert sum(s.early_close for s in sessions) == 4
    assert len(sessions) > 750


class Booked(NamedTuple):
    """A result, or money that belongs to no trade, and when."""

    day: date
    net: Money
    trade: bool


def _same(halt: Halt, one: date, other: date) -> bool:
    match halt:
        case Halt.DAY:
            return one == other
        case Halt.WEEK:
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        case Halt.MONTH:
            return (one.year, one.month) == (other.year, other.month)


def _sums(halt: Halt, today: date, booked: list[Booked]) -> Iterator[Money]:
    """The period's result after each of its bookings, the empty one first."""
    total = ZERO
    yield total
    for entry in booked:
        if _same(halt, entry.day, today):
            total = total + entry.net
            yield total


def recounted(state: LawState, today: date, booked: list[Booked], sent: int, filled: int) -> None:
    sums = {halt: list(_sums(halt, today, booked)) for halt in Halt}
    assert (state.net_day, state.net_week, state.net_month) == tuple(s[-1] for s in sums.values())
    assert (state.sent_today, state.trades_today) == (sent, filled)
    begun = {h for h, totals in sums.items() if -min(totals) >= limit_of(h, LAW)}
    assert set(state.halts) == begun


amounts = st.integers(-40_0000, 25_0000).map(Money)
days = st.lists(st.tuples(amounts, st.booleans()), max_size=3)


@settings(deadline=None, max_examples=5)
@given(st.data())
def test_counters_are_a_recount_by_date(sessions: list[Session], data: st.DataObject) -> None:
    pattern = data.draw(st.lists(days, min_size=5, max_size=13))
    state, booked = LawState(), list[Booked]()
    for number, session in enumerate(sessions):
        today, sent, filled = session.date, 0, 0
        state = session_opened(state, today)
        recounted(state, today, booked, 0, 0)
        for net, trade in pattern[number % len(pattern)]:
            if trade:
                state = entry_filled(entry_sent(state), session.open)
                state = trade_closed(state, net, LAW)
                sent, filled = sent + 1, filled + 1
            else:
                state = adjusted(state, net, LAW)
            booked.append(Booked(today, net, trade))
            state = month_acknowledged(state)
            state = session_opened(state, today)
        booked = [b for b in booked if (today - b.day).days < 40]
        recounted(state, today, booked, sent, filled)
