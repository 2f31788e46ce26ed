"""What a broker's word does to a bracket (execution.md 2 and 3).

An event that its state forbids raises IllegalTransition; the caller records it, leaves the
book as it was and pulls the kill switch.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.execution.book import Book, Leg
from domain.execution.wish import Amend, Ask, Cancel, Close, Incident, Kill, Wish
from domain.orders import (
    ChildEvent,
    ChildState,
    Fill,
    OrderEvent,
    OrderEventKind,
    OrderRef,
    ParentEvent,
    ParentState,
    Role,
    child_after,
    parent_after,
)
from domain.quality_parameters import IncidentKind
from domain.units import UtcNanos


class Step(NamedTuple):
    """The next book, what follows from it, and the event that moved a state, if one did."""

    book: Book
    wishes: tuple[Wish, ...] = ()
    cause: str = ""


_K: Final = OrderEventKind
_PARENT: Final = {
    _K.ACK: ParentEvent.ACK,
    _K.OPEN_ORDER: ParentEvent.ACK,
    _K.CANCEL_ACK: ParentEvent.CANCEL_ACK,
    _K.CANCEL_REJECT: ParentEvent.CANCEL_REJECT,
    _K.REJECT: ParentEvent.REJECT,
    _K.EXPIRE: ParentEvent.EXPIRE,
    _K.UNKNOWN: ParentEvent.UNKNOWN,
    _K.SEND_FAILED: ParentEvent.SEND_FAILED,
}
_CHILD: Final = {
    _K.ACK: ChildEvent.PLACED,
    _K.OPEN_ORDER: ChildEvent.PLACED,
    _K.CANCEL_ACK: ChildEvent.CANCEL_ACK,
    _K.EXPIRE: ChildEvent.CANCEL_ACK,
    _K.REJECT: ChildEvent.REJECT,
    _K.NOT_SENT: ChildEvent.CANCEL_ACK,
}
_DEAD: Final = frozenset({ParentState.CANCELED, ParentState.REJECTED})


def heard(book: Book, ref: OrderRef, report: OrderEvent) -> Step:
    """Take a broker's word about one order; fills are moved by executions alone.

    Errors: IllegalTransition.
    """
    if ref.role is Role.ENTRY:
        return _entry(book, report)
    leg = book.leg(ref)
    if leg is None:
        return Step(book, (Ask(ref, "a closing order that is not known here"),))
    return _closing(book, leg, report)


def executed(book: Book, ref: OrderRef, fill: Fill) -> Step:
    """Book one execution, once. Errors: IllegalTransition."""
    if book.knows(fill.exec_id):
        return Step(book)
    return _opened(book, fill) if ref.role is Role.ENTRY else _reduced(book, ref, fill)


# ---- the entry


def _entry(book: Book, report: OrderEvent) -> Step:
    at, event = report.time, _PARENT.get(report.kind)
    if report.kind in (_K.FILL, _K.PARTIAL):
        return Step(_claims(book, report))
    if report.kind is _K.NOT_SENT:
        return Step(_never_sent(book, at), (), ParentEvent.CANCEL_REQUESTED.value)
    if event is None:
        return Step(book)
    before = book.parent
    after = parent_after(before, event)
    if before is ParentState.CANCELED and event is ParentEvent.ACK and book.never_arrived:
        after = ParentState.ERROR  # it did arrive, late
    wishes: tuple[Wish, ...] = ()
    ref = book.entry_ref
    if event is ParentEvent.REJECT and before is not after:
        wishes += (Incident(IncidentKind.ORDER_REJECTED, ref),)
    if event is ParentEvent.CANCEL_REJECT and book.entry_alive:
        wishes += (Incident(IncidentKind.CANCEL_REJECTED, ref), Ask(ref, "cancel refused"))
    if event is ParentEvent.UNKNOWN or (after is ParentState.ERROR and before is not after):
        wishes += (Ask(ref, f"{event.value} in {before.value}"),)
    if after is ParentState.ERROR and before in _DEAD:
        wishes += (Cancel(ref, "LATE"),)
    book = book.entry_is(after, at)
    if after in _DEAD:
        book = book._replace(provisional_at=at)
    return Step(_claims(book, report), wishes, event.value)


def _claims(book: Book, report: OrderEvent) -> Book:
    """Remember how much a status says was filled: executions must add up to it."""
    return book._replace(claimed=max(book.claimed, report.filled))


def _never_sent(book: Book, at: UtcNanos) -> Book:
    """Nothing of the bracket left the process, so nothing of it can come back."""
    dead = ChildState.CANCELED
    return book.entry_is(ParentState.CANCELED, at)._replace(
        stop=book.stop._replace(state=dead),
        target=book.target._replace(state=dead),
    )


def _opened(book: Book, fill: Fill) -> Step:
    if fill.side != book.side or book.filled + fill.qty > book.qty:
        what = "overfilled" if fill.side == book.side else "filled on the other side"
        book = book._replace(entries=(*book.entries, fill))
        return Step(book, (Kill("CONSTITUTION_VIOLATION", f"{fill.order_ref}: {what}"),), "Fill")
    whole = book.filled + fill.qty == book.qty
    event = ParentEvent.FILL if whole else ParentEvent.PARTIAL_FILL
    before = book.parent
    after = parent_after(before, event)
    book = book.entry_is(after, fill.time)._replace(
        entries=(*book.entries, fill),
        stop=book.stop._replace(held=False),
        target=book.target._replace(held=False),
    )
    wishes: tuple[Wish, ...] = ()
    if not whole:
        wishes += (Incident(IncidentKind.PARTIAL_FILL, book.entry_ref),)
    if after is ParentState.ERROR and before is not after:
        wishes += (Ask(book.entry_ref, f"a fill in {before.value}"),)
    wishes += (Ask(book.entry_ref, "filled"),)
    return Step(book, (*wishes, *_resized(book)), event.value)


# ---- closing orders


def _closing(book: Book, leg: Leg, report: OrderEvent) -> Step:
    at, kind = report.time, report.kind
    if kind in (_K.UNKNOWN, _K.SEND_FAILED):
        leg = leg if leg.doubt_since is not None else leg._replace(doubt_since=at)
        return Step(book.with_leg(leg), (Ask(leg.ref, "unknown state"),))
    if kind is _K.CANCEL_REJECT:
        if leg.ref == book.stop.ref and book.stop_was is not None:
            book = book._replace(stop_price=book.stop_was, stop_was=None)  # the old stop stands
            book = book.with_leg(leg._replace(cancel_at=None))
        elif leg.cancel_at is not None:
            book = book.with_leg(leg._replace(cancel_at=at))  # again after a pause, not at once
        return Step(book, (Ask(leg.ref, "change refused"),) if leg.alive else ())
    if kind in (_K.FILL, _K.PARTIAL):
        known = sum(f.qty for f in book.exits if f.order_ref == str(leg.ref))
        ask = (Ask(leg.ref, "a fill without an execution"),)
        return Step(book, ask if report.filled > known else ())
    event = _CHILD.get(kind)
    if event is None:
        return Step(book)
    after = child_after(leg.state, event)
    wishes: tuple[Wish, ...] = ()
    if event is ChildEvent.REJECT and leg.alive:
        wishes += (Incident(IncidentKind.ORDER_REJECTED, leg.ref),)
    if event is ChildEvent.PLACED and leg.state in (ChildState.CANCELED, ChildState.FAILED):
        wishes += (Ask(leg.ref, "alive after all"),)
    price = leg.price
    if event is ChildEvent.PLACED and report.price is not None:
        price = report.price
    moved = leg._replace(state=after, doubt_since=None, price=price)
    if leg.ref == book.stop.ref and price == book.stop_price and price != leg.price:
        moved, book = moved._replace(cancel_at=None), book._replace(stop_was=None)
    book = book.with_leg(moved)
    if not moved.alive:
        book = book._replace(provisional_at=at)
    return Step(book, wishes, event.value)


def _reduced(book: Book, ref: OrderRef, fill: Fill) -> Step:
    leg = book.leg(ref)
    cause = ChildEvent.FILL.value
    if leg is not None:
        left = leg.qty - fill.qty
        state = child_after(leg.state, ChildEvent.FILL) if left <= 0 else leg.state
        book = book.with_leg(leg._replace(qty=left, state=state, doubt_since=None))
    before = book.open_qty
    book = book._replace(exits=(*book.exits, fill))
    after = book.open_qty
    if after < min(before, 0) or after > max(before, 0):  # away from flat
        kill = Kill("DOUBLE_EXIT", f"{fill.order_ref}: nothing to close")
        return Step(book, (kill, Ask(ref, "filled twice")), cause)
    if before < 0:
        return Step(book, (Ask(ref, "filled"),), cause)  # our own excess, bought back
    wishes: list[Wish] = [Ask(ref, "filled")]  # at once: has the other exit filled too?
    if book.entry_alive and book.cancel_reason is None:
        wishes.append(Cancel(book.entry_ref, "EXIT"))  # the rest would be a second entry
    if book.open_qty > 0:
        wishes.append(Incident(IncidentKind.PARTIAL_FILL, ref))
        if ref.role is Role.STOP:
            wishes.append(Close(book.open_qty, "STOP"))
        elif ref.role is Role.TARGET and book.untargeted.since is None:
            book = book._replace(untargeted=book.untargeted._replace(since=fill.time))
    return Step(book, (*wishes, *_resized(book)), cause)


def _resized(book: Book) -> tuple[Wish, ...]:
    """Stop and target for exactly what is open (execution.md 4, partial fills)."""
    return tuple(
        Amend(leg.ref, leg.price, book.open_qty)
        for leg in (book.stop, book.target)
        if leg.working and leg.price is not None and 0 < book.open_qty != leg.qty
    )


def cancel_entry(book: Book, reason: str, at: UtcNanos) -> Step:
    """Ask for the entry's cancel, once; an entry that was never sent is dead at once."""
    if not book.entry_alive or book.cancel_reason is not None:
        return Step(book)
    after = parent_after(book.parent, ParentEvent.CANCEL_REQUESTED)
    book = book.entry_is(after, at)._replace(cancel_reason=reason, cancel_at=at)
    if after is ParentState.CANCELED:
        return Step(_never_sent(book, at), (), ParentEvent.CANCEL_REQUESTED.value)
    return Step(book, (Cancel(book.entry_ref, reason),), ParentEvent.CANCEL_REQUESTED.value)
