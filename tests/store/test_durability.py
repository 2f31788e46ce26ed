"""What survives: killed processes, refusing disks, other writers, wrong addresses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.store.journal import open_journal
from adapters.store.memory import MemoryJournal
from adapters.store.verify import verify
from ports.errors import StoreFailure
from store.backends import Backend
from store.records import CONFIG, StepClock, append_and_commit, day, record

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys
from adapters.store.journal import open_journal
from store.backends import Backend
from store.records import CONFIG, StepClock, append_and_commit, record
journal = open_journal(sys.argv[1], "MES", CONFIG, StepClock(), batch=int(sys.argv[2]))
n = 0
while True:
    journal.append([record(n), record(n + 1)])
    n += 2
    if n % 6 == 0:
        journal.commit(synced=sys.argv[3] == "synced")
        print(n, journal.head, flush=True)
"""


@pytest.mark.parametrize(("batch", "how"), [(0, "synced"), (4, "synced"), (0, "unsynced")])
def test_a_killed_process_loses_nothing_that_was_committed(
    backend: Backend, batch: int, how: str
) -> None:
    url = backend.new()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(batch), how],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
    )
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(25)]
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().splitlines(keepends=True)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    told = [line.split() for line in [*lines, *rest] if line.endswith("\n")]
    result = verify(url)
    assert result.sound, result.reason
    assert result.count >= int(told[-1][0])
    assert result.count % 2 == 0, "a transaction was torn"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    hashes = {event.seq: event.hash for event in journal.read()}
    assert all(hashes[int(count)] == head for count, head in told)
    journal.append([record(10**6)])
    journal.close()
    assert verify(url).count == result.count + 1


def test_only_a_commit_that_is_synced_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(f"sqlite:///{tmp_path}/s.db", "MES", CONFIG, StepClock())
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)

    def level() -> int:
        return int(journal._cursor.execute("PRAGMA synchronous").fetchone()[0])

    full, normal = 2, 1
    levels = []
    for n, synced in enumerate((True, False, False, True, True, False)):
        journal.append([record(n)])
        journal.commit(synced)
        levels.append(level())
    assert levels == [full, normal, normal, full, full, normal]
    assert flushed == []
    journal.commit(synced=False)
    assert flushed == []  # nothing is promised, so nothing is waited for
    journal.commit()
    journal.commit()
    assert len(flushed) == 1, "what was left unsynced, once"
    journal.close()


def test_what_was_left_unsynced_is_synced_on_a_server_too(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    for n in range(3):
        journal.append([record(n)])
        journal.commit(synced=False)
    assert verify(url).count == 3  # others see it at once
    journal.commit()
    assert not journal._unsynced
    journal.append([record(3)])
    journal.commit()
    journal.close()
    assert verify(url).count == 4


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/er/s.db"
    open_journal(url, "MES", CONFIG, StepClock()).close()
    assert verify(url).sound


def test_a_reopened_store_goes_on_with_its_chain(backend: Backend) -> None:
    url = backend.new()
    for start in (0, 4, 8):
        journal = open_journal(url, "MES", CONFIG if start == 0 else "other", StepClock())
        journal.append(day(12)[start : start + 4])
        journal.close()
    whole = MemoryJournal("MES", CONFIG, StepClock())
    whole.append(day(12))
    assert verify(url).head == whole.head


def test_a_store_without_events_takes_the_genesis_of_the_next_run(backend: Backend) -> None:
    url = backend.new()
    open_journal(url, "MES", "first", StepClock()).close()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    assert journal.head == MemoryJournal("MES", CONFIG, StepClock()).head
    journal.close()


def test_a_store_has_one_symbol(backend: Backend) -> None:
    url = backend.new()
    open_journal(url, "MES", CONFIG, StepClock()).close()
    with pytest.raises(StoreFailure, match="belongs to MES, not to ES"):
        open_journal(url, "ES", CONFIG, StepClock())


@pytest.mark.parametrize("batch", [0, 2])
def test_a_busy_store_is_a_failed_write_that_can_be_tried_again(
    backend: Backend, batch: int
) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock(), batch)
    held = pytest.raises(StoreFailure, match=r"another (process|session) has held it for 2 s")
    with backend.held(url), held:
        append_and_commit(journal, day(3))
    journal.commit()
    assert journal.count == 3
    journal.close()
    assert verify(url).count == 3


def test_another_writer_is_noticed(backend: Backend) -> None:
    url = backend.new()
    one = open_journal(url, "MES", CONFIG, StepClock())
    two = open_journal(url, "MES", CONFIG, StepClock())
    one.append([record(1)])
    one.commit()
    two.append([record(2)])
    with pytest.raises(StoreFailure, match="another process has written"):
        two.commit()
    one.close()
    with pytest.raises(StoreFailure, match="another process has written"):
        two.close()
    assert verify(url).count == 1


def test_a_full_disk_is_a_store_failure(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(2))
    journal.commit()
    journal._cursor.execute("PRAGMA max_page_count = 1")  # the smallest full disk there is
    journal.append([record(9, text="x" * 100_000)])
    with pytest.raises(StoreFailure, match="the disk is full"):
        journal.commit()
    journal._cursor.execute("PRAGMA max_page_count = 1000000")
    journal.close()
    assert verify(url).count == 3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url", "not the URL"),
        ("mysql://u:secret@h/d", "sqlite or postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///file:x?uri=true", "plain path"),
        ("sqlite:////proc/none/s.db", "event store sqlite"),
        ("postgresql://u:secret@127.0.0.1:1/d?schema=a;b", "name of a schema"),
        ("postgresql://u:secret@127.0.0.1:1/d?schema=a&schema=b", "name of a schema"),
        ("postgresql://u:secret@127.0.0.1:1/d", "event store postgresql"),
    ],
)
def test_a_wrong_address_is_named_without_its_password(url: str, words: str) -> None:
    with pytest.raises(StoreFailure, match=words) as caught:
        open_journal(url, "MES", CONFIG, StepClock())
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"my diary " * 1000)
    with pytest.raises(StoreFailure, match="not a database"):
        open_journal(f"sqlite:///{path}", "MES", CONFIG, StepClock())
    assert path.read_bytes() == b"my diary " * 1000


def test_a_closed_journal_refuses(backend: Backend) -> None:
    journal = open_journal(backend.new(), "MES", CONFIG, StepClock())
    journal.close()
    with pytest.raises(StoreFailure, match="closed"):
        journal.append(day(1))


def test_a_live_run_may_grow_the_log_and_checkpoint_between_bars(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.grow_log(1_000_000)
    log = tmp_path / "s.db-wal"
    grown = log.stat().st_size
    assert grown >= 1_000_000
    for n in range(20):
        journal.append([record(n)])
        journal.commit()
        journal.checkpoint()
    assert log.stat().st_size == grown
    journal.close()
    assert verify(url).count == 20
