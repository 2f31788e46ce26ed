"""K5, the noise filter: never proposes a trade, vetoes all of a bar that is not tradeable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.decision_parameters import NoiseRule
from domain.frame import F5, Frame

_READY: Final = 1 << F5
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class Veto(NamedTuple):
    """K5's answer: the tradeability found (None if F5 is not ready) and whether it vetoes."""

    tradeability: float | None
    vetoes: bool


@dataclass(frozen=True, slots=True)
class NoiseFilter:
    """Vetoes when effective F5 lies below its least value or is not ready; equal passes."""

    rule: NoiseRule
    name: str = "K5"
    belief: int = 5

    def detect(self, frame: Frame) -> Veto:
        if not frame.belief_ready & _READY:
            return Veto(None, True)
        value = frame.effective[F5]
        return _made(Veto, (value, value < self.rule.min_tradeability))
