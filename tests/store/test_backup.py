"""A backup verifies, also when taken from a store that is written meanwhile (H48)."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from adapters.store import backup as module
from adapters.store import migrate, schema_v1
from adapters.store.backup import backup
from adapters.store.canonical import genesis
from adapters.store.chain import Tip, link
from adapters.store.connect import parse_url, writer
from adapters.store.journal import open_journal
from adapters.store.opening import lock
from adapters.store.reading import reading
from adapters.store.tables import EVENTS, STORE
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


def of_first_revision(url: str) -> str:
    """A store as a program of revision 0001 has left it."""
    parts = parse_url(url)
    engine = writer(parts)
    with engine.begin() as connection:
        for statement in schema_v1.statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
        row = {"id": 1, "store_id": "s" * 32, "symbol": "MES", "config_hash": CONFIG, "created": 0}
        connection.execute(STORE.insert(), row)
        _, rows = link(Tip(0, genesis("MES", CONFIG)), day(12), OPEN)
        names = [column.name for column in EVENTS.columns]
        connection.execute(EVENTS.insert(), [dict(zip(names, row, strict=True)) for row in rows])
    engine.dispose()
    return url


def test_an_older_store_is_copied_before_it_is_changed(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = of_first_revision(backend.new())
    with pytest.raises(StoreFailure, match="db upgrade"):
        open_journal(url, "MES", CONFIG, StepClock())
    assert verify(url).count == 12, "what is only read needs no upgrade"
    with reading(url) as found:
        assert found is not None
        assert found.tip().seq == 12
    done = upgrade(url, OPEN)
    assert (done.before, done.after) == ("0001", migrate.HEAD)
    assert done.kept is not None
    assert (verify(url).count, verify(f"sqlite:///{done.kept}").count) == (12, 12)
    assert verify(url).head == verify(f"sqlite:///{done.kept}").head
    assert backend.rows(url, "SELECT fees_closed FROM trades") == []
    assert upgrade(url, OPEN).kept is None
    open_journal(url, "MES", CONFIG, StepClock()).close()
