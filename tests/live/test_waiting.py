"""What the law's memory holds a run back for is a state of the watch: it calls at each start."""

from __future__ import annotations

from application.cli.live_watch import waiting
from application.desk import STATEMENT
from changing import replace
from domain.units import ZERO, Money
from execution_world import World


def test_a_difference_that_waits_is_a_state_of_every_start_that_may_trade() -> None:
    desk = World(1).core.desk
    assert waiting(desk) == {}
    for loss in (ZERO, Money.parse("6.25")):
        desk.law = desk.law._replace(statement=loss)
        assert list(waiting(desk)) == [STATEMENT]
        assert "tradebot ack statement" in waiting(desk)[STATEMENT]
    desk.run = replace(desk.run, mode="OBSERVE")
    assert waiting(desk) == {}
