"""Where the stories of single faults begin, and what is asked of them at their end."""

from __future__ import annotations

from adapters.fake.faults import LASTING, Fault, FaultKind
from domain.event import CommandIssued, ExecutionIncident, OrderSubmitting
from execution_world import World

F = FaultKind


def sent(seed: int = 3, *before: FaultKind) -> World:
    """A world whose first entry has just been sent, under the faults named."""
    world = World(seed, setups={8: 1}, wild=0)
    for kind in before:
        world.plan.add(Fault(kind, 0))
    world.run(540)
    assert [e for e in world.memory.events if isinstance(e, OrderSubmitting)]
    return world


def in_position(seed: int = 3, *before: FaultKind) -> World:
    """A world with one contract long, its stop 8 ticks below, its target above."""
    world = sent(seed, *before)
    for _ in range(5):
        world.second(-1)
    world.run(3)
    assert world.ours == 1
    return world


def strike(world: World, kind: FaultKind, seconds: int = 0) -> None:
    assert (kind in LASTING) == (seconds > 0)
    world.plan.add(Fault(kind, world.now, seconds))


def commands(world: World) -> list[tuple[str, str]]:
    return [(e.command, e.order_ref[-2:]) for e in world._of(CommandIssued)]


def incidents(world: World) -> list[str]:
    return [e.kind for e in world._of(ExecutionIncident)]
