"""What a live feed adds to the core: silence between bars, the host, the link, late pieces.

The shell measures; what it measured is told here, recorded as an input, and judged. A run on
recorded bars has none of this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from application.assess import Assess
from application.desk import Desk, Outcome
from application.manage import Manage
from application.supervise import Supervise
from domain.bar import Bar
from domain.command import ReadBroker
from domain.event import ClockTick, HostState, LateSubBar
from domain.quality_parameters import IncidentKind
from domain.session import Session, Timetable
from domain.units import MINUTE, BasisPoints, UtcNanos

SILENT = "stale"
LINK_SLOW = "link_slow"
"""The link has been down for longer than CONNECTION_LOST of quality.md 2 allows."""
LINK_LOST = "link_lost"
"""The link has been down for longer than CONNECTION_LOST of law.md 3 allows."""

WARM_UP: Final = "WARM_UP"
"""The past that signals need cannot be had yet: no minute of the feed is taken until it is."""


class Surroundings:
    """See the methods; `session_at` and `opened` are those of the core."""

    def __init__(
        self,
        desk: Desk,
        assess: Assess,
        supervise: Supervise,
        manage: Manage,
        sessions: tuple[Callable[[UtcNanos], Session | None], Callable[[], Session | None]],
    ) -> None:
        self._desk = desk
        self._assess = assess
        self._supervise = supervise
        self._manage = manage
        self._session_at, self._opened = sessions
        self._since: UtcNanos = 0
        self._told: tuple[UtcNanos, int, bool] = (0, 0, False)

    def started(self, at: UtcNanos) -> None:
        """A process goes on: what was silent before it began is not held against the feed."""
        self._since = at

    def expected_from(self, session: Session, first: Bar) -> UtcNanos | None:
        """The minute from which on a session of a live feed must have its bars: the first whole
        one of this process; None for all of them."""
        if not self._desk.run.live or self._since <= session.open:
            return None
        return min(first.open_time, -(-self._since // MINUTE) * MINUTE)

    # ---- the host

    def host(self, state: HostState) -> Outcome:
        """What the machine, the clocks and the broker's calendar are like from now on."""
        out = Outcome()
        desk = self._desk
        out.events.append(state)
        if WARM_UP in (*desk.hindered, *state.hindered) and not desk.alive:
            self._since = max(self._since, state.at)  # the feed is listened to from here on
        desk.unfit, desk.hindered = state.unfit, state.hindered
        if state.skew is not None:
            desk.clock_unfit = self._assess.clocks_compared(state.at, state.skew)
        if state.jump:
            desk.reconciled = False
            out.commands.append(ReadBroker("the clock jumped", state.at))
        return out

    def late(self, piece: LateSubBar) -> Outcome:
        """A piece came too late to count: its minute has paid for it by missing it."""
        out = Outcome()
        out.events.append(piece)
        return out

    def close_early(self, session: Session) -> None:
        """The session that is being traded closes earlier than was known at its open."""
        self._assess.close_early(session)
        self._desk.timetable = Timetable.of(session, self._desk.contracts.session)

    # ---- the link

    def link(self, cause: str, at: UtcNanos) -> Outcome:
        """The link has been down for long, as measured on a clock that never jumps."""
        out = Outcome()
        desk = self._desk
        out.events.append(ClockTick(at, desk.seen_price, cause))
        if cause == LINK_SLOW:
            if self._session_at(at) is not None:
                self._supervise.incident(IncidentKind.CONNECTION_LOST, at, "", out)
        elif desk.alive:
            self._supervise.kill("CONNECTION_LOST", "the link did not come back", at, out)
        return out

    # ---- silence

    def silence(self, now: UtcNanos) -> Outcome:
        """Grade the silence since the last bar (quality.md 1); empty unless it crosses a gate.

        Before the past has come no bar is taken, so none is missed. While the link is down, or
        has just come back, and nothing of ours is at stake, silence forbids entries but is no
        reason to kill: a disconnect while flat is none.
        """
        out = Outcome()
        session = self._session_at(now)
        desk, data = self._desk, self._assess.data
        if session is None or (WARM_UP in desk.hindered and not desk.alive):
            return out
        begun = self._opened() == session
        since = max(data.silent_since if begun else session.open, self._since)
        bars = data.dvs_bars if begun else 10_000
        staleness = data.price_of_silence(now - since)
        dvs = max(0, bars - staleness)
        judged = dvs if desk.alive else self._excused(bars, since, now)
        kill = judged < desk.contracts.constitution.dvs_kill_bp
        told = (since, self._gate(dvs), kill)
        before = self._told if self._told[0] == since else (since, self._gate(bars), False)
        if told == before:
            return out  # leaving no trace here either: a record told again does not ask in vain
        self._told = told
        out.events.append(ClockTick(now, desk.seen_price, SILENT))
        desk.dvs_bp = dvs
        out.events.append(self._assess.silent(now, dvs, staleness))
        if kill:
            self._supervise.kill("DVS_KILL", f"DVS {dvs} bp, {(now - since) // 10**9} s silent",
                                 now, out)  # fmt: skip
        elif dvs < desk.contracts.constitution.dvs_hold_bp:
            self._manage.doubt(now, out)
        return out

    def _excused(self, bars: BasisPoints, since: UtcNanos, now: UtcNanos) -> BasisPoints:
        """DVS with the silence of a broken link left out."""
        desk = self._desk
        if not desk.connected:
            return bars
        return max(0, bars - self._assess.data.price_of_silence(now - max(since, desk.link_up_at)))

    def _gate(self, dvs: BasisPoints) -> int:
        """How many of the gates entry, hold and kill a score passes."""
        law = self._desk.contracts.constitution
        return (dvs >= law.dvs_entry_bp) + (dvs >= law.dvs_hold_bp) + (dvs >= law.dvs_kill_bp)
