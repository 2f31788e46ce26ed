"""The Rust engine is the reference engine: every frame and every probe, to the last bit."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.engine.reference import ReferenceEngine
from adapters.engine.rust import RustEngine
from bar_strategies import KINDS, Shape, make_tape, map_prices, shifted, tapes
from changing import replace
from domain.belief_parameters import EngineParameters
from domain.frame import BarInput
from frame_bits import assert_same, difference

PATIENT = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD_WINDOWS = {
    "atr_short": 9, "atr_mid": 7, "atr_long": 12, "volume_window": 17, "efficiency_window": 13,
    "efficiency_min": 4, "opening_minutes": 5, "opening_min_bars": 3, "prior_min_bars": 20,
    "level_lookback": 11, "level_test_bars": 3, "level_extreme_min_bars": 6,
    "level_opening_min_bars": 8, "vwap_slope_window": 19, "vwap_slope_min": 4,
    "seasonal_slot_minutes": 7, "seasonal_sessions": 2, "seasonal_min_sessions": 1,
    "seasonal_fallback_span": 50, "structure_window": 9, "structure_min_bars": 4,
    "breakout_window": 16, "breakout_min_bars": 4, "micro_trend_bars": 3,
    "volume_slope_window": 23, "effort_window": 21, "effort_min": 6, "roll_window": 16,
    "roll_min": 5, "late_window": 6, "herding_run": 4, "high_volume_run": 3,
}  # fmt: skip


def check(parameters: EngineParameters, tape: list[BarInput]) -> None:
    rust, reference = RustEngine(parameters), ReferenceEngine(parameters)
    for k, bar in enumerate(tape):
        prices = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.session_start)
        found = difference(rust.probe(*prices), reference.probe(*prices))
        assert not found, f"probe of bar {k}: {found}"
        found = difference(rust.update(bar), reference.update(bar))
        assert not found, f"bar {k}: {found}"


@PATIENT
@given(tape=tapes())
def test_agrees_on_made_up_tapes(parameters: EngineParameters, tape: list[BarInput]) -> None:
    check(parameters, tape)


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_once_slots_have_history(parameters: EngineParameters, kind: str) -> None:
    lengths = (90, 75, 60, 59, 130, 200, 95)
    check(
        parameters,
        make_tape(Shape(kind, lengths, 11, quoted=False, holes=True, quiet_volume=False)),
    )


@PATIENT
@given(tape=tapes(3))
def test_agrees_with_other_windows(parameters: EngineParameters, tape: list[BarInput]) -> None:
    """No size of a window is baked into either engine."""
    other = replace(
        parameters,
        signals=replace(parameters.signals, **ODD_WINDOWS),
        shock=replace(parameters.shock, window=9, min_changes=4),
        regime=replace(parameters.regime, hold_bars=2),
        round_grid_ticks=100,
        typical_spread_ticks=2,
    )
    check(other, tape)


def test_agrees_beyond_53_bits(parameters: EngineParameters) -> None:
    """Sums that no float64 holds exactly, negative prices included."""
    tape = make_tape(Shape("wild", (120, 80), 3, quoted=True, holes=False, quiet_volume=False))
    heavy = [bar._replace(volume=bar.volume * 400_000_003 % 2**40) for bar in tape]
    check(parameters, shifted(heavy, -2_000_000_000))
    check(parameters, map_prices(heavy, lambda x: (x - 20_000) * 1_000_003))


@PATIENT
@given(tape=tapes(3))
def test_goes_on_bit_for_bit_from_a_snapshot(
    parameters: EngineParameters, tape: list[BarInput]
) -> None:
    whole = RustEngine(parameters)
    frames = [whole.update(bar) for bar in tape]
    for cut in {0, 1, len(tape) // 3, len(tape) // 2, len(tape) - 1}:
        before = RustEngine(parameters)
        for bar in tape[:cut]:
            before.update(bar)
        after = RustEngine(parameters)
        after.update(tape[-1])  # restoring replaces whatever was there
        after.restore(before.snapshot())
        assert after.snapshot() == before.snapshot()
        assert_same((after.update(bar) for bar in tape[cut:]), frames[cut:])
