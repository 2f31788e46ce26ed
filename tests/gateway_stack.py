"""The whole bot over a socket: core, live loop and adapter on this side, our gateway on the other.

Time is the gateway's: `play` lets a piece of five seconds happen and returns when the bot has
heard and answered everything. Nothing sleeps. What must hold of every story is asserted at
its end, on what reached the gateway and on the bot's own ledger.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Self

from adapters.gateway_sim.bars import Bar as SimBar
from adapters.gateway_sim.core import Settings as SimSettings
from adapters.gateway_sim.log import Entry
from adapters.gateway_sim.orders import Order
from adapters.gateway_sim.server import GatewaySim
from adapters.ibkr.gateway import Gateway, open_gateway
from adapters.ibkr.settings import GatewaySettings, Waits
from application.day import TradingDay
from application.desk import RunFacts
from application.host import Fitness
from application.live import LiveRun
from application.live_feed import LiveFeed
from application.live_loop import LiveLoop, Parts
from application.live_time import LiveTime
from application.replay import fold
from application.summary import RunSummary
from application.warm_up import Wanted, WarmUp
from domain.bar import Bar
from domain.event import (
    BarClosed,
    CommandIssued,
    DecisionMade,
    Event,
    FillReceived,
    KillTriggered,
    OrderSubmitting,
    RunStarted,
    TradeClosed,
    TradeOpened,
)
from domain.frame import Frame
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from execution_world import CONFIG, Fuse, Memory, wants
from market_builders import PRICE, TUESDAY, contracts, mes, session_on
from ports.errors import BrokerDown
from ports.market import ContractFacts, MarketItem
from trading_floor import ScriptedEngine, Weekdays

FIRST = 30
"""The minute of the session in which a bot starts here: late enough to enter at once."""
START = session_on(TUESDAY).open + FIRST * MINUTE
PIECE = 5 * SECOND
PER_MINUTE = 12
LIBRARY = os.environ.get("TRADEBOT_TEST_IB_LIBRARY", "ib_insync")
FAST = Waits(
    connect=2.0, request=1.0, order=1.0, beat=30.0, answer=1.0, open_within=6.0, id_in_use=1.0,
    pause_cap=0.2, bars_stale=60.0, bars_lost=600.0, account_ask=300.0, account_stale=600.0,
    clock_sample=0.5, history=3.0, messages=3_000,
)  # fmt: skip
"""A link whose patience fits a test, and its many questions to a gateway that takes them all; a
story of the link itself brings its own."""
TAG = "ab12"
FILLS = {13: -1, 14: -1}
"""A dip after the first minute: the limit of a long decision at its end is traded through."""
WINS = FILLS | {30: 24}
LOSES = FILLS | {30: -16}
PATIENCE_S = 180
UNANSWERED_S = 2.2
"""A request that has no answer by then, in real seconds, will have none."""


class MarketsClock:
    """The host's clocks in a world whose time is the gateway's, and a little of the real one."""

    def __init__(self) -> None:
        self._begun = time.monotonic_ns()
        self.passed = 0
        """Virtual nanoseconds."""

    def now(self) -> UtcNanos:
        return START + self.passed

    def steady(self) -> int:
        return self.passed + time.monotonic_ns() - self._begun


class Hasty:
    """The adapter's market, for a loop that is never to wait long for nothing."""

    def __init__(self, gateway: Gateway) -> None:
        self._market = gateway.market
        self.name = self._market.name
        self.open: Callable[[], ContractFacts] = self._market.open
        self.now: Callable[[], UtcNanos] = self._market.now
        self.history = self._market.history
        self.ask_time = self._market.ask_time
        self.ask_past = self._market.ask_past
        self.ask_pieces = self._market.ask_pieces
        self.drain: Callable[[], tuple[MarketItem, ...]] = self._market.drain
        self.close: Callable[[], None] = self._market.close

    def wait(self, seconds: float) -> None:
        self._market.wait(min(seconds, 0.003))


class Stack:
    """One bot and one gateway. Minutes and pieces count from the start: `setups` are frames by the
    minute that shows them, `moves` what the price does in a piece; it stands still otherwise.
    `faults` are armed before the bot connects. With `beside` the gateway is that of another bot,
    who lets its time pass; a bot is known at it by `client` and `tag`. With `before` the gateway
    knows an hour of the three sessions before and the minutes of this one.
    """

    def __init__(
        self,
        setups: dict[int, Frame] | None = None,
        moves: dict[int, int] | None = None,
        minutes: int = 70,
        mode: str = "PAPER",
        waits: Waits = FAST,
        settings: SimSettings | None = None,
        faults: tuple[str, ...] = (),
        beside: Stack | None = None,
        client: int = 17,
        tag: str = TAG,
        close_hour: int = 16,
        before: bool = False,
    ) -> None:
        self.client, self.tag, self.alone = client, tag, beside is None
        self.calendar = Weekdays(close_hour)
        self.mode, self.waits, self.faults = mode, waits, faults
        script = {0: wants(1)} if setups is None else setups
        self.engine = ScriptedEngine({FIRST + n: frame for n, frame in script.items()})
        self.sim = beside.sim if beside is not None else GatewaySim(
            _day(minutes, moves or {}), _past() if before else [], settings or SimSettings()
        )  # fmt: skip
        self.cash = self.sim.core.broker.account.cash
        self.clock = MarketsClock()
        self.memory = Memory(Fuse())
        self.asked_to_kill: str | None = None
        self.starts = 0

    # ---- processes

    def __enter__(self) -> Self:
        if self.alone:
            self.sim.__enter__()
        try:
            for name in self.faults:
                self.sim.arm(name)
            self.begin()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.gateway.market.close()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self.alone:
            self.sim.__exit__()

    def core_anew(self) -> TradingDay:
        facts = RunFacts(self.mode, "SIM", "MES", live=True)
        return TradingDay(contracts(), mes(), facts, self.engine, self.calendar, CONFIG)

    def begin(self) -> None:
        """A process starts: it tells itself the record, connects and asks the gateway."""
        self.starts += 1
        self.core = self.core_anew()
        last, after = 0, None
        for step in fold(self.core, self.memory.recording()):
            last = max(last, step.input.at)
            bar = getattr(step.input, "bar", None)
            after = bar.open_time if bar is not None else after
        self.gateway = open_gateway(
            GatewaySettings(
                mes(), self.mode, self.tag, self.is_known, port=self.sim.port, clock="gateway",
                client_id=self.client, library=LIBRARY, waits=self.waits,
                recorded_price=self.price_of, recorded_sent=self.sent_at,
            )
        )  # fmt: skip
        self.market = Hasty(self.gateway)
        self.market.open()
        clock = LiveTime(self.market, gateway=True, last=last)
        self.run = LiveRun(
            self.core, self.gateway.broker, self.memory, lambda: self.asked_to_kill, time=clock.now
        )
        q = contracts().quality
        self.fitness = Fitness(
            lambda: 10_000, 500, lambda: "",
            (q.clock_skew_seconds * SECOND, q.clock_good_samples),
        )  # fmt: skip
        now = clock.next()
        started = RunStarted(now, f"run {self.starts}", self.mode, "ibkr", "SIM", CONFIG, "0", "no")
        self.core.started(self.mode, CONFIG, now)
        self.memory.append([started])
        parts = Parts(
            self.core, self.run, self.gateway.broker, self.market, self.clock, clock,
            LiveFeed(mes(), q.aggregation, now, after), self.fitness,
            self._warm, lambda: None, lambda item: None, lambda now: None,
        )  # fmt: skip
        self.loop = LiveLoop(parts, None, None)
        self.quiet()

    def _warm(self, until: UtcNanos) -> None:
        """Ten quiet minutes before the first one: the templates look back on them."""
        if self.of(BarClosed):
            return
        for n in range(10, 0, -1):
            bar = Bar(until - n * MINUTE, PRICE, PRICE, PRICE, PRICE, 100 + n)
            self.run.take(self.core.warm_up(bar))

    def warms_up(self) -> None:
        """Begin with the past that the gateway knows, as the program does."""
        past = WarmUp(
            self.core, self.run, self.market, self.calendar, None, self.clock.steady,
            Wanted(3, 3), lambda _: None,
        )  # fmt: skip
        self.loop._p = self.loop._p._replace(warm=past, past=past)
        past.begin(self.market.now())

    def is_known(self, text: str) -> bool:
        """True if the record holds that order reference."""
        for event in self.memory.events:
            if isinstance(event, OrderSubmitting) and text in (
                event.order_ref, event.stop_ref, event.target_ref
            ):  # fmt: skip
                return True
            if isinstance(event, CommandIssued) and event.order_ref == text:
                return True
        return False

    def sent_at(self, text: str) -> UtcNanos:
        """When the record says that the bracket of an order reference was sent."""
        sent = self.of(OrderSubmitting)
        return next((e.at for e in sent if e.order_ref[:-1] == text.rpartition("-")[0] + "-"), 0)

    def price_of(self, exec_id: str) -> int | None:
        """The price at which the record has booked an execution."""
        fills = (e.fill for e in self.of(FillReceived))
        return next((fill.price for fill in fills if fill.exec_id == exec_id), None)

    def die(self) -> None:
        """The process is killed: what was not durable is lost, and so is the socket."""
        self.gateway.market.close()
        self.memory.die()

    def again(self) -> None:
        """Die, and start anew on the same record."""
        self.die()
        self.begin()

    # ---- time

    def play(self, pieces: int = 1) -> None:
        """Let pieces happen, each heard and answered before the next."""
        for _ in range(pieces):
            self.sim.play()
            self.passed()

    def passed(self) -> None:
        """A piece has happened: hear and answer it."""
        self.clock.passed += PIECE
        self.quiet()

    def minute(self, number: int, piece: int = 0) -> None:
        """Play until `number` minutes and some pieces are over."""
        until = START + number * MINUTE + piece * PIECE
        while self.sim.core.market.now < until:
            self.play()

    def until(self, true: Callable[[], bool], pieces: int = 60) -> None:
        """Play until something holds; fails after `pieces`."""
        for _ in range(pieces):
            if true():
                return
            self.play()
        assert true()

    def quiet(self) -> None:
        """Turn the loop until nothing is left to be heard or answered."""
        begun, calm = time.monotonic(), 0
        while calm < 2:
            waited = time.monotonic() - begun
            assert waited < PATIENCE_S, "never quiet"
            before = self.sim.heard
            self._barrier()
            self.loop.turn()
            unanswered = self.run.unanswered and waited < UNANSWERED_S
            loop = self.loop
            awaited = loop._gaps.awaited or loop._holes.awaited or loop._p.past.awaited
            busy = unanswered or self.loop._items or awaited
            calm = 0 if busy or self.sim.heard > before + 1 else calm + 1

    def _barrier(self) -> None:
        """What the gateway said before this answer has been heard then."""
        try:
            self.gateway.broker.position()
        except BrokerDown:
            time.sleep(0.01)

    def settle(self, true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Turn in real time, without a piece, until something holds."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "it never came"
            self._barrier()
            self.loop.turn()

    # ---- what happened

    def of(self, kind: type) -> list[Any]:
        """Every recorded event of a type."""
        return [e for e in self.memory.events if isinstance(e, kind)]

    @property
    def kills(self) -> list[str]:
        """What pulled the kill switch."""
        return [e.trigger for e in self.of(KillTriggered)]

    @property
    def trades(self) -> int:
        return len(self.of(TradeOpened))

    @property
    def exits(self) -> list[str]:
        return [t.exit_reason for t in self.of(TradeClosed)]

    def placed(self, role: str = "") -> list[Entry]:
        """placeOrder messages of the bot, or those whose reference has `role`."""
        found = [e for e in self.sim.received if e.kind == "placeOrder" and e.client == self.client]
        return [e for e in found if _role(e).startswith(role)]

    def at_gateway(self, role: str = "") -> list[Order]:
        """The bot's live orders at the gateway."""
        live = self.sim.core.broker.live()
        return [o for o in live if o.client == self.client and _role_of(o.ref).startswith(role)]

    @property
    def position(self) -> int:
        """What the account holds."""
        return self.sim.core.broker.account.size()

    # ---- what must hold

    def finish(self, flat: bool = True, whole: bool = True) -> None:
        """The invariants over the wire, the ledger equal to the account, the record told again."""
        self.quiet()
        ours = [e for e in self.sim.received if e.client == self.client]
        wire_invariants(ours, whole)
        if flat:
            assert self.position == 0
            assert self.core.desk.expected_position == 0
            booked = self.sim.core.broker.account.cash - self.cash
            assert Decimal(str(self.core.desk.law.net_day)) == booked
            summary = RunSummary(mes())
            summary(self.memory.events)
            assert Decimal(str(summary.net)) == booked
            assert summary.gross - summary.fees == summary.net
        seen = [e.fill.exec_id for e in self.of(FillReceived)]
        assert len(seen) == len(set(seen))
        assert self.trades <= 2
        self.memory.commit()
        recording = self.memory.recording()
        for _ in fold(self.core_anew(), recording):
            pass
        assert recording.head == self.memory.journal.head

    @property
    def decisions(self) -> list[Event]:
        return self.of(DecisionMade)


def wire_invariants(received: list[Entry], whole: bool = True) -> None:
    """What must hold of every message that a bot sent (ibkr.md 14).

    `whole` is False where the socket broke in the middle of a bracket.
    """
    placed = [e.message for e in received if e.kind == "placeOrder"]
    entries: list[str] = []
    sent: dict[str, str] = {}
    for number, order in enumerate(placed):
        ref, role = order.text("orderRef"), _role_of(order.text("orderRef"))
        number_id = order.text("orderId")
        if sent.setdefault(ref, number_id) != number_id:
            raise AssertionError(f"{ref} was sent under two ids")
        assert order.text("totalQuantity") in ("1", "1.0"), ref
        assert order.text("account").startswith("D"), ref
        assert order.text("symbol") == "MES", ref
        for price in (order.text("lmtPrice"), order.text("auxPrice")):
            assert not price or Decimal(price) % Decimal("0.25") == 0, ref
        if role != "E":
            continue
        assert ref not in entries, f"{ref} was sent twice"
        entries.append(ref)
        children = placed[number + 1 : number + 3]
        if not whole and len(children) < 2:
            continue
        assert {_role_of(c.text("orderRef")) for c in children} == {"S", "T"}, ref
        assert all(c.text("parentId") == number_id for c in children), ref
        assert all(c.text("action") != order.text("action") for c in children), ref
        assert [m.text("transmit") for m in (order, *children)] == ["0", "0", "1"], ref
        stop = next(c for c in children if _role_of(c.text("orderRef")) == "S")
        distance = Decimal(order.text("lmtPrice")) - Decimal(stop.text("auxPrice"))
        side = 1 if order.text("action") == "BUY" else -1
        assert 0 < side * distance <= 12 * Decimal("0.25"), ref
    days = [ref.partition("-")[0] for ref in entries]
    assert all(days.count(day) <= 10 for day in days)


def _role(entry: Entry) -> str:
    return _role_of(entry.message.text("orderRef"))


def _role_of(ref: str) -> str:
    """`S1` of `20240305-008-MES-S1-ab12`; empty for a reference that is not of our form."""
    parts = ref.split("-")
    return parts[3] if len(parts) == 5 else ""


def _day(minutes: int, moves: dict[int, int]) -> list[SimBar]:
    """Pieces of a price that stands still but for `moves`."""
    bars: list[SimBar] = []
    price = PRICE
    for number in range(minutes * PER_MINUTE):
        before, price = price, price + moves.get(number, 0)
        bars.append(
            SimBar(
                START + number * PIECE, PIECE, before, max(before, price), min(before, price),
                price, 10 + number // PER_MINUTE % 7, price - 1, price,
            )
        )  # fmt: skip
    return bars


def _past() -> list[SimBar]:
    """Minutes before the start: an hour of each of three sessions, and of today's."""
    return [
        SimBar(opens + n * MINUTE, MINUTE, PRICE, PRICE + 1, PRICE - 1, PRICE, 100 + n)
        for days, length in ((5, 60), (4, 60), (1, 60), (0, FIRST))
        for opens in [START - FIRST * MINUTE - days * DAY]
        for n in range(length)
    ]
