"""`status` says first why a live run that is up and lawful enters nothing all the same (H37)."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.store.identity import bind
from adapters.store.journal import open_journal
from adapters.wire.log import JournalLog
from application.cli.standing import standing, why_not
from domain.event import (
    ClockTick,
    ConnectionChanged,
    Event,
    ForeignOrder,
    HostState,
    ReconcileCompleted,
    RunStarted,
    SessionOpened,
)
from market_builders import TUESDAY, session_on
from store.records import CONFIG, StepClock

OPEN = session_on(TUESDAY).open
BEGUN = RunStarted(OPEN, "r", "PAPER", "ibkr", "d", CONFIG, "0", "rust")
UP = ConnectionChanged(OPEN + 1_000, True, "start")
CLEAN = ReconcileCompleted(OPEN + 2_000, 1, ("clean",), True)
SESSION = SessionOpened(OPEN, TUESDAY, OPEN, OPEN + 1, False)
READY: tuple[Event, ...] = (BEGUN, UP, CLEAN, SESSION)


def reason(folder: Path, *events: Event) -> str | None:
    url = f"sqlite:///{folder}/s.db"
    journal = open_journal(url, "MES", CONFIG, StepClock())
    bind(url, "ibkr", "d" * 64, "PAPER")
    log = JournalLog(journal, CONFIG)
    for event in events:
        log.append([event])
    log.close()
    return why_not(standing(url, None)._replace(process="somebody"), 2, "")


def test_what_is_up_and_reconciled_can_trade(tmp_path: Path) -> None:
    assert reason(tmp_path, *READY) is None


@pytest.mark.parametrize(
    ("later", "says"),
    [
        (ConnectionChanged(OPEN + 5_000, False, "cut"), "link to the broker is down"),
        (ConnectionChanged(OPEN + 5_000, True, "again"), "has not been read"),
        (ClockTick(OPEN + 5_000, 1, "unanswered"), "does not answer"),
        (ReconcileCompleted(OPEN + 5_000, 2, ("position 0 here, 1 there",), False), "not agree"),
        (ReconcileCompleted(OPEN + 5_000, 2, ("not ours: perm 9",), True), "not ours works"),
        (ForeignOrder(OPEN + 5_000, "perm 9"), "has in this session"),
        (HostState(OPEN + 5_000, (), ("STORE_MISMATCH",)), "hindered: STORE_MISMATCH"),
        (HostState(OPEN + 5_000, ("disk",), ()), "hindered: disk"),
    ],
)
def test_each_state_that_keeps_it_out_is_named(tmp_path: Path, later: Event, says: str) -> None:
    assert says in str(reason(tmp_path, *READY, later))


def test_what_was_of_the_run_before_is_over(tmp_path: Path) -> None:
    before = (*READY, HostState(OPEN + 3_000, ("disk",), ("STORE_MISMATCH",)))
    now = (
        BEGUN._replace(at=OPEN + 6_000, run_id="again"), UP._replace(at=OPEN + 7_000),
        CLEAN._replace(at=OPEN + 8_000, number=2),
    )  # fmt: skip
    assert reason(tmp_path, *before, *now) is None


def test_nothing_of_it_concerns_a_simulated_run(tmp_path: Path) -> None:
    assert reason(tmp_path, BEGUN._replace(adapter="fake")) is None
