"""A bracket's own sums and its next values."""

from __future__ import annotations

import pytest

from brackets import (  # fmt: skip
    ENTRY,
    EXIT,
    GROUP,
    STOP,
    TARGET,
    accepted,
    after,
    closed,
    fill,
    intent,
    leaving,
    opened,
    sent,
)
from changing import replace
from domain.execution.book import CALM, Book, Guard, Leg
from domain.orders import ChildState, OrderRef, ParentState, Role
from market_builders import PRICE

STOP_1 = OrderRef(GROUP, Role.STOP, 1)
TARGET_1 = OrderRef(GROUP, Role.TARGET, 1)


@pytest.mark.parametrize("side", [1, -1])
def test_a_new_bracket_holds_the_intent_and_nothing_else(side: int) -> None:
    book = Book.of(intent(side), after(2))
    stop = Leg(STOP, ChildState.CREATED, PRICE - 8 * side, 2, after(2), held=True)
    target = Leg(TARGET, ChildState.CREATED, PRICE + 16 * side, 2, after(2), held=True)
    assert book == Book(
        name=GROUP, side=side, qty=2, sent_at=after(2), stop_price=PRICE - 8 * side,
        target_price=PRICE + 16 * side, stop=stop, target=target, parent=ParentState.CREATED,
        parent_at=after(2), cancel_at=None, cancel_reason=None, provisional_at=None,
        never_arrived=False, claimed=0, entries=(), exits=(), exit=None, stop_was=None,
        exit_reason=None, exit_from=0, exit_rounds=0, late=(), unprotected=CALM, untargeted=CALM,
        stops=0, targets=0, closes=0, read_at=0, slow_told=False, doubt_told=False,
    )  # fmt: skip
    assert Guard(None, False, 0, 0) == CALM
    assert Leg(STOP, ChildState.WORKING, 1, 1, 0) == Leg(
        STOP, ChildState.WORKING, 1, 1, 0, False, None, None, False
    )
    assert book.entry_ref == ENTRY
    assert book.entry_alive
    assert not book.settled


@pytest.mark.parametrize(
    ("state", "alive", "working"),
    [
        (ChildState.CREATED, True, False),
        (ChildState.WORKING, True, True),
        (ChildState.FILLED, False, False),
        (ChildState.CANCELED, False, False),
        (ChildState.FAILED, False, False),
    ],
)
def test_a_leg_lives_until_it_is_over(state: ChildState, alive: bool, working: bool) -> None:
    leg = Leg(STOP, state, PRICE, 1, 0)
    assert (leg.alive, leg.working) == (alive, working)
    assert not replace(leg, held=True).working


def test_what_is_open_is_the_sum_of_executions() -> None:
    fills = (fill(STOP, 2, 2, -1), fill(TARGET, 3, 2, -1), fill(EXIT, 4, 1, 1))
    book = replace(opened(), exits=fills)
    assert (book.filled, book.closed, book.open_qty, book.position) == (2, 3, -1, -1)
    short = replace(opened(-1), exits=(fill(STOP, 2, 1, 1),))
    assert (short.filled, short.closed, short.open_qty, short.position) == (2, 1, 1, -1)
    assert book.knows("x1")
    assert book.knows("x4")
    assert not book.knows("x5")


def test_a_bracket_is_settled_when_all_of_it_is_over() -> None:
    flat = closed()
    dead = replace(flat, target=replace(flat.target, state=ChildState.CANCELED))
    assert dead.settled
    assert not flat.settled
    assert not replace(dead, parent=ParentState.ERROR).settled
    assert not replace(dead, exits=()).settled
    assert not replace(dead, late=(flat.target,)).settled
    assert not replace(dead, exit=Leg(EXIT, ChildState.CREATED, None, 1, 0)).settled


def test_legs_are_found_and_replaced_by_their_reference() -> None:
    late = Leg(STOP_1, ChildState.CANCELED, PRICE, 1, 0)
    other = Leg(TARGET_1, ChildState.CANCELED, PRICE, 1, 0)
    book = replace(leaving(), late=(late, other))
    assert [leg.ref for leg in book.legs] == [STOP, TARGET, STOP_1, TARGET_1, EXIT]
    assert book.leg(TARGET_1) == other
    assert book.leg(OrderRef(GROUP, Role.EXIT, 2)) is None
    for leg in book.legs:
        changed = replace(leg, qty=9)
        after_it = book.with_leg(changed)
        assert [x.qty == 9 for x in after_it.legs] == [x.ref == leg.ref for x in book.legs]
    without = replace(accepted(), late=(late,))
    assert without.with_leg(replace(late, qty=9)).late[0].qty == 9


def test_what_is_replaced_stays_in_view_under_the_next_number() -> None:
    book = opened()
    stop = Leg(OrderRef(GROUP, Role.STOP, 4), ChildState.CREATED, PRICE, 1, 0)
    target = Leg(OrderRef(GROUP, Role.TARGET, 5), ChildState.CREATED, PRICE, 1, 0)
    leave = Leg(OrderRef(GROUP, Role.EXIT, 6), ChildState.CREATED, None, 1, 0)
    after_stop = book.replaced(stop)
    assert (after_stop.stop, after_stop.late, after_stop.stops) == (stop, (book.stop,), 4)
    after_target = after_stop.replaced(target)
    assert after_target.target == target
    assert (after_target.late, after_target.targets) == ((book.stop, book.target), 5)
    first = book.replaced(leave)
    assert (first.exit, first.late, first.closes) == (leave, (), 6)
    second = after_stop.replaced(leave).replaced(replace(leave, ref=OrderRef(GROUP, Role.EXIT, 7)))
    assert second.late == (book.stop, leave)
    assert second.closes == 7


def test_a_tightening_remembers_the_first_price_that_was_confirmed() -> None:
    once = opened().tightened(PRICE - 4, after(1))
    twice = once.tightened(PRICE - 2, after(2))
    assert (twice.stop_price, twice.stop_was, twice.stop.cancel_at) == (
        PRICE - 2, PRICE - 8, after(2),
    )  # fmt: skip
    assert twice.stop.price == PRICE - 8


def test_leaving_writes_down_the_exit_to_be_sent() -> None:
    book = replace(opened(), slow_told=True, exit_rounds=2, closes=4)
    out = book.leaving(2, "EOD", PRICE + 3, after(9))
    ref = OrderRef(GROUP, Role.EXIT, 5)
    assert out.exit == Leg(ref, ChildState.CREATED, None, 2, after(9), restores=False)
    assert (out.exit_reason, out.exit_from, out.exit_rounds) == ("EOD", PRICE + 3, 3)
    assert (out.slow_told, out.closes) == (False, 5)
    flat = replace(book, exits=(fill(STOP, 2, 2, -1),)).leaving(1, "EOD", PRICE, after(9))
    assert flat.exit is not None
    assert not flat.exit.restores
    short = replace(book, exits=(fill(STOP, 2, 3, -1),)).leaving(1, "R", PRICE, after(9))
    assert short.exit is not None
    assert short.exit.restores


def test_an_entry_keeps_the_instant_of_its_last_change() -> None:
    book = replace(sent(), doubt_told=True)
    assert book.entry_is(ParentState.SUBMITTED, after(5)) is book
    moved = book.entry_is(ParentState.ACKED, after(5))
    assert (moved.parent, moved.parent_at, moved.doubt_told) == (
        ParentState.ACKED, after(5), False,
    )  # fmt: skip
