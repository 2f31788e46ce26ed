"""A broker that does not answer is unknown, not flat: no trading, and a kill after a minute with a
position (execution.md 6); what an order's status says alone is looked into before anything else."""

from __future__ import annotations

from adapters.fake.faults import Fault, FaultKind
from domain.event import ClockTick, OrderReported, PermitRefused, ReconcileCompleted
from domain.execution.truth import BrokerTruth
from domain.law.state import KillState
from domain.orders import OrderEventKind, ref_of
from domain.units import SECOND, UtcNanos
from execution_world import World, in_trade

F = FaultKind


def blind(world: World, seconds: int) -> None:
    world.plan.add(Fault(F.READ_FAILS, world.now, seconds))


def until_asked(world: World) -> None:
    """Until a read that was due has failed."""
    for _ in range(70):
        if not world.core.desk.reconciled:
            return
        world.second(0)
    raise AssertionError("it was never asked")


def test_no_entry_while_the_broker_does_not_answer() -> None:
    world = World(3, setups=dict.fromkeys(range(8, 14), 1), wild=0)
    world.run(400)
    assert world.core.desk.reconciled
    blind(world, 500)
    world.run(480)
    assert world.broker.sent == []
    assert {e.reason for e in world._of(PermitRefused)} == {"PERMIT_REFUSED_IN_DOUBT"}
    told = [e for e in world._of(ClockTick) if e.cause == "unanswered"]
    assert len(told) == 1, "told once"
    assert world.kills == [], "nothing is at stake"
    world.run(60)
    assert world.core.desk.reconciled
    world.settle()


def test_a_position_that_nobody_can_verify_for_a_minute_is_a_kill() -> None:
    world = in_trade()
    blind(world, 150)
    until_asked(world)
    begun = world.now
    while not world.kills:
        world.second(0)
        assert world.now - begun <= 62 * SECOND
    assert world.now - begun > 58 * SECOND
    assert [k.trigger for k in world.kills] == ["CONNECTION_LOST"]
    world.run(200)
    assert world.ours == 0
    assert world.core.desk.law.kill_state is KillState.KILLED
    world.settle()


def test_less_than_a_minute_is_survived_and_a_restart_counts_on() -> None:
    world = in_trade()
    blind(world, 65)
    until_asked(world)
    world.run(20)
    world.restart()
    world.run(30)
    assert world.kills == []
    world.run(40)
    assert world.core.desk.reconciled
    assert world.ours == 1
    world.settle()


def test_a_link_that_comes_back_without_answers_counts_from_when_it_broke() -> None:
    world = in_trade()
    begun = world.now
    world.plan.add(Fault(F.LINK_DOWN, world.now, 40))
    blind(world, 300)
    while not world.kills:
        world.second(0)
        assert world.now - begun <= 64 * SECOND
    assert world.kills[0].trigger == "CONNECTION_LOST"
    world.run(300)
    world.settle()


class Restless:
    """A broker whose reads differ from one another for a while."""

    def __init__(self, world: World, times: int) -> None:
        self._read, self._left = world.broker.read, times
        vars(world.broker)["read"] = self

    def __call__(self, now: UtcNanos) -> BrokerTruth:
        truth = self._read(now)
        self._left -= 1
        return truth._replace(entries_today=truth.entries_today + max(self._left, 0))


def test_reads_that_differ_are_tried_again_the_next_second() -> None:
    world = in_trade()
    world.run(5)
    Restless(world, 10)
    before, asked = len(world._of(ReconcileCompleted)), world.now
    world.live.read(world.now)
    while len(world._of(ReconcileCompleted)) == before:
        world.second(0)
        assert world.now - asked <= 4 * SECOND


def test_a_status_that_a_stop_has_filled_is_looked_into_before_anything_is_placed() -> None:
    """The execution was lost: the target that its group has cancelled is not to come again."""
    world = in_trade()
    world.plan.add(Fault(F.LOST_FILL, world.now))
    for _ in range(30):
        world.second(-5)
        if world.ours == 0:
            break
    assert world.ours == 0
    world.run(3)
    (filled,) = [
        e.report for e in world._of(OrderReported)
        if e.report.kind is OrderEventKind.FILL and "-S" in e.report.order_ref
    ]  # fmt: skip
    assert world.core.desk.expected_position == 0, "read at once"
    world.run(20)
    refs = [ref_of(text) for text in world.broker.sent]
    assert [ref for ref in refs if ref is not None and ref.number] == [], filled
    world.settle()
