"""The process dies at every durable write and at every request to the broker, one after another.

A story is told once to count the points; then again for each of them, with the death there.
Whatever the point: nothing is sent twice, the position is protected or flat, and the ledger is
the broker's own. The cheaper half of the proof; `tests/cli` kills real processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from adapters.fake.faults import Fault, FaultKind
from domain.event import OrderSubmitting, TradeOpened
from domain.units import SECOND
from execution_world import OPEN, World

F = FaultKind


def fresh(side: int, at: int) -> World:
    """A world just before the decision that sends the entry; its process dies at point `at`."""
    world = World(3, setups={8: side}, wild=0)
    world.run(539)
    world.fuse.points, world.fuse.at = 0, at
    return world


def stopped_out(*faults: FaultKind) -> Callable[[int], World]:
    """An entry that fills and runs into its stop, under the faults named."""

    def story(at: int) -> World:
        world = fresh(1, at)
        for kind in faults:
            world.plan.add(Fault(kind, OPEN + 540 * SECOND))
        world.run(6)
        for _ in range(60):
            world.second(-1)
        world.run(20)
        return world

    return story


def killed(at: int) -> World:
    """A position that the operator kills."""
    world = fresh(-1, 0)
    world.run(2)
    for _ in range(10):
        world.second(1)
    world.fuse.points, world.fuse.at = 0, at
    world.asked = "enough"
    world.run(40)
    return world


def given_up(at: int) -> World:
    """An entry that is never reached, and cancelled when its time is up."""
    world = fresh(1, at)
    world.run(130)
    return world


STORIES = {
    "stopped out": stopped_out(),
    "lost acknowledgement": stopped_out(F.LOST_ACK),
    "link breaks after sending": stopped_out(F.SENT_THEN_DOWN),
    "lost execution": stopped_out(F.LOST_FILL),
    "stop cancelled": stopped_out(F.STOP_CANCELLED),
    "fill after cancel": stopped_out(F.FILL_AFTER_CANCEL),
    "killed": killed,
    "given up": given_up,
}


WHOLE = ("stopped out", "killed", "given up")
"""Stories that die at every point each time; the others at every third, at all with EVERY."""
EVERY = bool(os.environ.get("TRADEBOT_EVERY_POINT"))


@pytest.mark.parametrize("name", STORIES)
def test_death_at_every_point(name: str) -> None:
    story = STORIES[name]
    whole = story(0)
    points = whole.fuse.points
    whole.settle(60)
    assert points >= 6
    ledgers = set()
    for at in range(1, points + 1, 1 if EVERY or name in WHOLE else 3):
        world = story(at)
        assert world.crashes == 1, at
        world.settle(60)
        sent = [e.order_ref for e in world._of(OrderSubmitting)]
        assert len(sent) == len(set(sent)) <= 1
        assert len(world._of(TradeOpened)) <= 1
        assert world.core.desk.flat
        ledgers.add((len(world._of(TradeOpened)), world.net().units))
    # Either the entry arrived and the trade is the one of the life without a death, but for the
    # moment of a flatten; or it never did, and there is no trade.
    assert (0, 0) in ledgers or len(ledgers) <= 2
