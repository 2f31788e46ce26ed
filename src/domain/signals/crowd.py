"""S29 to S35: crowd and bias (signals.md 3)."""

from __future__ import annotations

import math

from domain.signals.parameters import SignalParameters
from domain.signals.shared import Quantities
from domain.signals.windows import clamp
from domain.transcendental import cbrt, exp
from domain.units import Side, Ticks

HERDING_MIN_BARS = 3
"""Two close changes: the least that can be called a run."""


def fomo_index(
    x1: float | None, x11: float | None, x13: float | None, p: SignalParameters
) -> float | None:
    """S29, odd, [-1, 1]: positive when buyers chase an extended rise on volume.

    Motivation: herding and attention (Barber and Odean 2008).
    """
    if x1 is None or x11 is None or x13 is None:
        return None
    volume = clamp((x13 + 1.0) / 2.0, 0.0, 1.0)

    def chase(side: Side) -> float:
        trend = clamp(side * x11, 0.0, 1.0)
        return cbrt(trend * clamp(p.fomo_vwap_gain * side * x1, 0.0, 1.0) * volume)

    return chase(1) - chase(-1)


def panic_index(q: Quantities, p: SignalParameters, x12: float | None) -> float | None:
    """S30, even, [0, 1]: wide, heavy and one-way, whichever way."""
    z, p30 = q.before.z, q.before.p30
    if z is None or p30 is None or x12 is None:
        return None
    excess = clamp(q.before.tr / p30 - 1.0, 0.0, p.panic_range_clip)
    heavy = clamp(z, 0.0, p.volume_z_clip)
    return cbrt(excess / p.panic_range_clip * heavy / p.volume_z_clip * abs(x12))


def sweep_reversal_score(q: Quantities, p: SignalParameters) -> float | None:
    """S31, odd, [-1, 1]: a stop run through a level that was taken back; up is positive.

    Source: stop-run behaviour at obvious levels (Osler 2003, 2005).
    """
    if q.a14 is None or q.i < p.level_extreme_min_bars:
        return None
    lowest = min(q.session.lows[-p.level_test_bars :])
    highest = max(q.session.highs[-p.level_test_bars :])
    bull = _best_sweep(q, p, 1, lowest)
    bear = _best_sweep(q, p, -1, highest)
    return bull - bear


def _best_sweep(q: Quantities, p: SignalParameters, side: Side, extreme: Ticks) -> float:
    """The best weighted sweep among my side's levels; `extreme` is the test window's."""
    levels = q.levels[:3] if side > 0 else q.levels[3:]
    weights = (p.level_extreme_weight, p.level_opening_weight, p.level_prior_weight)
    a14 = q.a14
    best = 0.0
    for level, weight in zip(levels, weights, strict=True):
        if level is None or a14 is None:
            continue
        swept = side * (level - extreme)
        reclaimed = side * (q.bar.close - level)
        if swept >= 1 and reclaimed > 0:
            depth = min(1.0, swept / a14)
            back = min(1.0, reclaimed / (p.sweep_reclaim_share * a14))
            best = max(best, weight * math.sqrt(depth * back))
    return best


def round_number_proximity(q: Quantities, p: SignalParameters, grid: int) -> float | None:
    """S32, even, [0, 1]: nearness to a round price, `grid` ticks apart.

    The only signal that reads an absolute price. Sources: Harris 1991; Osler 2003.
    """
    if q.a14 is None:
        return None
    rem = q.bar.close % grid
    radius = min(max(p.round_radius_min, q.a14), p.round_radius_share * grid)
    return clamp(1.0 - min(rem, grid - rem) / radius, 0.0, 1.0)


def late_entry_flag(q: Quantities, p: SignalParameters) -> float | None:
    """S33, odd, [-1, 1]: +1 when buying now is late, -1 when selling is."""
    n = p.late_window
    if q.a14 is None or q.i < n:
        return None
    unit = q.a14 * math.sqrt(n)

    def extension(distance: Ticks) -> float:
        return clamp(distance / unit - p.late_offset, 0.0, p.late_span) / p.late_span

    up = extension(q.bar.close - min(q.session.lows[-n:]))
    down = extension(max(q.session.highs[-n:]) - q.bar.close)
    return up - down


def auction_efficiency(q: Quantities, p: SignalParameters, x1: float | None) -> float | None:
    """S34, even, (0, 1]: 1 is trade at value on normal volume. Source: auction market theory."""
    if x1 is None or q.zv is None or q.before.z is None:
        return None
    at_value = exp(-abs(q.zv) / p.auction_vwap_scale)
    return at_value * exp(-abs(q.before.z) / p.auction_volume_scale)


def herding_score(q: Quantities, p: SignalParameters, x14: float | None) -> float | None:
    """S35, odd, [-1, 1]: a run of closes in one direction, more so on rising volume."""
    if x14 is None or q.i < HERDING_MIN_BARS:
        return None
    run = clamp(q.session.run / p.herding_run, -1.0, 1.0)
    return run * (p.herding_base + (1.0 - p.herding_base) * clamp(x14, 0.0, 1.0))
