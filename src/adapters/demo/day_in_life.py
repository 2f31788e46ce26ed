"""The script of `day-in-life`: three synthetic sessions that bring about a past, then the day.

Two trades a day are the law, a quarantine needs losses and its end a later session; so no single
day can hold all of it. What is scripted is signals, prices and a broken link, nothing else.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.demo.scenes import Scene, quiet, wanted
from domain.frame import Regime
from domain.units import Ticks

NAME: Final = "day-in-life"
START_PRICE: Final[Ticks] = 20_000
_WIN: Final = (-2, 10, 12, -6)
"""Down through the limit, then up beyond a target of sixteen ticks."""
_LOSS: Final = (-2, -11, 4)
"""Down through the limit, then through a stop of eight ticks."""
_MORNING, _LATER, _AFTERNOON = 62, 100, 250
"""Minutes of setups: 10:32, 11:10 and 13:40. Nothing may be entered over lunch."""
_NOISE: Final = range(80, 86)


def scenes() -> tuple[Scene, ...]:
    """The sessions in their order; the last is the day."""
    return _throttle(), _volatility(), _quarantine(), _the_day()


def _throttle() -> Scene:
    scene = Scene(date(2025, 5, 5), "a loss and a win in a choppy morning")
    scene.long_setup(_MORNING, Regime.CHOPPY, _LOSS, "a long setup of K1 that will fail")
    scene.long_setup(_LATER, Regime.CHOPPY, _WIN, "a long setup of K1 that will work")
    return scene


def _volatility() -> Scene:
    scene = Scene(date(2025, 5, 6), "a third trade of the same kind, then volatility")
    scene.long_setup(
        _MORNING, Regime.CHOPPY, _LOSS, "the same setup in the same conditions, failing again"
    )
    scene.long_setup(
        _AFTERNOON,
        Regime.RANGE,
        (-2, 9, 0),
        "a setup in whose trade the range of a minute explodes",
    )
    scene.frames[_AFTERNOON + 2] = quiet(atr=8.0)
    scene.frames[_AFTERNOON + 3] = quiet(atr=13.0)
    scene.frames[_AFTERNOON + 4] = quiet(atr=13.0)
    return scene


def _quarantine() -> Scene:
    scene = Scene(date(2025, 5, 7), "two losses in a row in a ranging morning")
    scene.long_setup(_MORNING, Regime.RANGE, _LOSS, "a long setup of K1 that will fail")
    scene.long_setup(_LATER, Regime.RANGE, _LOSS, "and once more")
    return scene


def _the_day() -> Scene:
    scene = Scene(date(2025, 5, 8), "the day", link_down=(95 * 60 + 10, 20))
    scene.long_setup(_MORNING, Regime.RANGE, _WIN, "the setup that is quarantined would work now")
    scene.long_setup(_MORNING + 9, Regime.RANGE, _WIN, "and would work again")
    for minute in _NOISE:
        scene.frames[minute] = wanted(Regime.RANGE, noise=0.45)
    scene.words[_NOISE[0]] = "six minutes of setups in a market that is mostly noise"
    scene.long_setup(
        92, Regime.RANGE, (-2, 3, 2, 1, 12, 4), "a clean setup; the link breaks while it is traded"
    )
    scene.long_setup(
        _AFTERNOON, Regime.RANGE, (-2, 1), "a setup after which the price falls through the stop"
    )
    scene.jumps[(_AFTERNOON + 3, 4)] = -46
    return scene
