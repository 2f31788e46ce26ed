"""`tradebot db`: proof of a store, and its events for others."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.store.opening import StoreLock
from program import TwoRuns, tradebot


def test_a_sound_store_is_proven(two_runs: TwoRuns) -> None:
    done = tradebot(two_runs.folder, "db", "verify", "--json")
    answer = json.loads(done.out)
    assert done.code == 0
    assert (answer["sound"], answer["first_bad"]) == (True, None)
    assert answer["chain_head"] == two_runs.second.summary["chain_head"]
    assert answer["events"] == two_runs.second.summary["events"]


@pytest.mark.parametrize("machine", [False, True])
def test_one_changed_character_is_found_and_named(
    machine: bool, two_runs: TwoRuns, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(
            "UPDATE events SET payload = replace(payload, '\"close\":2', '\"close\":3') "
            "WHERE seq = (SELECT min(seq) FROM events WHERE type = 'BarClosed' AND seq > 1000)"
        )
        bad = connection.execute(
            "SELECT min(seq) FROM events WHERE type = 'BarClosed' AND seq > 1000"
        ).fetchone()[0]
        connection.commit()
    words = ["db", "verify", "--db", f"sqlite:///{copy}", *(["--json"] if machine else [])]
    done = tradebot(tmp_path, *words)
    assert done.code == 1
    if machine:
        assert json.loads(done.out)["first_bad"] == bad
    else:
        assert f"seq {bad}" in done.out


def test_every_event_is_exported_as_a_line_of_json(two_runs: TwoRuns, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    url = f"sqlite:///{two_runs.folder}/var/tradebot.db"
    assert tradebot(tmp_path, "db", "export", "--db", url, "--out", out).code == 0
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert [e["seq"] for e in events] == list(range(1, two_runs.second.summary["events"] + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("RunStarted", "RunStopped")
    assert [e["hash"] for e in events if e["hash"]][-1] == two_runs.second.summary["chain_head"]
    made = [e for e in events if e["type"] == "DecisionMade"]
    assert len(made) == two_runs.second.summary["decisions"]
    piped = tradebot(tmp_path, "db", "export", "--db", url)
    assert piped.out == out.read_text()


def test_a_backup_is_a_sound_copy_and_replaces_nothing(two_runs: TwoRuns, tmp_path: Path) -> None:
    url = f"sqlite:///{two_runs.folder}/var/tradebot.db"
    done = tradebot(tmp_path, "db", "backup", "copy.db", "--db", url)
    assert done.code == 0
    assert two_runs.second.summary["chain_head"] in done.out
    proof = tradebot(tmp_path, "db", "verify", "--db", "sqlite:///copy.db", "--json")
    assert proof.summary["chain_head"] == two_runs.second.summary["chain_head"]
    again = tradebot(tmp_path, "db", "backup", "copy.db", "--db", url)
    assert (again.code, again.out) == (2, "")
    assert "replaces nothing" in again.err


def test_a_backup_of_a_broken_store_says_so(two_runs: TwoRuns, tmp_path: Path) -> None:
    copy = tmp_path / "s.db"
    shutil.copy(two_runs.folder / "var" / "tradebot.db", copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET payload = '{}' WHERE seq = 9")
    done = tradebot(tmp_path, "db", "backup", "copy.db", "--db", "sqlite:///s.db")
    assert done.code == 1
    assert "seq 9" in done.out
    assert not (tmp_path / "copy.db").exists()


def test_an_upgrade_needs_the_lock_and_has_nothing_to_do(two_runs: TwoRuns) -> None:
    done = tradebot(two_runs.folder, "db", "upgrade")
    assert done.code == 0
    assert "0002 already" in done.out
    held = StoreLock(two_runs.folder / "var" / "tradebot.db", 0)
    refused = tradebot(two_runs.folder, "db", "upgrade")
    held.release()
    assert (refused.code, refused.out) == (4, "")
    assert f"process {os.getpid()}" in refused.err


@pytest.mark.parametrize("command", ["verify", "export", "backup", "upgrade", "bind"])
def test_every_command_has_an_example(command: str, tmp_path: Path) -> None:
    done = tradebot(tmp_path, "db", command, "--help")
    assert done.code == 0
    assert f"tradebot db {command}" in done.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("backup copy.db", 4),
        ("backup", 2),
        ("upgrade", 4),
        ("upgrade --db nonsense", 2),
        ("verify", 4),
        ("export", 4),
        ("verify --db sqlite:///nowhere.db", 4),
        ("verify --db nonsense", 2),
        ("export --db", 2),
        ("bogus", 2),
    ],
)
def test_a_store_that_is_not_there_is_named(words: str, code: int, tmp_path: Path) -> None:
    done = tradebot(tmp_path, "db", *words.split())
    assert (done.code, done.out) == (code, "")
    assert done.err
