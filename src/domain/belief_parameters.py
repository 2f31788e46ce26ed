"""Every number of beliefs.md, named; the shipped values stand in contracts/beliefs.yaml alone."""

from __future__ import annotations

from dataclasses import dataclass

from domain.frame import CATEGORICAL, ODD, SIGNALS
from domain.signals.parameters import Centre, RegimeParameters, ShockParameters, SignalParameters


@dataclass(frozen=True, slots=True)
class PhaseFactors:
    """Applicability of a belief by the phase of the bar's open; all other phases are 0."""

    opening: float
    mid_morning: float
    lunch: float
    afternoon: float
    close: float

    def __post_init__(self) -> None:
        for name in ("opening", "mid_morning", "lunch", "afternoon", "close"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in 0..1")

    def table(self) -> tuple[float, ...]:
        """The factor by phase code 0..7."""
        return (
            0.0,
            self.opening,
            self.mid_morning,
            self.lunch,
            self.afternoon,
            self.close,
            0.0,
            0.0,
        )


@dataclass(frozen=True, slots=True)
class BeliefParameters:
    """One belief: logistic gain `a`, bias `b`, decay `decay` (lambda), gates and weights.

    `weights` maps a signal number to its signed weight; the absolute weights sum to 1.
    """

    a: float
    b: float
    decay: float
    phase: PhaseFactors
    dvs_min: float
    eqs_min: float
    weights: dict[int, float]

    def __post_init__(self) -> None:
        if not self.a > 0:
            raise ValueError(f"a must be positive, got {self.a}")
        if not 0.0 <= self.decay < 1.0:
            raise ValueError(f"decay must lie in [0, 1), got {self.decay}")
        for name in ("dvs_min", "eqs_min"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in (0, 1]")
        if not self.weights:
            raise ValueError("weights must name at least one signal")
        for number, weight in self.weights.items():
            if not 1 <= number <= SIGNALS or number in CATEGORICAL:
                raise ValueError(f"weights name no weighable signal: S{number}")
            if not weight or weight != weight or abs(weight) > 1.0:
                raise ValueError(
                    f"weight of S{number} must be non-zero and at most 1, got {weight}"
                )
        total = sum(abs(self.weights[n]) for n in sorted(self.weights))
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"absolute weights must sum to 1, got {total:.9f}")


@dataclass(frozen=True, slots=True)
class BeliefTable:
    """The beliefs contract: F1..F6 and what they share."""

    coverage_min: float
    coverage_tolerance: float
    reliability_floor: float
    stability_alpha: float
    f1: BeliefParameters
    f2: BeliefParameters
    f3: BeliefParameters
    f4: BeliefParameters
    f5: BeliefParameters
    f6: BeliefParameters

    def __post_init__(self) -> None:
        if not 0.0 < self.coverage_min < 1.0:
            raise ValueError("coverage_min must lie in (0, 1)")
        if not 0.0 < self.stability_alpha <= 1.0:
            raise ValueError("stability_alpha must lie in (0, 1]")
        if not 0.0 <= self.reliability_floor <= 1.0:
            raise ValueError("reliability_floor must lie in 0..1")
        odd = sorted(ODD & self.f5.weights.keys())
        if odd:
            raise ValueError(f"f5 has no side and may weigh EVEN signals only, not S{odd[0]}")

    def all(self) -> tuple[BeliefParameters, ...]:
        """F1 to F6 in order."""
        return (self.f1, self.f2, self.f3, self.f4, self.f5, self.f6)


@dataclass(frozen=True, slots=True)
class EngineParameters:
    """Everything an engine is built from.

    The last five are the instrument and decision constants that S25, S26, S28 and S32
    need: fees and tick value in USD, `friction_pessimism` the factor of the friction
    formula, `max_risk_usd` the law's risk per trade.
    """

    signals: SignalParameters
    centres: dict[int, Centre]
    shock: ShockParameters
    regime: RegimeParameters
    beliefs: BeliefTable
    round_grid_ticks: int
    typical_spread_ticks: int
    tick_value: float
    fee_per_side: float
    friction_pessimism: float
    max_risk_usd: float

    def __post_init__(self) -> None:
        for k, belief in enumerate(self.beliefs.all(), start=1):
            for number in sorted(belief.weights):
                if number not in ODD and number not in self.centres:
                    raise ValueError(f"f{k} weighs S{number}, which has no centre")
