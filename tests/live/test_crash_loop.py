"""A service that starts the program again for ever: what a hundred starts of one session can do.

Each start reads and writes a real guard file and goes on with the record of the one before it;
none of them ends in order. The numbers of a loop are the program's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from adapters.guard.file import open_guard, read_guard
from adapters.guard.shared import SharedGuard
from application.binding import latch_found
from application.cli.live_store import LOOP_STARTS, LOOP_WINDOW
from application.guarding import GuardKeeper
from domain.event import KillTriggered, OrderSubmitting, TradeOpened
from domain.law.restarts import RestartRules, Starts, is_loop, quiet_until, started
from domain.law.state import LawState
from domain.units import MINUTE, SECOND
from execution_world import CONFIG, wants
from live_market import OPEN, Stage, minute, pieces
from live_rehearsal import Rehearsal, real_morning
from market_builders import contracts
from ports.guard import GuardState

FULL = bool(os.environ.get("TRADEBOT_TEST_FULL"))
RULES = RestartRules(
    LOOP_STARTS, LOOP_WINDOW, contracts().constitution.restart_quiet_minutes * MINUTE
)
SPARSE = 11
"""Minutes between starts that are no loop and outlast the quiet: each of them may enter."""
EVERY_MINUTE = {n: wants(1) for n in range(8, 390)}


class Service:
    """Starts the program again each time it dies."""

    def __init__(self, path: Path) -> None:
        self.path, self.starts = path, 0
        self.stage = Stage(dict(EVERY_MINUTE))
        self.stage.market.plan(pieces(OPEN, (390 if FULL else 75) * 60, wild=1))
        self._guarded()

    def _guarded(self) -> None:
        """What a start does with the guard file, before anything can be entered."""
        self.starts += 1
        stage, now = self.stage, self.stage.clock.now()
        before = read_guard(self.path) if self.path.exists() else None
        table = Starts() if before is None else before.starts
        guard = SharedGuard(open_guard(self.path, now))
        state = GuardState(
            "a" * 64, "PAPER", "s" * 32, stage.memory.count, stage.memory.head, CONFIG,
            LawState() if before is None else stage.core.desk.law, started(table, now),
            latch_found(None, before, None, now),
        )  # fmt: skip
        keeper = GuardKeeper(guard, state, stage.memory, frozen=False)
        keeper.write()
        stage.run._keeper = keeper
        stage.fitness.quiet_until = quiet_until(table, now, RULES)
        if is_loop(table, now, RULES):
            stage.run.latch("RESTART_LOOP", "too many starts", "start", now)
        stage.run.settle()
        self._guard = guard

    def crash_at(self, when: int) -> None:
        """Run until `when`, die without a word, and start again."""
        self.stage.until(when)
        self._guard.close()
        self.stage.again()
        self._guarded()


def sparse_then_dense(count: int) -> Sequence[int]:
    """Starts that may each enter, until the rest of them has to crowd into what is left."""
    sparse = min(count * 3 // 10, 28)
    ends = [minute(SPARSE * (n + 1)) for n in range(sparse)]
    last = minute(SPARSE * sparse)
    return ends + [last + (n + 1) * 45 * SECOND for n in range(count - sparse)]


def evenly(count: int) -> Sequence[int]:
    """One start every four minutes less a little, over the session."""
    return [minute(10) + n * 228 * SECOND for n in range(count)]


@pytest.mark.parametrize("schedule", [sparse_then_dense, evenly])
def test_a_crash_loop_enters_twice_at_most_and_latches_once(
    tmp_path: Path, schedule: Callable[[int], Sequence[int]]
) -> None:
    service = Service(tmp_path / "g.guard")
    count = 100 if FULL else 10
    for when in schedule(count):
        service.crash_at(when)
    stage = service.stage
    stage.until(stage.clock.now() + MINUTE)
    assert service.starts == count + 1
    sent = [ref for ref in stage.broker.sent if "-E" in ref]
    assert 1 <= len(stage.of(OrderSubmitting)) <= 10
    assert len(sent) == len(set(sent)) <= 10
    assert len(stage.of(TradeOpened)) <= 2
    assert [k.trigger for k in stage.of(KillTriggered)] == ["RESTART_LOOP"]
    state = read_guard(service.path)
    assert state is not None
    assert state.latch is not None
    assert state.latch.trigger == "RESTART_LOOP"
    assert stage.broker._position == 0
    latched = stage.of(KillTriggered)[0].at
    assert all(o.at <= latched for o in stage.of(OrderSubmitting))
    service._guard.close()


def test_a_program_that_is_started_for_ever_latches_once(tmp_path: Path) -> None:
    """As a service does it: the program itself, killed each time wherever it stands."""
    day, past = real_morning(-70)
    with Rehearsal(tmp_path, day, past) as stage:
        count, latched = 100 if FULL else 6, 0
        for _ in range(count):
            stage.launch()
            assert stage.is_subscribed()
            if stage.events("KillTriggered"):
                assert stage.ended().code == 3
                latched += 1
            else:
                stage.play(pieces=24)
                stage.die()
        assert latched == count - LOOP_STARTS + 1
        assert stage.position == 0
        assert [k["trigger"] for k in stage.events("KillTriggered")] == ["RESTART_LOOP"]
        sent = [e.message.text("orderRef") for e in stage.orders if e.kind == "placeOrder"]
        assert len({ref for ref in sent if "-E-" in ref}) <= 2
