"""The market regime: a raw class per bar, and the class that is held (signals.md 5)."""

from __future__ import annotations

from typing import NamedTuple

from domain.frame import Regime
from domain.signals.parameters import RegimeParameters


class Held(NamedTuple):
    """The held class, and how many bars in a row have asked for another one."""

    regime: Regime = Regime.UNKNOWN
    candidate: Regime = Regime.UNKNOWN
    asked: int = 0


SESSION_START = Held()


def raw_regime(
    ratio: float | None,
    er20: float | None,
    x4: float | None,
    x5: float | None,
    p: RegimeParameters,
) -> Regime:
    """The class of one bar; None arguments are not ready (`ratio` with ATR14, S4 with ATR30)."""
    if ratio is None or er20 is None or x4 is None:
        return Regime.UNKNOWN
    if ratio >= p.volatile_ratio:
        return Regime.VOLATILE
    strength = 0.0 if x5 is None else abs(x5)
    if er20 >= p.trending_efficiency and strength >= p.trending_structure:
        return Regime.TRENDING
    if er20 < p.choppy_efficiency and x4 >= p.choppy_compression:
        return Regime.CHOPPY
    return Regime.RANGE


def hold(held: Held, raw: Regime, p: RegimeParameters) -> Held:
    """The held class after a bar of class `raw`.

    Danger and ignorance are believed at once, anything else when it has lasted.
    """
    at_once = held.regime is Regime.UNKNOWN or raw in (Regime.VOLATILE, Regime.UNKNOWN)
    if raw is held.regime or at_once:
        return Held(raw)
    asked = held.asked + 1 if raw is held.candidate else 1
    return Held(raw) if asked >= p.hold_bars else Held(held.regime, raw, asked)
