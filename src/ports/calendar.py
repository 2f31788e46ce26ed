"""The port that knows which days are trading sessions."""

from __future__ import annotations

from typing import Protocol

from domain.session import Session
from domain.units import UtcNanos


class Calendar(Protocol):
    """Sessions of one instrument: its cash calendar cut by its venue calendar."""

    def session_at(self, t: UtcNanos) -> Session | None:
        """The session on the New York date of `t`, or None: no session, or date not covered.

        `t` need not lie inside the session's hours.
        """

    def covers(self, t: UtcNanos, days_ahead: int) -> bool:
        """True if the calendar knows the date of `t` and the next `days_ahead` days."""
