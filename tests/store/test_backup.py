"""A backup verifies, also when taken from a store that is written meanwhile (H48)."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from adapters.store import backup as module
from adapters.store import migrate
from adapters.store.backup import backup
from adapters.store.journal import open_journal
from adapters.store.opening import lock
from adapters.store.reading import reading
from adapters.store.upgrade import upgrade
from adapters.store.verify import verify
from ports.errors import BadInput, StoreFailure
from ports.journal import Stored
from store.backends import Backend
from store.records import CONFIG, OPEN, StepClock, day, record


def filled(url: str, count: int = 12) -> str:
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(count))
    journal.close()
    return url


def test_a_copy_is_the_whole_store_in_one_file(backend: Backend, tmp_path: Path) -> None:
    url = filled(backend.new(), 1_203)  # more than two pages
    target = tmp_path / "deep" / "copy.db"
    result = backup(url, target)
    original = verify(url)
    assert (result.sound, result.count, result.head) == (True, 1_203, original.head)
    assert verify(f"sqlite:///{target}") == result
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    assert target.stat().st_mode & 0o777 == 0o600
    with reading(url) as one, reading(f"sqlite:///{target}") as other:
        assert one is not None
        assert other is not None
        assert one.identity == other.identity


def test_a_copy_goes_on_where_the_store_was(backend: Backend, tmp_path: Path) -> None:
    url = filled(backend.new())
    backup(url, tmp_path / "copy.db")
    heads = []
    for each in (url, f"sqlite:///{tmp_path}/copy.db"):
        journal = open_journal(each, "MES", "other", StepClock())
        journal.append([record(99)])
        journal.close()
        heads.append(verify(each).head)
    assert heads[0] == heads[1]


def test_a_copy_taken_during_writes_verifies_and_holds_up_none_of_them(
    backend: Backend, tmp_path: Path
) -> None:
    url = filled(backend.new(), 400)
    journal = open_journal(url, "MES", CONFIG, StepClock())
    stop = threading.Event()
    written = [400]

    def write() -> None:
        n = 1_000
        while not stop.is_set():
            journal.append([record(n), record(n + 1)])
            journal.commit()
            written.append(written[-1] + 2)
            n += 2

    thread = threading.Thread(target=write)
    thread.start()
    try:
        results = [backup(url, tmp_path / f"copy{n}.db") for n in range(3)]
    finally:
        stop.set()
        thread.join()
        journal.close()
    assert all(result.sound for result in results)
    assert [result.count for result in results] == sorted(result.count for result in results)
    assert {result.count for result in results} <= set(written), "a transaction was torn"
    assert results[-1].count > 400, "nothing was written meanwhile"
    heads = {event.seq: event.hash for event in open_and_read(url) if event.hash}
    for result in results:
        last = max(seq for seq in heads if seq <= result.count)
        assert heads[last] == result.head


def open_and_read(url: str) -> list[Stored]:
    journal = open_journal(url, "MES", CONFIG, StepClock())
    events = list(journal.read())
    journal.close()
    return events


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    url = filled(f"sqlite:///{tmp_path}/s.db")
    target = tmp_path / "copy.db"
    target.write_text("dear")
    with pytest.raises(BadInput, match="replaces nothing"):
        backup(url, target)
    assert target.read_text() == "dear"
    with pytest.raises(BadInput, match="cannot be written"):
        backup(url, target / "below")


def test_what_is_no_store_gives_no_copy(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(StoreFailure):
        backup(backend.new(), tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_store_is_named_and_its_copy_kept_apart(backend: Backend, tmp_path: Path) -> None:
    url = filled(backend.new())
    backend.change(url, "UPDATE events SET payload = '{}' WHERE seq = 7")
    result = backup(url, tmp_path / "x" / "copy.db")
    assert result.first_bad == 7
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["copy.db.broken"]


def test_an_interrupted_copy_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = filled(f"sqlite:///{tmp_path}/s.db")

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "verify", stop)
    with pytest.raises(KeyboardInterrupt):
        backup(url, tmp_path / "x" / "copy.db")
    assert list((tmp_path / "x").iterdir()) == []


def test_an_upgrade_of_what_is_up_to_date_does_nothing(backend: Backend) -> None:
    url = filled(backend.new())
    assert upgrade(url, OPEN) == (migrate.HEAD, migrate.HEAD, None)
    assert verify(url).count == 12


def test_an_upgrade_waits_for_no_run(backend: Backend) -> None:
    url = filled(backend.new())
    held = lock(url, OPEN)
    with pytest.raises(StoreFailure, match="in use by process"):
        upgrade(url, OPEN)
    held.release()


def test_nothing_is_made_where_there_is_nothing_to_upgrade(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match="no such file"):
        upgrade(f"sqlite:///{tmp_path}/s.db", OPEN)
    assert list(tmp_path.iterdir()) == []


def test_an_older_store_is_copied_before_it_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one revision yet, so an earlier one is made up."""
    url = filled(f"sqlite:///{tmp_path}/s.db")
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(migrate, "_KNOWN", ("0000", "0001"))

    def bring_up(connection: object) -> None:
        connection.exec_driver_sql(  # type: ignore[attr-defined]
            "UPDATE alembic_version SET version_num = '0001'"
        )

    monkeypatch.setattr("adapters.store.upgrade.migrate", bring_up)
    done = upgrade(url, OPEN)
    assert (done.before, done.after) == ("0000", "0001")
    assert done.kept is not None
    assert verify(url).count == 12
    with closing(sqlite3.connect(done.kept)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0000",)
        ]
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (12,)
