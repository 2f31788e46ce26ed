"""A host that sleeps, or whose clock is set, at any moment of a trade near the close."""

from __future__ import annotations

import pytest

from domain.event import (
    CommandIssued,
    HostState,
    OrderSubmitting,
    PermitGranted,
    ReconcileCompleted,
    TradeOpened,
)
from domain.units import MINUTE, SECOND, UtcNanos
from execution_world import wants
from live_market import Stage, minute, pieces

DECIDED, FLATTEN, LAST = 356, 385, 392
"""Minutes: the decision to enter, the flatten before the close, the end of the play."""
BEGIN = DECIDED - 12
DIP = {12 * (DECIDED + 1 - BEGIN) + n: -1 for n in (2, 3, 4)}
FIVE_MINUTES = 5 * MINUTE
PHASES = {
    "flat": DECIDED - 4, "entry at work": DECIDED + 1, "just filled": DECIDED + 2,
    "in the trade": DECIDED + 9, "over the flatten": FLATTEN - 2, "at the flatten": FLATTEN,
    "after it": FLATTEN + 3,
}  # fmt: skip


def on_stage() -> Stage:
    stage = Stage({DECIDED: wants(1)}, start=minute(BEGIN))
    stage.market.plan(pieces(minute(BEGIN), (LAST - BEGIN) * 60, DIP))
    return stage


def closes(stage: Stage) -> list[UtcNanos]:
    return [c.at for c in stage.of(CommandIssued) if c.command == "close"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_host_that_sleeps_closes_as_it_wakes(phase: str) -> None:
    stage = on_stage()
    stage.until(minute(PHASES[phase]) + 7 * SECOND)
    held, entered = stage.broker._position, len(stage.of(OrderSubmitting))
    closed = len(closes(stage))
    stage.clock.sleep(FIVE_MINUTES)
    woke = stage.clock.now()
    stage.until(minute(LAST))
    assert stage.broker._position == 0
    assert not stage.core.desk.alive
    assert len(stage.of(OrderSubmitting)) == max(entered, 0)
    if held and not closed:
        assert min(closes(stage)) <= woke + SECOND
    elif stage.of(TradeOpened):
        assert min(closes(stage)) <= max(minute(FLATTEN), woke) + SECOND
    stage.told_again()


@pytest.mark.parametrize("by", [-3 * SECOND, 3 * SECOND])
@pytest.mark.parametrize("phase", [name for name in PHASES if name != "entry at work"])
def test_a_clock_that_is_set_asks_the_broker_first(phase: str, by: int) -> None:
    stage = on_stage()
    at = minute(PHASES[phase]) + 7 * SECOND
    stage.until(at)
    stage.clock.wall += by
    stage.until(at + 20 * SECOND)
    (jump,) = [h for h in stage.of(HostState) if h.jump]
    reads = [r.at for r in stage.of(ReconcileCompleted) if r.at >= jump.at]
    assert reads
    assert reads[0] <= jump.at + SECOND
    assert not [p for p in stage.of(PermitGranted) if jump.at <= p.at < reads[0]]
    stage.until(minute(LAST))
    assert stage.broker._position == 0
    assert stage.core.desk.law.kill_trigger is None
    if stage.of(TradeOpened):
        assert min(closes(stage)) <= minute(FLATTEN) + max(-by, 0) + SECOND
    stage.told_again()
