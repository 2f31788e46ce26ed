"""What a broker says of a session that is over: told again in the evening, or to a new process."""

from __future__ import annotations

from datetime import timedelta

from adapters.fake.faults import Fault, FaultKind
from domain.event import FillReceived, ForeignOrder, KillTriggered, SessionClosed, SessionOpened
from domain.orders import OrderEvent, OrderEventKind, Role
from domain.units import HOUR
from execution_world import TUESDAY, World, session_on


def traded() -> World:
    """A world with one trade that has ended, and its session over."""
    world = World(3, setups={8: 1}, wild=0)
    world.run(540)
    for _ in range(5):
        world.second(-1)
    world.run(3)
    assert world.ours == 1
    for _ in range(60):
        world.second(-3)
    world.settle(60)
    assert world.trades == 1
    assert world.ours == 0
    world.live.take(world.core.end(world.now))
    world.live.settle()
    assert world._of(SessionClosed)
    return world


def test_executions_told_again_after_the_session_are_known() -> None:
    world = traded()
    fills = [event.fill for event in world._of(FillReceived)]
    assert len(fills) >= 2
    before = world.core.desk.law
    for fill in fills:
        assert world.core.dealing.fill(fill).events == []
    assert world.core.desk.law == before


def test_words_about_orders_of_the_session_that_is_over_are_no_alarm() -> None:
    world = traded()
    (ref,) = {e.fill.order_ref for e in world._of(FillReceived) if "-E" in e.fill.order_ref}
    word = OrderEvent(
        ref, Role.ENTRY, OrderEventKind.CANCEL_ACK, world.now + HOUR, 99, 1, 1, "", 0, 0, 1, None
    )
    told = world.core.dealing.order_event(word).events
    assert not [event for event in told if isinstance(event, (KillTriggered, ForeignOrder))]


def test_a_process_that_begins_after_the_session_knows_its_executions() -> None:
    world = traded()
    fills = [event.fill for event in world._of(FillReceived)]
    world.restart()
    for fill in fills:
        assert world.core.dealing.fill(fill).events == []
    assert world.kills == []


def test_an_order_of_somebody_else_that_stays_is_told_of_in_each_session() -> None:
    world = World(3, setups={}, wild=0)
    world.plan.add(Fault(FaultKind.FOREIGN_ORDER, world.now))
    world.run(125)
    assert len(world._of(ForeignOrder)) == 1
    world.live.take(world.core.end(world.now))
    world.now = session_on(TUESDAY + timedelta(days=1)).open
    world.run(125)
    assert len(world._of(SessionOpened)) == 2
    assert len(world._of(ForeignOrder)) == 2
    assert world._told_again() == world.memory.journal.head
    assert world.core.desk.observing() == "FOREIGN_ORDER"
