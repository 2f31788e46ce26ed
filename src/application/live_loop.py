"""The loop of a live run: words first, then the market in its order, a tick every second.

Single-threaded; what must not wait for it (the watchdog, sinks of output) stands beside it.
Everything that reaches the core is recorded in the order in which it was told, so a replay tells
it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from application.day import TradingDay
from application.dealing import UNREAD_PAUSE_S
from application.desk import Desk
from application.host import Fitness
from application.live import LiveRun
from application.live_feed import Arrived, LiveFeed
from application.live_gaps import Gaps
from application.live_holes import Holes
from application.live_time import JumpWatch, LiveTime
from application.owed_past import NothingOwed, OwedPast
from application.surroundings import LINK_LOST, LINK_SLOW, WARM_UP
from domain.aggregator import ClosedMinute, DroppedSubBar
from domain.event import AccountSnapshot, BarRejected, LateSubBar
from domain.law.state import KillState
from domain.quality import Penalty
from domain.units import MINUTE, SECOND, ZERO, Ticks, UtcNanos
from ports.broker import Broker
from ports.clock import HostClock
from ports.market import (
    ClockSample,
    LiveMarket,
    MarketItem,
    Past,
    PastBars,
    PastPieces,
    Piece,
    Quote,
    TradingHours,
    TroubleSeen,
)

TICK: Final = SECOND
ANSWER_WAIT: Final = 2 * SECOND
"""How long a market on the gateway's clock is held up for an answer, in real time."""
READ_PAUSE: Final = SECOND // 2
"""On the gateway's clock a minute takes less than this, but the gateway counts messages by the
real one: a read that only the time is the reason for comes no more often."""
LINK_SLOW_AFTER: Final = 5 * SECOND
LINK_LOST_AFTER: Final = 60 * SECOND
FLAT_WITHIN: Final = 10 * SECOND
"""How long the end of a run waits to be flat."""
KILLED_STAYS: Final = 15 * SECOND
"""How long a killed run stays once all is flat: longer than a late word takes to be found."""


class Parts(NamedTuple):
    """What a loop is made of. `warm` feeds the minutes up to the one it is given and returns the
    last minute that is recorded then, None without one. `beat` is
    called at each turn, `each_second` at each tick, `observe` told of each item of the market.
    """

    core: TradingDay
    run: LiveRun
    broker: Broker
    market: LiveMarket
    clock: HostClock
    time: LiveTime
    feed: LiveFeed
    fitness: Fitness
    warm: Callable[[UtcNanos], UtcNanos | None]
    beat: Callable[[], None]
    observe: Callable[[MarketItem], None]
    each_second: Callable[[UtcNanos], None]
    past: OwedPast = NothingOwed()


class LiveLoop:
    """See `turn`; `run` turns until the run is over."""

    def __init__(self, parts: Parts, until: UtcNanos | None, max_bars: int | None) -> None:
        self._p = parts
        self._until = until
        self._max_bars = max_bars
        self._jumps = None if parts.time.gateway else JumpWatch(parts.clock)
        self._gaps = Gaps(parts.core, parts.run, parts.market, parts.clock.steady)
        self._holes = Holes(parts.core, parts.feed, parts.market, parts.clock.steady)
        self._items: deque[MarketItem] = deque()
        self._price: Ticks | None = None
        self._ticked = parts.clock.steady()
        self._told = parts.market.now()
        self._asked_at: int | None = None
        self._ask_at = 0
        self._down_at: int | None = None
        self._link_told: str | None = None
        self._account: tuple[AccountSnapshot, int] | None = None
        self._read_at: int | None = None
        if parts.time.gateway:
            parts.run.too_soon = self._too_soon
        self._ending_at: int | None = None
        self._flat_at: int | None = None
        self.stop_asked = False
        """Set it, and the run ends: entries cancelled, what is open closed."""
        self.kill_asked: str | None = None
        """Set it, and the kill switch is pulled, for this reason."""
        self.bars = 0
        """RTH bars given to the signals."""
        self.how = "stopped"

    # ---- the run

    def run(self) -> None:
        """Turn until the run is over."""
        while not self.over():
            self.turn()

    def turn(self) -> None:
        """Wait for something, then take all there is, then tick if a second has passed."""
        p = self._p
        left = self._ticked + TICK - p.clock.steady()
        if not self._items or self._held_up():
            if p.time.gateway and p.core.desk.reconciled and not self._held_up():
                p.market.ask_time()  # else nothing would be due until the next bar
            p.market.wait(max(0, min(left, TICK)) / SECOND)
        p.beat()
        p.run.listen()
        for item in p.market.drain():
            if isinstance(item, PastBars | PastPieces):
                self._answer(item)
            else:
                self._items.append(item)
        while self._items and not self._held_up():
            item = self._items.popleft()
            p.time.behind = bool(self._items)
            self._item(item)
            p.run.listen()
            if p.clock.steady() - self._ticked >= TICK or self._to_be_ended():
                break
        if p.clock.steady() - self._ticked >= TICK:
            self._second()
        elif self._runs_ahead():
            self._close_minute(self._due())  # the gateway's time may go faster than ours

    def _runs_ahead(self) -> bool:
        """True if the gateway's time has gone on by a second without the market; not while the
        broker has to be read first, as after a link that was down."""
        p = self._p
        if not p.time.gateway or self._items or not p.core.desk.reconciled:
            return False
        return p.market.now() - self._told >= TICK

    def over(self) -> bool:
        """True once there is nothing left to wait for; begins the end where it is asked for."""
        if self._ending_at is None:
            self._begin_end()
            return self._killed_and_flat()
        desk = self._p.core.desk
        if not desk.alive and not desk.expected_position and desk.reconciled:
            return True
        return self._p.clock.steady() - self._ending_at >= FLAT_WITHIN

    def _to_be_ended(self) -> bool:
        return self._ending_at is None and (self.stop_asked or self._reached())

    def _begin_end(self) -> None:
        p = self._p
        if self.stop_asked:
            self.how = "interrupted"
        elif not self._reached():
            return
        self._ending_at = p.clock.steady()
        p.fitness.hinder("ENDING", "the run is being ended")
        self._host()
        p.run.take(p.core.flatten("OPERATOR", p.time.next()))
        p.run.settle()

    def _reached(self) -> bool:
        if self._max_bars is not None and self.bars >= self._max_bars:
            return True
        return self._until is not None and self._p.time.now() >= self._until

    def _killed_and_flat(self) -> bool:
        """A killed run ends by itself, once it is flat and nothing can turn up late."""
        p, desk = self._p, self._p.core.desk
        law = desk.law
        if law.kill_state is not KillState.KILLED or desk.alive or not desk.reconciled:
            self._flat_at = None
            return False
        now = p.clock.steady()
        self._flat_at = now if self._flat_at is None else self._flat_at
        if now - self._flat_at < KILLED_STAYS:
            return False
        self.how = "killed"
        return True

    # ---- the market

    def _item(self, item: MarketItem) -> None:
        p = self._p
        p.observe(item)
        match item:
            case Piece():
                self._piece(item)
            case Quote():
                p.feed.quote(item)
            case ClockSample():
                p.fitness.compared(item)
                self._host()
            case TradingHours():
                p.fitness.hours(item)
                self._host()
            case TroubleSeen():
                p.fitness.trouble(item)
                self._host()

    def _piece(self, piece: Piece) -> None:
        """The last price first, then the clock's rules, then the minute that is closed by it."""
        p, sub = self._p, piece.sub
        now = self._told = p.time.next(piece.received)
        arrived = Arrived() if p.past.holds else p.feed.piece(piece, now)
        if arrived.begins is not None:
            self._gaps.seen(p.warm(arrived.begins))
        if sub.on_grid and not sub.untraded and not p.past.holds:
            self._price = sub.close
        p.run.tick(self._price, now, bar_follows=bool(arrived.closed))
        if arrived.dropped is not None:
            self._late(arrived.dropped)
        for minute in arrived.closed:
            self._minute(minute)
        if arrived.dropped is None and not p.past.holds:
            self._gaps.reached(sub.open_time // MINUTE * MINUTE)
            self._holes.look(sub.open_time)

    def _answer(self, past: Past) -> None:
        """An answer about the past."""
        if isinstance(past, PastPieces):
            closed = self._holes.answer(past, self._p.time.next())
            if closed is not None:
                self._minute(closed)
        elif not self._p.past.answer(past):
            self._gaps.answer(past)

    def _minute(self, closed: ClosedMinute) -> None:
        p = self._p
        self._gaps.seen(closed.minute)
        if closed.broken is not None:
            first = str(tuple(closed.sub_bars[0])) if closed.sub_bars else ""
            kind = Penalty.MALFORMED.value
            p.run.take(p.core.rejected(BarRejected(
                closed.minute, closed.minute, kind, "live feed", closed.broken, first, 1
            )))  # fmt: skip
            p.run.settle()
            return
        if closed.bar is None:
            return
        self._account_again()
        session = p.core.session_at(closed.minute)
        if session is not None and session != p.core.open_session:
            p.fitness.day(session.date)
            self._host()
        p.run.bar(closed.bar)
        if session is not None:
            self.bars += 1

    def _late(self, dropped: DroppedSubBar) -> None:
        p = self._p
        piece = LateSubBar(p.time.next(), dropped.open_time, dropped.minute, dropped.cause)
        p.run.take(p.core.surroundings.late(piece))
        p.run.settle()

    # ---- the clock

    def _second(self) -> None:
        p = self._p
        self._ticked = p.clock.steady()
        jump = None if self._jumps is None else self._jumps.jumped()
        if jump is not None:
            p.fitness.jumped()
        if self.kill_asked is not None:
            reason, self.kill_asked = self.kill_asked, None
            p.run.take(p.core.dealing.operator("kill", reason, "operator", p.time.next()))
            p.run.settle()
        self._link()
        self._past(p.time.next())
        self._host()
        now = self._due()
        if p.time.gateway and self._must_ask(p.core.desk):
            p.run.read(p.time.next())  # a market that stands still must not keep us from asking
        self._close_minute(now)

    def _due(self) -> UtcNanos:
        """Tell what is due by the run's clock; the time that it was told with."""
        p = self._p
        p.run.silence(p.time.next())
        now = self._told = p.time.next()
        p.run.tick(self._price, now)
        return now

    def _close_minute(self, now: UtcNanos) -> None:
        p = self._p
        if not self._items:
            self._holes.second(now)
            closed = p.feed.clock(now)
            if closed is not None:
                self._minute(closed)
        p.each_second(now)

    def _past(self, now: UtcNanos) -> None:
        """Nothing is entered while the past is owed; what was missed of the feed meanwhile is past
        as well."""
        p = self._p
        p.past.second(now)
        if p.past.owed:
            p.fitness.hinder(WARM_UP, p.past.owed)
        elif WARM_UP in p.fitness.states:
            p.fitness.free(WARM_UP)
            p.feed.begins_after(now)

    def _must_ask(self, desk: Desk) -> bool:
        """True while the broker has to be read; one that does not answer is left some real time."""
        if not desk.connected or desk.reconciled:
            return False
        now = self._p.clock.steady()
        if desk.unread_since is not None and now < self._ask_at:
            return False
        self._ask_at = now + UNREAD_PAUSE_S * SECOND
        return True

    def _host(self) -> None:
        p = self._p
        change = p.fitness.change(p.time.next(), p.core.desk.reconciled)
        if change is not None:
            p.run.take(p.core.host(change))
            p.run.settle()

    def _link(self) -> None:
        """Time a broken link on a clock that never jumps."""
        p, now = self._p, self._p.clock.steady()
        if p.core.desk.connected:
            self._down_at = self._link_told = None
            return
        self._down_at = now if self._down_at is None else self._down_at
        down = now - self._down_at
        if down > LINK_SLOW_AFTER and self._link_told is None:
            self._tell_link(LINK_SLOW)
        if down > LINK_LOST_AFTER and self._link_told == LINK_SLOW:
            self._tell_link(LINK_LOST)

    def _tell_link(self, cause: str) -> None:
        p = self._p
        self._link_told = cause
        p.run.take(p.core.surroundings.link(cause, p.time.next()))
        p.run.settle()

    # ---- on the gateway's clock

    def _held_up(self) -> bool:
        """True while virtual time has to wait for an answer that comes in real time."""
        p = self._p
        awaited = self._gaps.awaited or self._holes.awaited or p.past.awaited
        if not p.time.gateway or not (p.run.unanswered or awaited):
            p.run.unanswered.clear()
            self._asked_at = None
            return False
        now = p.clock.steady()
        self._asked_at = now if self._asked_at is None else self._asked_at
        if now - self._asked_at < ANSWER_WAIT:
            return True
        p.run.unanswered.clear()
        self._gaps.awaited = self._holes.awaited = p.past.awaited = 0
        self._asked_at = None
        return False

    def _too_soon(self) -> bool:
        now = self._p.clock.steady()
        if self._read_at is not None and now - self._read_at < READ_PAUSE:
            return True
        self._read_at = now
        return False

    def _account_again(self) -> None:
        """On the gateway's clock a day takes minutes; figures age by the host's clock then."""
        p, desk = self._p, self._p.core.desk
        account = desk.account
        if not p.time.gateway or account is None or account.available < ZERO:
            return
        real = p.clock.steady()
        if self._account is None or self._account[0] is not account:
            self._account = (account, real)
        stale = desk.contracts.decision.equity_stale_minutes * MINUTE
        now = p.time.now()
        if now - account.at < MINUTE or real - self._account[1] > stale:
            return
        again = account._replace(at=p.time.next())
        self._account = (again, self._account[1])
        p.run.take(p.core.dealing.account(again))
