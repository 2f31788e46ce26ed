"""The limits of the law and the ceilings that no contract file may loosen (law.md 1).

The ceilings are part of the type: a `Constitution` looser than law.md in any
number cannot be made, whichever file or program asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from domain.units import Money

_HIGHEST: Final[dict[str, int | float | Money]] = {
    "max_position": 1,
    "max_risk": Money.parse("15.00"),
    "max_stop_ticks": 12,
    "max_trades_per_day": 2,
    "max_daily_loss": Money.parse("30.00"),
    "max_weekly_loss": Money.parse("75.00"),
    "max_monthly_loss": Money.parse("150.00"),
    "loss_overrun": Money.parse("36.00"),
    "max_loss_streak": 2,
    "probation_trades_per_day": 1,
    "max_minutes_in_trade": 60,
    "max_friction_share": 0.30,
    "max_submissions_per_day": 10,
    "max_distance_from_close": 0.05,
    "max_distance_atr": 4.0,
    "max_decision_age_s": 10,
    "permit_life_s": 5,
}
_LOWEST: Final[dict[str, int | float | Money]] = {
    "min_stop_ticks": 8,
    "min_minutes_between_entries": 30,
    "dvs_entry_bp": 8000,
    "dvs_hold_bp": 6000,
    "dvs_kill_bp": 3000,
    "eqs_entry_bp": 7500,
    "eqs_hold_bp": 6000,
    "eqs_kill_bp": 3000,
    "recovery_minutes": 30,
    "margin_factor": 1.5,
    "min_free_disk_mb": 500,
    "restart_quiet_minutes": 10,
    "opening_block_minutes": 5,
    "last_entry_minutes": 15,
    "flatten_minutes": 5,
}
# Ceilings of numbers that other contracts hold: the lunch block in minutes of the New York day
# (instrument-and-session.md 4), the life of an entry and the wait for a lost order (execution.md
# 4 and 5).
_HIGHEST_ELSEWHERE: Final[dict[str, int]] = {"lunch_from": 690, "time_to_live_seconds": 90}
_LOWEST_ELSEWHERE: Final[dict[str, int]] = {"afternoon_from": 810}
# By the equity a tier starts from: widest stop in ticks, largest risk (decision.md 1, L2, L3).
_TIERS: Final[tuple[tuple[Money, int, Money], ...]] = (
    (Money.parse("7500.00"), 18, Money.parse("15.00")),
    (Money.parse("2500.00"), 14, Money.parse("15.00")),
    (Money.parse("0.00"), 10, Money.parse("12.00")),
)


@dataclass(frozen=True, slots=True)
class Constitution:
    """L1 to L19 as numbers; money in USD, quality in basis points.

    Errors: ValueError naming the field and its ceiling for any value looser than law.md.
    """

    max_position: int
    max_risk: Money
    min_stop_ticks: int
    max_stop_ticks: int
    max_trades_per_day: int
    min_minutes_between_entries: int
    max_daily_loss: Money
    max_weekly_loss: Money
    max_monthly_loss: Money
    loss_overrun: Money
    max_loss_streak: int
    recovery_minutes: int
    probation_trades_per_day: int
    dvs_entry_bp: int
    dvs_hold_bp: int
    dvs_kill_bp: int
    eqs_entry_bp: int
    eqs_hold_bp: int
    eqs_kill_bp: int
    opening_block_minutes: int
    last_entry_minutes: int
    flatten_minutes: int
    max_minutes_in_trade: int
    max_friction_share: float
    max_submissions_per_day: int
    max_distance_from_close: float
    max_distance_atr: float
    max_decision_age_s: int
    permit_life_s: int
    margin_factor: float
    min_free_disk_mb: int
    restart_quiet_minutes: int

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            amount = value.units if isinstance(value, Money) else value
            if not amount > 0:
                raise ValueError(f"{f.name} must be positive, got {value}")
            _judge(f.name, value, amount)
        if self.min_stop_ticks > self.max_stop_ticks:
            raise ValueError("min_stop_ticks must not exceed max_stop_ticks")
        for score in ("dvs", "eqs"):
            kill, hold, entry = (
                getattr(self, f"{score}_{gate}_bp") for gate in ("kill", "hold", "entry")
            )
            if not kill <= hold <= entry <= 10_000:
                raise ValueError(f"{score}: kill <= hold <= entry <= 10000 is required")


def check_ceiling(name: str, value: int | float | Money) -> None:
    """Hold a number to the law's ceiling of that name, whichever contract states it.

    Errors: ValueError naming the number and its ceiling; KeyError if the law has none.
    """
    _judge(name, value, value.units if isinstance(value, Money) else value)


def check_tier(equity_from: Money, stop_cap_ticks: int, risk_cap: Money) -> None:
    """Hold a capital tier to the law's caps for the equity it starts from.

    Errors: ValueError naming the cap.
    """
    _, widest, largest = next(row for row in _TIERS if row[0] <= equity_from)
    if stop_cap_ticks > widest:
        raise ValueError(
            f"stop_cap_ticks may be at most {widest} from {equity_from.cents()} USD on, "
            f"got {stop_cap_ticks}: the law has a ceiling"
        )
    if risk_cap > largest:
        raise ValueError(
            f"risk_cap may be at most {largest.cents()} from {equity_from.cents()} USD on, "
            f"got {risk_cap.cents()}: the law has a ceiling"
        )


def _judge(name: str, value: object, amount: float) -> None:
    highest = _HIGHEST.get(name, _HIGHEST_ELSEWHERE.get(name))
    if highest is not None:
        ceiling = highest.units if isinstance(highest, Money) else highest
        if not amount <= ceiling:
            raise ValueError(f"{name} may be at most {highest}, got {value}: the law has a ceiling")
        return
    lowest = _LOWEST[name] if name in _LOWEST else _LOWEST_ELSEWHERE[name]
    floor = lowest.units if isinstance(lowest, Money) else lowest
    if not amount >= floor:
        raise ValueError(f"{name} must be at least {lowest}, got {value}: the law has a ceiling")
