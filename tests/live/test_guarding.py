"""The guard file, the store that refuses, and the watchdog beside a live run."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from adapters.guard.file import open_guard, read_guard
from adapters.guard.shared import SharedGuard
from adapters.watchdog.thread import Watchdog
from application.guarding import GuardKeeper
from application.live import LiveRun
from domain.event import Event, KillTriggered, OrderSubmitting, TradeClosed
from domain.law.restarts import Starts, started
from domain.law.state import LawState
from domain.units import MINUTE, SECOND
from execution_world import CONFIG, wants
from live_market import OPEN, Stage, minute, pieces
from ports.errors import GuardFailure, StoreFailure
from ports.guard import GuardState, Latch
from program import environment

FILLED = dict.fromkeys(range(110, 113), -1)


def guarded(stage: Stage, path: Path, frozen: bool = False) -> GuardKeeper:
    """Put a guard file beside the run of `stage`."""
    state = GuardState(
        "a" * 64, "PAPER", "s" * 32, 0, "", CONFIG, LawState(), started(Starts(), OPEN)
    )
    keeper = GuardKeeper(SharedGuard(open_guard(path, OPEN)), state, stage.memory, frozen)
    stage.run._keeper = keeper
    keeper.write()
    return keeper


def seen(path: Path) -> GuardState:
    state = read_guard(path)
    assert state is not None
    return state


def test_the_guard_knows_what_the_law_remembers_and_where_the_store_ends(tmp_path: Path) -> None:
    path = tmp_path / "g.guard"
    stage = Stage({8: wants(1)})
    keeper = guarded(stage, path)
    stage.market.plan(pieces(OPEN, 40 * 60, FILLED | {200: -20}))
    stage.until(minute(9) + 2 * SECOND)
    assert len(stage.of(OrderSubmitting)) == 1
    assert seen(path).law.sent_today == 1
    stage.until(minute(20))
    assert stage.of(TradeClosed)
    assert seen(path).law == stage.core.desk.law
    keeper.write()
    state = seen(path)
    assert (state.seq, state.head) == (stage.memory.count, stage.memory.head)
    assert not state.starts.clean
    stage.kill_file = "out"
    stage.until(minute(21))
    assert seen(path).latch == Latch("MANUAL", "out", stage.of(KillTriggered)[0].at)
    keeper.end()
    assert seen(path).starts.clean


def test_a_guard_of_another_store_keeps_what_it_knows_and_takes_a_latch(tmp_path: Path) -> None:
    path = tmp_path / "g.guard"
    stage = Stage({8: wants(1)})
    guarded(stage, path, frozen=True)
    stage.market.plan(pieces(OPEN, 600))
    stage.until(minute(10))
    stage.kill_file = "out"
    stage.until(minute(11))
    state = seen(path)
    assert (state.seq, state.law) == (0, LawState())
    assert state.latch is not None


class Broken:
    """An event log whose disk is full from some moment on."""

    def __init__(self, log: object) -> None:
        self._log = log
        self.full = self.full_at_an_entry = False

    def append(self, events: Sequence[Event]) -> None:
        if self.full_at_an_entry and any(isinstance(e, OrderSubmitting) for e in events):
            self.full = True
        self._log.append(events)

    def commit(self, synced: bool = True) -> None:
        if self.full:
            raise StoreFailure("database or disk is full")
        self._log.commit(synced)

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def in_a_trade(tmp_path: Path) -> tuple[Stage, Broken]:
    stage = Stage({8: wants(1)})
    guarded(stage, tmp_path / "g.guard")
    log = Broken(stage.memory)
    stage.run._log = log
    stage.market.plan(pieces(OPEN, 40 * 60, FILLED))
    while not stage.core.desk.expected_position and stage.clock.now() < minute(30):
        stage.loop.turn()
    assert stage.core.desk.expected_position == 1
    return stage, log


def test_with_a_store_that_refuses_the_position_is_closed_and_the_latch_stands(
    tmp_path: Path,
) -> None:
    stage, log = in_a_trade(tmp_path)
    log.full = True
    stage.until(minute(20))
    assert stage.broker._position == 0
    assert not stage.broker._orders
    latch = seen(tmp_path / "g.guard").latch
    assert latch is not None
    assert latch.trigger == "STORE_FAILURE"
    closes = [ref for ref in stage.broker.sent if ref.endswith("-X1")]
    assert len(closes) == 1
    assert closes[0] in latch.detail
    assert [k.trigger for k in stage.of(KillTriggered)] == ["STORE_FAILURE"]


def test_with_a_store_that_refuses_no_entry_leaves(tmp_path: Path) -> None:
    stage = Stage({8: wants(1)})
    guarded(stage, tmp_path / "g.guard")
    log = Broken(stage.memory)
    stage.run._log = log
    stage.market.plan(pieces(OPEN, 900))
    log.full_at_an_entry = True
    stage.until(minute(12))
    assert len(stage.of(OrderSubmitting)) == 1  # asked for, and never sent
    assert stage.broker._orders == {}
    assert stage.broker._done == []
    assert not stage.core.desk.alive


def test_a_guard_that_cannot_be_written_is_told_and_keeps_the_run_alive(tmp_path: Path) -> None:
    stage = Stage({8: wants(1)})
    keeper = guarded(stage, tmp_path / "g.guard")

    def refuse(state: GuardState) -> None:
        raise GuardFailure("read-only")

    keeper._guard.write = refuse
    keeper.write()
    assert keeper.fault == "read-only"
    stage.market.plan(pieces(OPEN, 300))
    stage.until(minute(4))
    assert not stage.core.desk.law.killed


def test_the_watchdog_ends_a_process_whose_handler_never_returns(tmp_path: Path) -> None:
    script = tmp_path / "hangs.py"
    script.write_text(
        textwrap.dedent(f"""
        import os, time
        from pathlib import Path
        from adapters.clock.system import SystemClock
        from adapters.guard.file import open_guard
        from adapters.guard.shared import SharedGuard
        from adapters.watchdog.thread import Watchdog
        from application.cli.live_end import end_of_process
        from application.guarding import GuardKeeper
        from domain.law.restarts import Starts, started
        from domain.law.state import LawState
        from ports.guard import GuardState

        class Log:
            count, head = 5, "h"

        state = GuardState("a", "PAPER", "s", 5, "h", "c", LawState(), started(Starts(), 1))
        guard = SharedGuard(open_guard(Path({str(tmp_path / "g.guard")!r}), 1))
        keeper = GuardKeeper(guard, state, Log(), False)
        clock = SystemClock()
        tell, end = end_of_process(lambda t, d: keeper.latched(t, d, clock.now()))
        dog = Watchdog(clock.steady, tell, end, silent_s=1.0)
        dog.start()
        while True:
            pass
    """)
    )
    done = subprocess.run(
        [sys.executable, str(script)], env=environment(), capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "LOOP_FAILURE" in done.stderr
    latch = seen(tmp_path / "g.guard").latch
    assert latch is not None
    assert latch.trigger == "LOOP_FAILURE"


def test_the_watchdog_lets_a_loop_that_turns_live() -> None:
    now = [0]
    ended: list[str] = []
    dog = Watchdog(lambda: now[0], lambda t, d: ended.append(t), lambda: None, silent_s=0.2)
    dog.start()
    for _ in range(5):
        now[0] += SECOND // 20
        dog.beat()
    dog.stop()
    assert ended == []


def test_a_latch_beside_the_store_is_told_to_the_core_and_told_again() -> None:
    stage = Stage()
    assert isinstance(stage.run, LiveRun)
    stage.run.latch("LOOP_FAILURE", "no heartbeat", "guard file", OPEN + SECOND)
    assert stage.core.desk.law.kill_trigger == "LOOP_FAILURE"
    stage.market.plan(pieces(OPEN, 60))
    stage.until(OPEN + MINUTE)
    stage.told_again()
