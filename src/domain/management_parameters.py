"""Numbers of management.md, execution.md and learning.md; the shipped values stand in the
contracts of those names alone."""

from __future__ import annotations

from dataclasses import dataclass, fields


def _positive(owner: object, *names: str) -> None:
    for name in names:
        if not getattr(owner, name) > 0:
            raise ValueError(f"{name} must be positive, got {getattr(owner, name)}")


@dataclass(frozen=True, slots=True)
class ManagementParameters:
    """Rules while in a trade (management.md)."""

    tighten_min_ticks: int
    dvs_hold_decisions: int
    dvs_hold_seconds: int
    thesis_margin: float
    thesis_bad_bars: int
    structure_ticks: int
    structure_closes: int
    volatility_tighten: float
    volatility_exit: float
    lock_num: int
    lock_den: int
    max_rejected_modifications: int

    def __post_init__(self) -> None:
        _positive(self, *(f.name for f in fields(self)))
        if self.volatility_exit < self.volatility_tighten:
            raise ValueError("volatility_exit must not lie below volatility_tighten")


@dataclass(frozen=True, slots=True)
class ExecutionParameters:
    """Supervision times (execution.md 4) and simulation rules (execution.md 8).

    Seconds and attempts have ceilings: a contract may watch more closely, never less.
    `settle_s` is the wait before an order that is nowhere counts as never sent.
    """

    ack_timeout_s: int
    cancel_timeout_s: int
    protection_grace_s: int
    protection_retry_s: int
    protection_attempts: int
    flatten_retry_s: int
    flatten_rounds: int
    entry_expiry_margin_s: int
    settle_s: int
    sim_through_ticks: int
    sim_stop_limit_slip_ticks: int
    sim_market_spread_share: float

    def __post_init__(self) -> None:
        _positive(self, *(f.name for f in fields(self)))
        for name, ceiling in _SUPERVISION_CEILINGS:
            if getattr(self, name) > ceiling:
                raise ValueError(
                    f"{name} may be at most {ceiling}, got {getattr(self, name)}: "
                    "supervision has a ceiling"
                )
        if self.settle_s < _LEAST_SETTLE_S:
            raise ValueError(
                f"settle_s must be at least {_LEAST_SETTLE_S}, got {self.settle_s}: "
                "supervision has a ceiling"
            )


_LEAST_SETTLE_S = 10
_SUPERVISION_CEILINGS = (
    ("ack_timeout_s", 5),
    ("cancel_timeout_s", 10),
    ("protection_grace_s", 2),
    ("protection_retry_s", 5),
    ("protection_attempts", 2),
    ("flatten_retry_s", 10),
    ("flatten_rounds", 3),
    ("entry_expiry_margin_s", 5),
)


@dataclass(frozen=True, slots=True)
class LearningLimits:
    """Quarantine and throttle thresholds of one level, key or template (learning.md 3)."""

    window: int
    quarantine_losses: int
    expectancy_min_trades: int
    win_rate_min_trades: int

    def __post_init__(self) -> None:
        _positive(self, *(f.name for f in fields(self)))
        if max(self.expectancy_min_trades, self.win_rate_min_trades) > self.window:
            raise ValueError("window must hold the trades the other rules ask for")


@dataclass(frozen=True, slots=True)
class LearningParameters:
    """The learning contract (learning.md 2 to 4, 6).

    `calibration_gap` is negative: a gap below it is a warning.
    """

    key: LearningLimits
    template: LearningLimits
    quarantine_win_rate: float
    throttle_min_trades: int
    throttle_max_trades: int
    throttle_heavy_win_rate: float
    throttle_mild_multiplier: float
    throttle_heavy_multiplier: float
    reenable_wins: int
    reenable_min_trades: int
    calibration_window: int
    calibration_min_trades: int
    calibration_gap: float

    def __post_init__(self) -> None:
        if not 1.0 <= self.throttle_mild_multiplier <= self.throttle_heavy_multiplier:
            raise ValueError("1 <= mild <= heavy multiplier is required")
        if not 0 < self.throttle_heavy_win_rate <= self.quarantine_win_rate < 1:
            raise ValueError("0 < heavy win rate <= quarantine win rate < 1 is required")
        _positive(
            self, "throttle_min_trades", "reenable_wins", "reenable_min_trades",
            "calibration_min_trades",
        )  # fmt: skip
        if self.throttle_min_trades > self.throttle_max_trades:
            raise ValueError("throttle_min_trades must not exceed throttle_max_trades")
        if self.calibration_min_trades > self.calibration_window:
            raise ValueError("calibration_min_trades must not exceed calibration_window")
        if not -1.0 < self.calibration_gap < 0.0:
            raise ValueError(f"calibration_gap must lie in (-1, 0), got {self.calibration_gap}")
