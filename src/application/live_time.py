"""The time of a live run: it never stands still between two things that happen, and never goes
back; and how the clock is caught jumping (instrument-and-session.md 4).
"""

from __future__ import annotations

from typing import Final

from domain.units import SECOND, UtcNanos
from ports.clock import HostClock
from ports.market import LiveMarket

MICRO: Final = 1_000
TICK_GAP: Final = 10 * SECOND
"""A tick later after the last one is a jump: the host slept, or stood still."""
DRIFT: Final = 2 * SECOND
"""A wall clock that moved further against the monotonic one was set."""


class LiveTime:
    """`gateway` says that the market's items carry the time, and that it stands in between."""

    def __init__(self, market: LiveMarket, gateway: bool, last: UtcNanos = 0) -> None:
        """`last` is the time of the last thing recorded."""
        self._market = market
        self.gateway = gateway
        self._last = last
        self.behind = False
        """True while items are waiting: the market's time is ahead of what was told then."""

    def next(self, received: UtcNanos = 0) -> UtcNanos:
        """A time for the next thing that happens, which was `received` at that time."""
        there = self._market.now() if not self.gateway else received
        if self.gateway and not received and not self.behind:
            there = self._market.now()
        self._last = max(there // MICRO * MICRO, received // MICRO * MICRO, self._last + MICRO)
        return self._last

    def now(self) -> UtcNanos:
        """The time now, for what is part of the thing that happens."""
        if self.gateway:
            return self._last
        return max(self._last, self._market.now() // MICRO * MICRO)


class JumpWatch:
    """Compares two clocks from tick to tick."""

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.now(), clock.steady()

    def jumped(self) -> str | None:
        """What the clock did since the last call, None if nothing is wrong with it."""
        wall, steady = self._clock.now(), self._clock.steady()
        moved, passed = wall - self._wall, steady - self._steady
        self._wall, self._steady = wall, steady
        if passed > TICK_GAP:
            return f"{passed / SECOND:.1f} s between two ticks"
        if abs(moved - passed) > DRIFT:
            return f"the clock moved {moved / SECOND:.1f} s in {passed / SECOND:.1f} s"
        return None
