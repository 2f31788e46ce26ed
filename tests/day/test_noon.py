"""Other contract files at noon: nothing is entered before the next session (H5)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from application.opening import SessionsBefore
from domain.event import DecisionMade, OrderSubmitting
from domain.law.state import LawState
from execution_world import World
from market_builders import TUESDAY


@pytest.mark.parametrize(
    ("opened", "entries"), [(TUESDAY, 0), (TUESDAY - timedelta(days=1), 1)], ids=["now", "before"]
)
def test_a_session_that_was_opened_under_other_contracts_lets_nothing_in(
    opened: date, entries: int
) -> None:
    world = World(3, setups={8: 1, 20: -1}, wild=0)
    world.core.adopt(LawState(), None, SessionsBefore(opened=opened))
    world.run(600)
    assert len(world._of(OrderSubmitting)) == entries
    wanted = world._of(DecisionMade)[8]
    assert (wanted.record.reason == "OBSERVE_ONLY") is not bool(entries), wanted.record.reason
