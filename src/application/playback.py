"""Recorded minutes on their way to the run: at a pace, until asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from domain.units import UtcNanos
from ports.bars import BarItem, RecordedBars, RejectedRow
from ports.errors import GuardFailure

STEP: Final[int] = 64
"""Minutes between two reports of progress, and two looks for a kill, at full speed."""

KillWatch = Callable[[], str | None]
"""Looks whether a person has asked for a kill; the reason, or None."""


def nobody_asks() -> str | None:
    """The kill watch of a run that cannot be reached from outside."""
    return None


class Playback:
    """Iterates over `feed` once.

    `speed` is times real time: each minute takes 60 / speed seconds, the time between two
    sessions none; None is as fast as it goes. `sleep` sleeps some of the seconds it is given
    and returns the rest. `progress` is told how many minutes have been played. Once `kill_watch`
    tells of a kill, no further minute is played.
    """

    def __init__(
        self,
        feed: RecordedBars,
        speed: float | None,
        sleep: Callable[[float], float],
        progress: Callable[[int], None],
        kill_watch: KillWatch = nobody_asks,
    ) -> None:
        self._feed = feed
        self._wait = 0.0 if speed is None else 60.0 / speed
        self._sleep = sleep
        self._progress = progress
        self._kill_watch = kill_watch
        self.stopped = False
        """Set it, and no further minute is played."""
        self.exhausted = False
        """True once the feed has no more."""
        self.killed: str | None = None
        """Why a person asked for a kill; None while nobody has."""

    def stop(self) -> None:
        """Play no further minute."""
        self.stopped = True

    def kill(self, reason: str) -> None:
        """A kill by other means than the watch: no further minute is played."""
        self.killed = self.killed or reason

    def look(self) -> bool:
        """Look whether a kill was asked for; True from then on."""
        if self.killed is None:
            try:
                self.killed = self._kill_watch()
            except GuardFailure as error:  # who cannot be heard may be asking for it
                self.killed = str(error)
        return self.killed is not None

    def __iter__(self) -> Iterator[BarItem]:
        step = 1 if self._wait else STEP
        played = 0
        for item in self._feed:
            left = self._wait
            while left > 0.0 and not self.stopped and not self.look():
                left = self._sleep(left)
            if self.stopped or self.killed is not None or (played % step == 0 and self.look()):
                return
            yield item
            played += 1
            if played % step == 0:
                self._progress(played)
        self._progress(played)
        self.exhausted = True


class GivenBars:
    """The port `RecordedBars` over minutes that come from no file; nothing is rejected."""

    def __init__(self, items: tuple[BarItem, ...]) -> None:
        self._items = items
        self.rows = self.minutes = len(items)
        self.rejected = 0
        self.tail: tuple[RejectedRow, ...] = ()

    def __iter__(self) -> Iterator[BarItem]:
        return iter(self._items)


class LaterBars:
    """The port `RecordedBars`: of `feed` the minutes that open after `after`."""

    def __init__(self, feed: RecordedBars, after: UtcNanos) -> None:
        self._feed = feed
        self._after = after
        self.rows = feed.rows
        self.rejected = feed.rejected
        self.tail = feed.tail
        self.minutes = sum(1 for _ in self)

    def __iter__(self) -> Iterator[BarItem]:
        return (item for item in self._feed if item.bar.open_time > self._after)
