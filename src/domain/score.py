"""Edge, uncertainty and cost of a candidate in R (decision.md 4 and 5)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

from domain.beta import beta_quantile
from domain.decision_parameters import DecisionParameters, ScoreParameters, ThresholdParameters
from domain.frame import Frame
from domain.friction import friction
from domain.intent import EntryType
from domain.learning import Standing
from domain.session import Phase, Timetable
from domain.units import UtcNanos, q9

_on_grid: Final = lru_cache(maxsize=256)(q9)
"""`q9` of a number of the contracts or of a standing: the same few, over and over."""
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


class Score(NamedTuple):
    """The parts of a score, all on the 1e-9 grid; friction in USD, the rest in R or shares."""

    b: float
    p0: float
    a_d: float
    b_d: float
    p_lb: float
    edge: float
    uncertainty: float
    friction: float
    multiplier: float
    cost: float
    score: float


class ThetaParts(NamedTuple):
    """The threshold's base and modifiers in R; `total` is clamped and on the grid."""

    base: float
    tod: float
    dow: float
    vol: float
    range: float
    conflict: float
    crowd: float

    def total(self, p: ThresholdParameters) -> float:
        """theta: the sum in the order of the fields, clamped."""
        summed = (
            self.base + self.tod + self.dow + self.vol + self.range + self.conflict + self.crowd
        )
        return q9(min(max(summed, p.floor), p.ceiling))


def prior(effective: float, b: float, p: ScoreParameters) -> float:
    """Win probability before data: no-edge odds 1/b moved by the belief, tempered by x^0.75."""
    share = min(max(effective, p.likelihood_min), p.likelihood_max)
    odds = share / (1.0 - share)
    root = math.sqrt(odds)
    moved = (1.0 / b) * (root * math.sqrt(root))
    return min(max(moved / (1.0 + moved), p.p0_min), p.p0_max)


def friction_usd(
    entry_type: EntryType, frame: Frame, usd: tuple[float, float], p: DecisionParameters
) -> float:
    """Estimated cost of the round trip in USD; NaN while S26 is not ready. `usd` are the
    value of a tick and the fee of a side."""
    f = p.friction
    crossings = f.limit_crossings if entry_type is EntryType.LIMIT else f.stop_limit_crossings
    return q9(friction(crossings, frame.slip, frame.spread, *usd, f.pessimism))


class Odds(NamedTuple):
    """What a score is made of, beside the contract: distances, belief, quality, costs."""

    stop: int
    target: int
    effective: float
    stability: float
    dvs_bp: int
    eqs_bp: int
    friction: float
    risk_usd: float


def score_of(odds: Odds, standing: Standing, p: ScoreParameters) -> Score:
    """Edge minus uncertainty minus cost, in multiples of the initial risk."""
    b = odds.target / odds.stop
    p0 = prior(odds.effective, b, p)
    p_lb = beta_quantile(
        p.pseudo_trades * p0 + standing.successes,
        p.pseudo_trades * (1.0 - p0) + standing.failures,
        p.quantile,
    )
    edge = p_lb * b - (1.0 - p_lb)
    uncertainty = p.uncertainty_scale * (
        p.uncertainty_dvs * (1.0 - odds.dvs_bp / 10_000)
        + p.uncertainty_eqs * (1.0 - odds.eqs_bp / 10_000)
        + p.uncertainty_stability * min(1.0, odds.stability / p.stability_scale)
        + p.uncertainty_belief * (1.0 - odds.effective)
    )
    cost = standing.multiplier * odds.friction / odds.risk_usd
    return _made(
        Score,
        (
            q9(b),
            q9(p0),
            _on_grid(standing.successes),
            _on_grid(standing.failures),
            q9(p_lb),
            q9(edge),
            q9(uncertainty),
            odds.friction,
            _on_grid(standing.multiplier),
            q9(cost),
            q9(edge - uncertainty - cost),
        ),
    )


_TOD: Final = ("", "opening", "mid_morning", "lunch", "afternoon", "close", "", "")
"""The modifier of each phase, in the order of `Phase`; none outside regular hours."""
_MONDAY, _FRIDAY = 0, 4


class ThetaTable(NamedTuple):
    """The threshold's contract, laid out once: `by_phase` the modifier of each phase of the
    decision time, `volatility_low` on the grid."""

    p: ThresholdParameters
    by_phase: tuple[float, ...]
    volatility_low: float

    @classmethod
    def of(cls, p: ThresholdParameters) -> ThetaTable:
        """Lay out a contract."""
        by_phase = tuple(float(getattr(p, name)) if name else 0.0 for name in _TOD)
        return cls(p, by_phase, q9(p.volatility_low))

    def parts(self, frame: Frame, phase: Phase, t_d: UtcNanos, timetable: Timetable) -> ThetaParts:
        """The parts of theta that do not depend on the candidate."""
        p, values = self.p, frame.values
        s3, s4 = values[2], values[3]
        dow = vol = range_ = 0.0
        weekday = timetable.session.date.weekday()
        if weekday == _MONDAY:
            dow = p.monday
        elif weekday == _FRIDAY:  # the later hours of it are worse
            dow = p.friday_late if t_d >= timetable.session.at(p.friday_late_hour) else p.friday
        if s3 < self.volatility_low:
            vol = p.volatility_low_add
        elif s3 > p.volatility_high:
            vol = p.volatility_high_add
        if s4 < p.range_low:
            range_ = p.range_low_add
        elif s4 > p.range_high:
            range_ = p.range_high_add
        return _made(ThetaParts, (p.base, self.by_phase[phase], dow, vol, range_, 0.0, 0.0))


def candidate_theta(
    parts: ThetaParts, crowd: float, against: float, p: ThresholdParameters
) -> ThetaParts:
    """Add crowd and conflict: the likelihood of a crowd on the candidate's side, and the
    largest of those that contradict its template; the rival side comes later."""
    conflict = against >= p.conflict_likelihood or crowd >= p.conflict_crowd
    late = crowd > p.crowd_from
    if not conflict and not late:
        return parts
    base, tod, dow, vol, range_, _, _ = parts
    return ThetaParts(
        base,
        tod,
        dow,
        vol,
        range_,
        p.conflict_add if conflict else 0.0,
        q9(p.crowd_slope * (crowd - p.crowd_from)) if late else 0.0,
    )
