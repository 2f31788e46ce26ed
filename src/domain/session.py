"""Sessions, phases and no-entry windows as pure functions (instrument-and-session.md 4).

A `Session` is made by the calendar port; everything here is arithmetic on it.
Daylight saving lives in `utc_offset` alone: no clock change happens between
02:00 and the close, so one offset serves a whole session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import TypeAlias

from domain.units import DAY, HOUR, MINUTE, UtcNanos


class Phase(IntEnum):
    """The one clock every module uses."""

    PRE_MARKET = 0
    OPENING = 1
    MID_MORNING = 2
    LUNCH = 3
    AFTERNOON = 4
    CLOSE = 5
    POST_RTH = 6
    UNKNOWN = 7


TRADABLE = frozenset({Phase.OPENING, Phase.MID_MORNING, Phase.LUNCH, Phase.AFTERNOON, Phase.CLOSE})
IS_TRADABLE = tuple(phase in TRADABLE for phase in Phase)
"""Whether a phase is tradable, in the order of `Phase`."""


@dataclass(frozen=True, slots=True)
class Session:
    """One regular trading session: date in New York, instants in UTC nanoseconds.

    `utc_offset` is New York local time minus UTC, in nanoseconds, at the open.
    """

    date: date
    open: UtcNanos
    close: UtcNanos
    utc_offset: int
    early_close: bool

    def __post_init__(self) -> None:
        if not 0 < self.close - self.open <= DAY:
            raise ValueError(f"session {self.date} closes before it opens")

    @property
    def minutes(self) -> int:
        """Length in minutes: 390 on a full day."""
        return (self.close - self.open) // MINUTE

    def at(self, hour: int, minute: int = 0) -> UtcNanos:
        """The instant of a New York wall-clock time on this date."""
        midnight = (self.open + self.utc_offset) // DAY * DAY - self.utc_offset
        return midnight + hour * HOUR + minute * MINUTE

    def minute_of(self, t: UtcNanos) -> int:
        """Whole minutes from the open to `t`: the minute index of a bar that opens at `t`."""
        return (t - self.open) // MINUTE


ToldHours: TypeAlias = tuple[tuple[date, ...], tuple[tuple[UtcNanos, UtcNanos], ...]]
"""What a broker has told of its own hours: the days it speaks of, and (open, close) of each."""


def cut_to(
    session: Session, days: Sequence[date], hours: Sequence[tuple[UtcNanos, UtcNanos]]
) -> Session | None:
    """What of `session` lies inside the broker's own regular `hours` (open, close).

    None on one of the `days` that the broker tells about and on which it opens at no time of the
    session; the session itself on a day it does not tell about.
    """
    if session.date not in days:
        return session
    for opens, closes in sorted(hours):
        begin, end = max(session.open, opens), min(session.close, closes)
        if begin < end:
            early = session.early_close or end < session.close
            return replace(session, open=begin, close=end, early_close=early)
    return None


@dataclass(frozen=True, slots=True)
class SessionParameters:
    """The session contract: phase boundaries in minutes of the New York day, windows in minutes."""

    mid_morning_from: int
    lunch_from: int
    afternoon_from: int
    close_minutes: int
    opening_block_minutes: int
    last_entry_minutes: int
    flatten_minutes: int
    warmup_sessions_min: int
    warmup_sessions_preferred: int
    calendar_days_ahead: int
    roll_business_days: int

    def __post_init__(self) -> None:
        if not 0 < self.mid_morning_from < self.lunch_from < self.afternoon_from < 1440:
            raise ValueError("phases must follow one another inside a day")
        if not 0 < self.flatten_minutes < self.last_entry_minutes < self.close_minutes:
            raise ValueError("flatten_minutes < last_entry_minutes < close_minutes is required")
        for name in ("opening_block_minutes", "warmup_sessions_min", "calendar_days_ahead"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.warmup_sessions_preferred < self.warmup_sessions_min:
            raise ValueError("warmup_sessions_preferred must not lie below warmup_sessions_min")
        if self.roll_business_days < 0:
            raise ValueError("roll_business_days must not be negative")


def _phase(t: int, mid_morning: int, lunch: int, afternoon: int, closing: int) -> Phase:
    """The phase of an instant inside a session; all on one clock."""
    if t >= closing:
        return Phase.CLOSE
    if t < mid_morning:
        return Phase.OPENING
    if t < lunch:
        return Phase.MID_MORNING
    return Phase.LUNCH if t < afternoon else Phase.AFTERNOON


@lru_cache(maxsize=64)
def _phases(
    minutes: int, mid_morning: int, lunch: int, afternoon: int, closing: int
) -> tuple[Phase, ...]:
    """The phase of each minute, boundaries counted from the open: most sessions are alike."""
    return tuple(_phase(n * MINUTE, mid_morning, lunch, afternoon, closing) for n in range(minutes))


@dataclass(frozen=True, slots=True)
class Timetable:
    """One session's phase boundaries and windows, worked out once as instants."""

    session: Session
    mid_morning: UtcNanos
    lunch: UtcNanos
    afternoon: UtcNanos
    closing: UtcNanos
    opening_block_end: UtcNanos
    last_entry: UtcNanos
    flatten: UtcNanos
    phases: tuple[Phase, ...] = field(init=False, repr=False, compare=False)
    """The phase of each minute of the session, counted from the open."""

    def __post_init__(self) -> None:
        s = self.session
        boundaries = (self.mid_morning, self.lunch, self.afternoon, self.closing)
        inside = tuple(at - s.open for at in boundaries)
        object.__setattr__(self, "phases", _phases(s.minutes, *inside))

    @classmethod
    def of(cls, session: Session, p: SessionParameters) -> Timetable:
        """Lay the contract's boundaries over one session."""
        return cls(
            session=session,
            mid_morning=session.at(0, p.mid_morning_from),
            lunch=session.at(0, p.lunch_from),
            afternoon=session.at(0, p.afternoon_from),
            closing=session.close - p.close_minutes * MINUTE,
            opening_block_end=session.open + p.opening_block_minutes * MINUTE,
            last_entry=session.close - p.last_entry_minutes * MINUTE,
            flatten=session.close - p.flatten_minutes * MINUTE,
        )

    def phase(self, t: UtcNanos) -> Phase:
        """The phase at `t`; the close wins over the afternoon and the lunch."""
        s = self.session
        if t < s.open:
            return Phase.PRE_MARKET
        if t >= s.close:
            return Phase.POST_RTH
        return _phase(t, self.mid_morning, self.lunch, self.afternoon, self.closing)

    def entry_window_open(self, t: UtcNanos) -> bool:
        """True outside the opening, lunch and last-entry blocks."""
        return not (
            t < self.opening_block_end or self.lunch <= t < self.afternoon or t >= self.last_entry
        )

    def next_block(self, t: UtcNanos) -> UtcNanos:
        """The next no-entry window's start at or after `t`: no entry may work beyond it."""
        return self.lunch if t <= self.lunch < self.last_entry else self.last_entry
