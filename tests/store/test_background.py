"""Writing in the background: the same log, failures told and nothing lost, commits that hold."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, current_thread, main_thread

import pytest

from adapters.store.background import CHUNK_ROWS, Background
from adapters.store.journal import SqlJournal, open_journal
from adapters.store.memory import MemoryJournal
from adapters.store.verify import verify
from ports.errors import StoreFailure
from rust_core import Chunk, Tail
from store.records import CONFIG, StepClock, append_and_commit, day, record

ROOT = Path(__file__).resolve().parents[2]
MANY = 5 * CHUNK_ROWS + 3


def opened(folder: Path) -> SqlJournal:
    return open_journal(f"sqlite:///{folder}/s.db", "MES", CONFIG, StepClock(), background=True)


def stored(folder: Path) -> int:
    """Rows that another connection sees."""
    connection = sqlite3.connect(folder / "s.db")
    count = connection.execute("SELECT count(*) FROM events").fetchone()[0]
    connection.close()
    return int(count)


def expected(count: int) -> tuple[int, str]:
    """Count and head of a log of the first `count` records."""
    whole = MemoryJournal("MES", CONFIG, StepClock())
    whole.append(day(count))
    return whole.count, whole.head


def test_the_log_is_the_same_and_commit_waits_for_all_of_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    records = day(MANY)
    for n in range(MANY):
        journal.append(records[n : n + 1])
        if n in (10, CHUNK_ROWS + 1, 4 * CHUNK_ROWS):
            journal.commit()
            assert stored(tmp_path) == n + 1
    journal.commit()
    assert (journal.count, journal.head) == expected(MANY)
    assert stored(tmp_path) == MANY
    journal.close()
    result = verify(f"sqlite:///{tmp_path}/s.db")
    assert (result.count, result.head) == expected(MANY)


def test_chunks_are_written_elsewhere_without_a_commit(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    wrote, where = Event(), []
    background = journal._background
    assert background is not None
    write = background._write

    def seen(chunk: Chunk) -> None:
        write(chunk)
        where.append(current_thread())
        wrote.set()

    background._write = seen  # type: ignore[method-assign]
    journal.append(day(CHUNK_ROWS))
    assert wrote.wait(20)
    assert where == [background._thread]
    assert where[0] is not main_thread()
    assert stored(tmp_path) == CHUNK_ROWS
    journal.close()


def test_a_call_is_one_transaction_however_large(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(day(2 * CHUNK_ROWS))
    journal.append(day(MANY + 4000)[2 * CHUNK_ROWS :])
    journal.close()
    assert verify(f"sqlite:///{tmp_path}/s.db").count == MANY + 4000


@pytest.mark.parametrize("then", ["append", "commit", "head", "close"])
def test_a_busy_store_is_told_once_and_nothing_is_lost(tmp_path: Path, then: str) -> None:
    journal = opened(tmp_path)
    journal._cursor.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    records = day(3 * CHUNK_ROWS)
    journal.append(records[:CHUNK_ROWS])
    assert journal._background is not None
    journal._background.wait()
    other.execute("ROLLBACK")
    other.close()
    calls: dict[str, Callable[[], object]] = {
        "append": lambda: journal.append(records[CHUNK_ROWS : CHUNK_ROWS + 1]),
        "commit": journal.commit,
        "head": lambda: journal.head,
        "close": journal.close,
    }
    with pytest.raises(StoreFailure, match="another process has held it"):
        calls[then]()
    count = CHUNK_ROWS + (then == "append")
    if then != "close":
        assert journal.count == count
        journal.commit()
        assert (journal.count, journal.head) == expected(count)
        journal.close()
    assert verify(f"sqlite:///{tmp_path}/s.db").count == count


def test_a_full_disk_is_told_and_the_rest_can_follow(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal._cursor.execute("PRAGMA max_page_count = 1")
    journal.append(day(CHUNK_ROWS))
    with pytest.raises(StoreFailure, match="the disk is full"):
        journal.commit()
    assert stored(tmp_path) == 0
    journal._cursor.execute("PRAGMA max_page_count = 1000000")
    journal.close()
    result = verify(f"sqlite:///{tmp_path}/s.db")
    assert (result.count, result.head) == expected(CHUNK_ROWS)


def test_repeats_of_stored_events_leave_number_and_chain_as_if_absent(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    records = day(3 * CHUNK_ROWS)
    journal.append(records[:CHUNK_ROWS])
    journal.append([records[3], *records[CHUNK_ROWS : 2 * CHUNK_ROWS], records[5]])
    journal.append(records[2 * CHUNK_ROWS :])
    journal.commit()
    assert (journal.count, journal.head) == expected(3 * CHUNK_ROWS)
    journal.close()
    assert verify(f"sqlite:///{tmp_path}/s.db").head == expected(3 * CHUNK_ROWS)[1]


def test_a_conflict_in_a_chunk_is_told_and_the_rest_lives(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    records = day(2 * CHUNK_ROWS)
    journal.append(records[:CHUNK_ROWS])
    journal.commit()
    with pytest.raises(StoreFailure, match=r"BarClosed .* another payload"):
        append_and_commit(journal, [record(1, close=1), *records[CHUNK_ROWS:]])
    journal.commit()
    assert (journal.count, journal.head) == expected(2 * CHUNK_ROWS)
    journal.close()
    assert verify(f"sqlite:///{tmp_path}/s.db").count == 2 * CHUNK_ROWS


def test_order_is_kept_and_all_after_a_failure_is_given_back() -> None:
    seen: list[int] = []

    def write(chunk: Chunk) -> None:
        if chunk.start[0] == 3:
            raise OSError("no")
        seen.append(chunk.start[0])

    background = Background(write)
    tail = Tail(0, CONFIG)
    chunks = []
    for n in range(6):
        tail.append([record(n)], 0)
        chunks.append(tail.take())
        background.give(chunks[-1])
    background.wait()
    kept, why = background.take_back()
    assert seen == [0, 1, 2]
    assert kept == chunks[3:]
    assert isinstance(why, OSError)
    background.give(chunks[4])
    background.wait()
    assert seen == [0, 1, 2, 4]
    assert background.failure is None
    background.close()


def test_the_switch_interval_is_put_back(tmp_path: Path) -> None:
    interval = sys.getswitchinterval()
    opened(tmp_path).close()
    assert sys.getswitchinterval() == interval


CHILD = """
import sys
from adapters.store.journal import open_journal
from rust_core import Chunk, Tail
from store.records import CONFIG, StepClock, record
journal = open_journal(sys.argv[1], "MES", CONFIG, StepClock(), background=True)
n = 0
while True:
    journal.append([record(n), record(n + 1)])
    n += 2
    if n % 2000 == 0:
        journal.commit()
        print(n, journal.head, flush=True)
    elif n % 500 == 0:
        print(0, "-", flush=True)
"""


def test_a_killed_process_leaves_a_prefix_that_verifies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(11)]
    os.kill(child.pid, signal.SIGKILL)
    lines += [line for line in child.stdout.read().splitlines(keepends=True) if line[-1:] == "\n"]
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    told = [(int(count), head) for count, head in map(str.split, lines) if count != "0"]
    result = verify(url)
    assert result.sound, result.reason
    assert result.count >= told[-1][0]
    assert result.count % 2 == 0, "a transaction was torn"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    hashes = {event.seq: event.hash for event in journal.read()}
    journal.close()
    assert all(hashes[count] == head for count, head in told)
