"""`reset` and `ack`: what lifts a kill, what does not, and that a replay tells it again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from adapters.clock.system import SystemClock
from adapters.guard.kill_file import KillFile
from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.store.opening import StoreLock
from adapters.store.reading import reading
from application.cli.lifting import ack_command, reset_command
from application.cli.output import guarded
from application.cli.retell import retell
from program import paced_run, tradebot

REASON = "looked at everything"


def law_of(url: str) -> dict[str, object]:
    with reading(url) as store:
        assert store is not None
        return dict(store.law() or {})


def replays(url: str) -> bool:
    return guarded(lambda: retell({"db": url}, as_json=False)) == 0


def reset(url: str, trigger: str, reason: str = REASON) -> int:
    return guarded(lambda: reset_command({"db": url}, trigger, reason))


def ack(url: str, what: str) -> int:
    return guarded(lambda: ack_command({"db": url}, what, REASON))


def test_a_kill_is_lifted_by_its_own_trigger_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/tradebot.db"
    KillFile(tmp_path / "var" / "tradebot.db.kill").place("a holiday")
    wrong = tradebot(tmp_path, "reset", "--trigger", "DVS_KILL", "--reason", REASON)
    assert wrong.code == 2
    assert "pulled by MANUAL, not by DVS_KILL" in wrong.err
    assert not (tmp_path / "var" / "tradebot.db.kill").exists(), "the store has it now"
    still = tradebot(tmp_path, "run", "--max-bars", "1")
    assert still.code == 3
    assert "tradebot reset --trigger MANUAL" in still.err
    done = tradebot(tmp_path, "reset", "--trigger", "MANUAL", "--reason", REASON)
    assert done.code == 0, done.err
    assert law_of(url)["kill_state"] == "ARMED"
    assert law_of(url)["resting"] is True
    assert replays(url)
    assert tradebot(tmp_path, "run", "--max-bars", "1").code == 0


def test_a_run_that_was_killed_is_reset_at_once_and_then_with_the_next_session(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/day.db"
    with paced_run(tmp_path, "--db", url) as process:
        process.send_signal(signal.SIGUSR1)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    before = law_of(url)
    assert ack(url, "month") == 2
    assert ack(url, "statement") == 2
    assert reset(url, "MANUAL") == 0
    after = law_of(url)
    assert (before["kill_state"], after["kill_state"]) == ("KILLED", "ARMED")
    assert after["reset_on"] == "2025-06-11"
    assert reset(url, "MANUAL") == 2, "nothing is latched any more"
    KillFile(tmp_path / "day.db.kill").place("once more")
    assert reset(url, "MANUAL") == 0
    pending = law_of(url)
    assert (pending["kill_state"], pending["reset_pending"]) == ("KILLED", True)
    with reading(url) as store:
        assert store is not None
        assert store.latch() is not None
    assert replays(url)


@pytest.mark.parametrize("reason", ["", "too short", " a b c d e f g h i "])
def test_a_reason_says_why(reason: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    KillFile(tmp_path / "a.db.kill").place("x")
    assert reset(url, "MANUAL", reason) == 2
    assert (tmp_path / "a.db.kill").exists()
    assert not (tmp_path / "a.db").exists()


def test_nothing_is_lifted_where_nothing_is_latched(tmp_path: Path) -> None:
    assert reset(f"sqlite:///{tmp_path}/none.db", "MANUAL") == 2
    assert not list(tmp_path.iterdir())


def test_live_wants_a_terminal_and_a_broker_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for adapter, mode, says in (
        ("ibkr", "LIVE", "at a terminal, not from a pipe"),
        ("tradovate", "PAPER", "has to be asked"),
    ):
        url = f"sqlite:///{tmp_path}/{mode}.db"
        open_journal(url, "MES", "0" * 64, SystemClock()).close()
        bind(url, adapter, "d" * 64, mode)
        assert reset(url, "MANUAL") == 2
        assert says in capsys.readouterr().err


def test_a_run_keeps_its_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/busy.db"
    open_journal(url, "MES", "0" * 64, SystemClock()).close()
    lock = StoreLock(tmp_path / "busy.db", 0)
    assert reset(url, "MANUAL") == 4
    assert "in use by process" in capsys.readouterr().err
    lock.release()
