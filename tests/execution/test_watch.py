"""Every tick rule at its instant and a moment before: what is done, in which order, how often."""

from __future__ import annotations

import pytest

from brackets import (
    ENTRY,
    EXIT,
    GROUP,
    JUST,
    STOP,
    TARGET,
    K,
    accepted,
    after,
    fill,
    opened,
    quiet,
    sent,
    tick,
    word,
)
from changing import replace
from domain.execution import watch
from domain.execution.book import CALM, Book, Guard, Leg
from domain.execution.watch import place_stop
from domain.execution.wish import (
    Amend,
    Ask,
    Cancel,
    Close,
    Incident,
    Kill,
    PlaceStop,
    PlaceTarget,
)
from domain.execution.words import executed, heard
from domain.orders import ChildState, OrderRef, ParentState, Role
from domain.quality_parameters import IncidentKind
from market_builders import PRICE

STOP_1 = OrderRef(GROUP, Role.STOP, 1)
TARGET_1 = OrderRef(GROUP, Role.TARGET, 1)
LOST = (Incident(IncidentKind.PROTECTION_LOST, STOP), Ask(STOP, "no working stop"))


def without_stop(side: int = 1) -> Book:
    """Open, and the stop has just been cancelled from outside at T0."""
    return heard(opened(side), STOP, word(STOP, K.CANCEL_ACK)).book


def without_target(side: int = 1) -> Book:
    return heard(opened(side), TARGET, word(TARGET, K.CANCEL_ACK)).book


def test_the_seconds_are_those_of_the_page() -> None:
    """execution.md 4 and 7; an unknown state: quality.md 2 and law.md 3."""
    assert (watch.STATE_UNKNOWN_S, watch.RESOLVE_S) == (10, 15)
    assert (watch.TARGET_S, watch.TARGET_TRIES, watch.PARTIAL_TARGET_S) == (5, 2, 60)
    assert (watch.CHILD_ACK_S, watch.LEFTOVER_S) == (5, 2)
    assert watch.FLATTEN_PAUSE_S == 30


def test_nothing_is_done_where_nothing_is_missing() -> None:
    for book in (accepted(), opened(), replace(sent(), parent=ParentState.CREATED)):
        assert quiet(book, 3_600) == book


# ---- protection


@pytest.mark.parametrize("side", [1, -1])
def test_a_lost_stop_is_told_then_replaced_twice_then_kills(side: int) -> None:
    book = quiet(without_stop(side), 1)
    assert book.unprotected == Guard(since=after(1))
    book = quiet(book, 3 - JUST)
    told = tick(book, 3)
    assert told.wishes == LOST
    assert told.book.unprotected == Guard(after(1), True, 0, after(3))
    book = quiet(told.book, 4 - JUST)  # not read yet
    first = tick(book, 4, last=PRICE)
    assert first.wishes == (PlaceStop(STOP_1, PRICE - 8 * side, 2),)
    assert first.book.unprotected == Guard(after(1), True, 1, after(4))
    assert first.book.stop == Leg(STOP_1, ChildState.CREATED, PRICE - 8 * side, 2, after(4))
    assert first.book.stops == 1
    assert [leg.ref for leg in first.book.late] == [STOP]
    book = quiet(first.book, 8 - JUST)
    second = tick(book, 8)
    ref = OrderRef(GROUP, Role.STOP, 2)
    assert second.wishes == (PlaceStop(ref, PRICE - 8 * side, 2), Cancel(STOP_1, "REPLACED"))
    assert second.book.unprotected.tries == 2
    book = quiet(second.book, 12 - JUST)
    third = tick(book, 12)
    assert third.wishes == (Kill("PROTECTION_FAILED", f"{ref} does not work"),)
    assert third.book.unprotected == Guard(after(1), True, 2, after(12))
    book = quiet(third.book, 16 - JUST)
    assert tick(book, 16).wishes == third.wishes


def test_a_read_in_between_lets_the_stop_be_placed_at_once() -> None:
    told = tick(quiet(without_stop(), 1), 3).book
    assert quiet(replace(told, read_at=after(3) - 1), 3.5).stops == 0
    read = replace(told, read_at=after(3))
    assert tick(read, 3.5).wishes == (PlaceStop(STOP_1, PRICE - 8, 2),)


@pytest.mark.parametrize(("side", "last", "close"), [
    (1, PRICE - 7, False), (1, PRICE - 8, True), (1, PRICE - 9, True),
    (-1, PRICE + 7, False), (-1, PRICE + 8, True), (-1, PRICE + 9, True),
])  # fmt: skip
def test_beyond_its_stop_a_position_is_closed(side: int, last: int, close: bool) -> None:
    told = tick(quiet(without_stop(side), 1), 3).book
    step = tick(told, 5, last=last)
    assert isinstance(step.wishes[0], Close if close else PlaceStop)
    if close:
        assert step.wishes == (Close(2, "STOP"),)
    assert step.book.unprotected == Guard(after(1), True, 1, after(5))


def test_without_a_link_or_with_an_exit_on_its_way_no_stop_is_placed() -> None:
    told = tick(quiet(without_stop(), 1), 3).book
    assert quiet(told, 60, connected=False) == told
    out = told.leaving(2, "EOD", PRICE, after(4))
    assert quiet(out, 5).stops == 0
    gone = replace(told, exit=Leg(EXIT, ChildState.CANCELED, None, 2, after(3)))
    assert tick(gone, 5).wishes == (PlaceStop(STOP_1, PRICE - 8, 2),)


def test_a_stop_that_works_again_calms_the_guard() -> None:
    told = tick(quiet(without_stop(), 1), 3).book
    back = heard(told, STOP, word(STOP, K.ACK, after(4))).book
    assert quiet(back, 5).unprotected == CALM


def test_protection_counts_contracts_and_working_stops_only() -> None:
    book = opened()
    assert book.protected
    assert not replace(book, stop=replace(book.stop, qty=1)).protected
    assert not replace(book, stop=replace(book.stop, held=True)).protected
    assert not replace(book, stop=replace(book.stop, state=ChildState.CREATED)).protected
    assert replace(book, stop=replace(book.stop, qty=3)).protected
    late = replace(book.stop, ref=STOP_1, qty=1)
    assert replace(book, stop=replace(book.stop, qty=1), late=(late,)).protected
    targets = replace(book.target, ref=TARGET_1, qty=5)
    assert not replace(without_stop(), late=(targets,)).protected
    assert replace(book, exits=(fill(STOP, 7, 3, -1),), stop=replace(book.stop, qty=0)).protected
    assert accepted().protected


def test_placing_a_stop_cancels_what_lives_of_the_old_one() -> None:
    step = place_stop(opened(), after(7))
    assert step.wishes == (PlaceStop(STOP_1, PRICE - 8, 2), Cancel(STOP, "REPLACED"))
    assert step.book.late[0].cancel_at == after(7)
    assert step.book.late[0].ref == STOP
    assert step.book.stop.placed_at == after(7)


# ---- an entry without a stop behind it


@pytest.mark.parametrize("kind", [K.REJECT, K.CANCEL_ACK])
def test_an_entry_whose_stop_died_is_cancelled(kind: K) -> None:
    book = heard(accepted(), STOP, word(STOP, kind)).book
    step = tick(book, 1)
    assert Cancel(ENTRY, "PROTECTION") in step.wishes
    assert (step.book.cancel_reason, step.book.cancel_at) == ("PROTECTION", after(1))
    created = replace(book, parent=ParentState.CREATED)
    assert not any(isinstance(w, Cancel) for w in tick(created, 1).wishes)


def test_an_entry_whose_stop_is_silent_is_cancelled_after_five_seconds() -> None:
    book = heard(sent(), ENTRY, word(ENTRY, K.ACK)).book
    assert quiet(book, 5 - JUST).cancel_reason is None
    assert tick(book, 5).wishes == (Cancel(ENTRY, "PROTECTION"),)


def test_an_entry_that_has_filled_is_left_to_the_guard() -> None:
    book = executed(accepted(), ENTRY, fill(ENTRY, 1, 1)).book
    book = heard(book, STOP, word(STOP, K.CANCEL_ACK)).book
    assert quiet(book, 1).cancel_reason is None


# ---- the target


def test_a_lost_target_is_offered_twice_and_then_missed() -> None:
    book = quiet(without_target(), 1)
    assert book.untargeted == Guard(since=after(1))
    book = quiet(book, 6 - JUST)
    first = tick(book, 6)
    assert first.wishes == (PlaceTarget(TARGET_1, PRICE + 16, 2),)
    assert first.book.untargeted == Guard(after(1), False, 1, after(6))
    assert first.book.target == Leg(TARGET_1, ChildState.CREATED, PRICE + 16, 2, after(6))
    assert first.book.targets == 1
    book = quiet(first.book, 11 - JUST)
    second = tick(book, 11)
    ref = OrderRef(GROUP, Role.TARGET, 2)
    assert second.wishes == (PlaceTarget(ref, PRICE + 16, 2), Cancel(TARGET_1, "REPLACED"))
    assert second.book.untargeted == Guard(after(1), False, 2, after(11))
    book = quiet(second.book, 16 - JUST)
    given_up = tick(book, 16)
    assert given_up.wishes == (Incident(IncidentKind.ORDER_REJECTED, ref),)
    assert given_up.book.untargeted.told
    assert quiet(given_up.book, 17) == given_up.book


def test_no_target_is_offered_without_a_link_or_leave() -> None:
    book = quiet(without_target(), 1)
    assert quiet(book, 60, connected=False) == book
    assert quiet(book, 60, may_offer=False) == book


def test_no_target_is_offered_to_the_unprotected_the_leaving_and_the_flat() -> None:
    naked = heard(without_target(), STOP, word(STOP, K.CANCEL_ACK)).book
    assert tick(naked, 1).book.untargeted == CALM
    out = without_target().leaving(2, "EOD", PRICE, after(0))
    assert quiet(out, 1).untargeted == CALM
    dead_exit = replace(out, exit=Leg(EXIT, ChildState.CANCELED, None, 2, after(0)))
    assert quiet(dead_exit, 1).untargeted == Guard(since=after(1))
    flat = executed(without_target(), STOP, fill(STOP, 2, 2, -1)).book
    assert quiet(flat, 1).untargeted == CALM


def test_a_target_that_works_again_calms_the_guard() -> None:
    book = quiet(without_target(), 1)
    back = heard(book, TARGET, word(TARGET, K.ACK, after(2))).book
    assert quiet(back, 3).untargeted == CALM


def test_the_rest_of_a_part_filled_target_has_a_minute() -> None:
    book = executed(opened(), TARGET, fill(TARGET, 2, 1, -1, after(4))).book
    assert quiet(book, 64 - JUST).untargeted.since == after(4)
    assert tick(book, 64).wishes == (Close(1, "TARGET"),)


# ---- the same price on both sides


@pytest.mark.parametrize("side", [1, -1])
def test_a_looser_stop_at_the_broker_is_brought_back(side: int) -> None:
    book = opened(side)
    book = replace(book, stop=replace(book.stop, price=PRICE - 9 * side))
    assert quiet(book, 2 - JUST).stop_price == PRICE - 8 * side
    assert quiet(book, 60, connected=False).stop_price == PRICE - 8 * side
    step = tick(book, 2)
    assert step.wishes == (Amend(STOP, PRICE - 8 * side, 2),)
    assert step.book.stop.cancel_at == after(2)
    quiet(step.book, 4 - JUST)
    assert tick(step.book, 4).wishes == step.wishes


@pytest.mark.parametrize("side", [1, -1])
def test_a_tighter_stop_at_the_broker_is_kept(side: int) -> None:
    book = opened(side)
    book = replace(book, stop=replace(book.stop, price=PRICE - 7 * side))
    assert quiet(book, 1).stop_price == PRICE - 7 * side


def test_a_tighter_stop_during_a_change_of_ours_is_brought_back() -> None:
    book = opened()
    book = replace(book, stop=replace(book.stop, price=PRICE - 7, cancel_at=after(1)))
    assert quiet(book, 3 - JUST).stop_price == PRICE - 8
    assert tick(book, 3).wishes == (Amend(STOP, PRICE - 8, 2),)


def test_a_larger_stop_keeps_its_quantity_when_brought_back() -> None:
    book = opened()
    more = replace(book, stop=replace(book.stop, price=PRICE - 9, qty=3))
    assert tick(more, 2).wishes == (Amend(STOP, PRICE - 8, 3),)
    less = replace(book, stop=replace(book.stop, price=PRICE - 9, qty=1))
    assert Amend(STOP, PRICE - 8, 2) in tick(less, 2).wishes


def test_a_stop_without_a_price_or_at_rest_is_not_compared() -> None:
    book = opened()
    assert quiet(replace(book, stop=replace(book.stop, price=None)), 2).stop.price is None
    held = replace(accepted(), stop=replace(accepted().stop, price=PRICE - 9))
    assert quiet(held, 60) == held
