"""Single signals on bars made by hand, with the numbers worked out on paper."""

from __future__ import annotations

import math

import pytest

from adapters.engine.reference import ReferenceEngine
from domain.frame import BarInput, Frame
from domain.friction import friction
from domain.units import q9

QUIET = BarInput(1000, 1002, 998, 1000, 100, 2, 0, False, None, 10_000, 10_000, 0.0)


def quiet(minutes: range) -> list[BarInput]:
    """Bars of range 4 round 1000, so that every ATR is 4 and every volume 100."""
    return [QUIET._replace(minute=m, session_start=m == 0) for m in minutes]


def play(parameters, bars: list[BarInput]) -> list[Frame]:
    engine = ReferenceEngine(parameters)
    return [engine.update(bar) for bar in bars]


def last(parameters, bars: list[BarInput], number: int) -> float:
    return play(parameters, bars)[-1].values[number - 1]


@pytest.mark.parametrize(
    ("crossings", "slip", "spread", "usd"),
    [(1, 0.5, 1.0, 3.1125), (2, 0.5, 1.0, 3.89375), (1, 1.5, 2.0, 5.45625)],
)
def test_friction_of_mes(crossings, slip, spread, usd):
    assert friction(crossings, slip, spread, 1.25, 0.62, 1.25) == pytest.approx(usd, abs=1e-12)


def test_normal_market_costs_0_415(parameters):
    frame = play(parameters, quiet(range(20)))[-1]
    assert (frame.slip_model, frame.slip, frame.spread) == (0.5, 0.5, 1.0)
    assert frame.values[25] == 0.125
    assert frame.values[27] == 0.415


@pytest.mark.parametrize(
    ("phase", "spread", "realised", "model", "slip"),
    [
        (2, None, 0.0, 0.5, 0.5),
        (1, None, 0.0, 0.625, 0.625),
        (5, None, 0.0, 0.575, 0.575),
        (2, 1.99, 0.0, 0.5, 0.5),
        (2, 2.0, 0.0, 1.0, 1.0),
        (2, 3.0, 0.0, 2.0, 2.0),
        (1, 3.0, 0.0, 2.5, 2.5),
        (2, None, 1.7, 0.5, 1.7),
        (2, None, 9.0, 0.5, 4.0),
    ],
)
def test_slippage_steps(parameters, phase, spread, realised, model, slip):
    bar = QUIET._replace(minute=20, phase=phase, spread=spread, realised_slip=realised)
    frame = play(parameters, [*quiet(range(20)), bar])[-1]
    assert (frame.slip_model, frame.slip) == (model, slip)
    assert frame.values[25] == slip / 4
    assert frame.spread == (1.0 if spread is None else spread)


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.5, 4.0, 7.0])
def test_quoted_spread(parameters, spread):
    frame = play(parameters, [QUIET._replace(session_start=True, spread=spread)])[-1]
    assert frame.values[24] == min(1.0, max(0.0, (spread - 1) / 3))
    assert not frame.fallback >> 24 & 1
    assert frame.spread == max(spread, 1.0)


def test_a_sweep_of_the_extreme_and_of_the_opening_range(parameters):
    """Low 996, two ticks under both levels at 998, back at 1001; TR 6, A14 = (4*13 + 6)/14."""
    bars = [*quiet(range(19)), QUIET._replace(low=996, close=1001, minute=19)]
    frame = play(parameters, bars)[-1]
    assert frame.levels == (998, 998, None, 1002, 1002, None)
    a14 = (4 * 13 + 6) / 14
    assert frame.a14 == q9(a14)
    assert frame.values[30] == q9(math.sqrt(2 / a14 * 1.0))
    extreme_only = play(parameters, [*bars[:-2], bars[-1]._replace(minute=18)])[-1]
    assert extreme_only.levels == (998, None, None, 1002, None, None)
    assert extreme_only.values[30] == q9(0.8 * math.sqrt(2 / a14))


def test_the_sweep_is_forgotten_after_four_bars(parameters):
    bars = [*quiet(range(19)), QUIET._replace(low=996, minute=19), *quiet(range(20, 24))]
    scores = [f.values[30] for f in play(parameters, bars)[19:]]
    assert [s > 0 for s in scores] == [True, True, True, True, False]


def test_a_close_at_the_level_is_not_back_inside(parameters):
    bars = [*quiet(range(19)), QUIET._replace(low=996, close=998, minute=19)]
    assert last(parameters, bars, 31) == 0.0


def test_opening_range_needs_ten_bars_and_a_later_one(parameters):
    ready = [f.is_ready(22) for f in play(parameters, quiet(range(18)))]
    assert ready == [False] * 15 + [True] * 3
    ten = [*quiet(range(10)), *quiet(range(15, 40))]
    ready = [f.is_ready(22) for f in play(parameters, ten)]
    assert ready == [False] * 13 + [True] * 22  # ATR14 is what it waits for
    nine = [*quiet(range(9)), *quiet(range(15, 40))]
    assert not any(f.is_ready(22) for f in play(parameters, nine))


def test_gap_that_is_half_closed(parameters):
    """Prior range 4, close 1000; open 1002 is half a range up, close 1001 leaves half of it."""
    bars = [*quiet(range(60)), QUIET._replace(open=1002, close=1001, session_start=True)]
    assert last(parameters, bars, 9) == 0.25
    assert last(parameters, [*bars[:-1], bars[-1]._replace(close=999)], 9) == 0.0
    assert last(parameters, [*bars[:-1], bars[-1]._replace(open=1000)], 9) == 0.0


def test_the_overnight_gap_does_not_enter_the_true_range(parameters):
    bars = [*quiet(range(60)), QUIET._replace(open=1100, high=1102, low=1098, close=1100)]
    assert play(parameters, bars)[-1].tr == 102
    starts = [*bars[:-1], bars[-1]._replace(session_start=True)]
    assert play(parameters, starts)[-1].tr == 4


def test_one_bad_tick_moves_the_atr_like_six_normal_bars(parameters):
    bars = [*quiet(range(60)), QUIET._replace(high=2000, minute=60)]
    frame = play(parameters, bars)[-1]
    assert frame.tr == 1002
    assert frame.a14 == q9((4.0 * 13 + 24.0) / 14)
    assert frame.p30 == 4.0


def test_heavy_bars_in_a_row(parameters):
    heavy = [QUIET._replace(minute=60 + k, volume=1000 + 300 * k) for k in range(7)]
    frames = play(parameters, [*quiet(range(60)), *heavy, QUIET._replace(minute=70)])
    got = [f.values[18] for f in frames[60:]]
    run = 0
    for frame, x in zip(frames[60:], got, strict=True):
        run = run + 1 if frame.values[12] > 1 / 3 else 0
        assert x == min(run, 5) / 5
    assert got[:2] == [0.2, 0.4]
    assert got[-1] == 0.0
    assert not frames[59].is_ready(19)


def test_run_of_closes(parameters):
    closes = [1000, 1001, 1002, 1002, 1001, 1000, 1001]
    bars = [*quiet(range(30))]
    bars += [QUIET._replace(minute=30 + k, close=c) for k, c in enumerate(closes)]
    values = [f.values[34] for f in play(parameters, bars)[30:]]
    assert values == [q9(run / 6 * 0.5) for run in (0, 1, 2, 0, -1, -2, 1)]


def test_shock_needs_range_volume_and_body(parameters):
    """ATR30 4, z at its cap, close changes all 0: 16 ticks of range and 2 of body suffice."""
    calm = quiet(range(60))
    shock = QUIET._replace(high=1014, close=1002, volume=100_000, minute=60)
    assert play(parameters, [*calm, shock])[-1].shock
    assert not play(parameters, [*calm, shock._replace(high=1013)])[-1].shock
    assert not play(parameters, [*calm, shock._replace(close=1001)])[-1].shock
    assert not play(parameters, [*calm, shock._replace(volume=120)])[-1].shock
    assert not play(parameters, [*calm, shock._replace(session_start=True, low=990)])[-1].shock


def test_shock_waits_for_fifteen_close_changes_of_the_session(parameters):
    shock = QUIET._replace(high=1014, close=1002, volume=100_000, minute=16)
    fourteen = [*quiet(range(60)), *quiet(range(15)), shock]
    assert not play(parameters, fourteen)[-1].shock
    assert play(parameters, [*quiet(range(60)), *quiet(range(16)), shock])[-1].shock


def test_round_number(parameters):
    """A14 is 4, so the radius is 4: a tick off 1000 (25 * 40) is 3/4 near."""
    for close, expected in ((1000, 1.0), (1001, 0.75), (999, 0.75), (998, 0.5), (1002, 0.5)):
        bars = [*quiet(range(14)), QUIET._replace(close=close, minute=14)]
        assert last(parameters, bars, 32) == expected


@pytest.mark.parametrize(
    ("volume", "high", "low", "climax", "calm", "heavy"),
    [
        (120, 1010, 1000, 0.0, 0.0, 0.2),  # z is 2 exactly
        (121, 1010, 1000, 1.0, 0.0, 0.2),
        (121, 1008, 1000, 0.0, 0.0, 0.2),  # twice P14 exactly
        (110, 1002, 1000, 0.0, 0.0, 0.0),  # z is 1 exactly
        (111, 1002, 1000, 0.0, 0.0, 0.2),
        (90, 1001, 1000, 0.0, 0.0, 0.0),  # z is -1 exactly
        (89, 1001, 1000, 0.0, 1.0, 0.0),
        (89, 1002, 1000, 0.0, 0.0, 0.0),  # half of P14 exactly
    ],
)
def test_flags_are_strict_at_their_edges(parameters, volume, high, low, climax, calm, heavy):
    """P14 is 4; constant volume has sd* = 10, so z is a tenth of the difference to 100."""
    bar = QUIET._replace(high=high, low=low, volume=volume, minute=60)
    frame = play(parameters, [*quiet(range(60)), bar])[-1]
    assert (frame.values[16], frame.values[17], frame.values[18]) == (climax, calm, heavy)


@pytest.mark.parametrize(("volume", "shock"), [(125, False), (126, True)])
def test_shock_is_strict_in_volume(parameters, volume, shock):
    bar = QUIET._replace(high=1014, close=1002, volume=volume, minute=60)
    assert play(parameters, [*quiet(range(60)), bar])[-1].shock is shock


@pytest.mark.parametrize(("volume", "void"), [(99, 1.0), (100, 0.0)])
def test_lunch_is_void_below_normal_volume_only(parameters, volume, void):
    bar = QUIET._replace(volume=volume, minute=150, phase=3)
    frame = play(parameters, [*quiet(range(60)), bar])[-1]
    assert frame.values[22] == void
    assert play(parameters, [*quiet(range(60)), bar._replace(phase=4)])[-1].values[22] == 0.0


def test_gap_after_a_session_without_range(parameters):
    """A range of 0 counts as 1, so a gap of one tick is a full one."""
    flat = [b._replace(high=1000, low=1000) for b in quiet(range(60))]
    up = QUIET._replace(open=1001, high=1001, low=1001, close=1001, session_start=True)
    assert last(parameters, [*flat, up], 9) == 1.0
