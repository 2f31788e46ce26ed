"""The port of time; only shells hold one, the core takes time from events."""

from __future__ import annotations

from typing import Protocol

from domain.units import UtcNanos


class Clock(Protocol):
    """Wall-clock time in UTC."""

    def now(self) -> UtcNanos: ...


class HostClock(Clock, Protocol):
    """Both clocks of the host."""

    def steady(self) -> int:
        """Nanoseconds on a clock that nobody sets and that counts the host's sleep."""
