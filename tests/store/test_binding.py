"""Whose store it is, and whether a run may start on it beside its guard (events.md 5)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store.journal import open_journal
from adapters.store.reading import reading
from application.binding import (
    Owner,
    Start,
    StoreFacts,
    bound_after,
    latch_found,
    start,
    taken_by,
)
from changing import replace
from domain.law.state import LawState
from guard.states import DIGEST, HURT, LATCH, NOON, state
from ports.guard import GuardState, Latch
from store.records import CONFIG, StepClock, day, record

MODES = ("LIVE", "PAPER", "OBSERVE")
ADAPTERS = ("fake", "ibkr", "tradovate")
COUNT = 12


def owners() -> list[Owner]:
    """Every adapter, account and mode there is to try; the fake broker has no LIVE."""
    every = [Owner(*each) for each in product(ADAPTERS, ("d1", "d2"), MODES)]
    return [each for each in every if (each.adapter, each.mode) != ("fake", "LIVE")]


@pytest.mark.parametrize("first", owners(), ids=str)
@pytest.mark.parametrize("second", owners(), ids=str)
def test_every_pair_on_one_store_is_allowed_or_refused(first: Owner, second: Owner) -> None:
    assert taken_by(Owner(), first, 0) == ""
    bound = bound_after(Owner(), first)
    same = first[:2] == second[:2]
    modes = {first.mode, second.mode}
    allowed = same and modes != {"LIVE", "PAPER"}
    assert (taken_by(bound, second, 5) == "") is allowed
    if allowed:
        after = bound_after(bound, second)
        assert after.mode == next((m for m in (first.mode, second.mode) if m != "OBSERVE"), "")


def test_observe_in_between_does_not_change_what_a_store_is() -> None:
    bound = Owner()
    for mode in ("OBSERVE", "LIVE", "OBSERVE"):
        bound = bound_after(bound, Owner("ibkr", "d1", mode))
    assert bound == Owner("ibkr", "d1", "LIVE")
    assert "LIVE" in taken_by(bound, Owner("ibkr", "d1", "PAPER"), 5)


def test_events_of_nobody_are_no_brokers() -> None:
    assert taken_by(Owner(), Owner("ibkr", "d1", "PAPER"), 1)
    assert taken_by(Owner(), Owner("fake", "d1", "PAPER"), 1) == ""


STORE = StoreFacts("5" * 32, 9, "b" * 64)
GUARD = state(7)
TABLE: list[tuple[str, StoreFacts, GuardState | None, Start, Start]] = [
    ("agrees", STORE, GUARD, Start.GO, Start.GO),
    ("ahead", STORE._replace(seq=10_000), GUARD, Start.GO, Start.GO),
    ("equal", STORE._replace(seq=7), GUARD, Start.GO, Start.GO),
    ("new, no guard", STORE._replace(seq=0), None, Start.REFUSED, Start.BIND),
    ("events, no guard", STORE, None, Start.REFUSED, Start.NEW_GUARD),
    ("new", StoreFacts("6" * 32, 0, None), GUARD, Start.NO_ENTRIES, Start.NEW_GUARD),
    ("shorter", STORE._replace(seq=6, head_at_guard=None), GUARD, Start.NO_ENTRIES,
     Start.NEW_GUARD),
    ("other id", STORE._replace(store_id="6" * 32), GUARD, Start.NO_ENTRIES, Start.NEW_GUARD),
    ("other head", STORE._replace(head_at_guard="d" * 64), GUARD, Start.NO_ENTRIES,
     Start.NEW_GUARD),
    ("guard of another account", STORE, replace(GUARD, account="e" * 64), Start.NO_ENTRIES,
     Start.NEW_GUARD),
    ("guard before the first event", STORE._replace(head_at_guard="f" * 64), state(0), Start.GO,
     Start.GO),
]  # fmt: skip


@pytest.mark.parametrize(("name", "store", "guard", "live", "other"), TABLE)
@pytest.mark.parametrize("mode", MODES)
def test_the_table_of_starts(
    name: str, store: StoreFacts, guard: GuardState | None, live: Start, other: Start, mode: str
) -> None:
    own = None if guard is None else replace(guard, mode=mode)
    found = start(mode, DIGEST, store, own)
    assert found.start is (live if mode == "LIVE" else other), name
    assert found.reason
    if guard is not None:
        wrong = replace(guard, mode="PAPER" if mode != "PAPER" else "LIVE")
        assert start(mode, DIGEST, store, wrong).start is not Start.GO


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store of twelve events; numbers 5 and 10 are not of the chain."""
    path = tmp_path_factory.mktemp("whole") / "s.db"
    journal = open_journal(f"sqlite:///{path}", "MES", CONFIG, StepClock())
    journal.append(day(COUNT))
    journal.close()
    return path


def facts(path: Path, guard: GuardState) -> StoreFacts:
    with reading(f"sqlite:///{path}") as found:
        assert found is not None
        return StoreFacts(found.identity.store_id, found.tip().seq, found.head_at(guard.seq))


def guard_at(path: Path, seq: int, mode: str = "LIVE") -> GuardState:
    """The guard as it was written when `path` ended at `seq`."""
    with reading(f"sqlite:///{path}") as found:
        assert found is not None
        head = found.head_at(seq) or ""
        return replace(
            state(seq), head=head, store_id=found.identity.store_id, mode=mode, law=LawState()
        )


def cut(path: Path, copy: Path, length: int) -> Path:
    """A copy that was rolled back to its first `length` events; it verifies."""
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DROP TRIGGER events_no_delete")
        connection.execute("DELETE FROM events WHERE seq > ?", (length,))
        connection.commit()
    return copy


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(length=st.integers(0, COUNT), seq=st.integers(0, COUNT), mode=st.sampled_from(MODES))
def test_every_prefix_is_refused_against_its_guard_and_a_store_ahead_starts(
    whole: Path, length: int, seq: int, mode: str
) -> None:
    guard = guard_at(whole, seq, mode)
    prefix = cut(whole, whole.with_name("prefix.db"), length)
    found = start(mode, DIGEST, facts(prefix, guard), guard)
    if length >= seq:
        assert found.start is Start.GO
    else:
        assert found.start is (Start.NO_ENTRIES if mode == "LIVE" else Start.NEW_GUARD)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(length=st.integers(0, COUNT - 1), more=st.integers(0, 9))
def test_a_store_rolled_back_and_grown_again_is_refused(
    whole: Path, length: int, more: int
) -> None:
    guard = guard_at(whole, COUNT)
    copy = cut(whole, whole.with_name("regrown.db"), length)
    journal = open_journal(f"sqlite:///{copy}", "MES", CONFIG, StepClock())
    journal.append([record(100 + n) for n in range(COUNT - length + more)])
    journal.close()
    assert start("LIVE", DIGEST, facts(copy, guard), guard).start is Start.NO_ENTRIES


def test_a_store_made_anew_at_the_same_place_is_refused(whole: Path, tmp_path: Path) -> None:
    guard = guard_at(whole, COUNT)
    journal = open_journal(f"sqlite:///{tmp_path}/s.db", "MES", CONFIG, StepClock())
    journal.append(day(COUNT))
    journal.close()
    other = facts(tmp_path / "s.db", guard)
    assert other.head_at_guard == guard.head, "the same events have the same head"
    assert start("LIVE", DIGEST, other, guard).start is Start.NO_ENTRIES


def test_a_latch_in_any_of_the_three_places_holds() -> None:
    stored = Latch("MARGIN", "low", 1)
    clean = state(law=LawState())
    assert latch_found(None, None, None, NOON) is None
    assert latch_found(None, clean, None, NOON) is None
    assert latch_found(None, clean, "", NOON) == Latch("MANUAL", "", NOON)
    assert latch_found(None, state(latch=LATCH), None, NOON) == LATCH
    assert latch_found(stored, state(latch=LATCH), "x", NOON) == stored
    inner = latch_found(None, state(law=HURT), None, NOON)
    assert inner is not None
    assert inner.trigger == "MANUAL"
