"""Which session's regular hours hold an instant: by the calendar, and by what the broker says."""

from __future__ import annotations

from domain.session import Session, ToldHours, cut_to
from domain.units import HOUR, UtcNanos
from ports.calendar import Calendar


class Hours:
    """Asks the calendar, and remembers since when and for how long there is no session."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._told: ToldHours | None = None
        self._none: tuple[UtcNanos, UtcNanos] = (0, 0)

    def told(self, hours: ToldHours) -> None:
        """Take the broker's own hours: from now on no session is longer than they say."""
        self._told = hours
        self._none = (0, 0)

    def cut(self, session: Session) -> Session | None:
        """What the broker's hours leave of `session`; None if nothing."""
        return session if self._told is None else cut_to(session, *self._told)

    def session_at(self, t: UtcNanos) -> Session | None:
        """The session whose regular hours hold `t`, or None."""
        since, until = self._none
        if since <= t < until:
            return None
        known = self._calendar.session_at(t)
        found = None if known is None else self.cut(known)
        if found is None:
            self._none = (t, t // HOUR * HOUR + HOUR)
        elif t < found.open:
            self._none = (t, found.open)
        elif t >= found.close:
            self._none = (t, found.at(24))
        else:
            return found
        return None
