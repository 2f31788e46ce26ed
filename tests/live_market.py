"""A live market of a script, on clocks of its own: virtual seconds, no sleeps.

`Script` says what arrives when. The broker beside it lives in the same time: each piece trades
as it arrives, and every second lets its faults strike.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date

from adapters.fake.faults import Plan
from adapters.fake.faulty import FaultyBroker
from adapters.store.canonical import genesis
from adapters.wire.codec import Codec
from adapters.wire.recording import StoredRecording
from application.day import TradingDay
from application.desk import RunFacts
from application.host import Fitness
from application.live import LiveRun
from application.live_feed import LiveFeed
from application.live_loop import LiveLoop, Parts
from application.live_time import LiveTime
from application.replay import fold
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import AccountSnapshot, RunStarted
from domain.units import MINUTE, SECOND, UtcNanos
from execution_world import CONFIG, Fuse, Memory
from market_builders import PRICE, TUESDAY, contracts, mes, session_on
from ports.errors import BrokerDown
from ports.market import ClockSample, ContractFacts, MarketItem, PastBars, PastPieces, Piece, Quote
from trading_floor import START, ScriptedEngine, Weekdays

OPEN = session_on(TUESDAY).open
PIECE = 5 * SECOND
BROKER_IS_LATE = SECOND // 4
"""How long after its end a piece arrives."""


class VirtualClock:
    """Both clocks of a host; `set_by` moves the wall alone, `sleep` both without anybody."""

    def __init__(self, now: UtcNanos) -> None:
        self.wall, self.mono = now, 10**9

    def now(self) -> UtcNanos:
        return self.wall

    def steady(self) -> int:
        return self.mono

    def sleep(self, nanos: int) -> None:
        self.wall += nanos
        self.mono += nanos


class ScriptedMarket:
    """`ports.market.LiveMarket`: items of (arrival, item), on the host's clock or their own."""

    name = "scripted"

    def __init__(self, clock: VirtualClock, broker: FaultyBroker, gateway: bool = False) -> None:
        self.clock, self.broker, self.gateway = clock, broker, gateway
        self.ahead: list[tuple[UtcNanos, MarketItem]] = []
        self.past: list[Bar] = []
        self.asked: list[tuple[UtcNanos, UtcNanos]] = []
        self.past_pieces: list[SubBar] = []
        self.asked_pieces: list[tuple[UtcNanos, UtcNanos]] = []
        self.answers_after: int | None = SECOND
        self.refuses: int | None = 0
        """So many questions about the past are refused, None: all of them."""
        self.refused_from: UtcNanos | None = None
        self.refused_until: UtcNanos = 0
        """Questions about what begins from the one on, or before the other, are refused."""
        self.each_second: list[Callable[[UtcNanos], None]] = []
        self.virtual = clock.now()

    def plan(self, items: Iterable[tuple[UtcNanos, MarketItem]]) -> None:
        self.ahead = sorted([*self.ahead, *items], key=lambda one: one[0])

    def open(self) -> ContractFacts:
        return ContractFacts(1, "MESZ6", date(2099, 12, 18), None)

    def now(self) -> UtcNanos:
        return self.virtual if self.gateway else self.clock.now() // 1000 * 1000

    def history(self, since: UtcNanos, until: UtcNanos) -> tuple[Bar, ...]:
        self.asked.append((since, until))
        if self.refuses is None or self.refuses:
            self.refuses = self.refuses and self.refuses - 1
            raise BrokerDown("162: pacing violation")
        if since < self.refused_until or (self.refused_from or until) <= since:
            raise BrokerDown("162: pacing violation")
        return tuple(b for b in self.past if since <= b.open_time < until)

    def ask_time(self) -> None:
        """The time of this market is the host's."""

    def ask_past(self, since: UtcNanos, until: UtcNanos) -> None:
        had, found = True, ()
        try:
            found = self.history(since, until)
        except BrokerDown:
            had = False
        if self.answers_after is not None:
            at = self.clock.now() + self.answers_after
            self.plan([(at, PastBars(since, until, found, had))])

    def ask_pieces(self, since: UtcNanos, until: UtcNanos) -> None:
        self.asked_pieces.append((since, until))
        found = tuple(s for s in self.past_pieces if since <= s.open_time < until)
        if self.answers_after is not None:
            self.plan([(self.clock.now() + self.answers_after, PastPieces(since, until, found))])

    def wait(self, seconds: float) -> None:
        end = self.clock.now() + max(int(seconds * SECOND), 1000)
        if self.ahead:
            end = min(end, max(self.ahead[0][0], self.clock.now()))
        while self.clock.now() < end:
            step = min(SECOND, end - self.clock.now())
            self.clock.sleep(step)
            self.broker.advance(self.clock.now())
            for strike in self.each_second:
                strike(self.clock.now())

    def drain(self) -> tuple[MarketItem, ...]:
        items = []
        while self.ahead and self.ahead[0][0] <= self.clock.now():
            _, item = self.ahead.pop(0)
            if isinstance(item, Piece):
                self.broker.play(item.sub, PIECE)
                self.virtual = item.sub.open_time + PIECE
                if self.virtual % MINUTE == 0:
                    at = self.clock.now() // 1000 * 1000
                    self.broker._events.append(AccountSnapshot(at, START, START))
            items.append(item)
        return tuple(items)

    def close(self) -> None:
        pass


def pieces(
    start: UtcNanos, seconds: int, moves: dict[int, int] | None = None, wild: int = 0
) -> list[tuple[UtcNanos, MarketItem]]:
    """A walk in pieces with a quote before each; clocks compared every 30 s. `moves` are by the
    number of the piece, `wild` the largest random one of the others."""
    rng, price, found, moves = random.Random(1), PRICE, [], moves or {}
    for n, t in enumerate(range(start, start + seconds * SECOND, PIECE)):
        before, price = price, price + moves.get(n, rng.randrange(-wild, wild + 1))
        sub = SubBar(t, before, max(before, price), min(before, price), price, 5 + rng.randrange(9))
        at = t + PIECE + BROKER_IS_LATE
        found.append((at - SECOND, Quote(at - SECOND, price, price + 1)))
        found.append((at, Piece(sub, at)))
        if t % (30 * SECOND) == 0:
            found.append((at, ClockSample(at, at // SECOND * SECOND)))
    return found


class Stage:
    """One run on a scripted market; `again` is the next process on the same record."""

    def __init__(
        self,
        setups: dict[int, object] | None = None,
        plan: Plan | None = None,
        start: UtcNanos = OPEN,
        mode: str = "PAPER",
        gateway: bool = False,
    ) -> None:
        self.engine = ScriptedEngine(setups or {})
        self.clock = VirtualClock(start)
        self.plan = plan or Plan()
        self.broker = FaultyBroker(mes(), contracts().execution, START, self.plan, 7)
        self.broker.observe(0.5, 1.0)
        self.market = ScriptedMarket(self.clock, self.broker, gateway)
        self.memory = Memory(Fuse())
        self.memory.may_kill = True
        self.mode, self.gateway = mode, gateway
        self.kill_file: str | None = None
        self.free_mb = 10_000
        self.guard_fault = ""
        self.core = self.make_core()
        self._begin(0, None)

    def make_core(self) -> TradingDay:
        facts = RunFacts(self.mode, "SIM", "MES", live=True)
        return TradingDay(contracts(), mes(), facts, self.engine, Weekdays(), CONFIG)

    def _begin(self, last: UtcNanos, after: UtcNanos | None) -> None:
        time = LiveTime(self.market, self.gateway, last)
        self.run = LiveRun(
            self.core, self.broker, self.memory, lambda: self.kill_file, time=time.now,
            kill_recorded=self._kill_recorded,
        )  # fmt: skip
        q = contracts().quality
        self.fitness = Fitness(
            lambda: self.free_mb, 500, lambda: self.guard_fault,
            (q.clock_skew_seconds * SECOND, q.clock_good_samples),
        )  # fmt: skip
        now = time.next()
        started = RunStarted(now, f"run {now}", self.mode, "scripted", "SIM", CONFIG, "0", "none")
        self.core.started(self.mode, CONFIG, now)
        self.memory.append([started])
        feed = LiveFeed(mes(), q.aggregation, now, after)
        parts = Parts(
            self.core, self.run, self.broker, self.market, self.clock, time, feed, self.fitness,
            self.warm, lambda: None, lambda item: None,
            lambda now: None,
        )  # fmt: skip
        self.loop = LiveLoop(parts, None, None)
        self.run.take(self.core.dealing.connection(True, "start", time.next()))
        equity = START
        self.run.take(self.core.dealing.account(AccountSnapshot(time.next(), equity, equity)))

    def _kill_recorded(self) -> None:
        self.kill_file = None

    def warm(self, until: UtcNanos) -> None:
        """Nothing is warmed up here; see the tests of the start."""

    def again(self) -> None:
        """The process died; a new one takes over from what is durable."""
        self.memory.die()
        self.core = self.make_core()
        last = 0
        after = None
        for step in fold(self.core, self.memory.recording()):
            last = max(last, step.input.at)
            bar = getattr(step.input, "bar", None)
            after = bar.open_time if bar is not None else after
        self.broker._events.clear()
        self._begin(last, after)

    def until(self, t: UtcNanos) -> None:
        """Turn until the host's clock shows `t`, or the run is over."""
        while self.clock.now() < t and not self.loop.over():
            self.loop.turn()

    def of(self, kind: type) -> list:
        """Everything recorded of one type."""
        return [e for e in self.memory.events if isinstance(e, kind)]

    def told_again(self) -> None:
        """The record, told again to a fresh core, gives the same events and the same head."""
        self.memory.commit()
        recording = StoredRecording(
            self.memory.journal.read(), Codec(CONFIG), genesis("MES", CONFIG)
        )
        for _ in fold(self.make_core(), recording):
            pass
        assert recording.head == self.memory.journal.head
        assert not recording.rest()


def minute(n: int) -> UtcNanos:
    """The open of the session's `n`-th minute."""
    return OPEN + n * MINUTE
