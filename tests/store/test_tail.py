"""The end of a log that is not stored yet: as the link of rows says, all or none, and packed for
the database without a change."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.chain import EVENT_ID, PAYLOAD, Tip, link, relink
from adapters.store.journal import open_journal
from adapters.store.packed import unpack
from adapters.store.schema_v1 import statements
from ports.errors import StoreDamaged
from ports.journal import Record
from rust_core import Chunk, Tail
from store.records import CONFIG, StepClock, append_and_commit, day, record
from store.test_link import RECORDS

START = Tip(7, CONFIG)


def unique(records: list[Record]) -> list[Record]:
    """The first of each event id, with the kind of number that the database can hold."""
    return list({(each.type, each.stream, each.key): each for each in reversed(records)}.values())


@given(st.lists(RECORDS, max_size=6).map(unique), st.integers(0, 2**62), st.data())
def test_calls_and_chunks_leave_no_trace(
    records: list[Record], recorded: int, data: st.DataObject
) -> None:
    end, rows = link(START, records, recorded)
    tail, taken, first = Tail(*START), [], 0
    while first < len(records):
        count = data.draw(st.integers(1, len(records) - first))
        assert tail.append(records[first : first + count], recorded) is None
        if data.draw(st.booleans()):
            chunk = tail.take()
            assert chunk.start == (START.seq + len(taken), taken[-1][0] if taken else START.head)
            taken += [(head(rows, n), row) for n, row in enumerate(chunk.rows(), len(taken))]
            assert (len(tail), tail.start) == (0, (tail.seq, tail.head))
        first += count
    assert [row for _, row in taken] + tail.rows() == rows
    assert (tail.seq, tail.head) == end


@given(st.lists(RECORDS, min_size=3, max_size=9).map(unique), st.randoms(use_true_random=False))
def test_in_whatever_order_and_by_whomever_chunks_are_asked(
    records: list[Record], order: Random
) -> None:
    tail, asked = Tail(*START), []
    for each in records:
        tail.append([each], 5)
        asked.append(tail.take())
    end, rows = link(START, records, 5)
    order.shuffle(asked)
    with ThreadPoolExecutor(3) as others:
        found = [row for chunk in others.map(Chunk.rows, asked) for row in chunk]
        ends = [others.submit(lambda: (tail.seq, tail.head)).result(), (tail.seq, tail.head)]
    assert sorted(found) == rows
    assert ends == [end, end]
    assert [chunk.start for chunk in asked] == [
        (seq - 1, head(rows, place - 1) if place else START.head)
        for seq, place in ((row[0], row[0] - START.seq - 1) for row in (c.rows()[0] for c in asked))
    ]


def head(rows: list[tuple[object, ...]], n: int) -> object:
    """The chain head after row `n`."""
    return next((row[12] for row in reversed(rows[: n + 1]) if row[12]), START.head)


@given(st.lists(RECORDS, min_size=1, max_size=6).map(unique), st.integers(0, 2**62))
def test_the_database_makes_the_same_rows_of_a_packed_chunk(
    records: list[Record], recorded: int
) -> None:
    tail = Tail(*START)
    tail.append(records, recorded)
    chunk = tail.take()
    database = sqlite3.connect(":memory:")
    for statement in statements("sqlite"):
        database.execute(statement)
    database.execute(unpack(), chunk.packed())
    found = database.execute("SELECT * FROM events ORDER BY seq").fetchall()
    database.close()
    assert found == chunk.rows()
    assert len(found) == len(records)


def test_what_is_held_back_already_is_left_out() -> None:
    records = day(6)
    tail = Tail(*START)
    assert tail.append([records[0], records[1], records[0]], 5) is None
    assert tail.append([records[1], records[2], records[2]], 5) is None
    assert (Tip(tail.seq, tail.head), tail.rows()) == link(START, records[:3], 5)


@pytest.mark.parametrize("bad", [record(1, close=0), record(2, close=0), record(9, x=float("inf"))])
def test_a_call_adds_all_or_nothing(bad: Record) -> None:
    tail = Tail(*START)
    tail.append(day(2), 5)
    before = tail.seq, tail.head, tail.rows()
    if bad.key == "9":
        with pytest.raises(ValueError, match="BarClosed '9' cannot be recorded"):
            tail.append([record(2), record(3), bad], 5)
    else:
        wrong = tail.append([record(2), record(3), bad], 5)
        assert wrong == ("BarClosed", link(START, [bad], 0)[1][0][EVENT_ID])
    assert (tail.seq, tail.head, tail.rows()) == before
    # Nothing of what was undone is taken for held back.
    tail.append([record(2, close=3), record(3, close=4)], 5)
    records = [*day(2), record(2, close=3), record(3, close=4)]
    assert (Tip(tail.seq, tail.head), tail.rows()) == link(START, records, 5)


def test_chunks_can_be_held_back_again_without_some_events() -> None:
    tail = Tail(*START)
    records, chunks = day(9), []
    for n in (0, 3, 6):
        tail.append(records[n : n + 3], n)
        chunks.append(tail.take())
    rows = [row for chunk in chunks for row in chunk.rows()]
    gone = {rows[2][EVENT_ID], rows[4][EVENT_ID]}
    again = Tail(*chunks[0].start)
    for chunk in chunks:
        again.extend(chunk, gone)
    kept = [row for row in rows if row[EVENT_ID] not in gone]
    assert (Tip(again.seq, again.head), again.rows()) == relink(START, kept)
    # They are known again: the same is left out, another payload is told.
    assert again.append([records[0]], 1) is None
    assert again.seq == START.seq + 7
    assert again.append([record(0, close=1)], 1) == ("BarClosed", rows[0][EVENT_ID])
    assert rows[0][PAYLOAD] == again.rows()[0][PAYLOAD]


def test_a_store_whose_last_hash_is_none_is_damaged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    append_and_commit(journal, [record(0)])
    journal.close()
    spoiled = sqlite3.connect(tmp_path / "s.db")
    spoiled.execute("DROP TRIGGER events_no_update")
    spoiled.execute("UPDATE events SET hash = 'abc'")
    spoiled.commit()
    spoiled.close()
    with pytest.raises(StoreDamaged, match="a chain head has 64 hex digits"):
        open_journal(url, "MES", CONFIG, StepClock())
