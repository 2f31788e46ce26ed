"""The tick rules: what is missing, since when, and what is done about it (execution.md 4, 7).

`watch` is asked every second and after each word of the broker. Every rule acts once and
waits for the answer; the instants stand in the book, so a replay waits as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from domain.execution.book import CALM, Book, Leg
from domain.execution.wish import (
    Amend,
    Ask,
    Cancel,
    Close,
    Incident,
    Kill,
    PlaceStop,
    PlaceTarget,
    Wish,
)
from domain.execution.words import Step, cancel_entry
from domain.management_parameters import ExecutionParameters
from domain.orders import ChildState, OrderRef, ParentEvent, ParentState, Role, parent_after
from domain.quality_parameters import IncidentKind
from domain.units import SECOND, Ticks, UtcNanos

STATE_UNKNOWN_S: Final = 10
"""An order's state unknown for longer is an incident (quality.md 2)."""
RESOLVE_S: Final = 15
"""An order's state unknown for longer, while connected, is a kill (law.md 3)."""
SLOW_EXIT_S: Final = 5
TARGET_S: Final = 5
TARGET_TRIES: Final = 2
CHILD_ACK_S: Final = 5
FLATTEN_PAUSE_S: Final = 30
PARTIAL_TARGET_S: Final = 60
CLAIM_S: Final = 2
LEFTOVER_S: Final = 2


class Moment(NamedTuple):
    """What a tick knows: the time, the last trade, whether the broker can be reached, and whether
    new resting exits are allowed (quality.md 4: not below the EQS hold line)."""

    now: UtcNanos
    last: Ticks
    connected: bool
    may_offer: bool


Rule = Callable[[Book, Moment, ExecutionParameters], Step]


def watch(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """Let every rule look at the book, in the order of the page."""
    wishes: list[Wish] = []
    for rule in RULES:
        step = rule(book, moment, p)
        book = step.book
        wishes += step.wishes
    return Step(book, tuple(wishes), "watch")


def missed(book: Book, at: UtcNanos) -> Book:
    """The book after a word about its stop: one that has ceased to work is missed from then on,
    not from the next tick, which may be seconds away where the market brings the time."""
    if book.protected or book.unprotected.since is not None:
        return book
    return book._replace(unprotected=book.unprotected._replace(since=at))


def _after(since: UtcNanos, seconds: int, moment: Moment) -> bool:
    return moment.now - since >= seconds * SECOND


def _protection(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """A position whose stop does not work: look again, re-place, flatten."""
    guard = book.unprotected
    if book.protected:
        return Step(book if guard is CALM else book._replace(unprotected=CALM))
    if guard.since is None:
        return Step(book._replace(unprotected=guard._replace(since=moment.now)))
    if not guard.told:
        if not _after(guard.since, p.protection_grace_s, moment):
            return Step(book)
        told = book._replace(unprotected=guard._replace(told=True, tried_at=moment.now))
        ask = Ask(book.stop.ref, "no working stop")
        return Step(told, (Incident(IncidentKind.PROTECTION_LOST, book.stop.ref), ask))
    if not moment.connected or (book.exit is not None and book.exit.alive):
        return Step(book)
    if guard.tries == 0:
        read = book.read_at >= guard.tried_at
        return _protect(book, moment) if read or _after(guard.tried_at, 1, moment) else Step(book)
    if not _after(guard.tried_at, p.protection_retry_s, moment):
        return Step(book)
    if guard.tries < p.protection_attempts:
        return _protect(book, moment)
    kill = Kill("PROTECTION_FAILED", f"{book.stop.ref} does not work")
    return Step(book._replace(unprotected=guard._replace(tried_at=moment.now)), (kill,))


def _protect(book: Book, moment: Moment) -> Step:
    """Place the stop anew for what is not covered, or leave if the market is beyond it."""
    guard = book.unprotected._replace(
        tries=book.unprotected.tries + 1, tried_at=moment.now, told=True
    )
    book = book._replace(unprotected=guard)
    if book.side * (moment.last - book.stop_price) <= 0:
        return Step(book, (Close(book.open_qty, "STOP"),))
    return place_stop(book, moment.now)


def place_stop(book: Book, now: UtcNanos) -> Step:
    """The next stop at the recorded price; what may be left of the old one is cancelled."""
    ref = OrderRef(book.name, Role.STOP, book.stops + 1)
    leg = Leg(ref, ChildState.CREATED, book.stop_price, book.open_qty, now)
    old = book.stop
    wishes: tuple[Wish, ...] = (PlaceStop(ref, book.stop_price, book.open_qty),)
    if old.alive:
        wishes += (Cancel(old.ref, "REPLACED"),)
        book = book.with_leg(old._replace(cancel_at=now))
    return Step(book.replaced(leg), wishes)


def _naked_entry(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """An entry that works without a stop behind it is cancelled at once."""
    if not book.entry_alive or book.filled or book.parent is ParentState.CREATED:
        return Step(book)
    stop = book.stop
    silent = stop.state is ChildState.CREATED and _after(stop.placed_at, CHILD_ACK_S, moment)
    if stop.alive and not silent:
        return Step(book)
    return cancel_entry(book, "PROTECTION", moment.now)


def _target(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """A protected position without a target gets a new one; failing twice it goes on without."""
    guard = book.untargeted
    leaving = book.exit is not None and book.exit.alive
    if book.open_qty <= 0 or leaving or not book.protected:
        return Step(book)
    if book.target.working:
        if book.closed and guard.since is not None:  # partly filled: the rest has a minute
            if _after(guard.since, PARTIAL_TARGET_S, moment):
                return Step(book, (Close(book.open_qty, "TARGET"),))
            return Step(book)
        return Step(book if guard is CALM else book._replace(untargeted=CALM))
    if guard.since is None:
        return Step(book._replace(untargeted=guard._replace(since=moment.now)))
    if guard.told or not moment.connected or not moment.may_offer:
        return Step(book)
    waited = guard.since if guard.tries == 0 else guard.tried_at
    if not _after(waited, TARGET_S, moment):
        return Step(book)
    if guard.tries == TARGET_TRIES:
        done = book._replace(untargeted=guard._replace(told=True))
        return Step(done, (Incident(IncidentKind.ORDER_REJECTED, book.target.ref),))
    ref = OrderRef(book.name, Role.TARGET, book.targets + 1)
    leg = Leg(ref, ChildState.CREATED, book.target_price, book.open_qty, moment.now)
    again = guard._replace(tries=guard.tries + 1, tried_at=moment.now)
    tried = book._replace(untargeted=again)
    wishes: tuple[Wish, ...] = (PlaceTarget(ref, book.target_price, book.open_qty),)
    if book.target.alive:
        wishes += (Cancel(book.target.ref, "REPLACED"),)
        tried = tried.with_leg(book.target._replace(cancel_at=moment.now))
    return Step(tried.replaced(leg), wishes)


def _same_price(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """The broker's stop must stand at the recorded price; a tighter one is kept and recorded."""
    stop = book.stop
    if book.open_qty <= 0 and not book.entry_alive:  # a leftover, whatever its price
        return Step(book)
    if not stop.working or stop.price is None or stop.price == book.stop_price:
        return Step(book)
    if book.side * (stop.price - book.stop_price) > 0 and stop.cancel_at is None:
        return Step(book._replace(stop_price=stop.price))
    asked = stop.placed_at if stop.cancel_at is None else stop.cancel_at
    if not moment.connected or not _after(asked, p.protection_grace_s, moment):
        return Step(book)
    book = book.with_leg(stop._replace(cancel_at=moment.now))
    return Step(book, (Amend(stop.ref, book.stop_price, max(book.open_qty, stop.qty)),))


def _extras(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """Replaced orders that came alive again: beside the working stop and target they go."""
    if book.open_qty <= 0 or not book.stop.working or not moment.connected:
        return Step(book)
    wishes: list[Wish] = []
    for leg in book.late:
        asked = leg.cancel_at
        if leg.alive and (asked is None or _after(asked, p.cancel_timeout_s, moment)):
            book = book.with_leg(leg._replace(cancel_at=moment.now))
            wishes.append(Cancel(leg.ref, "EXTRA"))
    return Step(book, tuple(wishes))


def _leftovers(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """Closing orders that outlive the position are cancelled: each could open one."""
    if book.open_qty > 0 or book.entry_alive or not moment.connected:
        return Step(book)
    flat_since = max(
        book.parent_at, *(f.time for f in book.exits), *(leg.placed_at for leg in book.legs)
    )
    wishes: list[Wish] = []
    for leg in book.legs:
        if not leg.alive or (leg.restores and book.open_qty < 0):
            continue
        since, wait = flat_since, LEFTOVER_S
        if leg.cancel_at is not None and leg.cancel_at >= flat_since:
            since, wait = leg.cancel_at, p.cancel_timeout_s
        if _after(since, wait, moment):
            book = book.with_leg(leg._replace(cancel_at=moment.now))
            wishes.append(Cancel(leg.ref, "LEFTOVER"))
            if wait == p.cancel_timeout_s:
                wishes.append(Ask(leg.ref, "cancel not answered"))
    return Step(book, tuple(wishes))


def _silence(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """No acknowledgement, no answer to a cancel: the state is unknown, nothing is resent."""
    ref = book.entry_ref
    if book.parent is ParentState.SUBMITTED and book.cancel_at is None:
        if not _after(book.parent_at, p.ack_timeout_s, moment):
            return Step(book)
        told: tuple[Wish, ...] = (Incident(IncidentKind.ACK_TIMEOUT, ref),)
    elif book.entry_alive and book.cancel_at is not None and book.parent is not ParentState.ERROR:
        if not _after(book.cancel_at, p.cancel_timeout_s, moment):
            return Step(book)
        told = ()
    else:
        return Step(book)
    after = parent_after(book.parent, ParentEvent.TIMEOUT)
    return Step(book.entry_is(after, moment.now), (*told, Ask(ref, "no answer")))


def _unknown(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """An order whose state stays unknown: an incident, then the kill switch."""
    doubts = [leg.doubt_since for leg in book.legs if leg.doubt_since is not None and leg.alive]
    if book.parent is ParentState.ERROR:
        doubts.append(book.parent_at)
    if not doubts or not moment.connected:
        return Step(book)
    since = min(doubts)
    if _after(since, RESOLVE_S, moment):
        return Step(book, (Kill("ORDER_STATE_UNKNOWN", f"{book.name}: unknown for {RESOLVE_S} s"),))
    if book.doubt_told or not _after(since, STATE_UNKNOWN_S, moment):
        return Step(book)
    told = book._replace(doubt_told=True)
    return Step(told, (Incident(IncidentKind.STATE_UNKNOWN, book.entry_ref),))


def _claims(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """A status spoke of fills that no execution has shown: read them."""
    since = max(book.parent_at, book.read_at)
    if book.claimed <= book.filled or not _after(since, CLAIM_S, moment):
        return Step(book)
    ask = Ask(book.entry_ref, "a fill without an execution")
    return Step(book._replace(read_at=moment.now), (ask,))


def _exit(book: Book, moment: Moment, p: ExecutionParameters) -> Step:
    """A market exit that does not fill: cancel, wait for the answer, look again, the next one."""
    leg, open_qty = book.exit, book.open_qty
    if leg is None or open_qty == 0 or book.exit_reason is None:
        return Step(book)
    if open_qty < 0 and not leg.restores:  # sent for what was open: a leftover now
        return Step(book)
    if leg.alive:
        return _slow_exit(book, leg, moment, p)
    if not moment.connected or book.read_at < (book.provisional_at or 0):
        return Step(book)
    pause = p.flatten_retry_s if book.exit_rounds < p.flatten_rounds else FLATTEN_PAUSE_S
    if not _after(leg.placed_at, pause, moment):
        return Step(book)
    return Step(book, (Close(abs(open_qty), book.exit_reason),))


def _slow_exit(book: Book, leg: Leg, moment: Moment, p: ExecutionParameters) -> Step:
    wishes: tuple[Wish, ...] = ()
    if not book.slow_told and _after(leg.placed_at, SLOW_EXIT_S, moment):
        book = book._replace(slow_told=True)
        wishes = (Incident(IncidentKind.SLOW_EXIT, leg.ref),)
    pause = p.flatten_retry_s if book.exit_rounds < p.flatten_rounds else FLATTEN_PAUSE_S
    asked = leg.cancel_at
    if not moment.connected or not _after(leg.placed_at if asked is None else asked, pause, moment):
        return Step(book, wishes)
    # In a halt the broker keeps the order and does not answer: it is live, nothing is resent.
    book = book.with_leg(leg._replace(cancel_at=moment.now))
    return Step(book, (*wishes, Cancel(leg.ref, "RETRY"), Ask(leg.ref, "exit not filled")))


RULES: Final[tuple[Rule, ...]] = (
    _claims,
    _silence,
    _unknown,
    _naked_entry,
    _protection,
    _target,
    _same_price,
    _extras,
    _leftovers,
    _exit,
)
