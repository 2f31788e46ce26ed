"""The null comparison: what a shuffle keeps, what it breaks, and both sides of the study."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.cli.null import _order
from application.null_study import KEPT, Minute, _shuffled
from domain.bar import Bar
from domain.shuffling import reordered
from domain.units import MINUTE


@st.composite
def sessions(draw: st.DrawFn) -> list[Bar]:
    steps = draw(
        st.lists(
            st.tuples(*[st.integers(-9, 9)] * 2, *[st.integers(0, 5)] * 2, st.integers(0, 999)),
            min_size=2, max_size=40,
        )
    )  # fmt: skip
    close, bars = 1_000, []
    for n, (gap, move, up, down, volume) in enumerate(steps):
        opening = close + gap
        close = opening + move
        high, low = max(opening, close) + up, min(opening, close) - down
        bars.append(Bar(n * MINUTE, opening, high, low, close, volume, close, close + 1, 1.0))
    return bars


def shape(before: int, bar: Bar) -> tuple[int | None, ...]:
    return (
        bar.open - before, bar.high - bar.open, bar.low - bar.open, bar.close - bar.open,
        bar.volume, None if bar.bid is None else bar.bid - bar.close,
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(sessions(), st.integers(0, 2**32), st.integers(1, 40))
def test_a_shuffle_keeps_shapes_times_and_the_last_close(
    bars: list[Bar], seed: int, moved: int
) -> None:
    moved = min(moved, len(bars) - 1)
    order = _order(Random(seed))(moved)
    made = reordered(bars, order)
    assert made[: len(bars) - moved] == tuple(bars[: len(bars) - moved])
    assert [b.open_time for b in made] == [b.open_time for b in bars]
    assert made[-1].close == bars[-1].close
    assert all(b.low <= min(b.open, b.close) and b.high >= max(b.open, b.close) for b in made)
    shapes = [Counter(shape(a.close, b) for a, b in pairwise(day)) for day in (bars, made)]
    assert shapes[0] == shapes[1]
    first = len(bars) - moved
    for place, index in enumerate(order):
        told = shape(made[first + place - 1].close, made[first + place])
        assert told == shape(bars[first + index - 1].close, bars[first + index])
    assert reordered(bars, range(moved)) == tuple(bars)


@pytest.mark.parametrize("order", [[0, 0], [1, 2], [0, 1, 2, 3]])
def test_what_is_no_order_is_refused(order: list[int]) -> None:
    bars = [Bar(n * MINUTE, 9, 9, 9, 9, 1) for n in range(4)]
    with pytest.raises(ValueError, match="no order"):
        reordered(bars, order)


def test_only_the_minutes_of_a_traded_session_after_the_first_change_places() -> None:
    day = [Bar(n * MINUTE, n, n, n, n, n) for n in range(KEPT + 20)]
    night = [Minute(b._replace(open_time=b.open_time + 10**15), None, False) for b in day]
    warm = [Minute(b, "2013-10-07", True) for b in day]
    live = [Minute(b._replace(open_time=b.open_time + 10**16), "2013-10-08", False) for b in day]
    made = list(_shuffled([*warm, *live, *night], _order(Random(3))))
    assert made[: len(warm) + KEPT] == [*warm, *live][: len(warm) + KEPT]
    assert made[len(warm) + len(live) :] == night
    moved = [m.bar.volume for m in made[len(warm) + KEPT : len(warm) + len(live)]]
    assert sorted(moved) == [m.bar.volume for m in live[KEPT:]]
    assert moved != sorted(moved)
