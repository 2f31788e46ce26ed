"""`status` and `kill` through the real program: what they say, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from adapters.clock.system import SystemClock
from adapters.store.opening import StoreLock, holder
from adapters.store.verify import verify
from program import TwoRuns, paced_run, tradebot

POSITION = "SELECT payload FROM events WHERE type = 'PositionChanged' ORDER BY seq DESC LIMIT 1"
TYPES = "SELECT type FROM events WHERE seq > (SELECT max(seq) FROM events WHERE type = ?)"


def wait_for_entry(process: subprocess.Popen[str]) -> None:
    """Read on until the run has entered something."""
    assert process.stderr is not None
    while "ENTER" not in process.stderr.readline():
        assert process.poll() is None


def types_since(store: Path, kind: str) -> list[str]:
    with closing(sqlite3.connect(store)) as connection:
        return [row[0] for row in connection.execute(TYPES, (kind,))]


def proven(folder: Path, store: Path) -> None:
    """The store verifies, and replays as identical."""
    assert verify(f"sqlite:///{store}").sound
    replayed = tradebot(folder, "replay", "--db", f"sqlite:///{store}")
    assert replayed.code == 0, replayed.out


def test_a_kill_from_outside_closes_everything_and_latches(tmp_path: Path) -> None:
    store = tmp_path / "var" / "tradebot.db"
    with paced_run(tmp_path) as process:
        wait_for_entry(process)
        status = tradebot(tmp_path, "status", "--health")
        assert status.code == 0, status.err
        assert f"process {process.pid}, started" in status.out
        url = "sqlite:///var/tradebot.db"
        killed = tradebot(tmp_path, "kill", "--reason", "I do not like it", "--db", url)
        out, err = process.communicate(timeout=60)
    assert killed.code == 0, killed.err + killed.out
    assert "killed: flat, no order works; latched by MANUAL" in killed.out
    assert process.returncode == 3, err
    summary = json.loads(out)
    assert (summary["kill"]["trigger"], summary["kill"]["detail"]) == ("MANUAL", "I do not like it")
    assert (summary["position"], summary["working_orders"]) == (0, 0)
    assert not store.with_name("tradebot.db.kill").exists()
    assert {"KillTriggered", "KillCompleted"} <= set(types_since(store, "OperatorCommand"))
    proven(tmp_path, store)
    again = tradebot(tmp_path, "run", "--max-bars", "1")
    assert again.code == 3
    assert "kill latch" in again.err
    after = tradebot(tmp_path, "status", "--health")
    assert after.code == 3
    assert after.out.startswith("CANNOT TRADE: kill latched by MANUAL at 2025-06-11T")


def test_usr1_is_a_kill(tmp_path: Path) -> None:
    with paced_run(tmp_path) as process:
        process.send_signal(signal.SIGUSR1)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    kill = json.loads(out)["kill"]
    assert (kill["trigger"], kill["detail"]) == ("MANUAL", "signal USR1")
    proven(tmp_path, tmp_path / "var" / "tradebot.db")


def test_a_kill_file_made_by_any_program_ends_a_run_between_two_slow_minutes(
    tmp_path: Path,
) -> None:
    with paced_run(tmp_path, "--db", f"sqlite:///{tmp_path}/slow.db") as process:
        written = tmp_path / "by-hand"  # a run may look between the making of a file and its text
        written.write_text("by hand")
        written.rename(tmp_path / "slow.db.kill")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert json.loads(out)["kill"]["detail"] == "by hand"
    assert not (tmp_path / "slow.db.kill").exists()


def test_a_kill_without_a_run_latches_and_says_that_nothing_is_open(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "kill", "--reason", "holiday")
    assert done.code == 0, done.err
    assert "no process runs on it" in done.out
    assert (tmp_path / "var" / "tradebot.db.kill").read_text() == "holiday"
    refused = tradebot(tmp_path, "run", "--max-bars", "1")
    assert refused.code == 3
    assert "holiday" in refused.err
    status = tradebot(tmp_path, "status")
    assert status.out.startswith(
        "CANNOT TRADE: a kill was ordered and is not recorded yet: holiday"
    )
    assert tradebot(tmp_path, "status", "--health").code == 3


def test_a_kill_needs_no_valid_settings(tmp_path: Path) -> None:
    (tmp_path / "tradebot.toml").write_text("nonsense = 1\n")
    done = tradebot(tmp_path, "kill")
    assert done.code == 0
    assert "warning" in done.err
    assert (tmp_path / "var" / "tradebot.db.kill").exists()


def test_a_run_that_does_not_answer_is_not_called_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from application.cli import killing

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(killing, "WAIT_S", 0.3)
    lock = StoreLock(tmp_path / "deaf.db", 0)
    code = killing.kill_command({"db": f"sqlite:///{tmp_path}/deaf.db"}, "hello")
    assert code == 4
    assert "latched, position NOT verified: act at the broker" in capsys.readouterr().out
    assert (tmp_path / "deaf.db.kill").read_text() == "hello"
    lock.release()


def test_a_guard_of_a_real_account_is_killed_but_never_called_flat(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "tradebot-0123456789abcdef-live.guard").write_bytes(b"")
    done = tradebot(tmp_path, "kill", "--reason", "all of it", "--state-dir", state)
    assert done.code == 4
    assert "NOT verified: act at the broker" in done.out
    assert (state / "tradebot-0123456789abcdef-live.kill").read_text() == "all of it"
    assert (tmp_path / "var" / "tradebot.db.kill").exists()


def test_the_status_of_a_run_that_has_ended(two_runs: TwoRuns) -> None:
    done = tradebot(two_runs.folder, "status", "--json")
    facts = done.summary
    summary = two_runs.second.summary
    assert done.code == 0
    assert (facts["can_trade"], facts["why_not"]) == (False, "no process runs on this store")
    assert (facts["mode"], facts["adapter"], facts["position"]) == ("PAPER", "fake", 0)
    assert (facts["chain_head"], facts["events"]) == (summary["chain_head"], summary["events"])
    assert facts["law"]["trades_left"] == 2 - summary["entries"] or facts["law"]["halts"]
    assert (facts["kill"]["state"], facts["working_orders"]) == ("ARMED", {})
    lines = tradebot(two_runs.folder, "status").out.splitlines()
    assert lines[0] == "CANNOT TRADE: no process runs on this store"
    assert any(line.startswith("law budget left") for line in lines)
    assert tradebot(two_runs.folder, "status", "--health").code == 4


def test_the_status_of_nothing(tmp_path: Path) -> None:
    done = tradebot(tmp_path, "status")
    assert done.code == 0
    assert done.out.startswith("CANNOT TRADE: no process runs on this store")
    assert not list(tmp_path.iterdir()), "who looks leaves nothing behind"
    assert tradebot(tmp_path, "status", "--health").code == 4


def test_who_holds_a_store_is_found_without_disturbing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/held.db"
    assert holder(url) is None
    lock = StoreLock(tmp_path / "held.db", SystemClock().now())
    assert f"process {os.getpid()}, started" in (holder(url) or "")
    lock.release()
    assert holder(url) is None
