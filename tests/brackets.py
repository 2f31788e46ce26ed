"""A bracket of two contracts at every stage of its life, for tests to push on.

Its supervision times all differ, so that one cannot stand for another.
"""

from __future__ import annotations

from typing import Final

from changing import replace
from domain.execution.book import Book
from domain.execution.watch import Moment, watch
from domain.execution.words import Step, executed, heard
from domain.intent import EntryType, LearningKey, OrderIntent
from domain.orders import (
    Fill,
    OrderEvent,
    OrderEventKind,
    OrderRef,
    ParentEvent,
    Role,
    parent_after,
)
from domain.units import SECOND, UtcNanos
from market_builders import PRICE, contracts

K = OrderEventKind
T0: Final = 1_700_000_000 * SECOND
P: Final = replace(
    contracts().execution,
    ack_timeout_s=5,
    cancel_timeout_s=9,
    protection_grace_s=2,
    protection_retry_s=4,
    protection_attempts=2,
    flatten_retry_s=8,
    flatten_rounds=3,
    settle_s=10,
)
GROUP: Final = "20240305-010-MES"
ENTRY = OrderRef(GROUP, Role.ENTRY)
STOP = OrderRef(GROUP, Role.STOP)
TARGET = OrderRef(GROUP, Role.TARGET)
EXIT = OrderRef(GROUP, Role.EXIT, 1)


def after(seconds: float) -> UtcNanos:
    return T0 + round(seconds * SECOND)


def intent(side: int = 1, qty: int = 2) -> OrderIntent:
    return OrderIntent(
        "2024-03-05-010-MES", "K1", side, qty, EntryType.LIMIT, None, PRICE, PRICE - 8 * side,
        PRICE + 16 * side, 8, 16, T0, T0 + 90 * SECOND, 30, 0.18, None, 5.0, 0.5, 0.4, 0.5, 1.0,
        LearningKey("K1", "range", "opening"), False, "",
    )  # fmt: skip


def word(
    ref: OrderRef,
    kind: OrderEventKind,
    at: UtcNanos = T0,
    filled: int = 0,
    price: int | None = None,
) -> OrderEvent:
    return OrderEvent(str(ref), ref.role, kind, at, 1, 1, 1, "", 0, 2, filled, price)


def fill(
    ref: OrderRef, number: int, qty: int = 1, side: int = 1, at: UtcNanos = T0, price: int = PRICE
) -> Fill:
    """An execution of `ref` that trades on `side`."""
    return Fill(f"x{number}", str(ref), ref.role, 1, side, qty, price, at)


def sent(side: int = 1, qty: int = 2) -> Book:
    """Handed over at T0, no word yet."""
    book = Book.of(intent(side, qty), T0)
    return book.entry_is(parent_after(book.parent, ParentEvent.SEND), T0)


def accepted(side: int = 1, qty: int = 2) -> Book:
    """The broker has all three; the closing orders wait for the entry."""
    book = sent(side, qty)
    for ref in (ENTRY, STOP, TARGET):
        book = heard(book, ref, word(ref, K.ACK)).book
    held = {"stop": replace(book.stop, held=True), "target": replace(book.target, held=True)}
    return replace(book, **held)


def opened(side: int = 1, qty: int = 2, of: int = 2) -> Book:
    """`qty` of `of` contracts filled at T0, stop and target work for `of`."""
    return executed(accepted(side, of), ENTRY, fill(ENTRY, 1, qty, side)).book


def closed(side: int = 1) -> Book:
    """Both contracts closed by the stop at T0; the target still works."""
    return executed(opened(side), STOP, fill(STOP, 2, 2, -side)).book


def leaving(side: int = 1) -> Book:
    """A market exit of both was sent at T0, no word yet."""
    return opened(side).leaving(2, "EOD", PRICE, T0)


def tick(
    book: Book,
    seconds: float,
    *,
    last: int = PRICE,
    connected: bool = True,
    may_offer: bool = True,
) -> Step:
    return watch(book, Moment(after(seconds), last, connected, may_offer), P)


JUST: Final = 1e-6
"""A moment before, in seconds: more than a float of seconds can lose."""


def quiet(book: Book, seconds: float, **more: bool) -> Book:
    """The book after a tick that asks for nothing."""
    step = tick(book, seconds, **more)
    assert step.wishes == ()
    assert step.cause == "watch"
    return step.book
