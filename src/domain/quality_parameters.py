"""Every number of quality.md, named; the shipped values stand in contracts/quality.yaml alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise

from domain.units import SECOND, BasisPoints

FULL: BasisPoints = 10_000


class IncidentKind(StrEnum):
    """What the broker side can do to us (quality.md 2)."""

    ORDER_REJECTED = "ORDER_REJECTED"
    ACK_TIMEOUT = "ACK_TIMEOUT"
    SLOW_EXIT = "SLOW_EXIT"
    EXCESS_SLIPPAGE = "EXCESS_SLIPPAGE"
    PARTIAL_FILL = "PARTIAL_FILL"
    CANCEL_REJECTED = "CANCEL_REJECTED"
    STATE_UNKNOWN = "STATE_UNKNOWN"
    PROTECTION_LOST = "PROTECTION_LOST"
    CONNECTION_LOST = "CONNECTION_LOST"


@dataclass(frozen=True, slots=True)
class Penalties:
    """Basis points each event takes from the minute it hits (quality.md 1)."""

    gap: BasisPoints
    non_monotonic: BasisPoints
    malformed: BasisPoints
    zero_volume: BasisPoints
    outlier: BasisPoints
    late_bar: BasisPoints
    stuck_feed: BasisPoints
    spread_anomaly: BasisPoints
    no_quote: BasisPoints
    partial_few: BasisPoints  # fewer than partial_many_from sub-bars missing
    partial_many: BasisPoints
    clock_skew: BasisPoints

    def __post_init__(self) -> None:
        for f in fields(self):
            if not 0 < getattr(self, f.name) <= FULL:
                raise ValueError(f"{f.name} must lie in 1..{FULL}, got {getattr(self, f.name)}")


@dataclass(frozen=True, slots=True)
class StaleStep:
    """`bp` are taken off once the last bar's close is more than `over_seconds` ago."""

    over_seconds: int
    bp: BasisPoints


@dataclass(frozen=True, slots=True)
class Gates:
    """DVS and EQS pass at or above these (quality.md 4); basis points."""

    dvs_entry: BasisPoints
    dvs_hold: BasisPoints
    dvs_kill: BasisPoints
    eqs_entry: BasisPoints
    eqs_hold: BasisPoints
    eqs_kill: BasisPoints

    def __post_init__(self) -> None:
        if not 0 < self.dvs_kill < self.dvs_hold < self.dvs_entry <= FULL:
            raise ValueError(f"0 < dvs_kill < dvs_hold < dvs_entry <= {FULL} is required")
        if not 0 < self.eqs_kill < self.eqs_hold < self.eqs_entry <= FULL:
            raise ValueError(f"0 < eqs_kill < eqs_hold < eqs_entry <= {FULL} is required")


@dataclass(frozen=True, slots=True)
class IncidentRule:
    """What one incident costs at once (`p`, 0..1) and in how many RTH minutes half is forgiven."""

    kind: IncidentKind
    p: float
    half_life_minutes: int

    def __post_init__(self) -> None:
        if not 0.0 < self.p <= 1.0:
            raise ValueError(f"{self.kind}: p must lie in 0..1, got {self.p}")
        if self.half_life_minutes < 1:
            raise ValueError(f"{self.kind}: half_life_minutes must be at least 1")


@dataclass(frozen=True, slots=True)
class AggregationParameters:
    """Length of a sub-bar, and how long after its end a minute waits for stragglers; seconds."""

    sub_bar_seconds: int
    grace_seconds: int

    def __post_init__(self) -> None:
        if self.sub_bar_seconds < 1 or 60 % self.sub_bar_seconds:
            raise ValueError(f"sub_bar_seconds must divide 60, got {self.sub_bar_seconds}")
        if not 0 <= self.grace_seconds < 60:
            raise ValueError(f"grace_seconds must lie in 0..59, got {self.grace_seconds}")

    @property
    def sub_bar(self) -> int:
        """Nanoseconds of one sub-bar."""
        return self.sub_bar_seconds * SECOND

    @property
    def per_minute(self) -> int:
        """Sub-bars of a whole minute: 12 of 5 seconds."""
        return 60 // self.sub_bar_seconds


@dataclass(frozen=True, slots=True)
class QualityParameters:
    """The quality contract; seconds, ticks and counts as the names say."""

    window_minutes: int  # DVS is the worst minute of the last so many
    penalties: Penalties
    outlier_multiple: float  # of max(ATR30 before the bar, outlier_floor_ticks)
    outlier_floor_ticks: float
    late_bar_seconds: int
    stuck_bars: int
    spread_anomaly_ticks: float
    partial_many_from: int
    clock_skew_seconds: int
    clock_skew_observe_seconds: int
    clock_good_samples: int  # good samples in a row that end observe-only
    staleness: tuple[StaleStep, ...]
    gates: Gates
    incidents: tuple[IncidentRule, ...]
    incident_weight_min: float  # lighter incidents are forgotten
    aggregation: AggregationParameters

    def __post_init__(self) -> None:
        for name in ("window_minutes", "partial_many_from", "late_bar_seconds",
                     "clock_skew_seconds", "clock_good_samples"):  # fmt: skip
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.stuck_bars < 2:
            raise ValueError(f"stuck_bars must be at least 2, got {self.stuck_bars}")
        for name in ("outlier_multiple", "outlier_floor_ticks", "spread_anomaly_ticks"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be positive and finite")
        if not 0.0 < self.incident_weight_min < 1.0:
            raise ValueError("incident_weight_min must lie in 0..1")
        if self.clock_skew_observe_seconds < self.clock_skew_seconds:
            raise ValueError("clock_skew_observe_seconds must not be below clock_skew_seconds")
        steps = [(s.over_seconds, s.bp) for s in self.staleness]
        if (
            not steps
            or steps[0][0] < 0
            or any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(steps))
        ):
            raise ValueError("staleness steps must rise in seconds and in bp")
        if sorted(r.kind for r in self.incidents) != sorted(IncidentKind):
            raise ValueError("incidents must name every kind exactly once")
