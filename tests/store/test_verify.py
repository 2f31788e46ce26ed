"""Verification: whatever is changed in a store, the first bad event is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical, chain_hash, genesis
from adapters.store.export import export
from adapters.store.journal import open_journal
from adapters.store.reading import has_kill_latch
from adapters.store.verify import verify
from ports.errors import StoreFailure
from store.backends import Backend, SqliteBackend
from store.records import CONFIG, StepClock, day, record

COUNT = 12
DOMAIN_SEQ, OPS_SEQ = 4, 5
TEXT = (
    "event_id", "type", "stream", "session_date", "causation_id", "correlation_id", "payload",
    "natural_key",
)  # fmt: skip
HASHES = ("prev_hash", "hash")
NUMBERS = ("version", "ts_event", "ts_recorded", "crc")


@pytest.fixture(scope="module")
def whole(shared_backend: Backend) -> str:
    """A closed store of twelve events; numbers 5 and 10 are of the ops stream."""
    url = shared_backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(COUNT))
    journal.close()
    return url


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in a file."""
    path = tmp_path_factory.mktemp("pristine") / "s.db"
    journal = open_journal(f"sqlite:///{path}", "MES", CONFIG, StepClock())
    journal.append(day(COUNT))
    journal.close()
    return path


def damaged(backend: Backend, whole: str, statement: str, *values: object) -> str:
    """The address of a copy that was changed behind its back."""
    url = backend.copy(whole)
    assert backend.change(url, statement, *values) > 0
    return url


def test_a_store_verifies_wherever_it_stands(whole: str) -> None:
    result = verify(whole)
    assert (result.sound, result.count) == (True, COUNT)


def test_a_whole_store_verifies(pristine: Path) -> None:
    before = pristine.read_bytes()
    result = verify(f"sqlite:///{pristine}")
    assert result.sound
    assert (result.count, result.first_bad, result.reason) == (COUNT, None, "")
    journal = open_journal(f"sqlite:///{pristine}", "MES", CONFIG, StepClock())
    assert journal.head == result.head
    journal.close()
    assert pristine.read_bytes() == before


@pytest.mark.parametrize("seq", [DOMAIN_SEQ, OPS_SEQ])
@pytest.mark.parametrize("column", [*TEXT, *HASHES, *NUMBERS])
def test_a_flipped_bit_in_any_column_is_named(
    shared_backend: Backend, whole: str, column: str, seq: int
) -> None:
    if seq == OPS_SEQ and column in HASHES:
        pytest.skip("empty in an ops event")
    value = shared_backend.rows(whole, f"SELECT {column} FROM events WHERE seq = ?", seq)[0][0]
    for other in flipped(value, column, server=shared_backend.name != "sqlite"):
        cast = "CAST(? AS TEXT)" if isinstance(other, bytes | str) else "?"
        change = f"UPDATE events SET {column} = {cast} WHERE seq = {seq}"
        result = verify(damaged(shared_backend, whole, change, other))
        assert (result.first_bad, result.count) == (seq, seq - 1), result.reason
        assert result.reason


def flipped(value: object, column: str, server: bool) -> list[object]:
    """`value` with one bit of it wrong, as far as the database takes it at all."""
    if isinstance(value, int):
        return [value ^ (1 << bit) for bit in ((0, 29) if column == "version" else (0, 31, 61))]
    raw = str(value).encode()
    places = {0, len(raw) // 2}
    masks = (64, 32) if column == "natural_key" else (1, 32)  # another event has the next number
    wrong = [bytes([*raw[:at], raw[at] ^ m, *raw[at + 1 :]]) for at in places for m in masks]
    if not server:
        return list(wrong)
    # A server takes nothing but text without zeros.
    return [text for text in (w.decode(errors="ignore") for w in wrong) if "\0" not in text]


def test_bytes_that_are_no_text_are_named(pristine: Path, tmp_path: Path) -> None:
    backend, url = SqliteBackend(tmp_path), f"sqlite:///{pristine}"
    change = "UPDATE events SET payload = CAST(? AS TEXT) WHERE seq = 7"
    assert verify(damaged(backend, url, change, b"{\xff}")).first_bad == 7
    change = "UPDATE events SET payload = CAST(payload AS BLOB) WHERE seq = 7"
    assert verify(damaged(backend, url, change)).first_bad == 7


def test_a_missing_event_is_named(shared_backend: Backend, whole: str) -> None:
    for seq in (1, 5, 6):
        change = f"DELETE FROM events WHERE seq = {seq}"
        assert verify(damaged(shared_backend, whole, change)).first_bad == seq


def test_two_exchanged_events_are_named(shared_backend: Backend, whole: str) -> None:
    change = "UPDATE events SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE seq IN (2, 3)"
    url = damaged(shared_backend, whole, change)
    shared_backend.change(url, "UPDATE events SET seq = seq - 100 WHERE seq > 100")
    assert verify(url).first_bad == 2


def test_a_replaced_event_is_named(pristine: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    shutil.copy(pristine, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT * FROM events WHERE seq = 4").fetchall()
        other = [
            value if n != 10 else value.replace("6703", "6704") for n, value in enumerate(*rows)
        ]
        marks = ", ".join("?" for _ in other)
        connection.execute(f"INSERT OR REPLACE INTO events VALUES ({marks})", other)
    assert verify(f"sqlite:///{path}").first_bad == 4


def test_another_genesis_fails_at_the_first_event(shared_backend: Backend, whole: str) -> None:
    change = "UPDATE store SET config_hash = 'd'"
    assert verify(damaged(shared_backend, whole, change)).first_bad == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_flipped_byte_of_the_file_is_found_or_harmless(
    pristine: Path, tmp_path_factory: pytest.TempPathFactory, at: float, mask: int
) -> None:
    raw = bytearray(pristine.read_bytes())
    raw[int(at * len(raw))] ^= mask
    path = tmp_path_factory.mktemp("flip") / "s.db"
    path.write_bytes(raw)
    try:
        result = verify(f"sqlite:///{path}")
    except StoreFailure:
        return
    if result.sound:
        whole = verify(f"sqlite:///{pristine}")
        assert (result.count, result.head) == (whole.count, whole.head)


def test_a_truncated_or_foreign_file_is_a_store_failure(pristine: Path, tmp_path: Path) -> None:
    raw = pristine.read_bytes()
    for name, content in {"cut": raw[:5000], "text": b"not a database" * 99, "empty": b""}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(StoreFailure):
            verify(f"sqlite:///{path}")
    with pytest.raises(StoreFailure, match="no such file"):
        verify(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


def test_export_is_the_whole_envelope_in_canonical_lines(whole: str) -> None:
    lines = list(export(whole))
    head = genesis("MES", CONFIG)
    hashed = ("type", "version", "stream", "session_date", "ts_event", "payload")
    for seq, line in enumerate(lines, start=1):
        event = json.loads(line)
        assert canonical(event) + b"\n" == line
        assert event["seq"] == seq
        if event["stream"] == "domain":
            assert event["prev_hash"] == head
            head = chain_hash(head, canonical({name: event[name] for name in hashed}))
            assert event["hash"] == head
    assert len(lines) == COUNT
    assert set(json.loads(lines[0])) == {
        "seq", "event_id", "type", "version", "stream", "session_date", "ts_event", "ts_recorded",
        "causation_id", "correlation_id", "payload", "prev_hash", "hash",
    }  # fmt: skip
    assert json.loads(lines[0])["ts_event"] == "2013-10-07T13:30:00.000000Z"


def test_export_of_a_damaged_payload_is_a_store_failure(
    shared_backend: Backend, whole: str
) -> None:
    url = damaged(shared_backend, whole, "UPDATE events SET payload = '{' WHERE seq = 3")
    with pytest.raises(StoreFailure, match="seq 3"):
        list(export(url))


def test_the_kill_latch_is_what_the_last_kill_event_says(backend: Backend) -> None:
    url = backend.new()
    assert not has_kill_latch(url)
    journal = open_journal(url, "MES", CONFIG, StepClock())
    expected = []
    for n, kind in enumerate(("BarClosed", "KillTriggered", "KillStep", "KillReset", "Fill")):
        journal.append([record(n)._replace(type=kind)])
        journal.commit()
        expected.append(has_kill_latch(url))
    journal.close()
    assert expected == [False, True, True, False, False]
    assert not has_kill_latch(url)
