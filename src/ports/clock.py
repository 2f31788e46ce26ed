"""The port of time; only shells hold one, the core takes time from events."""

from __future__ import annotations

from typing import Protocol

from domain.units import UtcNanos


class Clock(Protocol):
    """Wall-clock time in UTC."""

    def now(self) -> UtcNanos: ...
