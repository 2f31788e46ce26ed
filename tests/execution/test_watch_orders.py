"""The tick rules of leftovers, silence, doubt and market exits, each at its instant."""

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
    P,
    accepted,
    after,
    closed,
    fill,
    leaving,
    opened,
    quiet,
    sent,
    tick,
    word,
)
from changing import replace
from domain.execution.book import CALM, Book, Leg
from domain.execution.watch import place_stop
from domain.execution.wish import (
    Ask,
    Cancel,
    Close,
    Incident,
    Kill,
)
from domain.execution.words import cancel_entry, executed, heard
from domain.orders import ChildState, OrderRef, ParentState, Role
from domain.quality_parameters import IncidentKind
from market_builders import PRICE

STOP_1 = OrderRef(GROUP, Role.STOP, 1)


# ---- orders that should be gone


def with_late(state: ChildState = ChildState.WORKING, qty: int = 2) -> Book:
    """The second stop works, and the first as well."""
    book = place_stop(opened(qty=qty, of=qty), after(0)).book
    book = heard(book, STOP_1, word(STOP_1, K.ACK)).book
    return replace(book, late=(replace(book.late[0], state=state, cancel_at=None),))


def test_an_extra_is_no_extra_once_nothing_is_open() -> None:
    book = replace(closed(), late=(replace(opened().stop, ref=STOP_1),), cancel_at=None)
    assert not [w for w in tick(book, 1).wishes if isinstance(w, Cancel) and w.reason == "EXTRA"]


@pytest.mark.parametrize("qty", [1, 2])
def test_a_replaced_stop_that_lives_is_cancelled(qty: int) -> None:
    book = with_late(qty=qty)
    assert quiet(book, 1, connected=False) == book
    step = tick(book, 1)
    assert step.wishes == (Cancel(STOP, "EXTRA"),)
    assert step.book.late[0].cancel_at == after(1)
    quiet(step.book, 10 - JUST)
    assert tick(step.book, 10).wishes == (Cancel(STOP, "EXTRA"),)
    assert quiet(with_late(ChildState.CANCELED), 1).late[0].cancel_at is None


def test_a_cancel_that_is_refused_is_asked_for_again_after_a_pause() -> None:
    """At once it would be refused at once: an endless quarrel at the speed of the wire."""
    extra = tick(with_late(), 1).book
    refused = heard(extra, STOP, word(STOP, K.CANCEL_REJECT, after(3)))
    assert refused.wishes == (Ask(STOP, "change refused"),)
    quiet(refused.book, 12 - JUST)
    assert tick(refused.book, 12).wishes == (Cancel(STOP, "EXTRA"),)
    leftover = tick(closed(), 2).book
    refused = heard(leftover, TARGET, word(TARGET, K.CANCEL_REJECT, after(4)))
    quiet(refused.book, 13 - JUST)
    assert Cancel(TARGET, "LEFTOVER") in tick(refused.book, 13).wishes
    never_asked = heard(opened(), TARGET, word(TARGET, K.CANCEL_REJECT, after(4))).book
    assert never_asked.target.cancel_at is None


def test_a_replaced_stop_stays_while_the_new_one_does_not_work() -> None:
    book = with_late()
    book = replace(book, stop=replace(book.stop, state=ChildState.CREATED))
    assert not any(isinstance(w, Cancel) for w in tick(book, 1).wishes)


def test_leftovers_go_after_two_seconds_and_are_asked_about_after_the_cancel() -> None:
    book = closed()
    assert quiet(book, 2 - JUST) == book
    assert quiet(book, 60, connected=False) == book
    step = tick(book, 2)
    assert step.wishes == (Cancel(TARGET, "LEFTOVER"),)
    assert step.book.target.cancel_at == after(2)
    quiet(step.book, 11 - JUST)
    again = tick(step.book, 11)
    assert again.wishes == (Cancel(TARGET, "LEFTOVER"), Ask(TARGET, "cancel not answered"))
    done = heard(step.book, TARGET, word(TARGET, K.CANCEL_ACK, after(3))).book
    assert done.settled
    assert quiet(done, 600) == done


def test_leftovers_count_from_the_last_thing_that_happened() -> None:
    late_fill = executed(opened(), STOP, fill(STOP, 2, 2, -1, after(5))).book
    assert quiet(late_fill, 7 - JUST) == late_fill
    assert tick(late_fill, 7).wishes == (Cancel(TARGET, "LEFTOVER"),)
    placed = replace(closed(), target=replace(closed().target, placed_at=after(4)))
    assert quiet(placed, 6 - JUST) == placed
    assert tick(placed, 6).wishes == (Cancel(TARGET, "LEFTOVER"),)
    dead = heard(accepted(), ENTRY, word(ENTRY, K.CANCEL_ACK, after(3))).book
    assert quiet(dead, 5 - JUST).stop.cancel_at is None
    both = tick(dead, 5)
    assert both.wishes == (Cancel(STOP, "LEFTOVER"), Cancel(TARGET, "LEFTOVER"))


def test_a_cancel_from_before_the_end_counts_for_nothing() -> None:
    early = replace(opened(), target=replace(opened().target, cancel_at=after(1)))
    book = executed(early, STOP, fill(STOP, 2, 2, -1, after(5))).book
    assert tick(book, 7).wishes == (Cancel(TARGET, "LEFTOVER"),)
    same = replace(early, target=replace(early.target, cancel_at=after(5)))
    book = executed(same, STOP, fill(STOP, 2, 2, -1, after(5))).book
    quiet(book, 14 - JUST)
    assert len(tick(book, 14).wishes) == 2


def test_leftovers_wait_while_the_entry_may_fill() -> None:
    book = executed(opened(qty=1), STOP, fill(STOP, 2, 1, -1)).book
    assert book.entry_alive
    assert not any(w == Cancel(TARGET, "LEFTOVER") for w in tick(book, 60).wishes)


def test_the_order_that_buys_back_is_no_leftover() -> None:
    twice = executed(closed(), TARGET, fill(TARGET, 3, 2, -1)).book
    out = twice.leaving(2, "REVERSED", PRICE, after(0))
    assert out.exit is not None
    assert out.exit.restores
    assert quiet(out, 5 - JUST).exit == out.exit
    flat = executed(out, EXIT, fill(EXIT, 4, 1, 1)).book
    flat = executed(flat, EXIT, fill(EXIT, 5, 1, 1)).book
    assert quiet(flat, 60) == flat
    plain = replace(out, exit=replace(out.exit, restores=False))
    assert tick(plain, 60).wishes == (Cancel(EXIT, "LEFTOVER"),)
    assert tick(out, 5).wishes == (Incident(IncidentKind.SLOW_EXIT, EXIT),)
    told = replace(out, slow_told=True)
    assert quiet(told, 8 - JUST).exit == out.exit
    retried = tick(told, 8).wishes  # what does not fill is sent again, like any exit
    assert retried == (Cancel(EXIT, "RETRY"), Ask(EXIT, "exit not filled"))
    even = replace(out, exits=out.exits[:1])
    assert Cancel(EXIT, "LEFTOVER") in tick(even, 60).wishes


# ---- silence and doubt


def test_an_entry_without_an_answer_is_in_error_after_five_seconds() -> None:
    book = quiet(sent(), 5 - JUST)
    step = tick(book, 5)
    assert step.book.parent is ParentState.ERROR
    assert step.book.parent_at == after(5)
    assert step.wishes[:2] == (
        Incident(IncidentKind.ACK_TIMEOUT, ENTRY),
        Ask(ENTRY, "no answer"),
    )


def test_a_cancel_without_an_answer_is_in_error_after_nine_seconds() -> None:
    for book in (accepted(), sent()):
        asked = cancel_entry(book, "TTL", after(1)).book
        children = {"stop": replace(asked.stop, state=ChildState.WORKING)}
        asked = replace(asked, **children)
        quiet(asked, 10 - JUST)
        step = tick(asked, 10)
        assert step.book.parent is ParentState.ERROR
        assert step.wishes == (Ask(ENTRY, "no answer"),)
        assert tick(step.book, 12).wishes == ()
    dead = heard(asked, ENTRY, word(ENTRY, K.CANCEL_ACK)).book
    assert tick(replace(dead, parent_at=after(0)), 60).book.parent is ParentState.CANCELED


@pytest.mark.parametrize("what", ["entry", "stop", "two"])
def test_a_doubt_is_an_incident_after_ten_seconds_and_a_kill_after_fifteen(what: str) -> None:
    if what == "entry":
        book = heard(accepted(), ENTRY, word(ENTRY, K.UNKNOWN)).book
    else:
        book = heard(opened(), STOP, word(STOP, K.UNKNOWN)).book
    if what == "two":
        book = heard(book, TARGET, word(TARGET, K.UNKNOWN, after(8))).book
    quiet(book, 10 - JUST)
    assert quiet(book, 60, connected=False) == book
    step = tick(book, 10)
    assert step.wishes == (Incident(IncidentKind.STATE_UNKNOWN, ENTRY),)
    assert step.book.doubt_told
    assert quiet(step.book, 15 - JUST) == step.book
    kill = (Kill("ORDER_STATE_UNKNOWN", f"{GROUP}: unknown for 15 s"),)
    assert tick(step.book, 15).wishes == kill
    assert tick(book, 15).wishes == kill


def test_the_dead_are_in_no_doubt() -> None:
    book = heard(opened(), TARGET, word(TARGET, K.UNKNOWN)).book
    book = replace(book, target=replace(book.target, state=ChildState.FAILED))
    assert not any(isinstance(w, Kill | Incident) for w in tick(book, 60).wishes)


def test_a_claim_without_an_execution_is_asked_about_every_two_seconds() -> None:
    book = replace(accepted(), claimed=1)
    quiet(book, 2 - JUST)
    step = tick(book, 2)
    assert step.wishes == (Ask(ENTRY, "a fill without an execution"),)
    assert step.book.read_at == after(2)
    quiet(step.book, 4 - JUST)
    assert len(tick(step.book, 4).wishes) == 1
    late = replace(book, parent_at=after(1), read_at=after(0))
    quiet(late, 3 - JUST)
    assert len(tick(late, 3).wishes) == 1
    assert quiet(replace(opened(), claimed=2), 60).read_at == 0


# ---- the market exit


def test_a_slow_exit_is_told_then_cancelled_and_asked_about() -> None:
    book = leaving()
    quiet(book, 5 - JUST)
    slow = tick(book, 5)
    assert slow.wishes == (Incident(IncidentKind.SLOW_EXIT, EXIT),)
    assert slow.book.slow_told
    quiet(slow.book, 8 - JUST)
    assert quiet(slow.book, 60, connected=False) == slow.book
    retry = tick(slow.book, 8)
    assert retry.wishes == (Cancel(EXIT, "RETRY"), Ask(EXIT, "exit not filled"))
    assert retry.book.exit is not None
    assert retry.book.exit.cancel_at == after(8)
    quiet(retry.book, 16 - JUST)
    assert tick(retry.book, 16).wishes == retry.wishes
    assert len(tick(book, 8).wishes) == 3


def test_a_slow_exit_is_told_even_without_a_link() -> None:
    step = tick(leaving(), 5, connected=False)
    assert step.wishes == (Incident(IncidentKind.SLOW_EXIT, EXIT),)


@pytest.mark.parametrize(("rounds", "pause"), [(1, 8), (2, 8), (3, 30), (4, 30)])
def test_after_three_rounds_the_exits_pause_longer(rounds: int, pause: int) -> None:
    book = replace(leaving(), exit_rounds=rounds, slow_told=True)
    quiet(book, pause - JUST)
    assert tick(book, pause).wishes == (Cancel(EXIT, "RETRY"), Ask(EXIT, "exit not filled"))
    dead = replace(book, exit=Leg(EXIT, ChildState.CANCELED, None, 2, after(0)))
    dead = replace(dead, unprotected=CALM)
    quiet(dead, pause - JUST)
    assert quiet(dead, 60, connected=False) == dead
    assert tick(dead, pause).wishes == (Close(2, "EOD"),)


def test_a_dead_exit_is_followed_only_after_a_read() -> None:
    book = heard(leaving(), EXIT, word(EXIT, K.CANCEL_ACK, after(9))).book
    assert book.provisional_at == after(9)
    quiet(replace(book, read_at=after(9) - 1), 60)
    assert tick(replace(book, read_at=after(9)), 60).wishes == (Close(2, "EOD"),)


def test_an_exit_of_the_flat_or_without_a_reason_is_not_repeated() -> None:
    dead = replace(leaving(), exit=Leg(EXIT, ChildState.CANCELED, None, 2, after(0)))
    quiet(replace(dead, exit_reason=None), 60)
    flat = executed(dead, STOP, fill(STOP, 2, 2, -1)).book
    assert not any(isinstance(w, Close) for w in tick(flat, 60).wishes)


def test_the_parameters_are_told_apart() -> None:
    times = (P.ack_timeout_s, P.cancel_timeout_s, P.protection_grace_s, P.protection_retry_s,
             P.flatten_retry_s, P.settle_s)  # fmt: skip
    assert len(set(times)) == len(times)
