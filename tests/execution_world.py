"""A trading day in virtual seconds: core, live shell, faulty broker; invariants after each step.

`World.second` is one turn of the loop. Whatever must always hold is asserted here, at the
step that breaks it, so that every test on this world is a test of all of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from adapters.fake.faults import FaultKind, Plan
from adapters.fake.faulty import FaultyBroker
from adapters.store.canonical import genesis
from adapters.wire.codec import Codec
from adapters.wire.log import JournalLog
from adapters.wire.recording import StoredRecording
from application.day import TradingDay
from application.dealing import READ_BUSY_S
from application.desk import RunFacts
from application.live import LiveRun
from application.replay import fold
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import (
    AccountSnapshot,
    ClockTick,
    Event,
    FillReceived,
    IllegalTransitionSeen,
    KillTriggered,
    LawStateChanged,
    OrderReported,
    OrderSubmitting,
    PositionChanged,
    ReconcileStarted,
    TradeOpened,
)
from domain.frame import Frame
from domain.law.door import ExitPermit, Permit, ProtectPermit
from domain.law.state import KillState
from domain.orders import OrderEventKind, OrderRef, Role
from domain.units import MINUTE, SECOND, ZERO, Money, UtcNanos
from market_builders import PRICE, TUESDAY, beliefs, contracts, frame, mes, session_on, values
from trading_floor import CONFIG, START, ScriptedEngine, Watch, Weekdays

OPEN = session_on(TUESDAY).open
PIECE = 5 * SECOND
GRACE_S = 2 + 1 + 5 + 5 + 3
"""How long a stop may lack: the grace, the fresh read, two attempts; then comes the exit."""
PEOPLE = (FaultKind.MANUAL_CLOSE, FaultKind.MANUAL_TRADE)


def wants(side: int) -> Frame:
    """A frame in which K1 wants `side`: stop 8, target 16."""
    sided = "f1_long" if side > 0 else "f1_short"
    return frame(
        values=values(s1=-0.6 * side, s8=0.5 * side),
        dev=-30.0 * side,
        effective=beliefs(0.25, f5=0.75, **{sided: 0.78}),
    )


class CrashError(Exception):
    """The process dies here."""


class Fuse:
    """Counts the points at which a process may die, and dies at the one asked for."""

    def __init__(self) -> None:
        self.points = 0
        self.at = 0

    def point(self) -> None:
        self.points += 1
        if self.points == self.at:
            raise CrashError


class Memory(Watch):
    """The event log of this world. What was not committed dies with the process."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self.may_kill = True
        self.fuse = fuse
        self.durable = 0

    def die(self) -> None:
        """Lose what was not durable."""
        self.journal.rollback()
        self._log = JournalLog(self.journal, CONFIG)
        del self.events[self.durable :]

    def recording(self) -> StoredRecording:
        """What is durable, to be told again; what is recorded next goes on where it ends."""
        codec = Codec(CONFIG)
        self._log._codec = codec
        return StoredRecording(self.journal.read(), codec, genesis("MES", CONFIG))

    def append(self, events: Sequence[Event]) -> None:
        self._log.append(events)
        self.events.extend(events)
        # What the store takes for a repeat may not have changed anything here either.
        assert self.journal.count == len(self.events), events

    def commit(self, synced: bool = True) -> None:
        self.fuse.point()
        super().commit(synced)
        self.durable = len(self.events)
        self.fuse.point()


class MortalBroker(FaultyBroker):
    """A faulty broker; before and after each request that it takes the process may die."""

    fuse = Fuse()

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        self.fuse.point()
        super().submit(permit, now)
        self.fuse.point()

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        self.fuse.point()
        super().close(permit, group, now)
        self.fuse.point()

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        self.fuse.point()
        super().place(permit, group, now)
        self.fuse.point()

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        self.fuse.point()
        super().cancel(ref, now)
        self.fuse.point()


class World:
    """One session from its open; `seed` moves prices, `plan` spoils everything else."""

    def __init__(self, seed: int, plan: Plan | None = None, setups: dict[int, int] | None = None,
                 wild: int = 2) -> None:  # fmt: skip
        self.rng = random.Random(seed)
        self.plan = plan or Plan()
        self.now: UtcNanos = OPEN
        self.price = PRICE
        self.wild = wild
        script = {minute: wants(side) for minute, side in (setups or {}).items()}
        self.engine = ScriptedEngine(script)
        self.fuse = Fuse()
        self.memory = Memory(self.fuse)
        self.asked: str | None = None
        self.broker = MortalBroker(mes(), contracts().execution, START, self.plan, seed)
        self.broker.fuse = self.fuse
        self.crashes = 0
        self.core = self._core()
        self.live = self._live()
        self.minute: list[SubBar] = []
        self.naked_since: UtcNanos | None = None
        self.steps = 0
        self._seen = self._sent = self._opened = 0
        self._entries: set[str] = set()
        self._booked_out = self._waits = self._unread = False
        self.figures = ("10000.00", "10000.00")
        """Equity, and what is free for margin, as each minute's reading says."""
        self.covered: Counter[str] = Counter()
        self.live.take(self.core.dealing.connection(True, "start", self.now))

    def _core(self) -> TradingDay:
        return TradingDay(
            contracts(), mes(), RunFacts("PAPER", "SIM", "MES", True), self.engine, Weekdays(),
            CONFIG,
        )  # fmt: skip

    def _live(self) -> LiveRun:
        return LiveRun(self.core, self.broker, self.memory, self._asked)

    def _asked(self) -> str | None:
        return self.asked

    def restart(self) -> None:
        """The process has died: a new one takes over, and may die while it does."""
        while True:
            try:
                self._take_over()
            except CrashError:
                continue
            return

    def _take_over(self) -> None:
        """A new process rebuilds its core from what is durable."""
        self.crashes += 1
        self.memory.die()
        self._seen = min(self._seen, len(self.memory.events))
        self.core = self.rebuilt()
        self.core.desk.statement.due = True  # as of any process that starts
        self.live = self._live()
        self.broker._events.clear()  # what was said to the dead is lost
        self.broker._late.clear()
        up = self.broker._up
        self.live.take(self.core.dealing.connection(up, "start", self.now + 1_000 * self.crashes))

    def rebuilt(self) -> TradingDay:
        """A core that was told everything durable again, and said the same."""
        core = self._core()
        for _ in fold(core, self.memory.recording()):
            pass
        return core

    # ---- time

    def second(self, move: int | None = None) -> None:
        """One turn: the market, the broker, the core; then everybody's conscience."""
        self.now += SECOND
        self.broker.advance(self.now)
        if (self.now - OPEN) % PIECE == 0:
            self._piece(self.rng.randrange(-self.wild, self.wild + 1) if move is None else move)
        try:
            self.live.tick(self.price, self.now)
            if (self.now - OPEN) % MINUTE == 0:
                self._minute()
        except CrashError:
            self.restart()
        self.steps += 1
        self.look()

    def run(self, seconds: int) -> None:
        """Several turns."""
        for _ in range(seconds):
            self.second()

    def _piece(self, move: int) -> None:
        before, self.price = self.price, self.price + move
        high, low = max(before, self.price), min(before, self.price)
        piece = SubBar(self.now - PIECE, before, high, low, self.price, 7)
        self.minute.append(piece)
        self.broker.play(piece, PIECE)
        self.broker.observe(0.5, 1.0)

    def _minute(self) -> None:
        if not self.minute:
            return
        parts, self.minute = self.minute, []
        o = self.now - MINUTE
        bar = Bar(
            o, parts[0].open, max(p.high for p in parts), min(p.low for p in parts),
            parts[-1].close, 90 + self.rng.randrange(40), self.price, self.price + 1, 1.0,
            len(parts), self.now,
        )  # fmt: skip
        figures = AccountSnapshot(self.now + 1_000, *map(Money.parse, self.figures))
        self.live.take(self.core.dealing.account(figures))
        self.live.bar(bar)

    # ---- what must hold

    @property
    def ours(self) -> int:
        """Contracts that executions of our orders add up to at the broker."""
        return self.broker._position

    @property
    def part(self) -> int:
        """Our part of the broker's position (law.md 3, step 4)."""
        ours, whole = self.ours, self.ours + self.broker.manual
        if self._booked_out or any(f.kind is FaultKind.MANUAL_CLOSE for f in self.plan.struck):
            ours = self.core.desk.expected_position  # who holds what is the books' word alone
        if ours * whole <= 0:
            return 0
        return min(ours, whole) if ours > 0 else max(ours, whole)

    @property
    def _locked(self) -> bool:
        """True while nothing may be entered, whatever the decisions want."""
        return self._waits or self._unread

    def look(self) -> None:
        """Every invariant of law.md and execution.md that can be seen from outside."""
        for event in self.memory.events[self._seen :]:
            match event:
                case OrderSubmitting():
                    assert event.order_ref not in self._entries
                    self._entries.add(event.order_ref)
                    assert abs(event.limit - event.stop_price) <= 12
                    assert event.qty == 1
                    assert not self._locked, "a statement waits, or the broker did not answer"
                case LawStateChanged(state=state):
                    self._waits = state.statement is not None
                case ClockTick(cause="unanswered"):
                    self._unread = True
                case ReconcileStarted():
                    self._unread = False
                case TradeOpened():
                    self._opened += 1
                    assert self._opened <= 2
                case PositionChanged(cause=cause) if cause.startswith("FOREIGN_CLOSE"):
                    self._booked_out = True  # taken for a close by hand, or for two exits
                case OrderReported(report=word) if word.kind is OrderEventKind.REJECT:
                    if word.role is Role.EXIT:
                        self.naked_since = None  # all was done; it is done again after a pause
                case IllegalTransitionSeen():
                    raise AssertionError(event)
                case _:
                    pass
        self._seen = len(self.memory.events)
        if len(self.broker.sent) > self._sent:
            self._sent = len(self.broker.sent)
            assert len(set(self.broker.sent)) == self._sent, self.broker.sent
        self._look_at_protection()
        self._look_at_orders()

    def _look_at_protection(self) -> None:
        """No position of ours without a working stop for longer than the rules allow."""
        held, stops = self.part, self._stops()
        blind = not self.broker._up or self.plan.lasts(FaultKind.READ_FAILS, self.now)
        halted = self.plan.lasts(FaultKind.HALT, self.now)
        leaving = any(o.ref.role is Role.EXIT for o in self.broker._orders.values())
        if held == 0 or stops >= abs(held) or blind or halted or leaving:
            self.naked_since = None
            return
        if self.naked_since is None:
            self.naked_since = self.now
        naked = (self.now - self.naked_since) // SECOND
        silent = any(f.kind is FaultKind.STOP_VANISHES for f in self.plan.struck)
        assert naked <= GRACE_S + READ_BUSY_S * silent, (naked, held, self.plan.struck)

    def _stops(self) -> int:
        held = self.part
        return sum(
            o.left for o in self.broker._orders.values()
            if o.kind == "STOP" and not o.held and o.side * held < 0
        )  # fmt: skip

    def _look_at_orders(self) -> None:
        """Never more than one entry at work, never one while something is open."""
        at_work = [o for o in self.broker._orders.values() if o.ref.role is Role.ENTRY]
        assert len(at_work) <= 1
        assert abs(self.ours) <= 1, self.ours

    # ---- the end

    def settle(self, seconds: int = 400) -> None:
        """Let the faults end and the last word be heard, then look at the result."""
        self.plan._waiting.clear()
        self.run(seconds)
        desk = self.core.desk
        if desk.law.killed:
            assert desk.law.kill_state is KillState.KILLED, desk.reconciled
            assert not self.broker._orders
        if not any(f.kind in PEOPLE for f in self.plan.struck):
            assert self.ours == 0 or not desk.law.killed, desk.law.kill_trigger
            assert desk.expected_position == self.ours
            if self.ours == 0:
                assert self.broker._cash - START == desk.law.net_day
            assert desk.law.killed or self.broker._foreign is not None or desk.reconciled
        fills = [e.fill.exec_id for e in self._of(FillReceived)]
        assert len(fills) == len(set(fills))
        assert {f.exec_id for f in self.broker._executions} <= set(fills)
        assert self.memory.journal.head == self._told_again()
        self.covered.update(f.kind.name for f in self.plan.struck)

    def _of(self, kind: type) -> list:
        return [e for e in self.memory.events if isinstance(e, kind)]

    @property
    def kills(self) -> list[KillTriggered]:
        """Every latch."""
        return self._of(KillTriggered)

    def _told_again(self) -> str:
        """The chain head of a core that was told the whole record again."""
        self.memory.commit()
        recording = self.memory.recording()
        for _ in fold(self._core(), recording):
            pass
        return recording.head

    @property
    def trades(self) -> int:
        """Trades opened."""
        return self._opened

    @property
    def entries(self) -> int:
        """Entries sent."""
        return len(self._entries)

    def net(self) -> Money:
        """The day's result as the law has it."""
        return self.core.desk.law.net_day if self.core.desk.law.session_date else ZERO


def in_trade(**setups: int) -> World:
    """A quiet world nine minutes on, long by one."""
    world = World(3, setups={8: 1} | {int(k[1:]): v for k, v in setups.items()}, wild=0)
    world.run(540)
    for _ in range(5):
        world.second(-1)
    world.run(2)
    assert world.ours == 1
    return world


def killed(**setups: int) -> World:
    """The same after an operator's kill was carried out."""
    world = in_trade(**setups)
    world.asked = "enough for today"
    world.run(20)
    world.asked = None
    assert world.core.desk.law.kill_state is KillState.KILLED
    return world
