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
from store.records import CONFIG, StepClock, day, record

COUNT = 12
DOMAIN_SEQ, OPS_SEQ = 4, 5
TEXT = ("event_id", "type", "stream", "session_date", "causation_id", "correlation_id", "payload")
HASHES = ("prev_hash", "hash")
NUMBERS = ("version", "ts_event", "ts_recorded", "crc")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store of twelve events; numbers 5 and 10 are of the ops stream."""
    path = tmp_path_factory.mktemp("pristine") / "s.db"
    journal = open_journal(f"sqlite:///{path}", "MES", CONFIG, StepClock())
    journal.append(day(COUNT))
    journal.close()
    return path


def copy(pristine: Path, folder: Path) -> tuple[Path, str]:
    """A copy of the store to damage, and its URL."""
    path = folder / f"copy{len(list(folder.iterdir()))}.db"
    shutil.copy(pristine, path)
    return path, f"sqlite:///{path}"


def damage(path: Path, statement: str, *values: object) -> None:
    """Change a store behind its own back."""
    with closing(sqlite3.connect(path)) as connection:
        for name in ("no_update", "no_delete", "no_replace"):
            connection.execute(f"DROP TRIGGER events_{name}")
        assert connection.execute(statement, values).rowcount > 0
        connection.commit()


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
    pristine: Path, tmp_path: Path, column: str, seq: int
) -> None:
    if seq == OPS_SEQ and column in HASHES:
        pytest.skip("empty in an ops event")
    with closing(sqlite3.connect(pristine)) as connection:
        query = f"SELECT {column} FROM events WHERE seq = ?"
        value = connection.execute(query, (seq,)).fetchone()[0]
    if isinstance(value, int):
        wrong: list[object] = [value ^ (1 << bit) for bit in (0, 31, 61)]
    else:
        raw = value.encode()
        places = {0, len(raw) // 2}
        wrong = [
            bytes([*raw[:at], raw[at] ^ mask, *raw[at + 1 :]]) for at in places for mask in (1, 32)
        ]
    for other in wrong:
        path, url = copy(pristine, tmp_path)
        cast = "CAST(? AS TEXT)" if isinstance(other, bytes) else "?"
        damage(path, f"UPDATE events SET {column} = {cast} WHERE seq = {seq}", other)
        result = verify(url)
        assert (result.first_bad, result.count) == (seq, seq - 1), result.reason
        assert result.reason


def test_bytes_that_are_no_text_are_named(pristine: Path, tmp_path: Path) -> None:
    path, url = copy(pristine, tmp_path)
    damage(path, "UPDATE events SET payload = CAST(? AS TEXT) WHERE seq = 7", b"{\xff}")
    assert verify(url).first_bad == 7
    path, url = copy(pristine, tmp_path)
    damage(path, "UPDATE events SET payload = CAST(payload AS BLOB) WHERE seq = 7")
    assert verify(url).first_bad == 7


def test_a_missing_event_is_named(pristine: Path, tmp_path: Path) -> None:
    for seq in (1, 5, 6):
        path, url = copy(pristine, tmp_path)
        damage(path, f"DELETE FROM events WHERE seq = {seq}")
        assert verify(url).first_bad == seq


def test_two_exchanged_events_are_named(pristine: Path, tmp_path: Path) -> None:
    path, url = copy(pristine, tmp_path)
    damage(
        path, "UPDATE events SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE seq IN (2, 3)"
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET seq = seq - 100 WHERE seq > 100")
    assert verify(url).first_bad == 2


def test_another_genesis_fails_at_the_first_event(pristine: Path, tmp_path: Path) -> None:
    path, url = copy(pristine, tmp_path)
    damage(path, "UPDATE store SET config_hash = 'd'")
    assert verify(url).first_bad == 1


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


def test_export_is_the_whole_envelope_in_canonical_lines(pristine: Path) -> None:
    lines = list(export(f"sqlite:///{pristine}"))
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


def test_export_of_a_damaged_payload_is_a_store_failure(pristine: Path, tmp_path: Path) -> None:
    path, url = copy(pristine, tmp_path)
    damage(path, "UPDATE events SET payload = '{' WHERE seq = 3")
    with pytest.raises(StoreFailure, match="seq 3"):
        list(export(url))


def test_the_kill_latch_is_what_the_last_kill_event_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
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
