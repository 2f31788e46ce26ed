"""A person or another program trades on the same account (law.md 3, execution.md 6)."""

from __future__ import annotations

import pytest

from adapters.fake.faults import FaultKind
from domain.event import FillReceived, ForeignOrder, OrderSubmitting, PermitRefused, TradeClosed
from domain.law.state import KillState
from execution.stories import F, in_position, strike
from execution_world import World


def test_a_close_by_hand_is_booked_out_and_never_reversed() -> None:
    world = in_position()
    strike(world, F.MANUAL_CLOSE)
    world.run(45)
    assert [k.trigger for k in world.kills] == ["POSITION_DESYNC"]
    (closed,) = world._of(TradeClosed)
    assert closed.exit_reason == "EXTERNAL"
    assert [r for r in world.broker.sent if "-X" in r] == []
    assert not world.broker._orders
    assert world.core.desk.law.kill_state is KillState.KILLED


def test_a_stop_moved_after_the_close_by_hand_is_cancelled_all_the_same() -> None:
    world = in_position()
    strike(world, F.MANUAL_CLOSE)
    while not world._of(TradeClosed):
        world.second()
    strike(world, F.STOP_MOVED)
    world.run(30)
    assert not world.broker._orders
    assert world.core.desk.law.kill_state is KillState.KILLED
    assert not world.core.desk.alive


@pytest.mark.parametrize("side", [1, -1])
def test_what_a_person_holds_beside_a_close_by_hand_is_theirs(side: int) -> None:
    world = in_position()
    world.broker.manual -= 1  # ours is closed
    world.broker.manual += side  # and a position of their own is opened
    world.run(60)
    theirs = world.ours + world.broker.manual
    world.run(60)
    assert world.ours + world.broker.manual == theirs
    if side < 0:
        assert [k.trigger for k in world.kills] == ["POSITION_DESYNC"]
        assert [r for r in world.broker.sent if "-X" in r] == []
        assert not world.broker._orders
        assert world.core.desk.law.kill_state is KillState.KILLED
    else:
        assert world.kills == []  # what is held is what we hold


@pytest.mark.parametrize("lost", [(), (F.NEVER_ARRIVES,), (F.REJECT_EXIT,), (F.LOST_ACK,)])
def test_an_exit_beside_a_close_by_hand_is_taken_back_once(lost: tuple[FaultKind, ...]) -> None:
    world = in_position()
    world.broker.manual -= 1
    world.price -= 12
    world.second(-1)  # through the stop, which fills
    for kind in lost:  # the first close does not come through
        strike(world, kind)
    reversed_for = 0
    for _ in range(90):
        world.second()
        reversed_for += world.ours + world.broker.manual != 0
    assert [k.trigger for k in world.kills][:1] == ["DOUBLE_EXIT"]
    assert reversed_for <= 10 + 10 * bool(lost) + 5
    filled = [f.fill.order_ref[-2:] for f in world._of(FillReceived)]
    again = lost in ((F.NEVER_ARRIVES,), (F.REJECT_EXIT,))
    assert [ref for ref in filled if "X" in ref] == ["X2" if again else "X1"]
    assert world.ours + world.broker.manual == 0
    assert world.core.desk.law.kill_state is KillState.KILLED


def test_a_position_that_is_not_ours_is_left_alone() -> None:
    world = World(3, wild=0)
    world.run(400)
    strike(world, F.MANUAL_TRADE)
    world.run(90)
    assert [k.trigger for k in world.kills] == ["UNEXPECTED_POSITION"]
    assert world.broker.sent == []
    assert abs(world.broker.manual) == 1


def test_an_order_that_is_not_ours_stops_entries_and_nothing_else() -> None:
    world = World(3, setups={8: 1, 9: 1, 10: -1}, wild=0)
    world.run(361)
    strike(world, F.FOREIGN_ORDER)
    world.run(360)
    assert world._of(ForeignOrder)
    assert world._of(OrderSubmitting) == []
    assert world._of(PermitRefused)
    assert world.kills == []
