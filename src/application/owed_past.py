"""What a loop has to know of the past that its run begins with."""

from __future__ import annotations

from typing import Protocol

from domain.units import UtcNanos
from ports.market import PastBars


class OwedPast(Protocol):
    """The past that a run needs and does not have yet; see `warm_up`."""

    awaited: int
    """How many answers are on their way; a loop that has waited long enough sets it to 0."""

    @property
    def owed(self) -> str:
        """Why it is not there, empty if it is."""

    @property
    def holds(self) -> bool:
        """True while no minute of the feed may be taken."""

    def second(self, now: UtcNanos) -> None:
        """A second has passed."""

    def answer(self, past: PastBars) -> bool:
        """Take an answer; False if it is to somebody else's question."""


class NothingOwed:
    """A run that has its past."""

    owed, holds = "", False
    awaited = 0

    def second(self, now: UtcNanos) -> None:
        pass

    def answer(self, past: PastBars) -> bool:
        return False


class NoMinutes(NothingOwed):
    """A run that is to take no minute of its feed: it is another month's."""

    holds = True
