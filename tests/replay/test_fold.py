"""A recorded run told to a fresh core: the same events, or the first difference."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from adapters.fake.broker import FakeBroker
from adapters.store.canonical import genesis
from adapters.store.chain import Tip, link
from adapters.store.memory import MemoryJournal
from adapters.wire.codec import Codec
from adapters.wire.log import JournalLog
from adapters.wire.recording import StoredRecording
from application.day import TradingDay
from application.desk import RunFacts
from application.replay import fold
from application.runner import SimulatedRun
from domain import event as e
from domain.execution.truth import BrokerTruth
from domain.units import MINUTE, SECOND
from market_builders import PRICE, contracts, mes
from ports.bars import BarItem
from ports.journal import Record, Stored
from ports.recording import Difference, DivergedError
from trading_floor import (
    CONFIG,
    START,
    Floor,
    StoppedClock,
    Weekdays,
    real_engine,
    walk,
)


def core(live: bool = False) -> TradingDay:
    facts = RunFacts("PAPER", "SIM", "MES", live)
    return TradingDay(contracts(), mes(), facts, real_engine(), Weekdays(), CONFIG)


def rows_of(journal: MemoryJournal) -> list[Stored]:
    journal.commit()
    return list(journal.read())


def recording(rows: list[Stored]) -> StoredRecording:
    return StoredRecording(rows, Codec(CONFIG), genesis("MES", CONFIG))


def replayed(rows: list[Stored], live: bool = False) -> str:
    """The chain head of a replay that finds no difference."""
    told = recording(rows)
    for _ in fold(core(live), told):
        pass
    return told.head


def rechained(rows: list[Stored], change: Callable[[Stored], Stored]) -> list[Stored]:
    """`rows` changed by somebody who knows how to chain them."""
    tip, made = Tip(0, genesis("MES", CONFIG)), []
    for row in map(change, rows):
        record = Record(
            row.type, row.version, row.stream, row.session_date, row.ts_event, "",
            json.loads(row.payload), row.causation, row.correlation,
        )  # fmt: skip
        tip, (linked,) = link(tip, [record], 0)
        made.append(Stored._make(linked[: len(Stored._fields)])._replace(event_id=row.event_id))
    return made


@pytest.fixture(scope="module")
def day() -> Floor:
    """Two sessions with holes, wild bars and trades."""
    floor = Floor(real_engine())
    floor.watch.may_kill = True
    floor.play(walk(5, 2, holes=0.01, wild=0.02))
    floor.run.finish((), flatten=False)
    assert floor.of(e.TradeClosed)
    return floor


@pytest.fixture(scope="module")
def rows(day: Floor) -> list[Stored]:
    return rows_of(day.watch.journal)


def difference(rows: list[Stored]) -> Difference:
    with pytest.raises(DivergedError) as caught:
        replayed(rows)
    return caught.value.difference


@pytest.mark.parametrize("seed", range(4))
def test_any_walk_is_identical(seed: int) -> None:
    floor = Floor(real_engine())
    floor.watch.may_kill = True
    bars = walk(seed, 2, holes=0.02, wild=0.03)
    floor.play(bars[: 500 + 40 * seed])
    floor.run.finish((), flatten=True)
    assert replayed(rows_of(floor.watch.journal)) == floor.watch.journal.head


def test_recorded_bars_make_the_same_broker_say_the_same(day: Floor, rows: list[Stored]) -> None:
    bars = [b for b in day.watch.events if isinstance(b, e.BarClosed)]
    again = MemoryJournal("MES", CONFIG, StoppedClock())
    broker = FakeBroker(mes(), contracts().execution, START)
    run = SimulatedRun(core(), broker, JournalLog(again, CONFIG))
    run.play([BarItem(b.bar, (), ()) for b in bars], None, None)
    run.finish((), flatten=False)
    words = ("OrderEvent", "Fill", "AccountSnapshot")
    said = [(r.type, r.payload) for r in rows_of(again) if r.type in words]
    assert said == [(r.type, r.payload) for r in rows if r.type in words]
    assert any(kind == "Fill" for kind, _ in said)


def test_a_live_core_is_rebuilt_from_words_ticks_and_reads() -> None:
    """Whatever the shell tells between bars is recorded, and is enough."""
    journal = MemoryJournal("MES", CONFIG, StoppedClock())
    log, live = JournalLog(journal, CONFIG), core(live=True)
    broker = FakeBroker(mes(), contracts().execution, START)
    bars = walk(5, 1)
    told = live.dealing

    def take(outcome: object) -> None:
        log.append(outcome.events)

    take(told.connection(True, "up", bars[0].open_time))
    take(told.account(e.AccountSnapshot(bars[0].open_time, START, START)))
    for n, bar in enumerate(bars):
        now = bar.close_time
        if n % 7 == 3:
            take(told.connection(False, "gone", now - 20 * SECOND))
        if n % 7 == 4:
            take(told.connection(True, "back", now - 20 * SECOND))
        take(told.tick(bar.open, now - 30 * SECOND))
        take(told.truth(broker.read(now - 10 * SECOND)))
        take(live.bar(bar))
    stranger = BrokerTruth(now, 2, (), (), (), 0, 0)
    for k in (0, 5, 20, 40):
        take(told.truth(stranger._replace(at=now + k * SECOND)))
        take(told.tick(PRICE, now + (k + 1) * SECOND))
    take(told.operator("ack", "month seen", "test", now + MINUTE))
    rows = rows_of(journal)
    assert {"ReconcileCompleted", "KillTriggered", "ConnectionChanged"} <= {r.type for r in rows}
    assert replayed(rows, live=True) == journal.head


def test_a_changed_input_is_found_by_its_own_number(rows: list[Stored]) -> None:
    at = next(i for i, r in enumerate(rows) if r.type == "BarClosed" and i > 900)
    wrong = rows[at].payload.replace('"volume":', '"volume":1')
    found = difference([*rows[:at], rows[at]._replace(payload=wrong), *rows[at + 1 :]])
    assert (found.seq, found.type) == (rows[at].seq, "BarClosed")
    assert found.recorded == wrong


def test_a_forged_decision_is_found_with_both_payloads_and_its_fields(rows: list[Stored]) -> None:
    at = next(r.seq for r in rows if r.type == "DecisionMade" and r.seq > 900)

    def forge(row: Stored) -> Stored:
        if row.seq != at:
            return row
        return row._replace(payload=row.payload.replace('"action":"SKIP"', '"action":"HOLD"'))

    found = difference(rechained(rows, forge))
    assert found.seq == at
    assert found.fields == (("payload.action", '"HOLD"', '"SKIP"'),)
    assert '"action":"HOLD"' in found.recorded
    assert '"action":"SKIP"' in found.produced


@pytest.mark.parametrize("kind", ["BarClosed", "DecisionMade", "Fill", "SessionOpened"])
def test_a_missing_event_is_found(kind: str, rows: list[Stored]) -> None:
    at = next(i for i, r in enumerate(rows) if r.type == kind and (i > 900 or kind != "BarClosed"))
    assert difference([*rows[:at], *rows[at + 1 :]]).seq <= rows[at].seq + 1


def test_a_record_cut_inside_a_step_is_found(rows: list[Stored]) -> None:
    at = next(i for i, r in enumerate(rows) if r.type == "SignalsComputed" and i > 900)
    assert "ends inside" in difference(rows[: at + 1]).reason


def test_an_event_without_a_cause_is_found(rows: list[Stored]) -> None:
    more = rows[-1]._replace(seq=rows[-1].seq + 1, type="LockoutEnded")
    assert "no input brings it about" in difference([*rows, more]).reason


@pytest.mark.parametrize("stream", ["domain", "ops"])
def test_an_unknown_type_stops_the_fold_and_is_named(stream: str, rows: list[Stored]) -> None:
    odd = [*rows[:700], rows[700]._replace(type="Invented", stream=stream), *rows[701:]]
    found = difference(odd)
    assert (found.seq, found.type) == (rows[700].seq, "Invented")
