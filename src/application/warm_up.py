"""The past that a live run begins with: sessions before, and of today what lies before its first
live minute (instrument-and-session.md 4, warm-up).

Little history is one thing, history that cannot be had another. The first is a new listing: the
run begins with what there is. The second is owed: until it has come no minute of the feed is
taken, so nothing is decided, and the run begins as if it had been started then. Windows hold bars
in their order: what is missing before the first minute could never be put there later.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Final, NamedTuple

from application.day import TradingDay
from application.live import LiveRun
from domain.bar import Bar
from domain.session import Session
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from ports.calendar import Calendar
from ports.errors import BrokerDown
from ports.market import LiveMarket, PastBars

LOOK_BACK: Final = 45
"""Days of the calendar that hold the sessions one warms up with."""
NOTHING_LEFT: Final = 3
"""So many sessions in a row without a bar: the history goes back no further."""
WARMING: Final = 60 * SECOND
"""How long the past is asked for before a run that has the least of it begins without more."""
ASKED_AGAIN: Final = 16 * SECOND
"""The broker refuses the same question within 15 s (ibkr.md 7, historical data)."""
UNANSWERED: Final = 180 * SECOND
"""A question without an answer by then will have none: longer than the adapter rests."""
OWED: Final = "the broker's history cannot be had yet"
LOST: Final = "the past had not come before a trade had to be looked after: start anew when flat"


class Wanted(NamedTuple):
    """How many whole sessions before the first live minute: at least, if there are so many, and
    at best."""

    least: int
    best: int


class WarmUp:
    """Feeds the past; a minute that is recorded is never fed again.

    While something of ours is open it waits: a position is looked after first, and a hole in the
    bars costs trust, not protection. `after` is the open of the last recorded minute, None
    without one; `steady` never jumps.
    """

    def __init__(
        self,
        core: TradingDay,
        run: LiveRun,
        market: LiveMarket,
        calendar: Calendar,
        after: UtcNanos | None,
        steady: Callable[[], int],
        wanted: Wanted,
        told: Callable[[int], None],
    ) -> None:
        """`told` is called with the number of earlier sessions once what was owed has come."""
        self._core, self._run, self._market = core, run, market
        self._calendar, self._steady, self._wanted = calendar, steady, wanted
        self._after, self._told = after, told
        self._had: dict[date, tuple[Bar, ...]] = {}
        self._today: tuple[UtcNanos, tuple[Bar, ...]] | None = None
        self._began = 0
        self._ask_at = 0
        self._asked: tuple[Session, UtcNanos, UtcNanos] | None = None
        self._enough = self._go_on = self._lost = False
        self.owed = ""
        """Why the past that a run needs is not there, empty if it is."""
        self.awaited = 0
        """How many answers are on their way."""
        self.sessions = 0
        """Earlier sessions that bars were found for."""

    @property
    def holds(self) -> bool:
        """True while no minute of the feed may be taken."""
        return bool(self.owed) and not self._lost

    # ---- before the run

    def begin(self, now: UtcNanos) -> None:
        """Warm up, waiting for each answer; what is refused is owed."""
        if self._core.desk.alive:
            return
        self._began = self._steady()
        until = now // MINUTE * MINUTE
        while not self.owed and (session := self._next(until)) is not None:
            since, end = self._span(session, until)
            try:
                self._keep(session, end, self._market.history(since, end))
            except BrokerDown:
                self._refused(session, end)
        if not self.owed:
            self._feed_all()

    def __call__(self, until: UtcNanos) -> UtcNanos | None:
        """Feed what is missing of today's session up to the minute `until`; the open of the last
        minute that is recorded then, None without one."""
        session = self._core.session_at(until)
        if session is not None and not self._core.desk.alive and until > session.open:
            since, end = self._span(session, until)
            if since < end:
                with suppress(BrokerDown):
                    self._feed(self._market.history(since, end))
                    self._run.settle()
        return self._after

    # ---- while it is owed

    def second(self, now: UtcNanos) -> None:
        """A second has passed: ask for what is owed, waiting for nothing."""
        if not self.holds:
            return
        if self._core.desk.alive:  # it needs its bars now: there is no order to keep any more
            self._lost, self.owed = True, LOST
            return
        until = now // MINUTE * MINUTE
        session = self._next(until)
        if session is None:
            self._feed_all()
            self.owed = ""
            self._told(self.sessions)
        elif self._steady() >= self._ask_at:
            since, end = self._span(session, until)
            self._asked, self._ask_at = (session, since, end), self._steady() + UNANSWERED
            self.awaited = 1
            self._market.ask_past(since, end)

    def answer(self, past: PastBars) -> bool:
        """Take an answer; False if it is to somebody else's question."""
        if self._asked is None or self._asked[1:] != (past.since, past.until):
            return False
        session, _, end = self._asked
        self._asked, self._ask_at, self.awaited = None, 0, 0
        if past.had:
            self._keep(session, end, past.bars)
        else:
            self._refused(session, end)
        return True

    # ---- inside

    def _keep(self, session: Session, end: UtcNanos, bars: tuple[Bar, ...]) -> None:
        if end < session.close:
            self._today = (end, bars)
            return
        self._had[session.date] = bars
        self.sessions += bool(bars)

    def _refused(self, session: Session, end: UtcNanos) -> None:
        """History cannot be had now. Older sessions are gone without once there are enough; a
        process that comes back to a session it was trading goes on: there a hole has its price.
        """
        self._ask_at = self._steady() + ASKED_AGAIN
        opened = self._core.open_session
        if opened is not None and end <= opened.close and session.date == opened.date:
            self._enough = self._go_on = True
        elif end == session.close and self.sessions >= self._wanted.least:
            self._enough = True
        else:
            self.owed = OWED

    def _next(self, until: UtcNanos) -> Session | None:
        """The session to ask for next, None if nothing is missing: whole ones from the newest
        back, then today's, which goes on while the others are asked for."""
        if self._steady() - self._began > WARMING and self.sessions >= self._wanted.least:
            self._enough = True
        found, empty, today = 0, 0, None
        for session in self._sessions(until):
            if self._span(session, until)[1] < session.close:
                today = session
            elif found >= self._wanted.best or empty >= NOTHING_LEFT:
                break
            elif session.date in self._had:
                found, empty = found + 1, 0 if self._had[session.date] else empty + 1
            elif self._enough:
                break
            else:
                return session
        asked = self._today is not None and self._today[0] >= until - MINUTE
        return None if self._go_on or asked else today

    def _sessions(self, until: UtcNanos) -> list[Session]:
        """Sessions of which something is over by `until` and not recorded, the newest first."""
        found: list[Session] = []
        for days in range(LOOK_BACK):
            session = self._calendar.session_at(until - days * DAY)
            if session is None:
                continue
            if self._after is not None and session.close <= self._after + MINUTE:
                break
            since, end = self._span(session, until)
            if since >= end:
                continue
            if not found or found[-1].date != session.date:
                found.append(session)
        return found

    def _span(self, session: Session, until: UtcNanos) -> tuple[UtcNanos, UtcNanos]:
        """What of a session's minutes is over by `until` and not recorded."""
        since = session.open if self._after is None else max(session.open, self._after + MINUTE)
        return since, min(session.close, until)

    def _feed_all(self) -> None:
        """Feed what has come, the oldest first."""
        for day in sorted(self._had):
            self._feed(self._had[day])
        if self._today is not None:
            self._feed(self._today[1])
        self._had.clear()
        self._today = None
        self._run.settle()

    def _feed(self, bars: tuple[Bar, ...]) -> None:
        for bar in bars:
            if self._after is not None and bar.open_time <= self._after:
                continue
            self._run.take(self._core.warm_up(bar))
            self._after = bar.open_time
