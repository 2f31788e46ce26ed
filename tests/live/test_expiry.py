"""A contract month near its end: nothing is entered, in any mode, and again at each session."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.calendar.sessions import ExchangeCalendars
from application.cli.checking import Grade
from application.cli.checking_gateway import contract_item
from application.expiry import Expiry, new_york_day
from application.settings import Mode
from domain.event import (
    DecisionMade,
    HostState,
    OrderSubmitting,
    PermitRefused,
    SessionClosed,
    SessionOpened,
)
from domain.units import DAY, MINUTE, SECOND
from execution_world import wants
from live_market import OPEN, Stage, minute, pieces
from ports.market import ContractFacts, TradingHours
from trading_floor import Weekdays

TODAY = new_york_day(OPEN)
"""A Tuesday."""


def expiry(last: date, days: int = 5) -> Expiry:
    return Expiry(ContractFacts(1, "MESZ6", last, None), Weekdays(), days)


@pytest.mark.parametrize(
    ("ahead", "left"), [(-1, -1), (0, 0), (1, 1), (3, 3), (5, 3), (6, 4), (7, 5), (8, 6), (14, 10)]
)
def test_exchange_days_are_counted_to_the_last_one(ahead: int, left: int) -> None:
    end = expiry(date.fromordinal(TODAY.toordinal() + ahead))
    assert end.left(TODAY) == left
    assert bool(end.near(TODAY)) is (left <= 5)


def test_a_holiday_is_no_exchange_day() -> None:
    # Thanksgiving 2025-11-27; the half day after it is one.
    end = Expiry(
        ContractFacts(1, "MESZ5", date(2025, 12, 1), None), ExchangeCalendars("XNYS", "CMES"), 5
    )
    assert end.left(date(2025, 11, 24)) == 4


@pytest.mark.parametrize("mode", ["PAPER", "LIVE"])
def test_a_run_that_stays_up_enters_until_five_days_are_left(mode: str) -> None:
    """The month is looked at again at each session: six exchange days left, then five."""
    setups: dict[int, object] = {8: wants(1)}
    stage = Stage(setups, mode=mode)
    stage.fitness.near_its_end = expiry(date.fromordinal(TODAY.toordinal() + 8)).near
    short = TradingHours(OPEN, (TODAY,), ((OPEN, minute(40)),))
    stage.market.plan([(minute(1), short)])
    stage.market.plan(pieces(OPEN, 40 * 60))
    stage.until(minute(40) + 5 * SECOND)
    assert len(stage.of(SessionClosed)) == len(stage.of(OrderSubmitting)) == 1
    stage.clock.sleep(DAY - 41 * MINUTE)
    stage.market.plan(pieces(OPEN + DAY, 12 * 60))
    stage.until(OPEN + DAY + 11 * MINUTE)
    assert len(stage.of(SessionOpened)) == 2
    assert len(stage.of(DecisionMade)) > 15
    assert len(stage.of(OrderSubmitting)) == 1
    told = [e.hindered for e in stage.of(HostState) if "CONTRACT_EXPIRING" in e.hindered]
    assert told
    assert [r.reason for r in stage.of(PermitRefused)] == ["OBSERVE_ONLY"]
    stage.told_again()


def test_the_first_decision_of_a_session_is_hindered_already() -> None:
    stage = Stage({0: wants(1)}, start=minute(30))
    stage.engine.script = {30: wants(1), 31: wants(1)}
    stage.fitness.near_its_end = expiry(TODAY).near
    stage.market.plan(pieces(minute(30), 4 * 60))
    stage.until(minute(34))
    opened = stage.of(SessionOpened)
    assert opened
    order = [type(e) for e in stage.memory.events]
    hindered = next(n for n, e in enumerate(stage.memory.events)
                    if isinstance(e, HostState) and "CONTRACT_EXPIRING" in e.hindered)  # fmt: skip
    assert hindered < order.index(SessionOpened)
    assert not stage.of(OrderSubmitting)
    stage.told_again()


@pytest.mark.parametrize(
    ("mode", "ahead", "grade"),
    [
        (Mode.LIVE, 8, Grade.PASS), (Mode.LIVE, 7, Grade.FAIL), (Mode.PAPER, 7, Grade.WARN),
        (Mode.PAPER, 8, Grade.PASS), (Mode.OBSERVE, -1, Grade.FAIL), (Mode.LIVE, -1, Grade.FAIL),
    ],
)  # fmt: skip
def test_the_checklist_counts_as_the_run_does(mode: Mode, ahead: int, grade: Grade) -> None:
    end = expiry(date.fromordinal(TODAY.toordinal() + ahead))
    assert contract_item(end, mode, OPEN).grade is grade
