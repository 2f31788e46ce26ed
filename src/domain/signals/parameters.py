"""Every number of signals.md, named; the shipped values stand in contracts/signals.yaml alone.

Windows and counts are bars, ranges multiples of an ATR, z values standard
deviations, unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

MAX_WINDOW = 512


@dataclass(frozen=True, slots=True)
class SignalParameters:
    """The signals contract; see signals.md section by section for the meaning."""

    # Shared quantities (signals.md 2)
    atr_short: int  # 5
    atr_mid: int  # 14
    atr_long: int  # 30
    atr_cap_multiple: float  # what enters the ATRs is at most this times P30
    atr_floor_ticks: float  # floor of A14, A30, P14, P30 and of S3's reference
    volume_window: int  # z: previous volumes
    volume_sd_share: float  # sd* >= share * mean
    volume_sd_floor: float  # sd* >= floor
    volume_z_clip: float
    vwap_z_clip: float
    efficiency_window: int
    efficiency_min: int
    opening_minutes: int
    opening_min_bars: int
    prior_min_bars: int
    level_lookback: int  # bars of level (a)
    level_test_bars: int  # the test window, never part of level (a)
    level_extreme_weight: float
    level_extreme_min_bars: int
    level_opening_weight: float
    level_opening_min_bars: int
    level_prior_weight: float
    # S1 to S12
    vwap_z_min_bars: int
    vwap_slope_window: int
    vwap_slope_min: int
    seasonal_slot_minutes: int
    seasonal_sessions: int
    seasonal_min_sessions: int
    seasonal_fallback_span: int  # alpha = 2 / (span + 1)
    fallback_reliability: float
    ratio_clip: float
    compression_offset: float
    structure_window: int
    structure_min_count: int
    structure_min_bars: int
    breakout_window: int
    breakout_min_bars: int
    breakout_clip: float
    micro_trend_bars: int
    body_clip: float
    # S13 to S20
    volume_slope_window: int
    volume_slope_gain: float
    effort_window: int
    effort_min: int
    effort_body_offset: float
    effort_volume_offset: float
    expansion_clip: float
    climax_range: float
    climax_z: float
    quiet_range: float
    quiet_z: float
    high_volume_z: float
    high_volume_run: int
    participation_effort_weight: float
    # S21 to S24
    opening_break_clip: float
    lunch_void_atr: float
    # S25 to S28
    roll_window: int
    roll_min: int
    spread_scale: float
    slip_base: float
    slip_atr_1: float
    slip_atr_1_step: float
    slip_atr_2: float
    slip_atr_2_step: float
    slip_spread_1: float
    slip_spread_1_step: float
    slip_spread_2: float
    slip_spread_2_step: float
    slip_opening_factor: float
    slip_close_factor: float
    slip_max: float
    slip_realised_alpha: float
    friction_share: float
    # S29 to S35
    fomo_vwap_gain: float
    panic_range_clip: float
    sweep_reclaim_share: float
    round_radius_min: float
    round_radius_share: float
    late_window: int
    late_offset: float
    late_span: float
    auction_vwap_scale: float
    auction_volume_scale: float
    herding_run: int
    herding_base: float

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value != value or value in (float("inf"), float("-inf")):
                raise ValueError(f"{f.name} must be finite")
            if f.name != "quiet_z" and not value > 0:
                raise ValueError(f"{f.name} must be positive, got {value}")
            if f.type == "int" and not value <= MAX_WINDOW:
                raise ValueError(f"{f.name} must be at most {MAX_WINDOW}, got {value}")
        if not self.efficiency_min <= self.efficiency_window:
            raise ValueError("efficiency_min must be at most efficiency_window")
        if not self.effort_min <= self.effort_window:
            raise ValueError("effort_min must be at most effort_window")
        if not self.roll_min <= self.roll_window:
            raise ValueError("roll_min must be at most roll_window")
        if not 2 <= self.vwap_slope_min <= self.vwap_slope_window:
            raise ValueError("vwap_slope_min must lie in 2..vwap_slope_window")
        if self.volume_slope_window < 2:
            raise ValueError("volume_slope_window must be at least 2")


@dataclass(frozen=True, slots=True)
class ShockParameters:
    """The shock signature (quality.md 3)."""

    range_multiple: float
    volume_z: float
    body_multiple: float
    body_floor: float
    window: int
    min_changes: int

    def __post_init__(self) -> None:
        if not 2 <= self.min_changes <= self.window <= MAX_WINDOW:
            raise ValueError(f"2 <= min_changes <= window <= {MAX_WINDOW} is required")
        if min(self.range_multiple, self.volume_z, self.body_multiple, self.body_floor) <= 0:
            raise ValueError("shock multiples must be positive")


@dataclass(frozen=True, slots=True)
class RegimeParameters:
    """Regime classification (signals.md 5)."""

    volatile_ratio: float
    trending_efficiency: float
    trending_structure: float
    choppy_efficiency: float
    choppy_compression: float
    hold_bars: int

    def __post_init__(self) -> None:
        if self.hold_bars < 1:
            raise ValueError(f"hold_bars must be at least 1, got {self.hold_bars}")
        if not 0 < self.choppy_efficiency <= self.trending_efficiency < 1:
            raise ValueError("0 < choppy_efficiency <= trending_efficiency < 1 is required")


@dataclass(frozen=True, slots=True)
class Centre:
    """How an EVEN signal becomes signed evidence: clamp((x - centre) / scale, -1, 1)."""

    centre: float
    scale: float

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"scale must be positive, got {self.scale}")
