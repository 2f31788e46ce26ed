"""The books of a record are the same, whether a core kept them or its results alone are read."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.fake.broker import FakeBroker
from adapters.store.memory import MemoryJournal
from adapters.wire.log import JournalLog
from application.cli.relearning import Relearning
from application.day import TradingDay
from application.desk import RunFacts
from application.lessons import Lessons
from application.runner import SimulatedRun
from changing import replace
from market_builders import contracts, mes
from oracle.against import calendar
from oracle.imagined import ImaginativeEngine, minutes
from ports.journal import Stored
from ports.recording import DivergedError
from trading_floor import CONFIG, START, StoppedClock


@pytest.fixture(scope="module")
def played() -> tuple[TradingDay, list[Stored]]:
    """Two imagined days with trades, and everything recorded of them."""
    days = calendar("XNYS", "CMES")
    sessions = [days.on_date(date(2013, 10, n)) for n in (10, 11)]
    items = list(minutes(1, [s for s in sessions if s is not None], False, True))
    core = TradingDay(
        contracts(), mes(), RunFacts("PAPER", "SIM", "MES", False), ImaginativeEngine(1, True),
        days, CONFIG,
    )  # fmt: skip
    journal = MemoryJournal("MES", CONFIG, StoppedClock())
    broker = FakeBroker(mes(), contracts().execution, START)
    run = SimulatedRun(core, broker, JournalLog(journal, CONFIG))
    run.play(items, None, None)
    run.finish((), flatten=False)
    journal.commit()
    return core, list(journal.read())


def test_the_books_rebuilt_of_results_are_the_cores(
    played: tuple[TradingDay, list[Stored]],
) -> None:
    core, rows = played
    books = Relearning(Lessons(contracts().learning, "PAPER"))
    for row in rows:
        books.take(row)
    assert core.desk.lessons.learning.closes >= 2
    assert books.lessons.learning == core.desk.lessons.learning


def test_books_of_another_mode_stay_apart(played: tuple[TradingDay, list[Stored]]) -> None:
    core, rows = played
    books = Relearning(Lessons(contracts().learning, "PAPER"))
    for row in rows:
        books.take(row)
    books.lessons.started("OBSERVE")
    assert books.lessons.learning.closes == 0
    books.lessons.started("PAPER")
    assert books.lessons.learning == core.desk.lessons.learning


def test_a_result_that_cannot_be_read_is_named(played: tuple[TradingDay, list[Stored]]) -> None:
    _, rows = played
    bad = next(row for row in rows if row.type == "TradeClosed")._replace(payload='{"net":"1.0"}')
    with pytest.raises(DivergedError, match="cannot be learned from"):
        Relearning(Lessons(contracts().learning, "PAPER")).take(bad)


def test_rules_that_are_laxer_judge_laxer(played: tuple[TradingDay, list[Stored]]) -> None:
    """Books are judged by the contracts of now: no number of the rules stands in the code."""
    _, rows = played
    p = contracts().learning
    lax = replace(p, key=replace(p.key, quarantine_losses=20, expectancy_min_trades=20))
    books = Relearning(Lessons(lax, "PAPER"))
    for row in rows:
        books.take(row)
    statuses = {name: b.status.value for name, b in books.lessons.learning.books.items()}
    assert all(s == "ACTIVE" for name, s in statuses.items() if "|" in name), statuses
