"""A store looked at without its lock: who it is, where it ends, latch and memory of the law."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.canonical import canonical, genesis
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.reading import has_kill_latch, reading
from adapters.wire.codec import Codec
from adapters.wire.law_state import instant, law_fields, law_state
from adapters.wire.times import rfc3339
from domain.event import LawStateChanged, StoreBound
from domain.law.state import KillState, LawState
from guard.states import HURT, laws
from ports.errors import StoreFailure
from ports.guard import Latch
from ports.journal import JsonValue, Record
from store.backends import Backend
from store.records import CONFIG, OPEN, StepClock, day, record


def law_record(state: LawState, cause: str) -> Record:
    return Codec("c").record(LawStateChanged(OPEN, state, cause), "")


def kill(n: int, kind: str, **payload: JsonValue) -> Record:
    return record(n, **payload)._replace(type=kind)


def test_nothing_is_read_where_there_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name in ("none.db", "empty.db"):
        with reading(f"sqlite:///{tmp_path}/{name}") as found:
            assert found is None
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database, but long enough to be looked at")
    with pytest.raises(StoreFailure), reading(f"sqlite:///{tmp_path}/text.db"):
        pass


def test_the_end_and_every_head_on_the_way_are_those_of_the_journal(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    heads = [journal.head]
    for each in day(12):
        journal.append([each])
        journal.commit()
        heads.append(journal.head)
        with reading(url) as found:
            assert found is not None
            assert found.tip() == (journal.count, journal.head)
            assert [found.head_at(n) for n in range(len(heads))] == heads
            assert found.head_at(len(heads)) is None
            assert found.head_at(-1) is None
    assert heads[0] == genesis("MES", CONFIG)
    journal.close()


def test_what_is_read_is_one_moment(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(3))
    journal.commit()
    with reading(url) as found:
        assert found is not None
        before = found.tip()
        journal.append([record(50), kill(51, "KillTriggered", trigger="MARGIN")])
        journal.commit()
        assert found.tip() == before
        assert found.latch() is None
    assert has_kill_latch(url)
    journal.close()


def test_the_latch_is_the_first_trigger_since_the_last_reset(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    steps: list[tuple[Record, str | None]] = [
        (kill(0, "KillTriggered", trigger="MARGIN", detail="low"), "MARGIN"),
        (kill(1, "KillTriggered", trigger="MANUAL", detail="me"), "MARGIN"),
        (kill(2, "KillCompleted", trigger="MARGIN"), "MARGIN"),
        (kill(3, "KillReset", who="me"), None),
        (kill(4, "KillTriggered", trigger="MANUAL", detail="me"), "MANUAL"),
        (kill(5, "KillReset", who="me"), None),
        (kill(6, "KillTriggered"), "UNKNOWN"),
    ]
    for each, expected in steps:
        journal.append([each])
        journal.commit()
        with reading(url) as found:
            assert found is not None
            latch = found.latch()
            assert (latch.trigger if latch else None) == expected
    with reading(url) as found:
        assert found is not None
        assert found.latch() == Latch("UNKNOWN", "", record(6).ts_event)
    journal.close()


def test_a_reset_that_waits_for_a_session_leaves_the_latch(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    armed = HURT._replace(kill_state=KillState.ARMED, kill_trigger=None)
    steps: list[tuple[Record, bool]] = [
        (kill(0, "KillTriggered", trigger="MARGIN"), True),
        (law_record(HURT, "killed"), True),
        (kill(1, "KillReset", who="me"), False),
        (law_record(HURT, "reset waits"), True),
        (law_record(armed, "session"), False),
        (Codec("c").record(StoreBound(OPEN, "d", "PAPER", HURT, "me", "because"), ""), True),
    ]
    for each, latched in steps:
        journal.append([each])
        journal.commit()
        assert has_kill_latch(url) is latched, each.type
    with reading(url) as found:
        assert found is not None
        assert found.law() == law_fields(HURT)
    journal.close()


def test_the_last_memory_of_the_law_is_found(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    with reading(url) as found:
        assert found is not None
        assert found.law() is None
    journal.append([law_record(LawState(), "one"), law_record(HURT, "two"), record(1)])
    journal.commit()
    with reading(url) as found:
        assert found is not None
        payload = found.law()
    assert payload is not None
    found_state = law_state(payload)
    told = [f for f in LawState._fields if f not in ("good_minutes", "month_halted")]
    assert {f: getattr(found_state, f) for f in told} == {f: getattr(HURT, f) for f in told}
    journal.close()


@given(laws)
def test_a_memory_is_read_as_it_was_recorded(state: LawState) -> None:
    payload = law_record_or_none(state)
    if payload is not None:
        assert law_state(payload) == _cut(state)


def law_record_or_none(state: LawState) -> dict[str, JsonValue] | None:
    try:
        text = canonical(law_record(state, "x").payload)
    except (ValueError, OverflowError):  # a time that no calendar has
        return None
    value: dict[str, JsonValue] = orjson.loads(text)
    return value


def _cut(state: LawState) -> LawState:
    last = state.last_entry
    cut = None if last is None else last - last % 1000
    return state._replace(last_entry=cut, good_minutes=0, month_halted=None)  # not recorded


@given(st.integers(0, 2**62))
def test_an_instant_is_read_to_the_microsecond(at: int) -> None:
    assert instant(rfc3339(at)) == at - at % 1000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trades_today", -1),
        ("trades_today", True),
        ("streak", "2"),
        ("halts", "HALT_DAY"),
        ("halts", ["HALT_YEAR"]),
        ("realised_day", 3),
        ("last_entry", "2013-10-07"),
        ("kill_state", None),
    ],
)
def test_what_is_no_memory_is_refused(field: str, value: JsonValue) -> None:
    payload = orjson.loads(canonical(law_record(HURT, "x").payload))
    law_state(payload)
    with pytest.raises(ValueError):
        law_state(payload | {field: value})
    del payload[field]
    with pytest.raises(ValueError, match=field):
        law_state(payload)


def test_a_store_is_bound_once_and_for_ever(backend: Backend) -> None:
    url = backend.new()
    with pytest.raises(StoreFailure, match="no store to bind"):
        bind(url, "ibkr", "d1", "PAPER")
    open_journal(url, "MES", CONFIG, StepClock()).close()
    told = []
    for words in (("ibkr", "d1", ""), ("ibkr", "d1", "PAPER"), ("fake", "d2", "LIVE")):
        bind(url, *words)
        with reading(url) as found:
            assert found is not None
            told.append((found.identity.adapter, found.identity.account, found.identity.mode))
            assert len(found.identity.store_id) == 32
    assert told == [("ibkr", "d1", ""), ("ibkr", "d1", "PAPER"), ("ibkr", "d1", "PAPER")]


def test_two_stores_have_two_ids(backend: Backend) -> None:
    ids = set()
    for url in (backend.new(), backend.new()):
        open_journal(url, "MES", CONFIG, StepClock()).close()
        with reading(url) as found:
            assert found is not None
            ids.add(found.identity.store_id)
    assert len(ids) == 2
