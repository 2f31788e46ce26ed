"""A session whose minutes come in another order: what a template finds where nothing follows.

Volume and the shape of each minute stay, what one minute says of the next is gone
(decisions.md 6, null comparison).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.bar import Bar
from domain.units import Ticks


class Found(NamedTuple):
    """Trades of a template, and their mean gross R; None without any."""

    trades: int
    mean_r: float | None


class Null(NamedTuple):
    """A template on the days as they were, and on each of the shuffled ones."""

    template: str
    real: Found
    shuffled: tuple[Found, ...]


def reordered(bars: Sequence[Bar], order: Sequence[int]) -> tuple[Bar, ...]:
    """The minutes of one session, their last `len(order)` in `order`: each index counts from the
    first of these. Every minute keeps its steps from the close before it, its spread and its
    volume; the times stay where they are. The last close is the session's own, as the steps only
    change places.

    Errors: ValueError if `order` does not name each of them once, or leaves no minute before them.
    """
    first = len(bars) - len(order)
    if first < 1 or sorted(order) != list(range(len(order))):
        raise ValueError(f"{list(order)} is no order of the last {len(order)} of {len(bars)} bars")
    made = list(bars[:first])
    for place, index in enumerate(order):
        moved = bars[first + index]
        shift = made[-1].close - bars[first + index - 1].close
        made.append(_shifted(moved, shift, bars[first + place].open_time))
    return tuple(made)


def _shifted(bar: Bar, by: Ticks, open_time: int) -> Bar:
    received = None if bar.received_at is None else bar.received_at - bar.open_time + open_time
    return bar._replace(
        open_time=open_time,
        open=bar.open + by,
        high=bar.high + by,
        low=bar.low + by,
        close=bar.close + by,
        bid=None if bar.bid is None else bar.bid + by,
        ask=None if bar.ask is None else bar.ask + by,
        received_at=received,
    )
