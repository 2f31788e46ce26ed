"""The watch outside the loop: a loop that does not turn is ended from here (law.md 3).

A loop that hangs cannot latch, so this latches in the guard file, tells, and ends the process;
the next start takes up the kill sequence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from domain.units import SECOND

SILENT_S: Final = 30
LOOP_FAILURE: Final = "LOOP_FAILURE"


class Watchdog:
    """A thread that wants to be petted; `latch` gets trigger and detail, `end` never returns.

    `steady` are nanoseconds of a clock that nobody sets.
    """

    def __init__(
        self,
        steady: Callable[[], int],
        latch: Callable[[str, str], None],
        end: Callable[[], None],
        silent_s: float = SILENT_S,
    ) -> None:
        self._steady = steady
        self._latch = latch
        self._end = end
        self._silent_s = silent_s
        self._beat = steady()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._beat = self._steady()
        self._thread.start()

    def beat(self) -> None:
        """The loop turns."""
        self._beat = self._steady()

    def stop(self) -> None:
        """The loop has ended in order."""
        self._over.set()

    def _watch(self) -> None:
        pause = min(1.0, self._silent_s / 4)
        looked = self._steady()
        while not self._over.wait(pause):
            now = self._steady()
            if now - looked >= self._silent_s * SECOND:
                self._beat = now  # the whole host stood still, and the loop with it
            looked = now
            silent = (now - self._beat) / SECOND
            if silent >= self._silent_s:
                self._latch(LOOP_FAILURE, f"no heartbeat of the loop for {silent:.0f} s")
                self._end()
                return
