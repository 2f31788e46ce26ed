"""Bring a bracket to the broker's truth (execution.md 5 and 6): executions first, then orders.

Nothing here sends anything: what is missing afterwards is found by the tick rules.
"""

from __future__ import annotations

from typing import Final

from domain.execution.book import Book, Leg
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.execution.wish import Cancel, Wish
from domain.execution.words import Step, executed
from domain.management_parameters import ExecutionParameters
from domain.orders import (
    ChildEvent,
    ChildState,
    OrderEventKind,
    ParentState,
    Role,
    child_after,
    ref_of,
)
from domain.units import SECOND

RESOLVED: Final = "Resolved"
_DEAD: Final = {
    OrderEventKind.CANCEL_ACK: ParentState.CANCELED,
    OrderEventKind.EXPIRE: ParentState.CANCELED,
    OrderEventKind.REJECT: ParentState.REJECTED,
}


def book_executions(book: Book, truth: BrokerTruth) -> tuple[Step, ...]:
    """One step for each execution of this bracket that was not known, oldest first.

    Errors: IllegalTransition.
    """
    steps: list[Step] = []
    for fill in sorted(truth.executions, key=lambda f: (f.time, f.exec_id)):
        ref = ref_of(fill.order_ref)
        if ref is None or ref.group != book.name or book.knows(fill.exec_id):
            continue
        step = executed(book, ref, fill)
        book = step.book
        steps.append(step)
    return tuple(steps)


def resolve(book: Book, truth: BrokerTruth, p: ExecutionParameters) -> Step:
    """Every order that is not terminal takes the broker's state; executions are booked before."""
    found = {o.order_ref: o for o in truth.orders if o.ours}
    done = {o.order_ref: o for o in truth.done}
    book, wishes = _entry(book, found.get(str(book.entry_ref)), done, truth, p)
    for leg in book.legs:
        book = book.with_leg(_leg(book, leg, found.get(str(leg.ref)), done, truth, p))
    wishes += _strangers(book, found)
    book = book._replace(read_at=truth.at)
    if book.provisional_at is not None and settled_since(book.provisional_at, truth, p):
        book = book._replace(provisional_at=None)
    return Step(book, wishes, RESOLVED)


def settled_since(instant: int, truth: BrokerTruth, p: ExecutionParameters) -> bool:
    """True if the settle time has passed since, with the link in order all the while."""
    wait = p.settle_s * SECOND
    return truth.at - instant >= wait and truth.at - truth.healthy_since >= wait


def _entry(
    book: Book,
    order: OpenOrder | None,
    done: dict[str, DoneOrder],
    truth: BrokerTruth,
    p: ExecutionParameters,
) -> tuple[Book, tuple[Wish, ...]]:
    at = truth.at
    if order is not None:
        if order.unknown:
            return book.entry_is(ParentState.ERROR, at), ()
        state = ParentState.PARTIALLY_FILLED if book.filled else ParentState.ACKED
        if not book.entry_alive:  # it was believed dead, and it works: it must not
            return book.entry_is(ParentState.ERROR, at)._replace(never_arrived=False), (
                Cancel(book.entry_ref, "LATE"),
            )
        book = book.entry_is(state, at)
        asked = book.cancel_at
        if asked is None or at - asked < p.cancel_timeout_s * SECOND:
            return book, ()
        # The cancel was not answered and the order works: ask again.
        again = Cancel(book.entry_ref, book.cancel_reason or "AGAIN")
        return book._replace(cancel_at=at), (again,)
    if not book.entry_alive or book.parent is ParentState.CREATED:
        return book, ()
    if book.filled == book.qty:
        return book.entry_is(ParentState.FILLED, at), ()
    end = done.get(str(book.entry_ref))
    if end is not None:
        if end.filled > book.filled or end.how not in _DEAD:
            return book, ()  # an execution is still to come
        return book.entry_is(_DEAD[end.how], at)._replace(provisional_at=at), ()
    if not settled_since(book.sent_at, truth, p):
        return book, ()
    lost = book.filled == 0 and book.parent in (ParentState.SUBMITTED, ParentState.ERROR)
    book = book.entry_is(ParentState.CANCELED, at)
    return book._replace(never_arrived=lost, provisional_at=at), ()


def _leg(
    book: Book,
    leg: Leg,
    order: OpenOrder | None,
    done: dict[str, DoneOrder],
    truth: BrokerTruth,
    p: ExecutionParameters,
) -> Leg:
    if order is not None:
        if order.unknown:
            return leg if leg.doubt_since is not None else leg._replace(doubt_since=truth.at)
        if leg.state is ChildState.FILLED:
            return leg
        return leg._replace(
            state=child_after(leg.state, ChildEvent.PLACED),
            price=order.price if order.price is not None else leg.price,
            qty=order.qty,
            held=order.held,
            doubt_since=None,
        )
    if not leg.alive:
        return leg
    end = done.get(str(leg.ref))
    if end is not None:
        closed = sum(f.qty for f in book.exits if f.order_ref == str(leg.ref))
        if end.filled > closed:
            return leg  # its execution is still to come
        event = ChildEvent.REJECT if end.how is OrderEventKind.REJECT else ChildEvent.CANCEL_ACK
        return leg._replace(state=child_after(leg.state, event), doubt_since=None)
    if not book.entry_alive and book.filled == 0:
        return leg._replace(state=child_after(leg.state, ChildEvent.PARENT_DEAD))
    if not settled_since(leg.placed_at, truth, p) and leg.state is ChildState.CREATED:
        return leg  # it may be on its way
    return leg._replace(state=child_after(leg.state, ChildEvent.VANISHED), doubt_since=None)


def _strangers(book: Book, found: dict[str, OpenOrder]) -> tuple[Wish, ...]:
    """Closing orders of this bracket that the book has no leg for: nothing may be left of them."""
    wishes: list[Wish] = []
    for text in found:
        ref = ref_of(text)
        if ref is None or ref.group != book.name or ref.role is Role.ENTRY:
            continue
        if book.leg(ref) is None:
            wishes.append(Cancel(ref, "UNRECORDED"))
    return tuple(wishes)


def next_numbers(book: Book, truth: BrokerTruth) -> Book:
    """Let no reference be used twice: numbers go on after the largest the broker has seen."""
    refs = [o.order_ref for o in truth.orders]
    refs += [f.order_ref for f in truth.executions] + [o.order_ref for o in truth.done]
    stops, targets, closes = book.stops, book.targets, book.closes
    for text in refs:
        ref = ref_of(text)
        if ref is None or ref.group != book.name:
            continue
        stops = max(stops, ref.number) if ref.role is Role.STOP else stops
        targets = max(targets, ref.number) if ref.role is Role.TARGET else targets
        closes = max(closes, ref.number) if ref.role is Role.EXIT else closes
    return book._replace(stops=stops, targets=targets, closes=closes)
