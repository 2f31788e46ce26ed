"""What the law's memory makes of a statement that differs, and of a halt of another month."""

from __future__ import annotations

from datetime import date

import pytest

from domain.law import state as law
from domain.law.state import Halt, LawState
from domain.units import ZERO, Money
from market_builders import rules

JANUARY, FEBRUARY = date(2024, 1, 30), date(2024, 2, 6)
THE_LAW = rules().law


def usd(text: str) -> Money:
    return Money.parse(text)


@pytest.mark.parametrize(
    ("before", "more", "after"),
    [(None, "6.00", "6.00"), ("5.00", "3.00", "8.00"), ("5.00", "-2.00", "3.00"),
     ("5.00", "-9.00", "0.00"), (None, "-1.00", "0.00")],
)  # fmt: skip
def test_what_waits_is_summed_and_never_a_gain(before: str | None, more: str, after: str) -> None:
    state = LawState(session_date=JANUARY, statement=None if before is None else usd(before))
    told = law.statement_differs(state, usd(more))
    assert told == state._replace(statement=usd(after))


def test_a_loss_is_booked_once_and_nothing_else_changes() -> None:
    waiting = LawState(session_date=JANUARY, net_day=usd("4.00"), statement=usd("6.00"))
    seen = law.statement_acknowledged(waiting, THE_LAW)
    assert (seen.statement, seen.net_day, seen.net_week) == (None, usd("-2.00"), usd("-6.00"))
    assert law.statement_acknowledged(seen, THE_LAW) is seen


def test_where_nothing_was_lost_nothing_is_booked() -> None:
    spent = LawState(session_date=JANUARY, net_day=usd("-30.00"), statement=ZERO)
    assert law.statement_acknowledged(spent, THE_LAW) == spent._replace(statement=None)


def test_a_halt_is_in_force_once() -> None:
    lost = law.adjusted(LawState(session_date=JANUARY), usd("-31.00"), THE_LAW)
    assert lost.halts == (Halt.DAY,)
    assert law.adjusted(lost, usd("-1.00"), THE_LAW).halts == (Halt.DAY,)


def halted(day: date | None, month: date | None) -> LawState:
    """A halt of a month that a person has acknowledged, and that is beyond its limit still."""
    return LawState(
        session_date=day, net_month=usd("-160.00"), halts=(Halt.MONTH,), month_halted=month,
        month_acknowledged=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "month", "asks_again"),
    [(JANUARY, JANUARY, False), (FEBRUARY, JANUARY, True), (FEBRUARY, None, False),
     (None, JANUARY, False)],
)  # fmt: skip
def test_only_a_halt_of_another_month_is_acknowledged_anew(
    day: date | None, month: date | None, asks_again: bool
) -> None:
    after = law.adjusted(halted(day, month), usd("-1.00"), THE_LAW)
    assert after.month_acknowledged is not asks_again
    assert after.month_halted == (day if asks_again else month)


def test_the_month_of_a_halt_is_forgotten_with_it() -> None:
    opened = law.session_opened(halted(JANUARY, JANUARY), FEBRUARY)
    assert (opened.halts, opened.month_halted) == ((), None)
    unseen = halted(JANUARY, JANUARY)._replace(month_acknowledged=False)
    assert law.session_opened(unseen, FEBRUARY).month_halted == JANUARY
