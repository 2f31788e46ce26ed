"""Plays the scenes of a demo second by second through the loop's own shell and the fake broker.

The clock is virtual; what the live loop would be told by a market it is told by the script.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from adapters.demo.scenes import Scene, pieces_of
from adapters.fake.faults import Fault, FaultKind, Plan
from adapters.fake.faulty import FaultyBroker
from application.day import TradingDay
from application.live import LiveRun
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.session import Session
from domain.units import MINUTE, SECOND, Ticks, UtcNanos
from ports.calendar import Calendar

PIECE: Final = 5 * SECOND
NOON: Final = 17 * 60 * MINUTE
"""An instant of the day, UTC, that lies inside a session of New York."""
_VOLUME: Final = 9
_AFTER_CLOSE_S: Final = 5


class VirtualClock:
    """Implements ports.clock.Clock: the time of the demo."""

    def __init__(self, now: UtcNanos) -> None:
        self.time = now

    def now(self) -> UtcNanos:
        """The time of the demo."""
        return self.time


def session_of(calendar: Calendar, scene: Scene) -> Session:
    """The exchange's session on the scene's date."""
    day = (scene.day - type(scene.day)(1970, 1, 1)).days
    found = calendar.session_at(day * 24 * 60 * MINUTE + NOON)
    if found is None or found.date != scene.day:
        raise ValueError(f"there is no session on {scene.day}")
    return found


def broken_links(scenes: Sequence[Scene], sessions: Sequence[Session]) -> Plan:
    """What the script breaks: links, and nothing else."""
    return Plan(tuple(
        Fault(FaultKind.LINK_DOWN, session.open + at[0] * SECOND, at[1])
        for scene, session in zip(scenes, sessions, strict=True)
        if (at := scene.link_down) is not None
    ))  # fmt: skip


class DemoWorld:
    """The market and the clock around one run; see `play`."""

    def __init__(
        self, core: TradingDay, run: LiveRun, broker: FaultyBroker, clock: VirtualClock,
        price: Ticks,
    ) -> None:  # fmt: skip
        self._core = core
        self._run = run
        self._broker = broker
        self._clock = clock
        self._price = price
        self._parts: list[SubBar] = []

    def play(self, scene: Scene, session: Session, told: Callable[[str], None]) -> None:
        """One session from its open to a few seconds after its close; `told` hears the script."""
        self._clock.time = session.open
        for minute in range(session.minutes):
            self._minute(scene, minute)
            words = scene.words.get(minute)
            if words:
                told(words)
            self._bar_closed(session.open + minute * MINUTE)
        for _ in range(_AFTER_CLOSE_S):
            self._second()
        self._broker.end_session(self._clock.time)
        self._run.listen()
        self._run.settle()

    def _minute(self, scene: Scene, minute: int) -> None:
        """Twelve pieces of five seconds; every second of them while something is at stake."""
        self._parts.clear()
        for opened, closed in pieces_of(scene, minute, self._price):
            for _ in range(PIECE // SECOND - 1):
                if self._core.desk.alive:
                    self._second()
                else:
                    self._clock.time += SECOND
            self._clock.time += SECOND
            self._broker.advance(self._clock.time)
            self._price = closed
            high, low = max(opened, closed), min(opened, closed)
            piece = SubBar(self._clock.time - PIECE, opened, high, low, closed, _VOLUME)
            self._parts.append(piece)
            self._broker.play(piece, PIECE)
            self._run.tick(self._price, self._clock.time)

    def _second(self) -> None:
        self._clock.time += SECOND
        self._broker.advance(self._clock.time)
        self._run.tick(self._price, self._clock.time)

    def _bar_closed(self, opened: UtcNanos) -> None:
        """The minute is over: account figures, then the bar step."""
        core, run, now = self._core, self._run, self._clock.time
        parts, price = self._parts, self._price
        account = self._broker.account()
        if account is not None:
            run.take(core.dealing.account(account._replace(at=now)))
        high, low = max(p.high for p in parts), min(p.low for p in parts)
        volume = sum(p.volume for p in parts)
        quote = (price, price + 1, 1.0)
        run.bar(Bar(opened, parts[0].open, high, low, price, volume, *quote, len(parts), now))
        if core.frame is not None:
            self._broker.observe(core.frame.slip_model, core.frame.spread)
