"""S13 to S20: volume and participation (signals.md 3)."""

from __future__ import annotations

from domain.signals.parameters import SignalParameters
from domain.signals.shared import Quantities, effort
from domain.signals.windows import clamp
from domain.transcendental import sigma

NEUTRAL_EFFORT = 0.5
"""S15 of a bar whose effort is the median: r/(1 + r) at r = 1."""


def vol_z(q: Quantities, p: SignalParameters) -> float | None:
    """S13, even, [-1, 1]: volume against the bars before, in standard deviations."""
    if q.before.z is None:
        return None
    return q.before.z / p.volume_z_clip


def vol_slope_20(q: Quantities, p: SignalParameters) -> float | None:
    """S14, even, [-1, 1]: least-squares slope of the volume, relative to its mean."""
    window = q.stream.slope_volumes
    n = p.volume_slope_window
    if len(window.items) < n:
        return None
    if window.total == 0:
        return 0.0
    s1 = sum(k * v for k, v in enumerate(window.items))
    slope = float(2 * s1 - (n - 1) * window.total) / float(n * (n * n - 1) // 6)
    return clamp(p.volume_slope_gain * slope / window.mean(), -1.0, 1.0)


def effort_vs_result(q: Quantities, p: SignalParameters) -> float | None:
    """S15, even, [0, 1]: movement per contract against the median; low is absorption.

    Sources: Wyckoff's effort versus result; a relative of Amihud 2002.
    """
    if q.effort_median is None:
        return None
    if q.bar.volume == 0:
        return NEUTRAL_EFFORT
    r = effort(q.bar, p) / q.effort_median
    return r / (1.0 + r)


def range_expansion_on_volume(q: Quantities, p: SignalParameters) -> float | None:
    """S16, even, [0, 1]: a wide bar counts as far as its volume is above normal."""
    z, p30 = q.before.z, q.before.p30
    if z is None or p30 is None:
        return None
    expansion = (q.before.tr / p30) * max(z, 0.0)
    return clamp(expansion, 0.0, p.expansion_clip) / p.expansion_clip


def climax_bar_flag(q: Quantities, p: SignalParameters) -> float | None:
    """S17, even, 0 or 1: a wide bar on heavy volume."""
    z, p14 = q.before.z, q.before.p14
    if z is None or p14 is None:
        return None
    return 1.0 if q.before.tr > p.climax_range * p14 and z > p.climax_z else 0.0


def quiet_bar_flag(q: Quantities, p: SignalParameters) -> float | None:
    """S18, even, 0 or 1: a narrow bar on light volume."""
    z, p14 = q.before.z, q.before.p14
    if z is None or p14 is None:
        return None
    return 1.0 if q.before.tr < p.quiet_range * p14 and z < p.quiet_z else 0.0


def consecutive_high_vol_bars(q: Quantities, p: SignalParameters) -> float | None:
    """S19, even, [0, 1]: how many heavy bars in a row end here."""
    if q.before.z is None:
        return None
    return min(q.stream.heavy_run, p.high_volume_run) / p.high_volume_run


def participation_expansion_index(
    q: Quantities, p: SignalParameters, x15: float | None
) -> float | None:
    """S20, even, (0, 1): volume, range and effort together; 0.5 is a normal bar."""
    z, p14 = q.before.z, q.before.p14
    if z is None or p14 is None or x15 is None:
        return None
    weight = p.participation_effort_weight
    return sigma(z + (q.before.tr / p14 - 1.0) - weight * (x15 - NEUTRAL_EFFORT))


def participation(q: Quantities, p: SignalParameters) -> tuple[float | None, ...]:
    """S13 to S20 in order."""
    x15 = effort_vs_result(q, p)
    return (
        vol_z(q, p),
        vol_slope_20(q, p),
        x15,
        range_expansion_on_volume(q, p),
        climax_bar_flag(q, p),
        quiet_bar_flag(q, p),
        consecutive_high_vol_bars(q, p),
        participation_expansion_index(q, p, x15),
    )
