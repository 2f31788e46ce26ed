"""The port behind which signals and beliefs are computed, and bars decided on."""

from __future__ import annotations

from typing import Protocol

from domain.candidate import Rules
from domain.frame import BarInput, Frame, Probe
from domain.units import Ticks
from ports.decider import Decider


class Engine(Protocol):
    """One stream of accepted RTH bars in, one frame a bar out.

    Implementations agree bit for bit. Bars come in time order; a bar with
    `session_start` closes the session before it. On an error the state is as it
    was before the call.
    """

    name: str

    def probe(
        self, open_: Ticks, high: Ticks, low: Ticks, close: Ticks, volume: int, session_start: bool
    ) -> Probe:
        """Look at the next bar without consuming it: true range, ATR30 before it, shock."""

    def update(self, bar: BarInput) -> Frame:
        """Consume one bar.

        Errors: EngineError if the bar is impossible (high below low, negative
        volume, minute outside the session).
        """

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        """`update`, unless the bar has to be looked at first: None, and nothing consumed, where its
        true range is more than `multiple` times ATR30 (or `floor`, if that is larger) without the
        shock signature. An engine may always answer None.

        Errors: as `update`.
        """

    def decider(self, rules: Rules) -> Decider:
        """What decides on this engine's frames under `rules`; it keeps no state of its own."""

    def snapshot(self) -> bytes:
        """The whole state, versioned; only this implementation need read it."""

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot made with the same parameters; EngineError otherwise."""
