"""One contract for every broker: the same requests, the same assertions, a world for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker_worlds import FLAT, WORLDS, Hearing, Prices, bracket, ref
from domain.errors import PermitForged, PermitVoid
from domain.intent import OrderIntent
from domain.law.door import ExitPermit, Permit, authorize_amend, authorize_tighten
from domain.orders import OrderEventKind, OrderRef, Role
from domain.units import SECOND
from law_builders import NOW, granted, stop_limit_intent
from market_builders import PRICE

K = OrderEventKind
THROUGH: Prices = (PRICE + 1, PRICE + 1, PRICE - 2, PRICE - 1)
"""Trades through a long entry at `PRICE`, and touches neither its stop nor its target."""
TO_TARGET: Prices = (PRICE + 10, PRICE + 26, PRICE + 10, PRICE + 25)
TO_STOP: Prices = (PRICE - 10, PRICE - 10, PRICE - 14, PRICE - 13)
MIDDLE: Prices = (PRICE + 5, PRICE + 6, PRICE + 4, PRICE + 5)
WANTED = bracket()
ENTRY, STOP, TARGET = (ref(WANTED, role) for role in (Role.ENTRY, Role.STOP, Role.TARGET))
EXIT = ref(WANTED, Role.EXIT, 1)


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> Iterator[Hearing]:
    with WORLDS[request.param]() as made:
        made.piece(FLAT)
        yield made


def opened(world: Hearing, wanted: OrderIntent = WANTED) -> None:
    """Submit and let the entry fill."""
    world.accepted(wanted)
    world.piece(THROUGH)
    world.until(lambda: world.filled(ref(wanted, Role.ENTRY)) == 1)


def over(world: Hearing, wanted: OrderRef) -> bool:
    return world.said(wanted, K.CANCEL_ACK)


# ---- acceptance and fills


def test_a_bracket_is_acknowledged_in_all_its_legs_and_shown_by_a_read(world: Hearing) -> None:
    world.accepted(WANTED)
    truth = world.broker.read(world.now)
    assert truth.position == 0
    assert truth.executions == ()
    shown = {o.order_ref: (o.ours, o.qty, o.price, o.held) for o in truth.orders}
    assert shown == {
        str(ENTRY): (True, 1, PRICE, False),
        str(STOP): (True, 1, PRICE - 12, True),
        str(TARGET): (True, 1, PRICE + 24, True),
    }


def test_an_entry_that_is_not_reached_does_not_fill(world: Hearing) -> None:
    world.accepted(WANTED)
    for _ in range(3):
        world.piece(FLAT)
    assert world.fills == []
    assert world.broker.position().qty == 0


def test_an_entry_fills_at_its_limit_and_releases_its_children(world: Hearing) -> None:
    opened(world)
    fill = world.fills[0]
    assert (fill.side, fill.qty, fill.price, fill.role) == (1, 1, PRICE, Role.ENTRY)
    assert world.broker.position().qty == 1
    truth = world.broker.read(world.now)
    assert truth.position == 1
    assert [f.exec_id for f in truth.executions] == [fill.exec_id]
    assert {o.order_ref: o.held for o in truth.orders} == {str(STOP): False, str(TARGET): False}
    assert truth.entries_today == 1


def test_a_short_bracket_is_the_mirror_image(world: Hearing) -> None:
    short = bracket(-1)
    world.accepted(short)
    world.piece((PRICE - 1, PRICE + 2, PRICE - 1, PRICE))
    world.until(lambda: bool(world.fills))
    assert (world.fills[0].side, world.fills[0].price) == (-1, PRICE)
    assert world.broker.position().qty == -1


def test_a_stop_limit_entry_fills_beyond_its_trigger(world: Hearing) -> None:
    wanted = stop_limit_intent()
    world.accepted(wanted)
    world.piece((PRICE + 1, PRICE + 3, PRICE, PRICE + 3))
    world.until(lambda: bool(world.fills))
    assert world.fills[0].price == PRICE + 3


def test_the_target_fills_and_the_stop_is_cancelled(world: Hearing) -> None:
    opened(world)
    world.piece(TO_TARGET)
    world.until(lambda: world.filled(TARGET) == 1 and over(world, STOP))
    assert world.fills[-1].price == PRICE + 24
    assert world.broker.position().qty == 0
    truth = world.broker.read(world.now)
    assert (truth.position, truth.orders) == (0, ())


def test_the_stop_fills_and_the_target_is_cancelled(world: Hearing) -> None:
    opened(world)
    world.piece(TO_STOP)
    world.until(lambda: world.filled(STOP) == 1 and over(world, TARGET))
    assert world.fills[-1].price <= PRICE - 12
    assert world.fills[-1].side == -1
    assert world.broker.position().qty == 0


# ---- cancels


def test_a_cancelled_entry_takes_its_children_along(world: Hearing) -> None:
    world.accepted(WANTED)
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: all(over(world, leg) for leg in (ENTRY, STOP, TARGET)))
    world.piece(THROUGH)
    assert world.fills == []
    truth = world.broker.read(world.now)
    assert truth.orders == ()
    assert {d.order_ref: (d.how, d.filled) for d in truth.done} == {
        str(leg): (K.CANCEL_ACK, 0) for leg in (ENTRY, STOP, TARGET)
    }


def test_a_cancel_of_something_unknown_is_refused(world: Hearing) -> None:
    world.broker.cancel(ENTRY, world.now)
    world.until(lambda: world.said(ENTRY, K.CANCEL_REJECT))


def test_a_target_can_be_cancelled_and_the_stop_stays(world: Hearing) -> None:
    opened(world)
    world.broker.cancel(TARGET, world.now)
    world.until(lambda: over(world, TARGET))
    left = {o.order_ref for o in world.broker.read(world.now).orders}
    assert left == {str(STOP)}


# ---- closing and protecting


def test_a_market_exit_closes_and_cancels_the_rest(world: Hearing) -> None:
    opened(world)
    world.broker.close(world.exit_permit(WANTED), ENTRY.group, world.now)
    world.until(lambda: world.said(EXIT, K.ACK))
    world.piece(MIDDLE)
    world.until(lambda: world.filled(EXIT) == 1 and over(world, STOP) and over(world, TARGET))
    assert world.broker.position().qty == 0


def test_a_stop_moves_towards_profit_and_never_away(world: Hearing) -> None:
    opened(world)
    tighter = authorize_tighten(STOP, 1, PRICE - 12, PRICE - 4)
    assert tighter is not None
    world.broker.move_stop(tighter, world.now)
    world.until(lambda: world.said(STOP, K.OPEN_ORDER))
    prices = {o.order_ref: o.price for o in world.broker.read(world.now).orders}
    assert prices[str(STOP)] == PRICE - 4
    world.broker.move_stop(tighter, world.now)  # not tighter than it is by now
    world.until(lambda: world.said(STOP, K.CANCEL_REJECT))


def test_a_target_is_amended(world: Hearing) -> None:
    opened(world)
    permit = authorize_amend(TARGET, 1, PRICE + 24, PRICE + 20, 1)
    assert permit is not None
    world.broker.amend(permit, world.now)
    world.until(lambda: world.said(TARGET, K.OPEN_ORDER))
    prices = {o.order_ref: o.price for o in world.broker.read(world.now).orders}
    assert prices[str(TARGET)] == PRICE + 20


def test_a_stop_that_is_placed_again_protects_with_the_old_target(world: Hearing) -> None:
    opened(world)
    world.broker.cancel(STOP, world.now)
    world.until(lambda: over(world, STOP))
    again = world.protection(WANTED, Role.STOP, 1, PRICE - 12)
    world.broker.place(again, ENTRY.group, world.now)
    world.until(lambda: world.said(again.ref, K.ACK))
    world.piece(TO_STOP)
    world.until(lambda: world.filled(again.ref) == 1 and over(world, TARGET))
    assert world.broker.position().qty == 0


# ---- one reference, one order


def test_a_reference_submitted_twice_makes_one_order(world: Hearing) -> None:
    world.accepted(WANTED)
    world.submit(WANTED)
    world.piece(FLAT)
    assert len(world.broker.read(world.now).orders) == 3
    assert world.kinds(ENTRY) == [K.ACK]


def test_an_exit_sent_twice_closes_once(world: Hearing) -> None:
    opened(world)
    for _ in range(2):
        world.broker.close(world.exit_permit(WANTED), ENTRY.group, world.now)
    world.piece(MIDDLE)
    world.until(lambda: world.filled(EXIT) == 1)
    world.piece(MIDDLE)
    assert world.broker.position().qty == 0


# ---- the law's leave


def test_a_spent_permit_sends_nothing(world: Hearing) -> None:
    permit = granted(WANTED)
    world.broker.submit(permit, NOW)
    with pytest.raises(PermitVoid):
        world.broker.submit(permit, NOW)


def test_an_expired_permit_sends_nothing(world: Hearing) -> None:
    with pytest.raises(PermitVoid):
        world.broker.submit(granted(WANTED), NOW + 6 * SECOND)
    world.piece(FLAT)
    assert world.broker.read(world.now).orders == ()


def test_a_void_permit_sends_nothing(world: Hearing) -> None:
    permit = granted(WANTED)
    permit.void()
    with pytest.raises(PermitVoid):
        world.broker.submit(permit, NOW)
    assert world.broker.read(world.now).orders == ()


def test_a_forged_permit_sends_nothing(world: Hearing) -> None:
    forged = object.__new__(Permit)
    with pytest.raises(PermitForged):
        world.broker.submit(forged, NOW)
    with pytest.raises(PermitForged):
        world.broker.close(object.__new__(ExitPermit), "20240305-089-MES", NOW)
    assert world.broker.read(world.now).orders == ()


# ---- words and reads agree


def test_a_read_shows_what_the_words_have_said(world: Hearing) -> None:
    opened(world)
    world.piece(TO_TARGET)
    world.until(lambda: world.filled(TARGET) == 1 and over(world, STOP))
    truth = world.broker.read(world.now)
    assert {(f.exec_id, f.side, f.qty, f.price) for f in truth.executions} == {
        (f.exec_id, f.side, f.qty, f.price) for f in world.fills
    }
    ends = {d.order_ref: (d.how, d.filled) for d in truth.done}
    assert ends == {
        str(ENTRY): (K.FILL, 1), str(TARGET): (K.FILL, 1), str(STOP): (K.CANCEL_ACK, 0)
    }  # fmt: skip
    assert truth.agrees(world.broker.read(world.now))


def test_every_word_comes_once(world: Hearing) -> None:
    opened(world)
    world.piece(TO_STOP)
    world.until(lambda: world.filled(STOP) == 1 and over(world, TARGET))
    world.broker.read(world.now)
    world.listen()
    ids = [f.exec_id for f in world.fills]
    assert len(ids) == len(set(ids)) == 2
    assert world.broker.drain() == ()


def test_the_account_shows_equity_and_what_is_free(world: Hearing) -> None:
    world.until(lambda: world.broker.account() is not None)
    account = world.broker.account()
    assert account is not None
    assert account.equity.units > 0
    assert 0 < account.available.units <= account.equity.units
