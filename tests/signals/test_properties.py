"""What every signal and belief must obey, whatever the tape (signals.md 7, beliefs.md 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.engine.reference import ReferenceEngine
from bar_strategies import START_PRICE, Shape, make_tape, mirrored, shifted, tapes
from domain.frame import BELIEFS, F5, ODD, SIGNALS, belief_index
from domain.units import q9

GRID = 40
WEIGHS_ROUND_NUMBERS = {
    belief_index(2, 1),
    belief_index(2, -1),
    belief_index(6, 1),
    belief_index(6, -1),
}
RANGES = {
    **dict.fromkeys(ODD, (-1.0, 1.0)),
    **dict.fromkeys((3, 4, 15, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27, 28, 30, 32, 34), (0.0, 1.0)),
    13: (-1.0, 1.0),
    14: (-1.0, 1.0),
    21: (0.0, 7.0),
}
BELIEF_FIELDS = ("evidence", "lraw", "likelihood", "stability", "effective", "coverage")
PLAIN = (
    "ready", "fallback", "regime", "regime_raw", "er20", "a14", "tr", "p30",
    "spread", "slip", "slip_model", "shock", "bars_in_session",
)  # fmt: skip
cheap = settings(max_examples=12, deadline=None)


def bits(x: float | None) -> str:
    """A text that is equal for equal bits only, and for NaN with NaN."""
    return "none" if x is None else x.hex() if isinstance(x, float) else repr(x)


def other_side(k: int) -> int:
    return k if k == F5 else k + 1 if (k < F5 and k % 2 == 0) or k == F5 + 1 else k - 1


def test_other_side_swaps_long_and_short():
    for belief in (1, 2, 3, 4, 6):
        assert other_side(belief_index(belief, 1)) == belief_index(belief, -1)
        assert other_side(belief_index(belief, -1)) == belief_index(belief, 1)
    assert other_side(F5) == F5


@cheap
@given(tapes())
def test_ready_signals_are_finite_and_in_their_declared_range(play, tape):
    assert set(RANGES) == set(range(1, SIGNALS + 1))
    for frame in play(tape):
        for number, (low, high) in RANGES.items():
            x = frame.values[number - 1]
            assert frame.is_ready(number) == (not math.isnan(x))
            assert math.isnan(x) or low <= x <= high, f"S{number}"
        assert frame.is_ready(21)
        assert frame.is_ready(27)
        assert frame.fallback & ~frame.ready == 0


@cheap
@given(tapes())
def test_beliefs_stay_in_their_ranges(play, tape):
    for frame in play(tape):
        for k in range(BELIEFS):
            assert -1.0 <= frame.evidence[k] <= 1.0
            assert 0.0 <= frame.coverage[k] <= 1.0
            assert 0.0 < frame.likelihood[k] < 1.0
            assert 0.0 <= frame.stability[k] < 1.0
            assert 0.0 <= frame.effective[k] <= frame.likelihood[k]
            assert frame.belief_is_ready(k) == (frame.coverage[k] >= 0.6 - 1e-9)
            assert math.isnan(frame.lraw[k]) != frame.belief_is_ready(k)
            if not frame.belief_is_ready(k):
                assert frame.effective[k] == 0.0


def assert_reflected(frame, mirror, twice_m: int, exact_grid: bool) -> None:
    for number in range(1, SIGNALS + 1):
        if number == 32 and not exact_grid:
            continue
        x = frame.values[number - 1]
        assert bits(mirror.values[number - 1]) == bits(q9(-x) if number in ODD else x), number
    for name in PLAIN:
        assert bits(getattr(mirror, name)) == bits(getattr(frame, name)), name
    assert bits(mirror.dev) == bits(q9(-frame.dev))
    reflected = [None if level is None else twice_m - level for level in frame.levels]
    assert list(mirror.levels) == reflected[3:] + reflected[:3]
    for k in range(BELIEFS):
        if k in WEIGHS_ROUND_NUMBERS and not exact_grid:
            continue
        for name in BELIEF_FIELDS:
            swapped = getattr(frame, name)[other_side(k)]
            assert bits(getattr(mirror, name)[k]) == bits(swapped), name
        assert mirror.belief_is_ready(k) == frame.belief_is_ready(other_side(k))
    assert mirror.thesis == pytest.approx(1.0 - frame.thesis, abs=1.1e-9)


@cheap
@given(tape=tapes(), twice_m=st.integers(0, 60_000).map(lambda n: n * GRID))
def test_reflected_prices_negate_odd_signals_and_swap_the_sides(play, tape, twice_m):
    for frame, mirror in zip(play(tape), play(mirrored(tape, twice_m)), strict=True):
        assert_reflected(frame, mirror, twice_m, exact_grid=True)


@cheap
@given(tape=tapes(), twice_m=st.integers(-100_000, 100_000))
def test_off_the_grid_only_the_round_number_and_its_beliefs_may_differ(play, tape, twice_m):
    for frame, mirror in zip(play(tape), play(mirrored(tape, twice_m)), strict=True):
        assert_reflected(frame, mirror, twice_m, exact_grid=False)


@cheap
@given(tape=tapes(), ticks=st.integers(-START_PRICE, 1_000_000))
def test_a_shift_of_all_prices_changes_nothing_but_the_round_number(play, tape, ticks):
    for frame, moved in zip(play(tape), play(shifted(tape, ticks)), strict=True):
        for number in range(1, SIGNALS + 1):
            if number != 32 or ticks % GRID == 0:
                assert bits(moved.values[number - 1]) == bits(frame.values[number - 1]), number
        for name in (*PLAIN, "dev"):
            assert bits(getattr(moved, name)) == bits(getattr(frame, name)), name
        assert moved.levels == tuple(None if x is None else x + ticks for x in frame.levels)
        for k in set(range(BELIEFS)) - WEIGHS_ROUND_NUMBERS:
            for name in BELIEF_FIELDS:
                assert bits(getattr(moved, name)[k]) == bits(getattr(frame, name)[k]), name


@cheap
@given(tape=tapes(), later=tapes(max_sessions=1), data=st.data())
def test_later_bars_do_not_change_earlier_frames(play, tape, later, data):
    cut = data.draw(st.integers(0, len(tape)))
    whole, changed = play(tape), play(tape[:cut] + later)
    assert repr(whole[:cut]) == repr(changed[:cut])


@cheap
@given(tape=tapes(), data=st.data())
def test_a_restart_at_any_bar_goes_on_bit_for_bit(parameters, play, tape, data):
    cut = data.draw(st.integers(0, len(tape)))
    first = ReferenceEngine(parameters)
    for bar in tape[:cut]:
        first.update(bar)
    second = ReferenceEngine(parameters)
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert repr([second.update(bar) for bar in tape[cut:]]) == repr(play(tape)[cut:])


def test_a_restart_at_every_bar_of_one_tape(parameters, play):
    tape = make_tape(Shape("walk", (70, 65, 62, 61, 45), 3, True, True, False))
    engine = ReferenceEngine(parameters)
    frames = []
    for bar in tape:
        state = engine.snapshot()
        engine = ReferenceEngine(parameters)
        engine.restore(state)
        frames.append(engine.update(bar))
    assert repr(frames) == repr(play(tape))


@cheap
@given(tapes())
def test_everything_recorded_lies_on_the_1e_9_grid(play, tape):
    for frame in play(tape):
        floats = [
            x for field in frame for x in (field if isinstance(field, Sequence) else (field,))
        ]
        for x in floats:
            if isinstance(x, float) and not math.isnan(x):
                assert bits(x) == bits(q9(x))
