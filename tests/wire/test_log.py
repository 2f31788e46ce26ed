"""The event log: batches that wait to be encoded together, and what does not let them wait."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from adapters.store.memory import MemoryJournal
from adapters.wire.log import JournalLog
from domain.bar import Bar
from domain.event import BarClosed, Event, RunStopped
from domain.units import MINUTE
from ports.errors import StoreFailure
from store.records import CONFIG, StepClock


def batch(n: int, spread: float | None = None) -> list[Event]:
    bar = Bar(n * MINUTE, 1, 2, 1, 2, 9, mean_spread_ticks=spread)
    return [BarClosed((n + 1) * MINUTE, None, bar, False, False), RunStopped(n, f"{n}", "x")]


def journal_and_log(together: int) -> tuple[MemoryJournal, JournalLog]:
    journal = MemoryJournal("MES", CONFIG, StepClock())
    return journal, JournalLog(journal, CONFIG, together)


def test_batches_wait_and_the_log_is_the_same() -> None:
    plain, one = journal_and_log(1)
    journal, log = journal_and_log(4)
    for n in range(10):
        one.append(batch(n))
        log.append(batch(n))
        assert journal.count == (n + 1) // 4 * 8
    assert (log.count, log.head) == (one.count, one.head) == (20, plain.head)


@pytest.mark.parametrize(
    "call",
    [
        lambda log: log.commit(), lambda log: log.ahead(), lambda log: log.head,
        lambda log: log.count, lambda log: log.codec, lambda log: log.close(),
    ],
)  # fmt: skip
def test_nothing_waits_any_longer_once_it_matters(call: Callable[[JournalLog], object]) -> None:
    journal, log = journal_and_log(4)
    log.append(batch(0))
    assert journal.count == 0
    call(log)
    assert journal.count == 2


def test_what_is_done_to_a_batch_later_is_not_recorded() -> None:
    _, one = journal_and_log(1)
    _, log = journal_and_log(4)
    events = batch(0)
    one.append(events)
    log.append(events)
    events.clear()
    assert (log.count, log.head) == (one.count, one.head)


@pytest.mark.parametrize("bad", range(3))
def test_a_batch_without_a_form_takes_no_other_with_it(bad: int) -> None:
    journal, log = journal_and_log(4)
    for n in range(3):
        log.append(batch(n, math.inf if n == bad else None))
    with pytest.raises(StoreFailure, match="one of BarClosed, RunStopped cannot be recorded"):
        log.ahead()
    log.commit()
    rest = [n for n in range(3) if n != bad]
    assert [row.payload for row in journal.read() if row.type == "RunStopped"] == [
        f'{{"how":"x","run_id":"{n}"}}' for n in rest
    ]
