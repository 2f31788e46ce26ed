"""The kill sequence for every trigger: dying at every step of it, and every fault in it (H20)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from adapters.fake.faults import LASTING, Fault, FaultKind
from application.dealing import LATCH
from domain.event import CommandIssued, KillCompleted, KillTriggered, OrderSubmitting
from domain.law.state import KillState
from domain.units import MINUTE, SECOND
from execution_world import OPEN, CrashError, World, in_trade

TRIGGERS = (
    "MANUAL", "DVS_KILL", "EQS_KILL", "MARGIN", "POSITION_DESYNC", "UNEXPECTED_POSITION",
    "DOUBLE_EXIT", "ORDER_STATE_UNKNOWN", "CONNECTION_LOST", "PROTECTION_FAILED",
    "CONSTITUTION_VIOLATION", "LOSS_OVERRUN", "STORE_FAILURE", "LOOP_FAILURE", "RESTART_LOOP",
    "STATE_CORRUPT",
)  # fmt: skip
FAULTS = tuple(
    kind for kind in FaultKind
    if kind not in (
        FaultKind.MANUAL_CLOSE, FaultKind.MANUAL_TRADE, FaultKind.MARGIN_CALL,
        FaultKind.FOREIGN_ORDER,
    )
)  # fmt: skip
"""What can go wrong with orders of ours; what other people do has tests of its own."""


EVERY = bool(os.environ.get("TRADEBOT_EVERY_POINT"))
"""Whether every trigger meets every state and every fault."""


def entry_working() -> World:
    """A quiet world nine minutes on, with an entry at work."""
    world = World(3, setups={8: 1}, wild=0)
    world.run(541)
    group = world.core.desk.group
    assert group is not None
    assert group.working_entry
    return world


def flat() -> World:
    """A quiet world nine minutes on in which nothing was wanted."""
    world = World(3, wild=0)
    world.run(541)
    return world


STATES: dict[str, Callable[[], World]] = {
    "in a trade": in_trade, "entry working": entry_working, "flat": flat
}  # fmt: skip


def pull(world: World, trigger: str) -> None:
    """The condition of `trigger` is true."""
    if trigger == "MANUAL":
        world.asked = "enough"
        world.run(1)
    else:
        world.live.take(world.core.dealing.operator(LATCH, f"{trigger} seen", "test", world.now))


def told(world: World, trigger: str, at: int) -> World:
    """Let `trigger` be pulled, and the process die at point `at` of what follows, 0 for nowhere."""
    world.fuse.points, world.fuse.at = 0, at
    try:
        pull(world, trigger)
    except CrashError:
        world.restart()
    world.run(40)
    if not world.core.desk.law.killed:  # it died before that was durable; the condition lasts
        pull(world, trigger)
        world.run(40)
    world.asked = None
    return world


def ended(world: World, trigger: str) -> None:
    """One latch of that name, and nothing of ours left."""
    law = world.core.desk.law
    assert law.kill_trigger == trigger
    assert law.kill_state is KillState.KILLED
    assert world.ours == 0
    assert not world.broker._orders
    latches = [event.trigger for event in world._of(KillTriggered)]
    assert latches[0] == trigger
    assert latches.count(trigger) == 1
    assert world._of(KillCompleted)


@pytest.mark.parametrize(
    ("trigger", "state"),
    [
        (trigger, state)
        for trigger in TRIGGERS
        for state in STATES
        if EVERY or state == "in a trade" or trigger in ("MANUAL", "CONNECTION_LOST")
    ],
)
def test_dying_at_every_step_ends_flat_under_one_latch(trigger: str, state: str) -> None:
    whole = told(STATES[state](), trigger, 0)
    ended(whole, trigger)
    points = whole.fuse.points
    assert points >= 2
    for at in range(1, points + 1):
        world = told(STATES[state](), trigger, at)
        assert world.crashes == 1, at
        ended(world, trigger)
        rebuilt = world.rebuilt().desk.law
        assert (rebuilt.kill_state, rebuilt.kill_trigger) == (KillState.KILLED, trigger)


def test_a_kill_while_flat_is_verified_within_seconds() -> None:
    world = flat()
    pull(world, "MANUAL")
    world.run(5)
    assert world.core.desk.law.kill_state is KillState.KILLED


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_no_entry_follows_a_latch(trigger: str) -> None:
    world = World(3, setups={8: 1, 12: 1, 50: -1}, wild=0)
    world.run(500)
    pull(world, trigger)
    world.run(60 * MINUTE // SECOND)
    assert world._of(OrderSubmitting) == []


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("state", ["in a trade", "entry working"])
def test_every_fault_in_the_sequence_of_every_trigger_ends_flat(
    state: str, kind: FaultKind
) -> None:
    first = FAULTS.index(kind)  # each trigger has its turn; all of them with EVERY
    for trigger in TRIGGERS if EVERY else (TRIGGERS * 3)[first : first + 3]:
        world = STATES[state]()
        lasts = 25 if kind in LASTING else 0
        world.plan.add(Fault(kind, world.now, lasts))
        pull(world, trigger)
        world.run(120)
        world.asked = None
        world.settle(120)
        ended(world, trigger)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_entries_are_taken_back_before_anything_is_closed(trigger: str) -> None:
    world = entry_working()
    world.plan.add(Fault(FaultKind.FILL_AFTER_CANCEL, OPEN))
    pull(world, trigger)
    world.run(60)
    ended(world, trigger)
    asked = [event.command for event in world._of(CommandIssued)]
    assert asked[0] == "cancel"
