"""What each word and each execution makes of a bracket: every field, every wish."""

from __future__ import annotations

import pytest

from brackets import (
    ENTRY,
    EXIT,
    STOP,
    TARGET,
    K,
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
from domain.errors import IllegalTransition
from domain.execution.book import Book
from domain.execution.wish import Amend, Ask, Cancel, Close, Incident, Kill, Wish
from domain.execution.words import Step, cancel_entry, executed, heard
from domain.orders import ChildState, OrderEventKind, OrderRef, ParentState, Role
from domain.quality_parameters import IncidentKind
from market_builders import PRICE

REJECTED = Incident(IncidentKind.ORDER_REJECTED, ENTRY)
PART = Incident(IncidentKind.PARTIAL_FILL, ENTRY)


def told(book: Book, kind: OrderEventKind, ref: OrderRef = ENTRY, **more: int) -> Step:
    return heard(book, ref, word(ref, kind, after(3), **more))


@pytest.mark.parametrize(
    ("kind", "state", "wishes", "cause", "dead"),
    [
        (K.ACK, ParentState.ACKED, (), "Ack", False),
        (K.OPEN_ORDER, ParentState.ACKED, (), "Ack", False),
        (K.CANCEL_ACK, ParentState.CANCELED, (), "CancelAck", True),
        (K.EXPIRE, ParentState.CANCELED, (), "Expire", True),
        (K.REJECT, ParentState.REJECTED, (REJECTED,), "Reject", True),
        (K.UNKNOWN, ParentState.ERROR, (Ask(ENTRY, "Unknown in SUBMITTED"),), "Unknown", False),
        (
            K.SEND_FAILED,
            ParentState.ERROR,
            (Ask(ENTRY, "SendFailed in SUBMITTED"),),
            "SendFailed",
            False,
        ),
        (
            K.CANCEL_REJECT,
            ParentState.SUBMITTED,
            (Incident(IncidentKind.CANCEL_REJECTED, ENTRY), Ask(ENTRY, "cancel refused")),
            "CancelReject",
            False,
        ),
    ],
)
def test_a_word_about_a_sent_entry(
    kind: OrderEventKind, state: ParentState, wishes: tuple[Wish, ...], cause: str, dead: bool
) -> None:
    step = told(sent(), kind)
    assert step.book.parent is state
    assert step.wishes == wishes
    assert step.cause == cause
    assert step.book.parent_at == (after(0) if state is ParentState.SUBMITTED else after(3))
    assert step.book.provisional_at == (after(3) if dead else None)


def test_a_second_rejection_is_no_second_incident() -> None:
    once = told(sent(), K.REJECT).book
    assert told(once, K.REJECT).wishes == ()


def test_a_refused_cancel_of_a_dead_entry_says_nothing() -> None:
    dead = told(sent(), K.CANCEL_ACK).book
    assert told(dead, K.CANCEL_REJECT).wishes == ()


def test_an_unknown_word_in_error_is_asked_about_each_time() -> None:
    lost = told(sent(), K.UNKNOWN).book
    again = told(lost, K.UNKNOWN)
    assert again.wishes == (Ask(ENTRY, "Unknown in ERROR"),)
    assert told(lost, K.CANCEL_ACK).wishes == ()


def test_an_entry_that_was_believed_lost_and_arrives_is_cancelled() -> None:
    lost = replace(told(sent(), K.CANCEL_ACK).book, never_arrived=True)
    step = told(lost, K.ACK)
    assert step.book.parent is ParentState.ERROR
    assert step.wishes == (Ask(ENTRY, "Ack in CANCELED"), Cancel(ENTRY, "LATE"))


def test_an_entry_that_was_cancelled_and_is_acknowledged_late_stays_dead() -> None:
    dead = told(sent(), K.CANCEL_ACK).book
    step = told(dead, K.ACK)
    assert step.book.parent is ParentState.CANCELED
    assert step.wishes == ()
    lost = replace(dead, never_arrived=True)
    assert told(lost, K.EXPIRE).book.parent is ParentState.CANCELED


def test_a_rejected_entry_that_works_is_cancelled() -> None:
    step = told(told(sent(), K.REJECT).book, K.ACK)
    assert step.book.parent is ParentState.ERROR
    assert step.wishes == (Ask(ENTRY, "Ack in REJECTED"), Cancel(ENTRY, "LATE"))
    assert step.book.provisional_at == after(3)


def test_statuses_of_fills_move_nothing_but_what_is_claimed() -> None:
    for kind in (K.FILL, K.PARTIAL):
        step = told(sent(), kind, filled=1)
        assert step == Step(replace(sent(), claimed=1))
    assert told(told(sent(), K.FILL, filled=2).book, K.ACK, filled=1).book.claimed == 2
    assert told(sent(), K.ACK, filled=1).book.claimed == 1


def test_what_never_left_is_dead_with_its_children() -> None:
    step = told(sent(), K.NOT_SENT)
    book = step.book
    assert (step.wishes, step.cause) == ((), "CancelRequested")
    assert (book.parent, book.parent_at) == (ParentState.CANCELED, after(3))
    assert (book.stop.state, book.target.state) == (ChildState.CANCELED, ChildState.CANCELED)
    assert book.provisional_at is None
    assert book.settled


# ---- executions of the entry


@pytest.mark.parametrize("side", [1, -1])
def test_a_whole_fill_opens_and_arms_the_children(side: int) -> None:
    step = executed(accepted(side), ENTRY, fill(ENTRY, 1, 2, side, after(4)))
    book = step.book
    assert (book.parent, book.parent_at) == (ParentState.FILLED, after(4))
    assert (book.filled, book.open_qty, book.position) == (2, 2, 2 * side)
    assert step.wishes == (Ask(ENTRY, "filled"),)
    assert step.cause == "Fill"
    assert book.stop.working
    assert book.target.working
    assert book.protected


def test_a_partial_fill_shrinks_the_children_and_is_an_incident() -> None:
    step = executed(accepted(), ENTRY, fill(ENTRY, 1, 1))
    assert step.book.parent is ParentState.PARTIALLY_FILLED
    assert step.cause == "PartialFill"
    assert step.wishes == (
        PART,
        Ask(ENTRY, "filled"),
        Amend(STOP, PRICE - 8, 1),
        Amend(TARGET, PRICE + 16, 1),
    )
    rest = executed(step.book, ENTRY, fill(ENTRY, 2, 1))
    assert rest.book.parent is ParentState.FILLED
    assert rest.wishes == (Ask(ENTRY, "filled"),)


def test_children_that_do_not_work_are_not_resized() -> None:
    book = executed(sent(), ENTRY, fill(ENTRY, 1, 1)).wishes
    assert book == (PART, Ask(ENTRY, "filled"))


def test_an_execution_counts_once() -> None:
    book = opened()
    assert executed(book, ENTRY, fill(ENTRY, 1, 2)) == Step(book)
    assert executed(closed(), STOP, fill(STOP, 2, 2, -1)) == Step(closed())


def test_a_fill_of_the_rejected_is_asked_about() -> None:
    rejected = told(sent(), K.REJECT).book
    step = executed(rejected, ENTRY, fill(ENTRY, 1, 2))
    assert step.book.parent is ParentState.ERROR
    assert step.wishes == (Ask(ENTRY, "a fill in REJECTED"), Ask(ENTRY, "filled"))
    more = executed(replace(rejected, parent=ParentState.ERROR), ENTRY, fill(ENTRY, 1, 2))
    assert more.wishes == (Ask(ENTRY, "filled"),)


@pytest.mark.parametrize(
    ("qty", "side", "what"), [(3, 1, "overfilled"), (1, -1, "filled on the other side")]
)
def test_an_entry_that_does_what_it_may_not_kills(qty: int, side: int, what: str) -> None:
    step = executed(accepted(), ENTRY, fill(ENTRY, 1, qty, side))
    assert step.wishes == (Kill("CONSTITUTION_VIOLATION", f"{ENTRY}: {what}"),)
    assert step.cause == "Fill"
    assert [f.exec_id for f in step.book.entries] == ["x1"]
    assert step.book.parent is ParentState.ACKED


def test_one_more_than_the_order_is_too_many() -> None:
    step = executed(opened(), ENTRY, fill(ENTRY, 9, 1))
    assert step.wishes == (Kill("CONSTITUTION_VIOLATION", f"{ENTRY}: overfilled"),)
    assert [f.exec_id for f in step.book.entries] == ["x1", "x9"]


# ---- closing orders


def test_a_word_about_a_stranger_is_asked_about() -> None:
    ref = OrderRef(ENTRY.group, Role.STOP, 7)
    step = told(opened(), K.ACK, ref)
    assert step == Step(opened(), (Ask(ref, "a closing order that is not known here"),))


@pytest.mark.parametrize("kind", [K.UNKNOWN, K.SEND_FAILED])
def test_a_doubt_about_a_stop_keeps_its_first_instant(kind: OrderEventKind) -> None:
    step = told(opened(), kind, STOP)
    assert step.wishes == (Ask(STOP, "unknown state"),)
    assert step.cause == ""
    assert step.book.stop.doubt_since == after(3)
    later = heard(step.book, STOP, word(STOP, kind, after(5)))
    assert later.book.stop.doubt_since == after(3)
    settled = heard(later.book, STOP, word(STOP, K.ACK, after(6)))
    assert settled.book.stop.doubt_since is None


@pytest.mark.parametrize(
    ("kind", "state", "cause"),
    [
        (K.CANCEL_ACK, ChildState.CANCELED, "cancel ack"),
        (K.EXPIRE, ChildState.CANCELED, "cancel ack"),
        (K.NOT_SENT, ChildState.CANCELED, "cancel ack"),
        (K.REJECT, ChildState.FAILED, "reject"),
    ],
)
def test_a_stop_that_dies(kind: OrderEventKind, state: ChildState, cause: str) -> None:
    step = told(opened(), kind, STOP)
    rejected = (Incident(IncidentKind.ORDER_REJECTED, STOP),)
    assert step.book.stop.state is state
    assert step.cause == cause
    assert step.wishes == (rejected if kind is K.REJECT else ())
    assert step.book.provisional_at == after(3)
    assert not step.book.protected
    assert told(step.book, kind, STOP).wishes == ()


@pytest.mark.parametrize("kind", [K.ACK, K.OPEN_ORDER])
def test_a_stop_that_is_accepted_raises_no_question(kind: OrderEventKind) -> None:
    step = told(sent(), kind, STOP)
    assert (step.book.stop.state, step.wishes) == (ChildState.WORKING, ())
    assert told(step.book, kind, STOP).wishes == ()


@pytest.mark.parametrize("kind", [K.ACK, K.OPEN_ORDER])
@pytest.mark.parametrize("state", [ChildState.CANCELED, ChildState.FAILED])
def test_a_stop_that_comes_alive_again(kind: OrderEventKind, state: ChildState) -> None:
    book = opened()
    book = replace(book, stop=replace(book.stop, state=state))
    step = told(book, kind, STOP)
    assert step.book.stop.state is ChildState.WORKING
    assert step.wishes == (Ask(STOP, "alive after all"),)
    assert step.cause == "placed"
    assert step.book.provisional_at is None


@pytest.mark.parametrize("kind", [K.FILL, K.PARTIAL])
def test_a_status_does_not_fill_a_stop(kind: OrderEventKind) -> None:
    asked = (Ask(STOP, "a fill without an execution"),)
    assert told(opened(), kind, STOP, filled=2) == Step(opened(), asked)


def test_a_status_that_tells_no_more_than_the_executions_asks_for_nothing() -> None:
    half = executed(opened(), STOP, fill(STOP, 2, 1, -1)).book
    assert told(half, K.PARTIAL, STOP, filled=1).wishes == ()
    assert told(half, K.FILL, STOP, filled=2).wishes != ()


def test_a_confirmed_price_ends_a_tightening() -> None:
    book = opened().tightened(PRICE - 4, after(1))
    assert (book.stop_price, book.stop_was, book.stop.cancel_at) == (PRICE - 4, PRICE - 8, after(1))
    other = told(book, K.ACK, STOP, price=PRICE - 6).book
    assert (other.stop.price, other.stop_was) == (PRICE - 6, PRICE - 8)
    assert other.stop.cancel_at == after(1)
    done = told(book, K.ACK, STOP, price=PRICE - 4).book
    assert (done.stop.price, done.stop_was, done.stop.cancel_at) == (PRICE - 4, None, None)
    silent = told(book, K.ACK, STOP).book
    assert (silent.stop.price, silent.stop_was) == (PRICE - 8, PRICE - 8)
    assert silent.stop.cancel_at == after(1)


def test_a_price_in_another_word_is_not_taken() -> None:
    step = told(opened().tightened(PRICE - 4, after(1)), K.CANCEL_ACK, STOP, price=PRICE - 4)
    assert step.book.stop.price == PRICE - 8


def test_a_targets_price_does_not_end_the_stops_tightening() -> None:
    book = opened().tightened(PRICE - 4, after(1))
    moved = told(book, K.ACK, TARGET, price=PRICE - 4).book
    assert moved.stop_was == PRICE - 8
    assert moved.target.price == PRICE - 4


def test_the_same_price_again_leaves_a_cancel_that_was_asked() -> None:
    book = opened()
    book = replace(book, stop=replace(book.stop, cancel_at=after(1)))
    assert told(book, K.ACK, STOP, price=PRICE - 8).book.stop.cancel_at == after(1)


def test_a_refused_change_brings_the_old_stop_back() -> None:
    book = opened().tightened(PRICE - 4, after(1))
    step = told(book, K.CANCEL_REJECT, STOP)
    assert (step.book.stop_price, step.book.stop_was) == (PRICE - 8, None)
    assert step.book.stop.cancel_at is None
    assert step.wishes == (Ask(STOP, "change refused"),)
    of_target = told(book, K.CANCEL_REJECT, TARGET)
    assert (of_target.book.stop_price, of_target.book.stop_was) == (PRICE - 4, PRICE - 8)
    plain = told(opened(), K.CANCEL_REJECT, STOP).book
    assert plain == opened()
    dead = told(opened(), K.CANCEL_ACK, STOP).book
    assert told(dead, K.CANCEL_REJECT, STOP).wishes == ()


# ---- executions of closing orders


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_that_fills_whole(side: int) -> None:
    step = executed(opened(side), STOP, fill(STOP, 2, 2, -side, after(4)))
    book = step.book
    assert step.wishes == (Ask(STOP, "filled"),)
    assert step.cause == "fill"
    assert (book.open_qty, book.position) == (0, 0)
    assert (book.stop.state, book.stop.qty) == (ChildState.FILLED, 0)
    assert book.target.state is ChildState.WORKING
    assert not book.settled


def test_a_stop_that_fills_in_part_closes_the_rest_at_the_market() -> None:
    step = executed(opened(), STOP, fill(STOP, 2, 1, -1))
    assert step.book.stop.state is ChildState.WORKING
    assert step.book.stop.qty == 1
    assert step.wishes == (
        Ask(STOP, "filled"),
        Incident(IncidentKind.PARTIAL_FILL, STOP),
        Close(1, "STOP"),
        Amend(TARGET, PRICE + 16, 1),
    )
    assert step.book.untargeted.since is None


def test_a_target_that_fills_in_part_gets_its_minute() -> None:
    step = executed(opened(), TARGET, fill(TARGET, 2, 1, -1, after(4)))
    assert step.wishes == (
        Ask(TARGET, "filled"),
        Incident(IncidentKind.PARTIAL_FILL, TARGET),
        Amend(STOP, PRICE - 8, 1),
    )
    assert step.book.untargeted.since == after(4)
    earlier = replace(opened(), untargeted=replace(opened().untargeted, since=after(1)))
    again = executed(earlier, TARGET, fill(TARGET, 2, 1, -1, after(4)))
    assert again.book.untargeted.since == after(1)


def test_an_exit_in_part_leaves_the_target_alone() -> None:
    step = executed(leaving(), EXIT, fill(EXIT, 2, 1, -1, after(4)))
    assert step.wishes[:2] == (Ask(EXIT, "filled"), Incident(IncidentKind.PARTIAL_FILL, EXIT))
    assert step.book.untargeted.since is None
    assert not any(isinstance(w, Close) for w in step.wishes)


def test_an_exit_while_the_entry_lives_cancels_the_rest() -> None:
    book = opened(qty=1)
    step = executed(book, STOP, fill(STOP, 2, 1, -1))
    assert step.wishes == (Ask(STOP, "filled"), Cancel(ENTRY, "EXIT"))
    asked = cancel_entry(book, "TTL", after(1)).book
    assert executed(asked, STOP, fill(STOP, 2, 1, -1)).wishes == (Ask(STOP, "filled"),)


def test_closing_twice_kills_and_buying_back_is_quiet() -> None:
    twice = executed(closed(), TARGET, fill(TARGET, 3, 1, -1))
    kill = Kill("DOUBLE_EXIT", f"{TARGET}: nothing to close")
    assert twice.wishes == (kill, Ask(TARGET, "filled twice"))
    assert twice.cause == "fill"
    assert twice.book.position == -1
    back = executed(twice.book, EXIT, fill(EXIT, 4, 1, 1))
    assert back.wishes == (Ask(EXIT, "filled"),)
    assert back.cause == "fill"
    assert back.book.position == 0
    over = executed(twice.book, EXIT, fill(EXIT, 4, 2, 1))
    assert over.wishes == (Kill("DOUBLE_EXIT", f"{EXIT}: nothing to close"),
                           Ask(EXIT, "filled twice"))  # fmt: skip
    worse = executed(twice.book, TARGET, fill(TARGET, 5, 1, -1))
    assert isinstance(worse.wishes[0], Kill)


def test_a_closing_order_on_the_wrong_side_kills() -> None:
    step = executed(opened(), STOP, fill(STOP, 2, 1, 1))
    assert isinstance(step.wishes[0], Kill)
    assert step.book.position == 3


def test_a_fill_of_an_unknown_leg_is_booked() -> None:
    ref = OrderRef(ENTRY.group, Role.STOP, 9)
    step = executed(opened(), ref, fill(ref, 2, 2, -1))
    assert step.book.open_qty == 0
    assert step.book.stop == opened().stop


def test_a_leg_in_doubt_that_fills_is_in_doubt_no_more() -> None:
    book = told(opened(), K.UNKNOWN, TARGET).book
    assert executed(book, TARGET, fill(TARGET, 2, 1, -1)).book.target.doubt_since is None


def test_a_filled_leg_cannot_fill_again() -> None:
    with pytest.raises(IllegalTransition):
        executed(closed(), STOP, fill(STOP, 3, 1, -1))


# ---- asking for the entry's cancel


def test_a_cancel_is_asked_once() -> None:
    step = cancel_entry(accepted(), "TTL", after(5))
    assert step.wishes == (Cancel(ENTRY, "TTL"),)
    assert step.cause == "CancelRequested"
    assert (step.book.cancel_reason, step.book.cancel_at) == ("TTL", after(5))
    assert step.book.parent is ParentState.ACKED
    assert cancel_entry(step.book, "KILL", after(6)) == Step(step.book)
    assert cancel_entry(opened(), "KILL", after(6)) == Step(opened())


def test_an_entry_that_was_never_sent_is_dead_at_once() -> None:
    created = replace(sent(), parent=ParentState.CREATED)
    step = cancel_entry(created, "TTL", after(5))
    assert (step.wishes, step.cause) == ((), "CancelRequested")
    assert step.book.parent is ParentState.CANCELED
    assert step.book.stop.state is ChildState.CANCELED
    assert step.book.target.state is ChildState.CANCELED
    assert step.book.parent_at == after(5)
