"""Tapes: made-up streams of RTH minute bars, as an engine reads them, and how to draw them.

A tape is a list of `BarInput`. The shape (sessions, lengths, defects) is drawn by
hypothesis, the bars themselves come from a generator seeded by it, so that long tapes
stay cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from domain.frame import BarInput

FULL_DAY = 390
EARLY_CLOSE = 210
START_PRICE = 20_000
DECENT_LENGTHS = (60, 75, 120)


class Shape(NamedTuple):
    """What a tape looks like; `kind` names how prices move, `lengths` the sessions in minutes."""

    kind: str
    lengths: tuple[int, ...]
    seed: int
    quoted: bool
    holes: bool
    quiet_volume: bool


KINDS = ("walk", "trend", "flat", "single_price", "zero_volume", "wild")


def phase_at(minute: int, length: int) -> int:
    """Phase code of a bar that opens `minute` minutes after 09:30 in a session of `length`."""
    if minute >= length - 60:
        return 5
    return 1 if minute < 60 else 2 if minute < 120 else 3 if minute < 240 else 4


def make_tape(shape: Shape) -> list[BarInput]:
    """The tape of a shape; equal shapes give equal tapes."""
    rng = Random(shape.seed)
    bars: list[BarInput] = []
    price = START_PRICE + rng.randrange(400)
    for length in shape.lengths:
        price += rng.randrange(-60, 61)
        whole_day = EARLY_CLOSE if length <= EARLY_CLOSE else FULL_DAY
        starts = True
        for minute in range(length):
            if shape.holes and rng.random() < 0.08:
                continue
            o, h, low, c = _prices(shape.kind, price, rng)
            price = c
            bars.append(
                BarInput(
                    o, h, low, c,
                    _volume(shape, rng),
                    phase_at(minute, whole_day), minute, starts,
                    rng.choice((1.0, 1.0, 1.0, 2.0, 3.0, 1.3)) if shape.quoted else None,
                    rng.choice((10_000, 10_000, 8_000, 5_000)),
                    rng.choice((10_000, 10_000, 7_500)),
                    rng.choice((0.0, 0.0, 1.7, 5.0)),
                )
            )  # fmt: skip
            starts = False
    return bars


def _prices(kind: str, price: int, rng: Random) -> tuple[int, int, int, int]:
    if kind == "single_price":
        return START_PRICE, START_PRICE, START_PRICE, START_PRICE
    if kind == "flat":
        level = price + (rng.randrange(-3, 4) if rng.random() < 0.05 else 0)
        return level, level, level, level
    reach = 60 if kind == "wild" and rng.random() < 0.05 else 6
    o = price + rng.randrange(-1, 2)
    c = o + rng.randrange(-reach, reach + 1) + (2 if kind == "trend" else 0)
    return o, max(o, c) + rng.randrange(4), min(o, c) - rng.randrange(4), c


def _volume(shape: Shape, rng: Random) -> int:
    if shape.kind == "zero_volume":
        return 0 if rng.random() < 0.7 else rng.randrange(3)
    if shape.quiet_volume:
        return 100
    return int(rng.lognormvariate(6.0, 0.7)) if rng.random() > 0.02 else 0


def shapes(max_sessions: int = 5) -> st.SearchStrategy[Shape]:
    """Shapes of a few hundred bars at most."""
    lengths = st.lists(
        st.one_of(st.sampled_from(DECENT_LENGTHS), st.integers(1, 40)),
        min_size=1,
        max_size=max_sessions,
    ).map(tuple)
    whole_days = st.sampled_from(((FULL_DAY,), (EARLY_CLOSE, 30), (80, 80, 80, 80, 40)))
    return st.builds(
        Shape,
        kind=st.sampled_from(KINDS),
        lengths=st.one_of(lengths, whole_days),
        seed=st.integers(0, 2**32 - 1),
        quoted=st.booleans(),
        holes=st.booleans(),
        quiet_volume=st.booleans(),
    )


def tapes(max_sessions: int = 5) -> st.SearchStrategy[list[BarInput]]:
    """Tapes of a few hundred bars at most, never empty."""
    return shapes(max_sessions).map(make_tape).filter(bool)


def map_prices(bars: Iterable[BarInput], move: Callable[[int], int]) -> list[BarInput]:
    """The tape with every price moved by a monotone map; a falling one swaps high and low."""
    moved = []
    for bar in bars:
        ends = move(bar.high), move(bar.low)
        moved.append(
            bar._replace(open=move(bar.open), high=max(ends), low=min(ends), close=move(bar.close))
        )
    return moved


def mirrored(bars: Iterable[BarInput], twice_m: int) -> list[BarInput]:
    """The tape reflected about `twice_m / 2`."""
    return map_prices(bars, lambda x: twice_m - x)


def shifted(bars: Iterable[BarInput], ticks: int) -> list[BarInput]:
    """The tape with `ticks` added to every price."""
    return map_prices(bars, lambda x: x + ticks)
