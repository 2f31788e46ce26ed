"""One textbook setup for each template, long by nature, reflected for the short side."""

from __future__ import annotations

from typing import NamedTuple

from domain.frame import Frame, Regime
from domain.recent import MarketContext, Recent
from domain.units import UtcNanos
from market_builders import (
    PRICE,
    at,
    beliefs,
    context,
    frame,
    recent_of,
    reflected,
    reflected_recent,
    values,
)


class Scene(NamedTuple):
    """A frame and the bars before it; `at` puts them in front of the templates."""

    frame: Frame
    recent: Recent

    def seen(self, side: int = 1, t_d: UtcNanos | None = None) -> MarketContext:
        """The context for `side`: as drawn for +1, reflected about the price for -1."""
        f, r = self.frame, self.recent
        if side < 0:
            f, r = reflected(f, 2 * PRICE), reflected_recent(r, 2 * PRICE)
        return context(f, r, at(11, 0) if t_d is None else t_d)

    def with_frame(self, **changes: object) -> Scene:
        return Scene(self.frame._replace(**changes), self.recent)


def stretched(stop: int = 11, to_value: float = 30.0, effective: float = 0.78) -> Scene:
    """K1: `stop` from the structure, `to_value` ticks below VWAP."""
    low = PRICE - (stop - 2)
    lows = [PRICE, PRICE, low, PRICE - 1, PRICE - 1, PRICE - 1]
    f = frame(
        values=values(s1=-0.6, s8=0.5),
        dev=-to_value,
        effective=beliefs(0.25, f1_long=effective, f5=0.75),
    )
    return Scene(f, recent_of([PRICE + 1] * 6, lows, [PRICE] * 6))


def failed_break(effective: float = 0.80, stability: float = 0.15) -> Scene:
    """K2: level 2 below the close, broken by 6, stop 10, target 16."""
    level = PRICE - 2
    closes = [PRICE, level, level - 3, level - 1, PRICE - 4, PRICE]
    lows = [PRICE, level, PRICE - 8, level - 2, PRICE - 5, PRICE - 4]
    f = frame(
        levels=(level, None, None, None, None, None),
        effective=beliefs(0.25, f2_long=effective, f5=0.75),
        stability=beliefs(0.06, f2_long=stability),
    )
    return Scene(f, recent_of([PRICE + 1] * 6, lows, closes))


def sweep(effective: float = 0.845, stability: float = 0.18) -> Scene:
    """K3: a wick 4 below a level that no close confirmed, stop 12, target 22."""
    level = PRICE - 2
    lows = [PRICE, PRICE, PRICE - 1, PRICE - 6, PRICE - 1, PRICE - 1]
    f = frame(
        values=values(s31=0.5),
        levels=(level, None, None, None, None, None),
        effective=beliefs(0.25, f3_long=effective, f5=0.75),
        stability=beliefs(0.06, f3_long=stability),
    )
    return Scene(f, recent_of([PRICE + 1] * 6, lows, [PRICE] * 6))


def momentum(effective: float = 0.80, stability: float = 0.07) -> Scene:
    """K4: a break in a trend, stop 10, target 20."""
    lows = [PRICE - 4, PRICE - 5, PRICE - 2, PRICE - 1]
    f = frame(
        regime=Regime.TRENDING,
        values=values(s5=0.3, s6=0.2, s12=0.2, s22=0.1, s33=0.1),
        thesis=0.7,
        effective=beliefs(0.25, f4_long=effective, f5=0.75),
        stability=beliefs(0.06, f4_long=stability),
    )
    return Scene(f, recent_of([PRICE + 1] * 4, lows, [PRICE] * 4))


SCENES = {"K1": stretched, "K2": failed_break, "K3": sweep, "K4": momentum}
