"""Recorded minutes on their way to the run: at a pace, until asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ports.bars import BarItem, RecordedBars, RejectedRow

STEP: Final[int] = 64
"""Minutes between two reports of progress at full speed."""


class Playback:
    """Iterates over `feed` once.

    `speed` is times real time: each minute takes 60 / speed seconds, the time between two
    sessions none; None is as fast as it goes. `sleep` sleeps some of the seconds it is given
    and returns the rest. `progress` is told how many minutes have been played.
    """

    def __init__(
        self,
        feed: RecordedBars,
        speed: float | None,
        sleep: Callable[[float], float],
        progress: Callable[[int], None],
    ) -> None:
        self._feed = feed
        self._wait = 0.0 if speed is None else 60.0 / speed
        self._sleep = sleep
        self._progress = progress
        self.stopped = False
        """Set it, and no further minute is played."""
        self.exhausted = False
        """True once the feed has no more."""

    def stop(self) -> None:
        """Play no further minute."""
        self.stopped = True

    def __iter__(self) -> Iterator[BarItem]:
        step = 1 if self._wait else STEP
        played = 0
        for item in self._feed:
            left = self._wait
            while left > 0.0 and not self.stopped:
                left = self._sleep(left)
            if self.stopped:
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
