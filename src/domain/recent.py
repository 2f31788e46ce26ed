"""The last few bars of the session, as templates look at them (decision.md 2)."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.bar import Bar
from domain.frame import Frame
from domain.units import Side, Ticks

KEEP: Final[int] = 8
"""How many bars of the session are remembered; no template may look further back."""
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class Recent(NamedTuple):
    """The last bars of this session, the newest last."""

    bars: tuple[Bar, ...] = ()

    def after(self, bar: Bar) -> Recent:
        """The memory with `bar` as its newest."""
        return _made(Recent, ((*self.bars[1 - KEEP :], bar),))

    @property
    def highs(self) -> tuple[Ticks, ...]:
        """Their highs."""
        return tuple([bar.high for bar in self.bars])

    @property
    def lows(self) -> tuple[Ticks, ...]:
        """Their lows."""
        return tuple([bar.low for bar in self.bars])

    @property
    def closes(self) -> tuple[Ticks, ...]:
        """Their closes."""
        return tuple([bar.close for bar in self.bars])


class MarketContext(NamedTuple):
    """What a template may look at: the bar, its frame, and the bars just before it.

    `cap` is the largest stop in ticks that law, tier and risk allow before the
    template's own cap; 0 while the tier is unknown.
    """

    bar: Bar
    frame: Frame
    recent: Recent
    cap: Ticks

    def signal(self, number: int) -> float:
        """Value of S`number` on the q9 grid, NaN while not ready."""
        return self.frame.values[number - 1]

    def adverse(self, side: Side, bars: int) -> Ticks:
        """Most adverse extreme of the last `bars` bars, the current one included."""
        return min(self.recent.lows[-bars:]) if side > 0 else max(self.recent.highs[-bars:])

    def favourable(self, side: Side, bars: int) -> Ticks:
        """Most favourable extreme of the last `bars` bars, the current one included."""
        return max(self.recent.highs[-bars:]) if side > 0 else min(self.recent.lows[-bars:])

    def close_back(self, bars: int) -> Ticks:
        """The close `bars` bars earlier, 0 being the current one."""
        return self.recent.bars[-1 - bars].close

    def levels(self, side: Side) -> tuple[Ticks | None, ...]:
        """Sweep levels (a), (b), (c) on the side that protects `side`."""
        return self.frame.levels[:3] if side > 0 else self.frame.levels[3:]
