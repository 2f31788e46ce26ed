"""What a whole read of the broker makes of every order of a bracket."""

from __future__ import annotations

import pytest

from brackets import (
    ENTRY,
    EXIT,
    GROUP,
    STOP,
    TARGET,
    K,
    P,
    accepted,
    after,
    closed,
    fill,
    leaving,
    opened,
    sent,
    word,
)
from changing import replace
from domain.execution.book import Book
from domain.execution.resolve import book_executions, next_numbers, resolve, settled_since
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.execution.wish import Ask, Cancel, Incident
from domain.execution.words import Step, cancel_entry, heard
from domain.orders import ChildState, Fill, OrderEventKind, OrderRef, ParentState, Role
from domain.quality_parameters import IncidentKind
from market_builders import PRICE

OLD = -3_600
"""The link has been healthy since an hour before."""


def order(ref: OrderRef, **changes: object) -> OpenOrder:
    price = {Role.STOP: PRICE - 8, Role.TARGET: PRICE + 16}.get(ref.role)
    return OpenOrder(str(ref), True, 1, 2, 0, price, False, False)._replace(**changes)  # type: ignore[arg-type]


def truth(
    seconds: float,
    *orders: OpenOrder,
    done: tuple[DoneOrder, ...] = (),
    executions: tuple[Fill, ...] = (),
    healthy: float = OLD,
) -> BrokerTruth:
    return BrokerTruth(after(seconds), 0, orders, executions, done, 0, after(healthy))


def over(ref: OrderRef, how: OrderEventKind, filled: int = 0) -> DoneOrder:
    return DoneOrder(str(ref), how, filled)


CHILDREN = (order(STOP), order(TARGET))
HELD = (order(STOP, held=True), order(TARGET, held=True))


def resolved(book: Book, seconds: float, *orders: OpenOrder, **more: object) -> Step:
    step = resolve(book, truth(seconds, *orders, **more), P)  # type: ignore[arg-type]
    assert step.cause == "Resolved"
    assert step.book.read_at == after(seconds)
    return step


def test_settled_means_both_the_instant_and_the_link_are_long_ago() -> None:
    assert settled_since(after(0), truth(10, healthy=0), P)
    assert not settled_since(after(0) + 1, truth(10), P)
    assert not settled_since(after(0), truth(10, healthy=1e-6), P)


# ---- executions


def test_executions_are_booked_once_in_order_of_time_and_name() -> None:
    other = OrderRef("20240305-011-MES", Role.ENTRY)
    fills = (
        fill(STOP, 0, 1, -1, after(2)),
        fill(ENTRY, 2, 1, 1, after(1)),
        fill(ENTRY, 1, 1, 1, after(1)),
        fill(other, 4, 1, 1, after(1)),
        fill(ENTRY, 5, 1, 1, after(1))._replace(order_ref="somebody's"),
    )
    steps = book_executions(accepted(), truth(3, executions=fills))
    assert [len(s.book.entries) for s in steps] == [1, 2, 2]
    assert [f.exec_id for f in steps[-1].book.entries] == ["x1", "x2"]
    assert [f.exec_id for f in steps[-1].book.exits] == ["x0"]
    assert book_executions(steps[-1].book, truth(3, executions=fills)) == ()


# ---- the entry


def test_an_entry_that_works_takes_its_state() -> None:
    lost = heard(sent(), ENTRY, word(ENTRY, K.UNKNOWN)).book
    step = resolved(lost, 3, order(ENTRY), *HELD)
    assert (step.book.parent, step.book.parent_at) == (ParentState.ACKED, after(3))
    assert step.wishes == ()
    part = replace(opened(qty=1), parent=ParentState.ERROR)
    found = resolved(part, 3, order(ENTRY, filled=1), *CHILDREN).book
    assert found.parent is ParentState.PARTIALLY_FILLED


def test_an_entry_in_a_state_that_nobody_knows_is_in_error() -> None:
    step = resolved(accepted(), 3, order(ENTRY, unknown=True), *HELD)
    assert (step.book.parent, step.book.parent_at) == (ParentState.ERROR, after(3))
    assert step.wishes == ()


def test_an_entry_believed_dead_that_works_is_cancelled() -> None:
    dead = heard(accepted(), ENTRY, word(ENTRY, K.CANCEL_ACK)).book
    step = resolved(replace(dead, never_arrived=True), 3, order(ENTRY), *HELD)
    assert step.book.parent is ParentState.ERROR
    assert not step.book.never_arrived
    assert step.wishes == (Cancel(ENTRY, "LATE"),)


def test_a_strangers_order_of_the_same_name_is_not_ours() -> None:
    step = resolved(accepted(), 3, order(ENTRY, ours=False, unknown=True), *HELD)
    assert step.book.parent is ParentState.ACKED


def test_a_cancel_that_was_not_answered_is_asked_again_after_its_time() -> None:
    asked = cancel_entry(accepted(), "TTL", after(1)).book
    early = resolved(asked, 10 - 1e-6, order(ENTRY), *HELD)
    assert early.wishes == ()
    assert early.book.cancel_at == after(1)
    again = resolved(asked, 10, order(ENTRY), *HELD)
    assert again.wishes == (Cancel(ENTRY, "TTL"),)
    assert again.book.cancel_at == after(10)
    nameless = resolved(replace(asked, cancel_reason=None), 10, order(ENTRY), *HELD)
    assert nameless.wishes == (Cancel(ENTRY, "AGAIN"),)


def test_an_entry_whose_executions_are_whole_is_filled() -> None:
    book = replace(opened(), parent=ParentState.ERROR)
    step = resolved(book, 3, *CHILDREN)
    assert (step.book.parent, step.book.parent_at) == (ParentState.FILLED, after(3))


@pytest.mark.parametrize(
    ("how", "state"),
    [
        (K.CANCEL_ACK, ParentState.CANCELED),
        (K.EXPIRE, ParentState.CANCELED),
        (K.REJECT, ParentState.REJECTED),
    ],
)
def test_an_entry_that_is_over_takes_its_end(how: OrderEventKind, state: ParentState) -> None:
    step = resolved(accepted(), 3, done=(over(ENTRY, how),))
    assert (step.book.parent, step.book.parent_at) == (state, after(3))
    assert step.book.provisional_at == after(3)
    assert not step.book.never_arrived
    assert step.book.stop.state is ChildState.CANCELED


def test_an_entry_whose_executions_are_missing_waits_for_them() -> None:
    more = resolved(accepted(), 60, *HELD, done=(over(ENTRY, K.CANCEL_ACK, 1),))
    assert more.book.parent is ParentState.ACKED
    filled = resolved(accepted(), 60, *HELD, done=(over(ENTRY, K.FILL),))
    assert filled.book.parent is ParentState.ACKED
    part = resolved(opened(qty=1), 3, *CHILDREN, done=(over(ENTRY, K.CANCEL_ACK, 1),))
    assert part.book.parent is ParentState.CANCELED


@pytest.mark.parametrize("kind", [None, K.UNKNOWN])
def test_an_entry_that_is_nowhere_never_arrived_once_it_has_settled(
    kind: OrderEventKind | None,
) -> None:
    book = sent() if kind is None else heard(sent(), ENTRY, word(ENTRY, kind)).book
    early = resolved(book, 10 - 1e-6)
    assert early.book.parent is book.parent
    step = resolved(book, 10)
    assert (step.book.parent, step.book.parent_at) == (ParentState.CANCELED, after(10))
    assert step.book.never_arrived
    assert step.book.provisional_at == after(10)
    assert step.book.stop.state is ChildState.CANCELED
    assert step.book.target.state is ChildState.CANCELED


def test_an_entry_that_had_arrived_and_is_gone_did_arrive() -> None:
    assert not resolved(accepted(), 10).book.never_arrived
    part = resolved(opened(qty=1), 10, *CHILDREN).book
    assert (part.parent, part.never_arrived) == (ParentState.CANCELED, False)
    error = resolved(replace(opened(qty=1), parent=ParentState.ERROR), 10, *CHILDREN).book
    assert not error.never_arrived


def test_an_entry_that_was_not_sent_or_is_dead_stays_as_it_is() -> None:
    created = replace(sent(), parent=ParentState.CREATED)
    assert resolved(created, 60).book.parent is ParentState.CREATED
    dead = heard(accepted(), ENTRY, word(ENTRY, K.REJECT, after(1))).book
    step = resolved(dead, 5, done=(over(ENTRY, K.CANCEL_ACK),))
    assert (step.book.parent, step.book.provisional_at) == (ParentState.REJECTED, after(1))


def test_a_provisional_end_is_final_once_a_read_has_settled_since() -> None:
    dead = heard(accepted(), ENTRY, word(ENTRY, K.REJECT, after(1))).book
    assert resolved(dead, 11 - 1e-6).book.provisional_at == after(1)
    assert resolved(dead, 11).book.provisional_at is None
    assert resolved(dead, 11, healthy=2).book.provisional_at == after(1)


# ---- closing orders


def test_a_closing_order_that_works_takes_what_the_broker_says() -> None:
    doubtful = heard(opened(), STOP, word(STOP, K.UNKNOWN)).book
    shown = order(STOP, price=PRICE - 6, qty=1)
    stop = resolved(doubtful, 3, shown, order(TARGET)).book.stop
    assert (stop.state, stop.price, stop.qty, stop.held, stop.doubt_since) == (
        ChildState.WORKING, PRICE - 6, 1, False, None,
    )  # fmt: skip
    silent = resolved(opened(), 3, order(STOP, price=None, held=True), order(TARGET)).book.stop
    assert (silent.price, silent.held) == (PRICE - 8, True)
    created = replace(sent(), parent=ParentState.ACKED)
    assert resolved(created, 3, order(ENTRY), *HELD).book.target.state is ChildState.WORKING


def test_a_closing_order_in_an_unknown_state_is_in_doubt_since_it_was_first_seen() -> None:
    unknown = order(STOP, unknown=True, qty=7)
    once = resolved(opened(), 3, unknown, order(TARGET)).book
    assert once.stop.doubt_since == after(3)
    assert once.stop.qty == 2
    assert resolved(once, 5, unknown, order(TARGET)).book.stop.doubt_since == after(3)


def test_a_filled_stop_that_still_shows_stays_filled() -> None:
    step = resolved(closed(), 3, order(STOP), order(TARGET))
    assert step.book.stop == closed().stop


@pytest.mark.parametrize(
    ("how", "state"),
    [
        (K.CANCEL_ACK, ChildState.CANCELED),
        (K.EXPIRE, ChildState.CANCELED),
        (K.REJECT, ChildState.FAILED),
    ],
)
def test_a_stop_that_is_over_takes_its_end(how: OrderEventKind, state: ChildState) -> None:
    book = heard(opened(), STOP, word(STOP, K.UNKNOWN)).book
    stop = resolved(book, 3, order(TARGET), done=(over(STOP, how),)).book.stop
    assert (stop.state, stop.doubt_since) == (state, None)
    waiting = resolved(book, 3, order(TARGET), done=(over(STOP, how, 1),)).book.stop
    assert (waiting.state, waiting.doubt_since) == (ChildState.WORKING, after(0))


def test_what_a_dead_stop_had_filled_is_known() -> None:
    book = opened()
    sold = replace(book, exits=(fill(STOP, 2, 1, -1),))
    done = (over(STOP, K.CANCEL_ACK, 1), over(TARGET, K.CANCEL_ACK, 2))
    after_read = resolved(sold, 3, done=done).book
    assert after_read.stop.state is ChildState.CANCELED
    assert after_read.target.state is ChildState.WORKING


def test_a_stop_that_is_nowhere_has_vanished() -> None:
    book = heard(opened(), STOP, word(STOP, K.UNKNOWN)).book
    stop = resolved(book, 1, order(TARGET)).book.stop
    assert (stop.state, stop.doubt_since) == (ChildState.FAILED, None)


def test_a_stop_on_its_way_has_time_to_arrive() -> None:
    book = opened()
    placed = replace(book, stop=replace(book.stop, state=ChildState.CREATED))
    early = resolved(placed, 10 - 1e-6, order(TARGET)).book.stop
    assert early.state is ChildState.CREATED
    assert resolved(placed, 10, order(TARGET)).book.stop.state is ChildState.FAILED


def test_a_dead_leg_stays_dead() -> None:
    book = heard(opened(), STOP, word(STOP, K.CANCEL_ACK)).book
    done = (over(STOP, K.REJECT),)
    assert resolved(book, 60, order(TARGET), done=done).book.stop == book.stop


def test_only_the_children_of_an_unfilled_dead_entry_die_with_it() -> None:
    dead = heard(accepted(), ENTRY, word(ENTRY, K.CANCEL_ACK)).book
    assert resolved(dead, 1).book.stop.state is ChildState.CANCELED
    assert resolved(closed(), 1).book.target.state is ChildState.FAILED
    alive = resolved(accepted(), 1, order(ENTRY)).book
    assert alive.stop.state is ChildState.FAILED


def test_every_leg_is_looked_at() -> None:
    book = leaving()
    step = resolved(book, 1, order(EXIT), *CHILDREN)
    assert step.book.exit is not None
    assert step.book.exit.state is ChildState.WORKING
    assert step.book.exit.price is None


def test_closing_orders_that_nobody_knows_are_cancelled() -> None:
    unknown = OrderRef(GROUP, Role.STOP, 4)
    others = (
        order(unknown),
        order(OrderRef("20240305-011-MES", Role.STOP)),
        order(STOP, order_ref="somebody's"),
        order(OrderRef(GROUP, Role.ENTRY, 2)),
        order(OrderRef(GROUP, Role.TARGET, 5), ours=False),
        order(OrderRef(GROUP, Role.EXIT, 6)),
    )
    step = resolved(opened(), 1, *others, *CHILDREN)
    assert step.wishes == (
        Cancel(unknown, "UNRECORDED"),
        Cancel(OrderRef(GROUP, Role.EXIT, 6), "UNRECORDED"),
    )
    both = resolved(cancel_entry(accepted(), "TTL", after(0)).book, 9, order(ENTRY), others[0])
    assert both.wishes == (Cancel(ENTRY, "TTL"), Cancel(unknown, "UNRECORDED"))


# ---- numbers


def test_numbers_go_on_after_the_largest_seen() -> None:
    def ref(role: Role, number: int, group: str = GROUP) -> OrderRef:
        return OrderRef(group, role, number)

    seen = truth(
        1,
        order(ref(Role.STOP, 3)),
        order(ref(Role.STOP, 9, "20240305-011-MES")),
        order(STOP, order_ref="somebody's"),
        order(ref(Role.STOP, 2)),
        executions=(fill(ref(Role.EXIT, 5), 1), fill(ref(Role.EXIT, 4), 2)),
        done=(over(ref(Role.TARGET, 7), K.FILL), over(ref(Role.TARGET, 6), K.FILL)),
    )
    book = next_numbers(opened(), seen)
    assert (book.stops, book.targets, book.closes) == (3, 7, 5)
    ahead = replace(opened(), stops=11, targets=12, closes=13)
    assert next_numbers(ahead, seen) == ahead


def test_two_reads_agree_whenever_they_were_made() -> None:
    one = truth(1, *CHILDREN)
    assert one.agrees(truth(9, *CHILDREN, healthy=5))
    assert not one.agrees(truth(1, order(STOP)))
    assert not one.agrees(one._replace(position=1))
    assert not one.agrees(one._replace(entries_today=1))


def test_a_late_word_after_the_read_is_an_incident_of_its_own() -> None:
    gone = resolved(sent(), 10).book
    step = heard(gone, ENTRY, word(ENTRY, K.ACK, after(11)))
    assert step.wishes == (Ask(ENTRY, "Ack in CANCELED"), Cancel(ENTRY, "LATE"))
    assert not any(isinstance(w, Incident) and w.kind is IncidentKind.ACK_TIMEOUT
                   for w in step.wishes)  # fmt: skip
