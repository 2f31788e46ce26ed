"""The two tables of execution.md 2 and 3, written down once more by hand and compared."""

from __future__ import annotations

from collections import deque

import pytest

from domain.errors import IllegalTransition
from domain.orders import (
    CHILD_TERMINAL,
    PARENT_TERMINAL,
    ChildEvent,
    ChildState,
    OrderEventKind,
    OrderRef,
    ParentEvent,
    ParentState,
    Role,
    child_after,
    group_of,
    parent_after,
    ref_of,
)

# "-" stands for a pair without effect, "x" for an illegal one.
PARENT = """
                 Send      SendFailed Ack   PartialFill      Fill   CancelRequested CancelAck CancelReject Reject   Expire   Timeout Unknown
CREATED          SUBMITTED CANCELED   x     x                x      CANCELED        x         x            x        CANCELED -       -
SUBMITTED        x         ERROR      ACKED PARTIALLY_FILLED FILLED -               CANCELED  -            REJECTED CANCELED ERROR   ERROR
ACKED            x         x          -     PARTIALLY_FILLED FILLED -               CANCELED  -            REJECTED CANCELED ERROR   ERROR
PARTIALLY_FILLED x         x          -     -                FILLED -               CANCELED  -            ERROR    CANCELED ERROR   ERROR
FILLED           x         x          -     x                x      -               -         -            x        -        -       -
CANCELED         x         x          -     -                FILLED -               -         -            -        -        -       -
REJECTED         x         x          ERROR ERROR            ERROR  -               -         -            -        -        -       -
ERROR            x         x          -     -                -      -               -         -            -        -        -       -
"""  # noqa: E501
CHILD = """
         placed  fill   cancel_ack reject vanished parent_dead
CREATED  WORKING FILLED CANCELED   FAILED FAILED   CANCELED
WORKING  -       FILLED CANCELED   FAILED FAILED   CANCELED
FILLED   -       x      -          x      -        -
CANCELED WORKING FILLED -          -      -        -
FAILED   WORKING FILLED -          -      -        -
"""
CHILD_EVENTS = {
    "placed": ChildEvent.PLACED,
    "fill": ChildEvent.FILL,
    "cancel_ack": ChildEvent.CANCEL_ACK,
    "reject": ChildEvent.REJECT,
    "vanished": ChildEvent.VANISHED,
    "parent_dead": ChildEvent.PARENT_DEAD,
}


def cells(table: str) -> list[tuple[str, str, str]]:
    """(state, event, next) of every cell; the state itself for "-", "" for an illegal pair."""
    head, *rows = (line.split() for line in table.strip().splitlines())
    out = []
    for name, *nexts in rows:
        assert len(nexts) == len(head)
        for event, after in zip(head, nexts, strict=True):
            out.append((name, event, {"-": name, "x": ""}.get(after, after)))
    return out


@pytest.mark.parametrize(("state", "event", "after"), cells(PARENT))
def test_entry(state: str, event: str, after: str) -> None:
    before, happened = ParentState(state), ParentEvent(event)
    if after:
        assert parent_after(before, happened) is ParentState(after)
        return
    with pytest.raises(IllegalTransition, match=f"{event} is impossible in state {state}"):
        parent_after(before, happened)


@pytest.mark.parametrize(("state", "event", "after"), cells(CHILD))
def test_stop_and_target(state: str, event: str, after: str) -> None:
    before, happened = ChildState(state), CHILD_EVENTS[event]
    if after:
        assert child_after(before, happened) is ChildState(after)
        return
    with pytest.raises(IllegalTransition):
        child_after(before, happened)


def test_the_hand_made_tables_are_complete() -> None:
    assert {(s, e) for s, e, _ in cells(PARENT)} == {
        (s.value, e.value) for s in ParentState for e in ParentEvent
    }
    assert {(s, CHILD_EVENTS[e]) for s, e, _ in cells(CHILD)} == {
        (s.value, e) for s in ChildState for e in ChildEvent
    }


def test_every_entry_state_is_reachable_and_only_a_late_word_leaves_the_dead() -> None:
    seen, queue = {ParentState.CREATED}, deque([ParentState.CREATED])
    steps = 0
    while queue:
        state = queue.popleft()
        for event in ParentEvent:
            steps += 1
            try:
                after = parent_after(state, event)
            except IllegalTransition:
                continue
            if state in PARENT_TERMINAL and after is not state:
                assert event in (ParentEvent.ACK, ParentEvent.PARTIAL_FILL, ParentEvent.FILL)
            if state is not ParentState.CREATED:
                assert after is not ParentState.CREATED  # nothing is sent a second time
            if after not in seen:
                seen.add(after)
                queue.append(after)
    assert seen == set(ParentState)
    assert steps == len(ParentState) * len(ParentEvent)


def test_every_child_state_is_reachable_and_a_fill_is_final() -> None:
    seen, queue = {ChildState.CREATED}, deque([ChildState.CREATED])
    while queue:
        state = queue.popleft()
        for event in ChildEvent:
            try:
                after = child_after(state, event)
            except IllegalTransition:
                continue
            if state is ChildState.FILLED:
                assert after is ChildState.FILLED
            if state in CHILD_TERMINAL and after is not state:
                assert event in (ChildEvent.PLACED, ChildEvent.FILL)
            if after not in seen:
                seen.add(after)
                queue.append(after)
    assert seen == set(ChildState)


def test_only_a_fill_says_filled() -> None:
    for state in ParentState:
        for event in ParentEvent:
            try:
                after = parent_after(state, event)
            except IllegalTransition:
                continue
            if after is ParentState.FILLED and state is not ParentState.FILLED:
                assert event is ParentEvent.FILL


@pytest.mark.parametrize(
    ("role", "number", "text"),
    [(Role.ENTRY, 0, "20131007-275-MES-E"), (Role.STOP, 0, "20131007-275-MES-S"),
     (Role.TARGET, 0, "20131007-275-MES-T"), (Role.EXIT, 1, "20131007-275-MES-X1"),
     (Role.STOP, 2, "20131007-275-MES-S2"), (Role.EXIT, 12, "20131007-275-MES-X12")],
)  # fmt: skip
def test_references(role: Role, number: int, text: str) -> None:
    group = group_of("2013-10-07-275-MES")
    assert str(OrderRef(group, role, number)) == text
    assert len(text) <= 40
    assert str(OrderRef(group, role)) == f"{group}-{role.value}"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("number", [0, 1, 9, 10, 123])
@pytest.mark.parametrize("symbol", ["MES", "M-S"])
def test_what_is_written_can_be_read(role: Role, number: int, symbol: str) -> None:
    ref = OrderRef(f"20131007-275-{symbol}", role, number)
    assert ref_of(str(ref)) == ref


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "E", "20131007-275-E", "20131007-275-MES", "20131007-275-MES-",
        "20131007-275-MES-Q", "20131007-275-MES-S0", "20131007-275-MES-S01",
        "20131007-275-MES-Sx", "20131007-275-MES-S1x", "20131007-275-MES-S-1",
        "20131007-275-MES-S\u0661", "20131007-275-MES-S\u00b2", "2013100-275-MES-S",
        "201310077-275-MES-S", "20131007-27-MES-S", "20131007-2755-MES-S", "2013100x-275-MES-S",
        "20131007-27x-MES-S", "20131007-275-MES-e", "\u00e420131007-275-MES-S1\u00e4",
    ],
)  # fmt: skip
def test_what_has_not_our_form_is_no_reference(text: str) -> None:
    assert ref_of(text) is None


def test_the_words_that_are_recorded() -> None:
    assert [r.value for r in Role] == ["E", "S", "T", "X"]
    kinds = ["ACK", "PARTIAL", "FILL", "CANCEL_ACK", "CANCEL_REJECT", "REJECT", "EXPIRE",
             "UNKNOWN", "OPEN_ORDER", "NOT_SENT", "SEND_FAILED"]  # fmt: skip
    assert [k.value for k in OrderEventKind] == kinds
    assert {e.value for e in ChildEvent} == {
        "placed", "fill", "cancel ack", "reject", "vanished", "parent dead unfilled",
    }  # fmt: skip
