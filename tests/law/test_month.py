"""The halt of a month ends with the first session of a later month and an acknowledgement, in
whichever order they come (law.md 1)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.law import state as law
from domain.law.state import Halt, LawState
from domain.units import Money
from market_builders import contracts

RULES = contracts().constitution
JANUARY, LATER = date(2026, 1, 15), date(2026, 1, 16)
FEBRUARY, AFTER = date(2026, 2, 3), date(2026, 2, 4)


def halted() -> LawState:
    begun = law.session_opened(LawState(), JANUARY)._replace(net_month=Money.parse("-140.00"))
    state = law.trade_closed(begun, Money.parse("-10.00"), RULES)
    assert Halt.MONTH in state.halts
    return state


def sessions(state: LawState, *days: date) -> LawState:
    for day in days:
        state = law.session_opened(state, day)
    return state


def test_it_holds_to_the_month_s_end_whatever_is_acknowledged_or_corrected() -> None:
    state = law.adjusted(law.month_acknowledged(halted()), Money.parse("0.50"), RULES)
    assert Halt.MONTH in sessions(state, LATER).halts
    assert Halt.MONTH not in sessions(state, LATER, FEBRUARY).halts


@pytest.mark.parametrize("between", [(), (LATER,)])
def test_an_acknowledgement_that_comes_late_ends_it_with_the_next_session(
    between: tuple[date, ...],
) -> None:
    state = sessions(halted(), *between, FEBRUARY)
    assert Halt.MONTH in state.halts, "nobody has seen it"
    seen = law.month_acknowledged(state)
    assert Halt.MONTH in seen.halts
    assert Halt.MONTH not in sessions(seen, AFTER).halts


def test_one_of_a_year_before_is_of_another_month() -> None:
    state = sessions(halted(), date(2027, 1, 5))
    assert Halt.MONTH not in sessions(law.month_acknowledged(state), date(2027, 1, 6)).halts


def test_a_second_month_that_is_halted_counts_from_itself() -> None:
    state = sessions(halted(), FEBRUARY)
    state = law.adjusted(law.month_acknowledged(state), Money.parse("-150.00"), RULES)
    assert Halt.MONTH in sessions(law.month_acknowledged(state), AFTER).halts
