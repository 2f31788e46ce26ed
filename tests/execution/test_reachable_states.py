"""Breadth-first over everything that can happen to one bracket, to a stated depth.

Every order of words, executions, ticks and requests is tried on every state that was reached;
states are told apart by what can still matter, times by how long ago, up to a minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from changing import replace
from domain.errors import IllegalTransition
from domain.execution.book import Book
from domain.execution.watch import Moment, watch
from domain.execution.wish import Amend, Cancel, Close, Kill, PlaceStop, PlaceTarget
from domain.execution.words import Step, cancel_entry, executed, heard
from domain.intent import EntryType, LearningKey, OrderIntent
from domain.orders import (
    Fill,
    OrderEvent,
    OrderEventKind,
    OrderRef,
    ParentEvent,
    ParentState,
    Role,
    parent_after,
)
from domain.units import SECOND, UtcNanos
from market_builders import PRICE, contracts

DEPTH: Final = int(os.environ.get("TRADEBOT_BFS_DEPTH", "3"))
T0: Final = 1_700_000_000 * SECOND
K = OrderEventKind
INTENT = OrderIntent(
    "2024-03-05-010-MES", "K1", 1, 1, EntryType.LIMIT, None, PRICE, PRICE - 8, PRICE + 16, 8, 16,
    T0, T0 + 90 * SECOND, 30, 0.18, None, 5.0, 0.5, 0.4, 0.5, 1.0,
    LearningKey("K1", "range", "opening"), False, "",
)  # fmt: skip
P = contracts().execution
WORDS = (K.ACK, K.CANCEL_ACK, K.CANCEL_REJECT, K.REJECT, K.EXPIRE, K.UNKNOWN, K.SEND_FAILED,
         K.NOT_SENT, K.FILL, K.OPEN_ORDER)  # fmt: skip
TICKS = (1, 3, 6, 11, 16)


def start() -> Book:
    book = Book.of(INTENT, T0)
    return book.entry_is(parent_after(book.parent, ParentEvent.SEND), T0)


def word(ref: OrderRef, kind: OrderEventKind, at: UtcNanos) -> OrderEvent:
    price = PRICE - 8 if ref.role is Role.STOP else None
    return OrderEvent(str(ref), ref.role, kind, at, 1, 1, 1, "", 0, 1, 0, price)


def execution(ref: OrderRef, at: UtcNanos, number: int) -> Fill:
    side = 1 if ref.role is Role.ENTRY else -1
    return Fill(f"x{number}", str(ref), ref.role, 1, side, 1, PRICE, at)


def successors(book: Book, now: UtcNanos) -> Iterator[tuple[str, UtcNanos, Step]]:
    """Everything that can happen next; what is illegal raises and is left out."""
    refs = [book.entry_ref, *(leg.ref for leg in book.legs)]
    executed_so_far = len(book.entries) + len(book.exits)
    for ref in refs:
        for kind in WORDS:
            try:
                yield f"{kind.value} {ref}", now, heard(book, ref, word(ref, kind, now))
            except IllegalTransition:
                continue
        if executed_so_far < 4:
            try:
                fill = execution(ref, now, executed_so_far)
                yield f"fill {ref}", now, executed(book, ref, fill)
            except IllegalTransition:
                pass
    for reason in ("TTL", "KILL"):
        yield f"cancel {reason}", now, cancel_entry(book, reason, now)
    for seconds in TICKS:
        later = now + seconds * SECOND
        for connected in (True, False):
            moment = Moment(later, PRICE, connected, may_offer=True)
            yield f"tick {seconds} {connected}", later, watch(book, moment, P)
    if book.open_qty > 0 and (book.exit is None or not book.exit.alive):
        yield "exit", now, Step(book.leaving(book.open_qty, "EOD", PRICE, now))


def carried_out(step: Step, now: UtcNanos) -> Book:
    """The book after the wish that changes it beyond the rules: a market exit."""
    book = step.book
    for wish in step.wishes:
        leaving = book.exit is not None and book.exit.alive
        if isinstance(wish, Close) and book.open_qty > 0 and not leaving:
            book = book.leaving(min(wish.qty, book.open_qty), wish.reason, PRICE, now)
        if isinstance(wish, Cancel) and wish.ref == book.entry_ref:
            book = cancel_entry(book, wish.reason, now).book
    return book


def key(value: object, now: UtcNanos) -> object:
    """What tells two states apart: instants become ages of at most a minute."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(key(getattr(value, f.name), now) for f in fields(value))
    if isinstance(value, tuple):
        return tuple(key(v, now) for v in value)
    if isinstance(value, int) and value > T0 - 1:
        return min((now - value) // SECOND, 60)
    return value


def check(name: str, before: Book, step: Step, after: Book) -> None:
    """What must hold of every single step."""
    assert after.filled >= before.filled
    assert after.closed >= before.closed
    assert (after.parent is ParentState.CREATED) <= (before.parent is ParentState.CREATED), name
    kills = [w for w in step.wishes if isinstance(w, Kill)]
    if after.filled > max(before.filled, after.qty) or after.open_qty < min(before.open_qty, 0):
        assert kills, name
    placed = [w for w in step.wishes if isinstance(w, PlaceStop | PlaceTarget | Amend | Close)]
    for wish in placed:
        assert 1 <= wish.qty <= before.open_qty or isinstance(wish, Amend), (name, wish)
        assert step.book.open_qty > 0, (name, wish)
    refs = [leg.ref for leg in after.legs]
    assert len(refs) == len(set(refs)), name
    exits = [leg for leg in after.legs if leg.ref.role is Role.EXIT and leg.alive]
    assert len(exits) <= 1, name
    if after.settled:
        assert after.open_qty == 0
        assert not any(leg.alive for leg in after.legs)
    if any(isinstance(w, Close) for w in step.wishes) and before.exit is not None:
        assert not before.exit.alive, name


def test_every_reachable_state_keeps_the_rules() -> None:
    seen = {key(start(), T0)}
    level = [(start(), T0)]
    steps = 0
    for _ in range(DEPTH):
        following: list[tuple[Book, UtcNanos]] = []
        for book, now in level:
            for name, later, step in successors(book, now):
                steps += 1
                after = carried_out(step, later)
                check(name, book, step, after)
                same = replace(after, stops=min(after.stops, 3), closes=min(after.closes, 3))
                mark = key(same, later)
                if mark not in seen:
                    seen.add(mark)
                    following.append((after, later))
        level = following
    assert steps > 4_000 * DEPTH
    assert len(seen) > 1_000
