"""One-minute bars: the only market fact the pipeline consumes (instrument-and-session.md 3)."""

from __future__ import annotations

from typing import NamedTuple

from domain.units import MINUTE, Ticks, UtcNanos


class Bar(NamedTuple):
    """One minute of trade, labelled by its open time; prices in ticks.

    `bid` and `ask` are the closing quote, present only when both sides are
    positive and on the grid. `mean_spread_ticks` is absent for a locked or
    crossed quote. `n_sub` is the number of 5-second pieces (absent in minute
    files), `received_at` the local instant the minute was closed (live only).
    """

    open_time: UtcNanos
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: int
    bid: Ticks | None = None
    ask: Ticks | None = None
    mean_spread_ticks: float | None = None
    n_sub: int | None = None
    received_at: UtcNanos | None = None

    @property
    def close_time(self) -> UtcNanos:
        """When the bar is closed: its decision time."""
        return self.open_time + MINUTE


def broken_rule(bar: Bar, low: Ticks, high: Ticks, max_volume: int) -> str | None:
    """The validity rule that `bar` breaks, or None.

    `low`..`high` is the instrument's price band, `max_volume` its minute limit.
    Order in time is judged by whoever holds the previous bar.
    """
    if bar.open_time % MINUTE:
        return "open time is not a whole minute"
    if not (bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high):
        return "open or close outside low..high"
    if bar.low < low or bar.high > high:
        return f"price outside the band {low}..{high} ticks"
    if not 0 <= bar.volume <= max_volume:
        return f"volume outside 0..{max_volume}"
    return None
