"""S21 to S24: where in the session the bar stands (signals.md 3)."""

from __future__ import annotations

from domain.session import Phase
from domain.signals.parameters import SignalParameters
from domain.signals.shared import Quantities
from domain.signals.structure import beyond
from domain.transcendental import sigma


def session_phase(q: Quantities) -> float:
    """S21, even: phase code 0..7 of the bar's open; always ready, never weighted."""
    return float(q.bar.phase)


def opening_range_break(q: Quantities, p: SignalParameters) -> float | None:
    """S22, odd, [-1, 1]: how far the close lies outside the opening range. Source: Crabel 1990."""
    if q.opening is None:
        return None
    high, low = q.opening
    return beyond(q, high, low, p.opening_break_clip)


def lunch_void_gate(q: Quantities, p: SignalParameters, x3: float | None) -> float | None:
    """S23, even, 0 or 1: lunch with little movement and little volume."""
    if x3 is None or q.before.z is None:
        return None
    void = q.bar.phase == Phase.LUNCH and x3 < p.lunch_void_atr and q.before.z < 0.0
    return 1.0 if void else 0.0


def close_magnet_index(q: Quantities, x1: float | None) -> float | None:
    """S24, even, [0, 1): late in the day, near value, with volume."""
    if x1 is None or q.zv is None or q.before.z is None:
        return None
    return sigma(q.before.z - abs(q.zv)) if q.bar.phase == Phase.CLOSE else 0.0
