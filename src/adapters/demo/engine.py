"""The engine of a scripted day: claims what the script says, whatever the bars are.

It stands behind the engine port in place of the real ones. Of a bar it takes its true range and
its place in the session; everything else is the script's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from adapters.demo.scenes import QUIET_ATR, Scene, quiet
from domain.candidate import Rules
from domain.decision import decide
from domain.frame import BarInput, Frame, Probe
from domain.units import Ticks
from ports.decider import Decider
from ports.errors import EngineError


class ScriptedEngine:
    """Implements ports.engine.Engine for the sessions of `scenes`, in their order."""

    name = "scripted"

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = tuple(scenes)
        self._quiet = quiet()
        self._session = -1
        self._bars = 0
        self._close: Ticks | None = None

    def probe(
        self, open_: Ticks, high: Ticks, low: Ticks, close: Ticks, volume: int, session_start: bool
    ) -> Probe:
        """True range of the next bar; never a shock."""
        return Probe(self._range(high, low), QUIET_ATR, False)

    def update(self, bar: BarInput) -> Frame:
        """What the script claims. Errors: EngineError for a session that it does not have."""
        session = self._session + bar.session_start
        if not 0 <= session < len(self._scenes):
            raise EngineError(f"the script has no session {session + 1}")
        self._bars = 1 if bar.session_start else self._bars + 1
        self._session = session
        frame = self._scenes[session].frames.get(bar.minute, self._quiet)
        reach = self._range(bar.high, bar.low)
        self._close = bar.close
        return frame._replace(tr=reach, bars_in_session=self._bars)

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        """Every bar is looked at first."""
        return None

    def decider(self, rules: Rules) -> Decider:
        """The reference: of a script's few bars none is in a hurry."""
        return partial(decide, rules=rules)

    def snapshot(self) -> bytes:
        """The place in the script."""
        return json.dumps([self._session, self._bars, self._close]).encode()

    def restore(self, state: bytes) -> None:
        """Go on at a place of the script."""
        self._session, self._bars, self._close = json.loads(state)

    def _range(self, high: Ticks, low: Ticks) -> Ticks:
        if self._close is None:
            return high - low
        return max(high, self._close) - min(low, self._close)
