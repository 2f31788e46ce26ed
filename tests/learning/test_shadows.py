"""Shadow trades send nothing, move nothing real, and come back from the record as they were."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.fake.broker import FakeBroker
from adapters.store.canonical import genesis
from adapters.store.memory import MemoryJournal
from adapters.wire.codec import Codec
from adapters.wire.log import JournalLog
from adapters.wire.recording import StoredRecording
from application.cli.relearning import Relearning
from application.day import TradingDay
from application.desk import RunFacts
from application.lessons import Lessons
from application.replay import fold
from application.runner import SimulatedRun
from changing import replace
from domain import event as e
from domain.contract_set import Contracts
from domain.event import Event
from domain.law.state import LawState
from market_builders import contracts, mes
from oracle.against import calendar
from oracle.imagined import ImaginativeEngine, minutes
from ports.journal import Stored
from trading_floor import CONFIG, START, StoppedClock

SEED = 4


def strict() -> Contracts:
    """One loss quarantines a key and its template."""
    c = contracts()
    p = c.learning
    key, template = (replace(limits, quarantine_losses=1) for limits in (p.key, p.template))
    return replace(c, learning=replace(p, key=key, template=template))


def core(mode: str) -> TradingDay:
    run = RunFacts(mode, "SIM", "MES", False)
    engine = ImaginativeEngine(SEED, False)
    return TradingDay(strict(), mes(), run, engine, calendar("XNYS", "CMES"), CONFIG)


def played(mode: str) -> tuple[TradingDay, list[Event], list[Stored], FakeBroker]:
    days = calendar("XNYS", "CMES")
    sessions = [days.on_date(date.fromisoformat(d)) for d in ("2013-10-11", "2013-11-29")]
    items = list(minutes(SEED, [s for s in sessions if s is not None], False, False))
    day, events = core(mode), list[Event]()
    journal = MemoryJournal("MES", CONFIG, StoppedClock())
    broker = FakeBroker(mes(), strict().execution, START)
    run = SimulatedRun(day, broker, JournalLog(journal, CONFIG), events.extend)
    run.play(items, None, None)
    run.finish((), flatten=False)
    journal.commit()
    assert journal.count == len(events)  # every natural key is used once
    return day, events, list(journal.read()), broker


@pytest.fixture(scope="module", params=["PAPER", "OBSERVE"])
def run(request: pytest.FixtureRequest) -> tuple[TradingDay, list[Event], list[Stored], FakeBroker]:
    return played(request.param)


Run = tuple[TradingDay, list[Event], list[Stored], FakeBroker]


def of(events: list[Event], kind: type) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def test_each_shadow_opens_closes_and_is_attributed_twice(run: Run) -> None:
    _, events, _, _ = run
    opened = [(o.opened.decision_id, o.opened.key.template)
              for o in events if isinstance(o, e.ShadowOpened)]  # fmt: skip
    closed = [(c.closed.decision_id, c.template)
              for c in events if isinstance(c, e.ShadowClosed)]  # fmt: skip
    told = [(a.decision_id, a.template, a.stage)
            for a in events if isinstance(a, e.TradeAttributed) and a.shadow]  # fmt: skip
    assert len(opened) >= 3
    assert sorted(opened) == sorted(closed)
    assert sorted(told) == sorted((*c, stage) for c in closed for stage in ("scores", "final"))


def test_one_shadow_of_a_template_at_a_time(run: Run) -> None:
    _, events, _, _ = run
    open_: set[str] = set()
    for event in events:
        if isinstance(event, e.ShadowOpened):
            assert event.opened.key.template not in open_
            open_.add(event.opened.key.template)
        elif isinstance(event, e.ShadowClosed):
            open_.remove(event.template)
            assert event.closed.mode == "SHADOW"


def test_observing_sends_nothing_and_moves_nothing() -> None:
    day, events, _, broker = played("OBSERVE")
    assert not of(events, e.OrderSubmitting)
    assert not of(events, e.CommandIssued)
    assert not of(events, e.PositionChanged)
    assert not of(events, e.TradeClosed)
    assert not of(events, e.ExecutionIncident)
    assert broker.position().qty == broker.position().working_orders == 0
    assert day.desk.law == LawState(session_date=day.desk.law.session_date)
    assert day.desk.lessons.learning.overall == ()
    assert len(of(events, e.ShadowClosed)) >= 3


def test_shadows_come_back_from_the_record(run: Run) -> None:
    day, _, rows, _ = run
    again = core(day.desk.run.mode)
    recording = StoredRecording(rows, Codec(CONFIG), genesis("MES", CONFIG))
    for _ in fold(again, recording):
        pass
    assert recording.head == rows[-1].hash
    assert again.desk.lessons.learning == day.desk.lessons.learning


def test_books_with_shadows_are_rebuilt_of_results(run: Run) -> None:
    day, _, rows, _ = run
    books = Relearning(Lessons(strict().learning, day.desk.run.mode))
    for row in rows:
        books.take(row)
    learning = day.desk.lessons.learning
    assert any(book.shadow for book in learning.books.values())
    assert books.lessons.learning == learning


def test_a_shadow_says_why_it_is_one(run: Run) -> None:
    day, events, _, _ = run
    why = {x.why for x in events if isinstance(x, e.ShadowClosed)}
    if day.desk.run.mode == "OBSERVE":
        assert why == {"OBSERVE_ONLY"}
    else:
        assert all(reasons.startswith("STRATEGY_QUARANTINED") for reasons in why)
