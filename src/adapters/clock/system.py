"""Wall-clock time and waiting, as the operating system gives them."""

from __future__ import annotations

import time
from typing import Final

from domain.units import UtcNanos

_SLICE: Final = 0.2
"""Seconds slept at once, so that a wish to stop is heard soon."""


class SystemClock:
    """The ports `Clock` and `HostClock` on the host's clocks."""

    def now(self) -> UtcNanos:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()

    def steady(self) -> int:
        """Nanoseconds on a clock that nobody sets; it counts sleep where the system can tell."""
        return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def lap(self) -> float:
        """Seconds on a clock that never goes back; only differences mean something."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> float:
        """Sleep `seconds`, but no longer than a slice; what is left to sleep afterwards."""
        now = min(seconds, _SLICE)
        time.sleep(now)
        return seconds - now
