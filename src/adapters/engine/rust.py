"""The production engine behind the engine port: one crossing into Rust a bar."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Final, cast

from adapters.engine.decider import decider
from domain.belief_parameters import EngineParameters
from domain.candidate import Rules
from domain.frame import BarInput, Frame, Probe
from domain.units import Ticks
from ports.decider import Decider
from ports.errors import EngineError
from rust_core import EngineInputError, SignalEngine

_REFUSALS: Final = (EngineInputError, TypeError, OverflowError)
"""What the extension raises for input it cannot take; a number beyond 64 bits overflows."""
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without unpacking them again."""


def parameters_json(parameters: EngineParameters) -> str:
    """The form in which the extension reads parameters; floats keep their bits."""
    return json.dumps(asdict(parameters), allow_nan=False)


class RustEngine:
    """One stream of accepted RTH bars in, one frame a bar out (ports.engine.Engine).

    Agrees bit for bit with the reference engine. The first bar ever starts a session,
    whether it says so or not.
    """

    name = "rust"

    def __init__(self, parameters: EngineParameters) -> None:
        """EngineError if a parameter is out of range."""
        try:
            self._native = SignalEngine(parameters_json(parameters))
        except (EngineInputError, ValueError) as error:
            raise EngineError(f"engine parameters: {error}") from error
        self._native.frames_as(Frame)
        self._take = cast("Callable[[BarInput], Frame]", self._native.frame)
        self._take_calm = cast(
            "Callable[[BarInput, float, float], Frame | None]", self._native.calm_frame
        )
        self._look = self._native.probe

    def probe(
        self, open_: Ticks, high: Ticks, low: Ticks, close: Ticks, volume: int, session_start: bool
    ) -> Probe:
        """Look at the next bar without consuming it; EngineError if it is impossible."""
        try:
            return _made(Probe, self._look(open_, high, low, close, volume, session_start))
        except _REFUSALS as error:
            raise EngineError(str(error)) from error

    def update(self, bar: BarInput) -> Frame:
        """Consume one bar; EngineError, and nothing changed, if it is impossible."""
        try:
            return self._take(bar)
        except _REFUSALS as error:
            raise EngineError(str(error)) from error

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        """Consume one bar unless it is beyond belief; EngineError as `update`."""
        try:
            return self._take_calm(bar, multiple, floor)
        except _REFUSALS as error:
            raise EngineError(str(error)) from error

    def decider(self, rules: Rules) -> Decider:
        """What decides under `rules`, compiled; see `adapters.engine.decider`."""
        return decider(rules)

    def snapshot(self) -> bytes:
        """The whole state, versioned, with a fingerprint of the parameters."""
        return self._native.snapshot()

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot of this engine with the same parameters; EngineError otherwise."""
        try:
            self._native.restore(state)
        except _REFUSALS as error:
            raise EngineError(str(error)) from error
