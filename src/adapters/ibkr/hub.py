"""One gateway, two ports: the broker's and the market's, over one link.

What the link heard is taken in order and translated here, in the trading thread, whenever
either port is drained or a fresh answer is needed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from adapters.ibkr.accounts import AccountBook, masked
from adapters.ibkr.codes import LinkMeaning, about_link
from adapters.ibkr.desk import Desk
from adapters.ibkr.feed import Feed
from adapters.ibkr.link import Link, Opened
from adapters.ibkr.questions import NotSentError
from adapters.ibkr.records import (
    AccountSeen,
    ApiError,
    BarSeen,
    ExecSeen,
    FeeSeen,
    HoursSeen,
    LinkDown,
    LinkUp,
    OpenSeen,
    PastSeen,
    PiecesSeen,
    PositionSeen,
    QuoteSeen,
    RawTruth,
    Received,
    StatusSeen,
    TimeSeen,
    Unreadable,
    Watched,
)
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import BAR, LinkTime, Pulse, RunClock
from adapters.ibkr.today import today_of
from adapters.ibkr.truth import Reader
from domain.event import AccountSnapshot
from domain.execution.truth import BrokerTruth
from domain.units import MINUTE, SECOND, ZERO, UtcNanos
from ports.broker import BrokerToday, LinkChanged, Word
from ports.errors import BrokerDown
from ports.market import ContractFacts, MarketItem, PastBars, PastPieces, Piece, Trouble

STATUS_FOLLOWS_S: Final = 0.5
"""How long a code that says `cancelled` waits for the status that follows."""
AGAIN_S: Final = 1.0
"""Reasons to ask afresh within so long are one."""
POSITION_LAG_S: Final = 5.0
"""A position may lag behind its executions so long before it is a surprise (F-57)."""


SAID_AGAIN: Final = 2 * MINUTE
"""Of the gateway's clock, after which account figures are told again; see `Hub._said_again`."""


class _Surprise(NamedTuple):
    """The gateway's position is not what our executions make of the last one read."""

    qty: int
    since: float


class Hub:
    """What both ports share: see the module."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.clock = RunClock(settings.clock)
        self.link = Link(settings)
        self.desk = Desk(settings, self.clock)
        self.feed = Feed(settings, self.clock)
        self.pulse = Pulse(settings.waits.answer)
        self.account = AccountBook()
        self.reader = Reader(self.desk, settings.instrument)
        self._words: list[Word] = []
        self._up = False
        self._upstream = True
        self._epoch = 0
        self._healthy_since: UtcNanos = 0
        self._asked_again = 0.0
        self._unreadable = 0
        self._based_on: tuple[int, int] | None = None
        self._positions: dict[int, PositionSeen] = {}
        self._held: int | None = None
        self._surprise: _Surprise | None = None
        self._snapshot: AccountSnapshot | None = None

    def open(self) -> ContractFacts:
        """Connect for the first time. Errors: BrokerRefused, BrokerDown."""
        found: Opened = self.link.open()
        self.desk.account = self.account.account = found.account
        self.reader.con_id = found.pinned.con_id
        self.clock.advance(self.link.run_time)
        self.pump()
        return found.pinned.facts

    # ---- out

    def words(self) -> tuple[Word, ...]:
        """What the broker has said since the last call."""
        self.pump()
        self._look_around()
        said, self._words = tuple(self._words), []
        return said

    def items(self) -> tuple[MarketItem, ...]:
        """What the market has brought since the last call.

        On the gateway's clock no more than one piece at a time: what is said while later ones
        wait belongs to the time of that piece.
        """
        self.pump()
        taken, upto = self.feed.items, len(self.feed.items)
        if self.clock.of_gateway:
            pieces = (n for n, (item, _) in enumerate(taken, 1) if isinstance(item, Piece))
            upto = next(pieces, upto)
        self.feed.items = taken[upto:]
        items: list[MarketItem] = [*self.feed.past]
        self.feed.past.clear()
        for item, end in taken[:upto]:
            self.clock.advance(end)
            if item is not None:
                items.append(item)
        return tuple(items)

    def snapshot(self) -> AccountSnapshot | None:
        """The latest account figures, None while they are not known."""
        self.pump()
        return self._snapshot if self.account.known else None

    def wait(self, seconds: float) -> None:
        """Return once there is something to drain, at latest after `seconds`."""
        if not (self._words or self.desk.words or self.feed.items or self.feed.past):
            left = self.pulse.left() if self.clock.of_gateway else 0.0
            self.link.wait(min(seconds, left) if left > 0 else seconds)

    def ask_time(self) -> None:
        """Let the gateway's clock go on where no bar moves it, if it is the run's."""
        if self.clock.of_gateway and self.link.up and self.pulse.left() <= 0:
            self.pulse.asked()
            self.link.ask_time()

    def wake(self) -> None:
        """Take what the desk has to say of itself."""
        self._collect(LinkTime.host())

    # ---- fresh answers

    def read(self, now: UtcNanos) -> BrokerTruth:
        """One whole read. Errors: BrokerDown if any of it is missing or cannot be read."""
        self.pump()
        broken = self._unreadable
        raw = self.link.ask(lambda s: s.read(), 3 * self.settings.waits.request)
        self.reader.learn(raw, LinkTime.host(), self.clock.now())
        self._base(raw)
        self._collect(LinkTime.host())
        self.pump()
        if self._unreadable != broken:
            raise BrokerDown("an answer could not be read")
        self.feed.ended(Trouble.UNREADABLE, LinkTime.host(), "everything was read afresh")
        return self.reader.truth(raw, now, self._healthy_since)

    def today(self) -> BrokerToday:
        """What the executions of today say. Errors: BrokerDown, also if one cannot be read."""
        raw = self.link.ask(lambda s: s.read(), 3 * self.settings.waits.request)
        self.pump()
        return today_of(raw, self.desk.account, self.settings.instrument, self.clock.now())

    def pinned_position(self) -> int:
        """The position in the pinned month, read afresh. Errors: BrokerDown."""
        found = self.link.ask(lambda s: s.positions(), 2 * self.settings.waits.request)
        self.pump()
        return self.reader.pinned_position(found)

    # ---- in

    def pump(self) -> None:
        """Translate everything that was heard, in its order."""
        for received in self.link.records():
            if received.epoch < self._epoch:
                continue
            if received.epoch > self._epoch:
                self._epoch, self._upstream = received.epoch, True
                self.feed.new_link(received.at)
            self._one(received)
            self._collect(received.at)

    def _one(self, received: Received) -> None:
        at = received.at
        match received.record:
            case StatusSeen(order):
                self.desk.status(order, at)
            case OpenSeen(order):
                self.desk.shown(order, at)
            case ExecSeen() as seen:
                self.desk.execution(seen, at)
            case FeeSeen() as seen:
                self.desk.fee(seen)
            case PositionSeen() as seen:
                self._position(seen)
            case AccountSeen() as seen:
                self.account.take(seen, at)
            case ApiError() as seen:
                account = self.desk.account
                self._error(seen._replace(text=seen.text.replace(account, masked(account))), at)
            case BarSeen() as seen:
                self.pulse.said(seen.opens + BAR)
                self.feed.bar(seen, at)
            case QuoteSeen() as seen:
                self.feed.quote(seen, at)
            case TimeSeen() as seen:
                self.pulse.said(seen.broker)
                self.feed.time(seen)
            case HoursSeen() as seen:
                self.feed.hours(seen, at)
            case LinkUp(reason, state):
                self._came_up(reason, state, at)
            case LinkDown(reason):
                self._went_down(reason, at)
            case Unreadable(text):
                self._cannot_read(text, at)
            case PastSeen(since, until, bars):
                self.feed.past.append(PastBars(since, until, bars or (), bars is not None))
            case PiecesSeen(since, until, pieces):
                self.feed.past.append(PastPieces(since, until, pieces or ()))
            case Watched(kind, on, text):
                (self.feed.begun if on else self.feed.ended)(kind, at, text)

    def _collect(self, at: UtcNanos) -> None:
        """Take the desk's words, its doubts, and what it wants cancelled."""
        desk = self.desk
        desk.tell_fees(at)  # a corrected price is one, whether its commission comes or not
        if desk.words:
            self._words += desk.words
            desk.words.clear()
        if desk.unreadable:
            self._cannot_read("; ".join(desk.unreadable), at)
            desk.unreadable.clear()
        if desk.standings.not_echoed:
            desk.standings.not_echoed = False
            self.feed.begun(Trouble.UNREADABLE, at, "an order came back without its reference")
        if desk.doubts and self.ask_afresh(desk.doubts[0], at):
            desk.doubts.clear()
        for standing in desk.to_cancel:
            self.cancel(standing.order_id)
        desk.to_cancel.clear()

    def cancel(self, order_id: int) -> bool:
        """Ask for a cancel; False if it could not be asked."""
        if not order_id:
            return False
        try:
            self.link.act(lambda s: s.cancel(order_id))
        except (NotSentError, BrokerDown):
            return False
        return True

    # ---- the link

    def _came_up(self, reason: str, state: RawTruth, at: UtcNanos) -> None:
        self.reader.learn(state, at, self.clock.now())
        self._base(state)
        if not self.feed.pieces_wait:  # then the gateway's clock holds no data back
            self.clock.advance(self.feed.reached)
        self._turn(self._upstream, reason, at)

    def _went_down(self, reason: str, at: UtcNanos) -> None:
        self.account.forget()
        self._held = self._surprise = self._based_on = None
        self._turn(False, reason, at)

    def _turn(self, up: bool, reason: str, at: UtcNanos) -> None:
        if up is self._up:
            return
        self._up = up
        stamp = self.clock.stamp(at)
        if up:
            self._healthy_since = stamp
        self._words.append(LinkChanged(stamp, up, reason))

    def ask_afresh(self, reason: str, at: UtcNanos) -> bool:
        """Let everything be read again before anything new is sent; False if that was asked for
        a moment ago."""
        now = LinkTime.steady()
        if not self._up:
            return True
        if now - self._asked_again < AGAIN_S:
            return False
        self._asked_again = now
        self._words.append(LinkChanged(self.clock.stamp(at), True, f"asked afresh: {reason}"))
        return True

    def _error(self, seen: ApiError, at: UtcNanos) -> None:
        about_order = self.desk.error(seen, at)
        if not about_order or seen.code == 321:
            self.feed.error(seen, at)
        match about_link(seen.code):
            case LinkMeaning.UPSTREAM_DOWN:
                self._upstream = False
                self._turn(False, f"{seen.code}: the gateway has lost the broker", at)
            case LinkMeaning.UPSTREAM_BACK | LinkMeaning.UPSTREAM_LOST:
                self._upstream = True
                self._turn(self.link.up, f"{seen.code}: the gateway has its broker again", at)
            case _:
                pass

    def _cannot_read(self, text: str, at: UtcNanos) -> None:
        self._unreadable += 1
        self.feed.begun(Trouble.UNREADABLE, at, text)
        self.ask_afresh(text, at)

    # ---- positions that our executions do not explain

    def _base(self, raw: RawTruth) -> None:
        self._positions = {p.con_id: p for p in raw.positions if p.account == self.desk.account}
        self._held = self.reader.position(self._positions.values())
        self._based_on = (self._held, self.desk.ledger.position())
        self._surprise = None

    def _position(self, seen: PositionSeen) -> None:
        if seen.account == self.desk.account and self._based_on is not None:
            self._positions[seen.con_id] = seen
            self._held = self.reader.position(self._positions.values())

    def _look_around(self) -> None:
        """What needs no message to be noticed."""
        at = LinkTime.host()
        self.desk.look_again(at, STATUS_FOLLOWS_S)
        self._collect(at)
        self._compare(at)
        self.feed.expire(at)
        fresh = self.account.changed() or self._said_again(at)
        if fresh is not None:
            self._snapshot = fresh._replace(at=self.clock.stamp(self.account.at))
            self._words.append(self._snapshot)
        if self._up:
            self.feed.account_age(self.account.at, self.account.known, at)

    def _said_again(self, at: UtcNanos) -> AccountSnapshot | None:
        """The figures once more, on the gateway's clock: days pass in minutes of the host, whose
        clock says how old figures are. A margin call is no second reading of itself.
        """
        last, age = self._snapshot, (at - self.account.at) / SECOND
        if not self.clock.of_gateway or last is None or age > self.settings.waits.account_stale:
            return None
        if last.available < ZERO or self.clock.now() - last.at < SAID_AGAIN:
            return None
        return self.account.snapshot()

    def _compare(self, at: UtcNanos) -> None:
        if self._based_on is None or self._held is None or not self._up:
            return
        was, ours = self._based_on
        expected = was + self.desk.ledger.position() - ours
        if expected == self._held:
            self._surprise = None
            return
        now = LinkTime.steady()
        if self._surprise is None or self._surprise.qty != self._held:
            self._surprise = _Surprise(self._held, now)
        elif now - self._surprise.since > POSITION_LAG_S:
            self._surprise = _Surprise(self._held, now)
            self.ask_afresh(f"position {self._held}, {expected} by our executions", at)
