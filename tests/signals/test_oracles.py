"""Every signal against an outside oracle, on made-up tapes of every kind."""

from __future__ import annotations

import math

import numpy as np
import pytest
import talib
from hypothesis import given, settings

import signal_oracles as oracles
from bar_strategies import EARLY_CLOSE, FULL_DAY, KINDS, Shape, make_tape, shapes
from domain.frame import SIGNAL_NAMES, SIGNALS
from domain.signals.windows import Wilder

CASES = [
    Shape("walk", (FULL_DAY,), 1, True, False, False),
    Shape("walk", (80, 90, 100, 110, 120), 2, False, True, False),
    Shape("trend", (EARLY_CLOSE, 70), 3, False, False, True),
    Shape("wild", (150, 30, 90), 4, True, True, False),
    Shape("wild", (150, 30, 90), 5, False, False, False),
    Shape("flat", (120, 100), 6, False, False, False),
    Shape("single_price", (100, 70), 7, False, False, True),
    Shape("zero_volume", (200, 90), 8, False, True, False),
]


def compare(bars, play) -> None:
    frames = play(bars)
    table, expected = oracles.signals(bars)
    got = np.array([f.values for f in frames])
    for k, name in enumerate(SIGNAL_NAMES):
        message = f"S{k + 1} {name}"
        assert np.array_equal(np.isnan(got[:, k]), np.isnan(expected[:, k])), message
        np.testing.assert_allclose(got[:, k], expected[:, k], rtol=1e-8, atol=3e-8, err_msg=message)
    for name in ("a14", "p30", "dev"):
        np.testing.assert_allclose(
            [getattr(f, name) for f in frames], table[name], rtol=1e-8, atol=3e-8, err_msg=name
        )
    assert [f.tr for f in frames] == list(table.tr)
    assert [f.bars_in_session for f in frames] == list(table.i)
    seasonal = (table.seasonal | table.atr14.isna()).tolist()
    assert [not f.fallback >> 2 & 1 for f in frames] == seasonal


@pytest.mark.parametrize("shape", CASES, ids=lambda s: f"{s.kind}-{s.seed}")
def test_every_signal_agrees_with_its_oracle(shape, play):
    compare(make_tape(shape), play)


@settings(max_examples=10, deadline=None)
@given(shape=shapes(max_sessions=2).filter(lambda s: sum(s.lengths) < 260))
def test_every_signal_agrees_with_its_oracle_on_drawn_tapes(shape, play):
    bars = make_tape(shape)
    if bars:
        compare(bars, play)


def test_the_cases_cover_every_kind_and_make_every_signal_ready(play):
    assert {shape.kind for shape in CASES} == set(KINDS)
    ready = 0
    for shape in CASES:
        ready |= play(make_tape(shape))[-1].ready
    assert ready == (1 << SIGNALS) - 1


@pytest.mark.parametrize("n", [5, 14, 30])
def test_wilder_is_talib_atr_of_one_session(n):
    """TA-Lib has no true range for its first bar, so its tape gets one bar more in front."""
    bars = make_tape(Shape("walk", (FULL_DAY,), 11, False, False, False))
    high, low, close = (
        np.array([getattr(b, k) for b in bars], float) for k in ("high", "low", "close")
    )
    before = np.array([(high[0] + low[0]) / 2])
    expected = talib.ATR(
        np.concatenate([before, high]),
        np.concatenate([before, low]),
        np.concatenate([before, close]),
        timeperiod=n,
    )[1:]
    last = np.concatenate([before, close[:-1]])
    tr = np.maximum.reduce([high - low, abs(high - last), abs(low - last)])
    atr = Wilder(n)
    got = []
    for x in tr:
        atr.push(float(x))
        average = atr.average()
        got.append(math.nan if average is None else average)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_close_location_is_the_increment_of_talib_ad(play):
    bars = make_tape(Shape("walk", (200,), 12, False, False, True))
    h, low, c, v = (np.array([b[k] for b in bars], float) for k in range(1, 5))
    increments = np.diff(talib.AD(h, low, c, v), prepend=0.0) / v
    np.testing.assert_allclose([f.values[7] for f in play(bars)], increments, atol=1e-9)
