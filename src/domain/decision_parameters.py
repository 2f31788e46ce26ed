"""Every number of decision.md, named; the shipped values stand in contracts/decision.yaml
and contracts/templates.yaml alone."""

from __future__ import annotations

from dataclasses import dataclass

from domain.frame import Regime
from domain.units import Money


def _fraction(owner: object, *names: str) -> None:
    for name in names:
        if not 0.0 <= getattr(owner, name) <= 1.0:
            raise ValueError(f"{name} must lie in 0..1, got {getattr(owner, name)}")


@dataclass(frozen=True, slots=True)
class Tier:
    """One capital tier: equity from `equity_from` on, its templates, stop and risk caps."""

    name: str
    equity_from: Money
    templates: tuple[str, ...]
    stop_cap_ticks: int
    risk_cap: Money

    def __post_init__(self) -> None:
        if self.stop_cap_ticks < 1 or self.risk_cap.units <= 0 or self.equity_from.units < 0:
            raise ValueError(f"tier {self.name}: caps must be positive")


@dataclass(frozen=True, slots=True)
class FrictionParameters:
    """Cost of a round trip (decision.md 4): half a spread a crossing, times `pessimism`."""

    pessimism: float
    limit_crossings: int
    stop_limit_crossings: int
    alarm: Money

    def __post_init__(self) -> None:
        if self.pessimism < 1.0:
            raise ValueError(f"pessimism must be at least 1, got {self.pessimism}")
        if min(self.limit_crossings, self.stop_limit_crossings) < 1:
            raise ValueError("limit_crossings and stop_limit_crossings must be positive")
        if self.alarm.units <= 0:
            raise ValueError(f"alarm must be positive, got {self.alarm}")


@dataclass(frozen=True, slots=True)
class ScoreParameters:
    """The score in R (decision.md 5)."""

    likelihood_min: float
    likelihood_max: float
    p0_min: float
    p0_max: float
    pseudo_trades: float
    quantile: float
    other_key_weight: float
    uncertainty_scale: float
    uncertainty_dvs: float
    uncertainty_eqs: float
    uncertainty_stability: float
    uncertainty_belief: float
    stability_scale: float

    def __post_init__(self) -> None:
        _fraction(
            self, "likelihood_min", "likelihood_max", "p0_min", "p0_max", "quantile",
            "other_key_weight", "uncertainty_scale", "uncertainty_dvs", "uncertainty_eqs",
            "uncertainty_stability", "uncertainty_belief",
        )  # fmt: skip
        if not 0 < self.likelihood_min < self.likelihood_max < 1:
            raise ValueError("0 < likelihood_min < likelihood_max < 1 is required")
        if not 0 < self.p0_min < self.p0_max < 1 or not 0 < self.quantile < 1:
            raise ValueError("probabilities must lie inside (0, 1)")
        if self.pseudo_trades <= 0 or self.stability_scale <= 0:
            raise ValueError("pseudo_trades and stability_scale must be positive")


@dataclass(frozen=True, slots=True)
class ThresholdParameters:
    """The score threshold theta and its modifiers, in R (decision.md 5)."""

    base: float
    floor: float
    ceiling: float
    opening: float
    mid_morning: float
    lunch: float
    afternoon: float
    close: float
    monday: float
    friday: float
    friday_late: float
    friday_late_hour: int
    volatility_high: float
    volatility_high_add: float
    volatility_low: float
    volatility_low_add: float
    range_high: float
    range_high_add: float
    range_low: float
    range_low_add: float
    conflict_add: float
    conflict_likelihood: float
    conflict_crowd: float
    crowd_slope: float
    crowd_from: float

    def __post_init__(self) -> None:
        if not 0 <= self.floor <= self.base <= self.ceiling:
            raise ValueError("0 <= floor <= base <= ceiling is required")
        if not 0 <= self.friday_late_hour <= 23:
            raise ValueError("friday_late_hour must lie in 0..23")
        if self.conflict_add < 0 or self.crowd_slope < 0:
            raise ValueError("conflict_add and crowd_slope must not be negative")
        if self.volatility_low > self.volatility_high or self.range_low > self.range_high:
            raise ValueError("volatility_low and range_low must not exceed their high")


@dataclass(frozen=True, slots=True)
class LockoutParameters:
    """Layer 4: what locks entries, and for how many minutes (decision.md 6)."""

    vol_shock_atr: float
    vol_shock_range: float
    vol_shock_quiet_minutes: int
    vol_shock_minutes: int
    danger_spread: float
    danger_slip: float
    danger_minutes: int
    news_minutes: int

    def __post_init__(self) -> None:
        if min(self.vol_shock_minutes, self.danger_minutes, self.news_minutes) < 1:
            raise ValueError("lockouts last at least one minute")
        if self.vol_shock_quiet_minutes < 0:
            raise ValueError("vol_shock_quiet_minutes must not be negative")
        if min(self.vol_shock_atr, self.vol_shock_range, self.danger_spread, self.danger_slip) <= 0:
            raise ValueError("lockout triggers must be positive")


@dataclass(frozen=True, slots=True)
class CounterfactualScales:
    """What one unit of shortfall is worth, by the gate's kind (decision.md 8)."""

    fraction: float
    ticks: float
    minutes: float
    usd: float
    count: float

    def __post_init__(self) -> None:
        if min(self.fraction, self.ticks, self.minutes, self.usd, self.count) <= 0:
            raise ValueError("scales must be positive")


@dataclass(frozen=True, slots=True)
class DecisionParameters:
    """The decision contract."""

    tiers: tuple[Tier, ...]
    equity_stale_minutes: int
    friction: FrictionParameters
    score: ScoreParameters
    theta: ThresholdParameters
    lockouts: LockoutParameters
    counterfactual: CounterfactualScales

    def __post_init__(self) -> None:
        if not self.tiers or self.tiers[0].equity_from.units != 0:
            raise ValueError("tiers must start at an equity of 0")
        if len({tier.name for tier in self.tiers}) != len(self.tiers):
            raise ValueError("tiers must differ in name")
        if self.equity_stale_minutes < 1:
            raise ValueError("equity_stale_minutes must be at least 1")
        for low, high in zip(self.tiers, self.tiers[1:], strict=False):
            if not low.equity_from < high.equity_from:
                raise ValueError(f"tier {high.name} must start above tier {low.name}")


@dataclass(frozen=True, slots=True)
class StopRule:
    """Initial stops of all templates (decision.md 2): at least `min_ticks`, and the two
    refusals, a structure beyond `need_multiple` caps and an A14 beyond `atr_multiple` caps."""

    min_ticks: int
    need_multiple_num: int
    need_multiple_den: int
    atr_multiple: float

    def __post_init__(self) -> None:
        if self.min_ticks < 1 or self.need_multiple_num < self.need_multiple_den:
            raise ValueError("min_ticks and the need multiple must be at least 1")
        if self.need_multiple_den < 1 or self.atr_multiple <= 0:
            raise ValueError("multiples must be positive")


_REGIMES = frozenset(r.name.lower() for r in Regime if r is not Regime.UNKNOWN)


@dataclass(frozen=True, slots=True)
class TemplateParameters:
    """What K1 to K4 share: thresholds, stop and target rules, time to live.

    Target is `target_num/target_den` stops, rounded up (for K1: the smallest worthwhile
    target); `stop_lookback` bars give the structural extreme, `stop_buffer` ticks beyond it.
    `stop_limit_offset` ticks lie between trigger and limit of a STOP-LIMIT entry.
    """

    enabled: bool
    min_belief: float
    max_stability: float
    stop_cap_ticks: int
    time_stop_minutes: int
    theta_t: float
    stop_lookback: int
    stop_buffer: int
    target_num: int
    target_den: int
    stop_limit_offset: int
    time_to_live_seconds: int
    regimes: tuple[str, ...]

    def __post_init__(self) -> None:
        _fraction(self, "min_belief", "max_stability", "theta_t")
        if not 1 <= self.stop_lookback <= 8:
            raise ValueError("stop_lookback must lie in 1..8")
        if self.target_den < 1 or self.target_num < self.target_den:
            raise ValueError("the target must be at least one stop")
        if self.stop_cap_ticks < 1 or self.time_stop_minutes < 1 or self.time_to_live_seconds < 1:
            raise ValueError("caps and times must be positive")
        if self.stop_buffer < 0 or self.stop_limit_offset < 0:
            raise ValueError("stop_buffer and stop_limit_offset must not be negative")
        if not self.regimes or not set(self.regimes) <= _REGIMES:
            raise ValueError(f"regimes must be some of {', '.join(sorted(_REGIMES))}")


@dataclass(frozen=True, slots=True)
class VwapReversionRule:
    """K1: stretch in S1 units, the trend not to fade, and the largest target in stops."""

    stretch: float
    against_trend: float
    target_max_stops: int

    def __post_init__(self) -> None:
        _fraction(self, "stretch", "against_trend")
        if self.target_max_stops < 1:
            raise ValueError(f"target_max_stops must be at least 1, got {self.target_max_stops}")


@dataclass(frozen=True, slots=True)
class FailedBreakRule:
    """K2: closes beyond the level looked for, break extent in ticks and A14, trend not to fade."""

    break_closes: int
    extent_ticks: int
    extent_atr: float
    extent_bars: int
    against_trend: float

    def __post_init__(self) -> None:
        if not 1 <= self.break_closes <= 6 or not 1 <= self.extent_bars <= 8:
            raise ValueError("break_closes must lie in 1..6 and extent_bars in 1..8")
        _fraction(self, "against_trend")
        if self.extent_ticks < 1 or self.extent_atr < 0:
            raise ValueError("extent_ticks must be at least 1 and extent_atr not negative")


@dataclass(frozen=True, slots=True)
class SweepReversalRule:
    """K3: least sweep score, bars in which the sweep happened, closes that must stay inside."""

    sweep_score: float
    sweep_bars: int
    inside_closes: int

    def __post_init__(self) -> None:
        if not 1 <= self.sweep_bars <= 8 or not 1 <= self.inside_closes <= 6:
            raise ValueError("sweep_bars must lie in 1..8 and inside_closes in 1..6")
        _fraction(self, "sweep_score")


@dataclass(frozen=True, slots=True)
class MomentumRule:
    """K4: least structure, least body, most lateness."""

    structure: float
    body: float
    lateness: float

    def __post_init__(self) -> None:
        _fraction(self, "structure", "body", "lateness")


@dataclass(frozen=True, slots=True)
class NoiseRule:
    """K5: least effective tradeability; below it every entry of the bar is vetoed."""

    min_tradeability: float

    def __post_init__(self) -> None:
        _fraction(self, "min_tradeability")


@dataclass(frozen=True, slots=True)
class TemplateTable:
    """The templates contract: what all share, K1 to K4, and the noise filter K5."""

    min_bars: int
    thesis_margin: float
    stop: StopRule
    k1: TemplateParameters
    k1_rule: VwapReversionRule
    k2: TemplateParameters
    k2_rule: FailedBreakRule
    k3: TemplateParameters
    k3_rule: SweepReversalRule
    k4: TemplateParameters
    k4_rule: MomentumRule
    k5: NoiseRule

    def __post_init__(self) -> None:
        if self.min_bars < 8:
            raise ValueError("min_bars must be at least 8")
        _fraction(self, "thesis_margin")
