"""Scenes of a scripted session: what the engine claims at which minute, and how the price moves.

A scene says nothing of decisions, orders or results: those are the bot's own. Minutes are those
since the open; moves are in ticks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from domain.frame import BELIEFS, SIGNALS, Frame, Regime, belief_index
from domain.units import Ticks

QUIET_ATR: Final = 5.0
PIECES: Final = 12
"""Five-second pieces of a minute."""
_ALL_SIGNALS: Final = (1 << SIGNALS) - 1
_ALL_BELIEFS: Final = (1 << BELIEFS) - 1
_TO_VWAP: Final = -30.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One session. `frames` by minute replace the quiet ones, `moves` by minute what the price
    does, `jumps` (minute, piece) by how much it opens away, `link_down` seconds from the open and
    for how long; `words` by minute what a person is told is coming.
    """

    day: date
    title: str
    frames: dict[int, Frame] = field(default_factory=dict)
    moves: dict[int, Ticks] = field(default_factory=dict)
    jumps: dict[tuple[int, int], Ticks] = field(default_factory=dict)
    link_down: tuple[int, int] | None = None
    words: dict[int, str] = field(default_factory=dict)

    def long_setup(self, minute: int, regime: Regime, path: tuple[Ticks, ...], words: str) -> None:
        """A setup of K1, long, on the bar of `minute`; the minutes after it move by `path`."""
        self.frames[minute] = wanted(regime)
        self.moves.update({minute + 1 + k: move for k, move in enumerate(path)})
        self.words[minute] = words


def quiet(regime: Regime = Regime.RANGE, atr: float = QUIET_ATR) -> Frame:
    """A frame in which nothing is detected."""
    values = [0.0] * SIGNALS
    values[2], values[3], values[26] = 0.333333333, 0.5, 1.0
    beliefs = _beliefs({(5, 0): 0.75})
    return Frame(
        values=tuple(values),
        ready=_ALL_SIGNALS,
        fallback=0,
        regime=regime,
        regime_raw=regime,
        er20=0.2,
        a14=atr,
        tr=0,
        p30=QUIET_ATR,
        dev=0.0,
        spread=1.0,
        slip=0.5,
        slip_model=0.5,
        shock=False,
        bars_in_session=0,
        levels=(None,) * 6,
        evidence=(0.0,) * BELIEFS,
        lraw=beliefs,
        likelihood=beliefs,
        stability=(0.06,) * BELIEFS,
        effective=beliefs,
        coverage=(1.0,) * BELIEFS,
        belief_ready=_ALL_BELIEFS,
        thesis=0.5,
    )


def wanted(regime: Regime, noise: float = 0.75) -> Frame:
    """A frame in which K1 sees a long setup; `noise` is belief F5, the higher the quieter."""
    before = quiet(regime)
    values = list(before.values)
    values[0], values[7] = -0.6, 0.5
    beliefs = _beliefs({(1, 1): 0.86, (5, 0): noise})
    return before._replace(
        values=tuple(values), dev=_TO_VWAP, lraw=beliefs, likelihood=beliefs, effective=beliefs
    )


def _beliefs(named: dict[tuple[int, int], float]) -> tuple[float, ...]:
    found = [0.25] * BELIEFS
    for (number, side), value in named.items():
        found[belief_index(number, side)] = value
    return tuple(found)


def pieces_of(scene: Scene, minute: int, price: Ticks) -> list[tuple[Ticks, Ticks]]:
    """Open and close of the five-second pieces of a minute that begins at `price`.

    Where nothing is scripted the price goes a tick down and up again.
    """
    move = scene.moves.get(minute, 0)
    found, at = [], price
    for k in range(PIECES):
        opened = at + scene.jumps.get((minute, k), 0)
        whole = move * (k + 1) // PIECES - move * k // PIECES
        wiggle = 0 if move else (-1 if k % 2 == 0 else 1)
        at = opened + whole + wiggle
        found.append((opened, at))
    return found
