"""The regime: raw classes at their edges, and how a class is held (signals.md 5)."""

from __future__ import annotations

from math import nextafter

import pytest
from hypothesis import given, settings

from bar_strategies import tapes
from domain.frame import Regime
from domain.regime import SESSION_START, hold, raw_regime

U, V, T, C, R = Regime.UNKNOWN, Regime.VOLATILE, Regime.TRENDING, Regime.CHOPPY, Regime.RANGE


def below(x: float) -> float:
    return nextafter(x, 0.0)


@pytest.mark.parametrize(
    ("ratio", "er20", "x4", "x5", "expected"),
    [
        (None, 0.5, 0.5, 0.5, U),
        (2.0, None, 0.5, 0.5, U),
        (2.0, 0.5, None, 0.5, U),
        (1.8, 0.5, 0.5, 0.5, V),
        (below(1.8), 0.35, 0.5, 0.20, T),
        (1.0, 0.35, 0.5, -0.20, T),
        (1.0, below(0.35), 0.5, 0.20, R),
        (1.0, 0.35, 0.5, below(0.20), R),
        (1.0, below(0.15), 0.45, 0.9, C),
        (1.0, 0.15, 0.45, 0.9, R),
        (1.0, 0.10, below(0.45), 0.9, R),
        (1.0, 0.9, 0.5, None, R),
    ],
)
def test_raw_class(parameters, ratio, er20, x4, x5, expected):
    assert raw_regime(ratio, er20, x4, x5, parameters.regime) is expected


@pytest.mark.parametrize(
    ("raws", "helds"),
    [
        ([U, R, R], [U, R, R]),
        ([R, C, C, C], [R, R, R, C]),
        ([R, C, C, T, C, C, C], [R, R, R, R, R, R, C]),
        ([R, C, C, R, C, C, C], [R, R, R, R, R, R, C]),
        ([R, V, R, R, R], [R, V, V, V, R]),
        ([R, C, C, V, C, C, C], [R, R, R, V, V, V, C]),
        ([V, R, R, V, R, R, R], [V, V, V, V, V, V, R]),
        ([T, U, C], [T, U, C]),
    ],
)
def test_held_class(parameters, raws, helds):
    held, seen = SESSION_START, []
    for raw in raws:
        held = hold(held, raw, parameters.regime)
        seen.append(held.regime)
    assert seen == helds


@settings(max_examples=20, deadline=None)
@given(tapes())
def test_held_class_follows_from_the_raw_classes_of_the_session(play, tape):
    """The rule once more, from whole runs: a change needs three bars, danger none."""
    raws: list[int] = []
    held = int(U)
    since = 0  # raw classes before this place no longer count
    for bar, frame in zip(tape, play(tape), strict=True):
        if bar.session_start:
            raws, held, since = [], int(U), 0
        raws.append(frame.regime_raw)
        raw = raws[-1]
        lasting = len(raws) - since >= 3 and raws[-3:] == [raw] * 3
        if held == U or raw in (V, U) or (raw != held and lasting):
            held, since = raw, len(raws)
        assert frame.regime == held


@settings(max_examples=10, deadline=None)
@given(tapes())
def test_a_session_starts_unknown(play, tape):
    for frame in play(tape):
        if frame.bars_in_session <= 10:
            assert frame.regime == frame.regime_raw == U
