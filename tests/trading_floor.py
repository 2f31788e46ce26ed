"""A whole trading day for tests: core, fake broker, journal in memory, invariants watched.

`Watch` stands where the event log stands and looks at the world each time something is
recorded. `ScriptedEngine` is an engine that sees what a test wants seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from adapters.engine.decider import decider
from adapters.engine.reference import ReferenceEngine
from adapters.fake.broker import FakeBroker, FaultScript
from adapters.store.memory import MemoryJournal
from adapters.wire.log import JournalLog
from application.day import TradingDay
from application.desk import RunFacts
from application.runner import SimulatedRun
from domain.bar import Bar
from domain.candidate import Rules
from domain.contract_set import Contracts
from domain.event import (
    BarClosed,
    DecisionMade,
    Event,
    KillTriggered,
    SessionClosed,
    TradeClosed,
    TradeManaged,
    TradeOpened,
)
from domain.frame import BarInput, Frame, Probe
from domain.session import Session
from domain.units import DAY, MINUTE, ZERO, Money, UtcNanos
from market_builders import PRICE, contracts, frame, mes, session_on
from ports.bars import BarItem, RejectedRow
from ports.decider import Decider
from ports.engine import Engine

CONFIG = "c" * 64
START = Money.parse("10000.00")


class Weekdays:
    """A calendar in which every weekday is a session from 09:30 to `close_hour`, in winter."""

    def __init__(self, close_hour: int = 16) -> None:
        self._hour = close_hour

    def session_at(self, t: UtcNanos) -> Session | None:
        day = date(1970, 1, 1) + timedelta(days=(t - 5 * 60 * MINUTE) // DAY)
        return session_on(day, self._hour) if day.weekday() < 5 else None

    def covers(self, t: UtcNanos, days_ahead: int) -> bool:
        return True


class StoppedClock:
    def now(self) -> UtcNanos:
        return 0


class ScriptedEngine:
    """Quiet frames, but for the minutes (since the open) that a script names."""

    name = "scripted"

    def __init__(self, script: dict[int, Frame] | None = None) -> None:
        self.script = script or {}

    def probe(self, o: int, h: int, low: int, c: int, volume: int, start: bool) -> Probe:
        return Probe(h - low, 5.0, False)

    def update(self, bar: BarInput) -> Frame:
        return self.script.get(bar.minute, frame())

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        return None

    def decider(self, rules: Rules) -> Decider:
        return decider(rules)

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        pass


def real_engine() -> Engine:
    """The production engine where it is built, else the reference; they agree bit for bit."""
    parameters = contracts().engine_parameters(mes())
    try:
        from adapters.engine.rust import RustEngine
    except ImportError:
        return ReferenceEngine(parameters)
    return RustEngine(parameters)


class Watch:
    """The event log, and everybody's conscience: raises at the event that breaks an invariant."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.journal = MemoryJournal("MES", CONFIG, StoppedClock())
        self._log = JournalLog(self.journal, CONFIG)
        self.core: TradingDay | None = None
        self.broker: FakeBroker | None = None
        self.may_kill = False
        self.entered: dict[str, list[UtcNanos]] = {}
        self.net = ZERO
        self._bars = self._decisions = 0

    def append(self, events: Sequence[Event]) -> None:
        self._log.append(events)
        self.events.extend(events)
        # Nothing may be swallowed as "known already": every natural key is used once.
        assert self.journal.count == len(self.events), events
        for event in events:
            self._look_at(event)
        self._look_around()

    def ahead(self) -> None:
        self.commit()

    def commit(self, synced: bool = True) -> None:
        self._log.commit(synced)

    @property
    def head(self) -> str:
        return self._log.head

    @property
    def count(self) -> int:
        return self._log.count

    def close(self) -> None:
        self._log.close()

    def _look_at(self, event: Event) -> None:
        match event:
            case BarClosed(rth=True, warmup=False):
                assert self._bars == self._decisions
                self._bars += 1
            case DecisionMade():
                self._decisions += 1
                assert self._decisions == self._bars
            case TradeOpened():
                self._opened(event)
            case TradeManaged(action="TIGHTEN"):
                opened = self._trade(event.decision_id)
                assert opened.side * (event.new_stop - event.old_stop) > 0
            case TradeClosed():
                self.net = self.net + event.net
                assert event.net == event.gross - event.fees
                assert event.mae >= 0
                assert event.mfe >= 0
            case SessionClosed():
                assert self.broker is not None
                assert self.broker.position() == (0, 0)
                assert self._decisions == self._bars
            case KillTriggered():
                assert self.may_kill, event
            case _:
                pass

    def _opened(self, event: TradeOpened) -> None:
        today = self.entered.setdefault(event.decision_id[:10], [])
        everything = sorted(t for day in self.entered.values() for t in day)
        assert not everything or event.at - everything[-1] >= 30 * MINUTE
        today.append(event.at)
        assert len(today) <= 2
        assert event.side * (event.worst_entry - event.entry_price) >= 0
        assert 8 <= event.stop0 <= 12
        assert mes().tick_value * event.stop0 <= Money.parse("15.00")

    def _trade(self, decision_id: str) -> TradeOpened:
        return next(
            e for e in self.events if isinstance(e, TradeOpened) and e.decision_id == decision_id
        )

    def _look_around(self) -> None:
        core, broker = self.core, self.broker
        if core is None or broker is None:
            return
        held = broker.position().qty
        assert abs(held) <= 1
        if held:
            stops = [
                o for o in broker._orders.values()
                if o.kind == "STOP" and not o.held and o.side == -held and o.left >= abs(held)
            ]  # fmt: skip
            assert len(stops) == 1
        group = core.desk.group
        if group is not None:
            assert group.open_risk(mes()) <= Money.parse("15.00")
            lost = -core.desk.law.net_day if core.desk.law.net_day < ZERO else ZERO
            if group.entry is None:
                assert lost + group.open_worst(mes()) <= Money.parse("30.00")
        if held == 0 and group is None:  # everything was heard
            account = broker.account()
            assert account is None or account.equity == START + self.net


class Floor:
    """Core, broker and runner wired together under watch."""

    def __init__(
        self,
        engine: Engine,
        close_hour: int = 16,
        mode: str = "PAPER",
        house: Contracts | None = None,
        **broker: object,
    ) -> None:
        equity = Money.parse(str(broker.pop("equity", "10000.00")))
        faults = broker.pop("faults", None)
        assert faults is None or isinstance(faults, FaultScript)
        self.watch = Watch()
        self.core = TradingDay(
            contracts() if house is None else house,
            mes(),
            RunFacts(mode, "SIM", "MES", False),
            engine,
            Weekdays(close_hour),
            CONFIG,
        )
        self.broker = FakeBroker(mes(), contracts().execution, equity, 7, faults)
        self.run = SimulatedRun(self.core, self.broker, self.watch)
        if equity == START:
            self.watch.core, self.watch.broker = self.core, self.broker

    def play(self, bars: Sequence[Bar]) -> None:
        self.run.play([BarItem(b, (), ()) for b in bars], None, None)

    def minute(self, bar: Bar, rejected: tuple[RejectedRow, ...] = ()) -> None:
        self.run.minute(BarItem(bar, rejected, ()))

    def of(self, kind: type) -> list:
        return [e for e in self.watch.events if isinstance(e, kind)]

    def decision(self, index: int) -> DecisionMade:
        name = f"-{index:03d}-"
        return next(e for e in self.of(DecisionMade) if name in e.record.decision_id)


def walk(
    seed: int, sessions: int, holes: float = 0.0, wild: float = 0.0, close_hour: int = 16
) -> list[Bar]:
    """A random walk over weekdays from 2024-01-08, with overnight gaps and missing minutes."""
    rng, price, bars = Random(seed), PRICE, []
    day, drift = date(2024, 1, 8), 0.0
    while sessions:
        if day.weekday() < 5:
            session = session_on(day, close_hour)
            price += rng.randrange(-40, 41)
            for k in range(session.minutes):
                if k % 20 == 0:
                    drift = rng.choice((-0.8, -0.3, 0.0, 0.0, 0.3, 0.8))
                if rng.random() < holes:
                    continue
                reach = 40 if rng.random() < wild else 5
                o = price + rng.randrange(-1, 2)
                c = o + rng.randrange(-reach, reach + 1) + round(rng.gauss(drift, 1.0))
                bars.append(
                    Bar(session.open + k * MINUTE, o, max(o, c) + rng.randrange(4),
                        min(o, c) - rng.randrange(4), c, 50 + rng.randrange(400))
                )  # fmt: skip
                price = c
            sessions -= 1
        day += timedelta(days=1)
    return bars
