"""What every journal does, in memory, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical, chain_hash, envelope, genesis
from adapters.store.journal import open_journal
from adapters.store.memory import MemoryJournal
from ports.errors import StoreFailure
from ports.journal import Journal, Record
from store.backends import Backend
from store.records import CONFIG, OPEN, StepClock, append_and_commit, day, record

Opener = Callable[[], Journal]


@pytest.fixture(
    params=[
        "memory", "sqlite", "sqlite-batched", "sqlite-background", "postgresql",
        "postgresql-batched", "postgresql-background",
    ]
)  # fmt: skip
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the journal under test; again the same one, where it outlives the process."""
    kind, _, way = request.param.partition("-")
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    url = f"sqlite:///{tmp_path}/store.db" if server is None else server.url()
    opened: list[Journal] = []

    def make() -> Journal:
        if kind == "memory":
            journal: Journal = MemoryJournal("MES", CONFIG, StepClock())
        else:
            batch = 3 if way == "batched" else 0
            journal = open_journal(url, "MES", CONFIG, StepClock(), batch, way == "background")
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        journal.close()


def test_numbers_without_gaps_and_chains_the_domain_stream(opener: Opener) -> None:
    journal = opener()
    journal.append(day(12))
    journal.commit()
    stored = list(journal.read())
    assert [event.seq for event in stored] == list(range(1, 13))
    head = genesis("MES", CONFIG)
    for event, given_record in zip(stored, day(12), strict=True):
        assert event.type == given_record.type
        assert event.payload.encode() == canonical(given_record.payload)
        assert (event.causation, event.correlation) == given_record[-2:]
        if event.stream == "ops":
            assert (event.prev_hash, event.hash) == ("", "")
            continue
        body = envelope(*event[2:5], event.session_date, event.ts_event, event.payload.encode())
        assert event.prev_hash == head
        assert event.hash == hashlib.sha256(head.encode() + body).hexdigest()
        assert event.hash == chain_hash(head, body)
        head = event.hash
    assert journal.head == head
    assert journal.count == 12


def test_an_empty_log_has_the_genesis_head(opener: Opener) -> None:
    journal = opener()
    assert (journal.count, journal.head) == (0, genesis("MES", CONFIG))
    journal.append([])
    journal.commit()
    assert list(journal.read()) == []


def test_readers_see_what_is_committed_only(opener: Opener) -> None:
    journal = opener()
    journal.append(day(2))
    assert list(journal.read()) == []
    assert journal.count == 2
    journal.commit()
    assert [event.seq for event in journal.read(after_seq=1)] == [2]


def test_the_same_event_again_is_no_event(opener: Opener) -> None:
    journal = opener()
    journal.append(day(4))
    journal.commit()
    head = journal.head
    journal.append([record(1), record(3), record(1)])
    assert (journal.count, journal.head) == (4, head)
    journal.commit()
    assert (journal.count, journal.head) == (4, head)


def test_repeats_among_new_events_leave_number_and_chain_as_if_absent(opener: Opener) -> None:
    journal = opener()
    journal.append(day(3))
    journal.commit()
    journal.append([record(2), record(5), record(5), record(0), record(6)])
    journal.append([record(6), record(7)])
    journal.commit()
    plain = MemoryJournal("MES", CONFIG, StepClock())
    plain.append([*day(3), record(5), record(6), record(7)])
    assert (journal.count, journal.head) == (plain.count, plain.head)
    assert [event.seq for event in journal.read()] == [1, 2, 3, 4, 5, 6]


def test_the_same_id_with_another_payload_is_refused_and_the_rest_lives(opener: Opener) -> None:
    journal = opener()
    journal.append(day(3))
    journal.commit()
    head = journal.head
    with pytest.raises(StoreFailure, match=r"BarClosed .* another payload"):
        append_and_commit(journal, [record(1, close=1)])
    journal.commit()
    assert (journal.count, journal.head) == (3, head)
    journal.append([record(8)])
    journal.commit()
    assert [event.seq for event in journal.read()] == [1, 2, 3, 4]


def test_a_conflict_inside_one_batch_is_refused(opener: Opener) -> None:
    journal = opener()
    journal.append([record(1)])
    with pytest.raises(StoreFailure, match="another payload"):
        journal.append([record(2), record(1, close=1)])
    journal.commit()
    assert journal.count == 1


@pytest.mark.parametrize(
    "bad",
    [
        record(1, x=float("inf")),
        record(1, x=2**70),
        record(1)._replace(stream="other"),
        record(1)._replace(ts_event=10**30),
    ],
)
def test_what_cannot_be_recorded_is_refused_whole(opener: Opener, bad: Record) -> None:
    journal = opener()
    with pytest.raises(StoreFailure, match="cannot be recorded"):
        journal.append([record(0), bad])
    journal.commit()
    assert journal.count == 0


def test_times_are_kept_to_the_microsecond(opener: Opener) -> None:
    journal = opener()
    journal.append([record(0)._replace(ts_event=OPEN + 1_999)])
    journal.commit()
    assert next(journal.read()).ts_event == OPEN + 1_000


def test_closing_twice_is_harmless_and_commits(
    opener: Opener, request: pytest.FixtureRequest
) -> None:
    journal = opener()
    journal.append(day(2))
    journal.close()
    journal.close()
    outlives_its_process = request.node.callspec.params["opener"] != "memory"
    assert opener().count == (2 if outlives_its_process else 0)


@settings(deadline=None, max_examples=12)
@given(st.lists(st.integers(1, 9), max_size=8), st.lists(st.booleans(), max_size=8))
def test_any_split_into_batches_gives_the_same_chain(
    shared_backend: Backend, sizes: list[int], commits: list[bool]
) -> None:
    records = day(30)
    whole = MemoryJournal("MES", CONFIG, StepClock())
    whole.append(records)
    journal = open_journal(shared_backend.new(), "MES", CONFIG, StepClock(), batch=7)
    start = 0
    for size, commit in zip(sizes, [*commits, *[False] * len(sizes)], strict=False):
        journal.append(records[start : start + size])
        start += size
        if commit:
            journal.commit()
    journal.append(records[start:])
    journal.commit()
    assert (journal.count, journal.head) == (whole.count, whole.head)
    assert [event.hash for event in journal.read()] == _hashes(whole)
    journal.close()


def _hashes(journal: MemoryJournal) -> list[str]:
    journal.commit()
    return [event.hash for event in journal.read()]
