"""A guard file that two threads write: the loop, and the watchdog when the loop hangs."""

from __future__ import annotations

from threading import Lock
from typing import Final

from ports.guard import Guard, GuardState

_WAIT_S: Final = 1.0


class SharedGuard:
    """`ports.guard.Guard`; one write at a time, but a write that hangs is not waited for."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._lock = Lock()

    def read(self) -> GuardState | None:
        """See the port."""
        return self._guard.read()

    def write(self, state: GuardState) -> None:
        """See the port."""
        alone = self._lock.acquire(timeout=_WAIT_S)
        try:
            self._guard.write(state)
        finally:
            if alone:
                self._lock.release()

    @property
    def damaged(self) -> bool:
        """See the port."""
        return self._guard.damaged

    def close(self) -> None:
        """See the port."""
        self._guard.close()
