"""What keeps a live run from entering although the law would let it: its host, its link.

Collected here from wherever it shows, and told to the core at each change as one HostState.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from domain.event import HostState
from domain.units import SECOND, UtcNanos
from ports.market import ClockSample, TradingHours, Trouble, TroubleSeen

LOOK_EVERY: Final = 30 * SECOND
MISMATCH: Final = "STORE_MISMATCH"
EXPIRING: Final = Trouble.CONTRACT_EXPIRING.value


def _never(day: date) -> str:
    return ""


MONTH_OVER: Final = "MONTH_OVER"
"""The contract month has ended with a trade open in the record: this run books it out."""
CHECKLIST: Final = "CHECKLIST"
"""Something of the checklist failed, and the run began because something may be open."""


class Fitness:
    """`free_mb` gives the least space left, in MB, where store and guard file stand; `needed`
    is how much the law asks for. `quiet_until` is None unless a restart has to wait. `guard`
    gives what is wrong with the guard file, empty if nothing is. `clocks` are the nanoseconds
    that two clocks may be apart, and how many comparisons must be good after a bad one.
    """

    def __init__(
        self,
        free_mb: Callable[[], int],
        needed: int,
        guard: Callable[[], str],
        clocks: tuple[int, int],
    ) -> None:
        self._free_mb = free_mb
        self._needed = needed
        self._guard = guard
        self._skew_limit, self._good_needed = clocks
        self._looked_at: UtcNanos | None = None
        self._disk = ""
        self._states: dict[str, str] = {}
        self._jump = False
        self._said: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._hours: TradingHours | None = None
        self._hours_new = False
        self._skew: int | None = None
        self._good_due = 0
        self.quiet_until: UtcNanos | None = None
        self.near_its_end: Callable[[date], str] = _never
        """Why the contract month is too near its end on a day, empty while it is not."""
        self._jumped = False

    # ---- what is seen

    def hinder(self, state: str, why: str = "") -> None:
        """A state begins in which nothing may be entered."""
        self._states.setdefault(state, why)

    def free(self, state: str) -> None:
        """It is over."""
        self._states.pop(state, None)

    def trouble(self, seen: TroubleSeen) -> None:
        """A trouble of the link begins or ends."""
        if seen.on:
            self.hinder(seen.kind.value, seen.text)
        else:
            self.free(seen.kind.value)

    def day(self, today: date) -> None:
        """A session begins, or the run does: the contract month is looked at again."""
        why = self.near_its_end(today)
        if why:
            self.hinder(EXPIRING, why)
        else:
            self.free(EXPIRING)

    def jumped(self) -> None:
        """The clock has jumped."""
        self._jump = self._jumped = True

    def compared(self, sample: ClockSample) -> None:
        """The clocks were compared; the broker's shows whole seconds, so it lies within one."""
        early, late = sample.local - sample.broker, sample.local - sample.broker - SECOND
        skew = early if early < 0 else max(0, late)
        if abs(skew) > self._skew_limit:
            self._skew, self._good_due = skew, self._good_needed
        elif self._good_due:
            self._skew, self._good_due = skew, self._good_due - 1

    def hours(self, hours: TradingHours) -> None:
        """The broker's own regular hours."""
        old = self._hours
        if old is None or (old.days, old.hours) != (hours.days, hours.hours):
            self._hours, self._hours_new = hours, True

    # ---- what is told

    def change(self, now: UtcNanos, reconciled: bool) -> HostState | None:
        """What the core has to be told, None if nothing changed. `reconciled` ends a jump."""
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            free = self._free_mb()
            self._disk = f"disk: {free} MB free" if free < self._needed else ""
        if self._jump and reconciled and not self._jumped:
            self._jump = False
        quiet = self.quiet_until is not None and now < self.quiet_until
        unfit = tuple(
            why
            for why, holds in (
                (self._disk.split(":")[0], self._disk),
                ("guard file", self._guard()),
                ("clock jump", self._jump),
                ("restart", quiet),
            )
            if holds
        )
        hindered = tuple(sorted(self._states))
        state = (unfit, hindered)
        if state == self._said and not self._jumped and self._skew is None and not self._hours_new:
            return None
        days = hours = None
        if self._hours_new and self._hours is not None:
            days, hours = self._hours.days, self._hours.hours
        event = HostState(now, unfit, hindered, self._jumped, self._skew, days, hours)
        self._said, self._jumped, self._skew, self._hours_new = state, False, None, False
        return event

    @property
    def states(self) -> dict[str, str]:
        """The states that forbid entries now, and why in words."""
        return dict(self._states)
