"""Gates: the questions every bar and every candidate must answer (decision.md 6).

All are evaluated and all are recorded; the first that fails names the reason. A gate that
cannot be evaluated fails closed. Verdicts that recur (a Boolean gate, a count, a quality
score) are made once and shared, because this runs on every bar.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from domain.law.constitution import Constitution
from domain.law.state import Halt, LawState, limit_of, streak_allows
from domain.session import TRADABLE, Phase, Timetable
from domain.units import MINUTE, Money, UtcNanos, q9


class GateResult(NamedTuple):
    """One gate's answer. `value`, `threshold` and `margin` are None for Boolean gates, `value`
    also where there is nothing to measure; `margin` is positive on the passing side.
    `candidate` is `K1+1` style for candidate gates, None for global ones. `reason` is the
    code that a failure gives; `kind` says what unit the figures have."""

    id: str
    layer: int
    candidate: str | None
    value: float | None
    cmp: str
    threshold: float | None
    passed: bool
    margin: float | None
    reason: str
    kind: str


MISSING: Final = "MISSING_REQUIRED_SIGNAL"
BOOLEAN, FRACTION, MINUTES, USD, COUNT = "boolean", "fraction", "minutes", "usd", "count"

_CACHE = 4096


@lru_cache(maxsize=_CACHE)
def boolean(
    gate: str, layer: int, passed: bool, reason: str, candidate: str | None = None
) -> GateResult:
    """A gate without a number."""
    return GateResult(gate, layer, candidate, None, "is", None, passed, None, reason, BOOLEAN)


def at_least(
    gate: str,
    layer: int,
    value: float,
    threshold: float,
    reason: str,
    kind: str,
    candidate: str | None = None,
) -> GateResult:
    """Passes iff value >= threshold."""
    margin = q9(value - threshold)
    return GateResult(
        gate, layer, candidate, value, ">=", threshold, value >= threshold, margin, reason, kind
    )


def at_most(
    gate: str,
    layer: int,
    value: float,
    threshold: float,
    reason: str,
    kind: str,
    candidate: str | None = None,
) -> GateResult:
    """Passes iff value <= threshold."""
    margin = q9(threshold - value)
    return GateResult(
        gate, layer, candidate, value, "<=", threshold, value <= threshold, margin, reason, kind
    )


def below(
    gate: str, layer: int, value: float, threshold: float, reason: str, kind: str, passed: bool
) -> GateResult:
    """Passes iff `passed`, which says value < threshold and whatever else the gate asks."""
    margin = q9(threshold - value)
    return GateResult(gate, layer, None, value, "<", threshold, passed, margin, reason, kind)


def unknown(
    gate: str, layer: int, cmp: str, threshold: float | None, kind: str, candidate: str
) -> GateResult:
    """A gate that could not be evaluated: it fails closed, without a value."""
    return GateResult(gate, layer, candidate, None, cmp, threshold, False, None, MISSING, kind)


@lru_cache(maxsize=_CACHE)
def _trades(done: int, most: int) -> GateResult:
    return below(
        "trades_today", 1, float(done), float(most), "MAX_TRADES_REACHED", COUNT, done < most
    )


@lru_cache(maxsize=_CACHE)
def _loss(gate: str, reason: str, lost: Money, limit: Money, halted: bool) -> GateResult:
    passed = lost < limit and not halted
    return below(gate, 1, float(lost), float(limit), reason, USD, passed)


@lru_cache(maxsize=_CACHE)
def _score_bp(gate: str, value_bp: int, threshold_bp: int, reason: str) -> GateResult:
    return at_least(gate, 2, value_bp / 10_000, threshold_bp / 10_000, reason, FRACTION)


def _spacing(last: UtcNanos | None, now: UtcNanos, least: int) -> GateResult:
    if last is None:
        return _first_entry(float(least))
    minutes = q9((now - last) / MINUTE)
    return at_least("spacing", 1, minutes, float(least), "COOLDOWN_ACTIVE", MINUTES)


@lru_cache(maxsize=8)
def _first_entry(least: float) -> GateResult:
    return GateResult("spacing", 1, None, None, ">=", least, True, None, "COOLDOWN_ACTIVE", MINUTES)


class Locks(NamedTuple):
    """Layer 4: which lockouts are in force."""

    vol_shock: bool
    execution_danger: bool
    news_shock: bool


def law_gates(state: LawState, flat: bool, now: UtcNanos, law: Constitution) -> list[GateResult]:
    """Layers 0 and 1."""
    halts = state.halts
    return [
        boolean("kill", 0, not state.killed, "KILL_SWITCH_ACTIVE"),
        boolean("flat", 1, flat, "IN_POSITION"),
        _trades(state.trades_today, law.max_trades_per_day),
        _spacing(state.last_entry, now, law.min_minutes_between_entries),
        boolean("streak", 1, streak_allows(state, law), "CONSECUTIVE_LOSS_LOCKOUT"),
        *(
            _loss(gate, reason, state.realised_loss(halt), limit_of(halt, law), halt in halts)
            for gate, reason, halt in _LOSSES
        ),
    ]


_LOSSES: Final = (
    ("daily_loss", "DAILY_LOSS_LIMIT", Halt.DAY),
    ("weekly_loss", "WEEKLY_LOSS_LIMIT", Halt.WEEK),
    ("monthly_loss", "MONTHLY_LOSS_LIMIT", Halt.MONTH),
)


def market_gates(
    dvs_bp: int, eqs_bp: int, phase: Phase, t_d: UtcNanos, timetable: Timetable, law: Constitution
) -> list[GateResult]:
    """Layers 2 and 3."""
    return [
        _score_bp("dvs", dvs_bp, law.dvs_entry_bp, "DVS_TOO_LOW"),
        _score_bp("eqs", eqs_bp, law.eqs_entry_bp, "EQS_TOO_LOW"),
        boolean("session", 3, phase in TRADABLE, "SESSION_NOT_TRADABLE"),
        boolean("window", 3, timetable.entry_window_open(t_d), "SESSION_WINDOW_BLOCK"),
    ]


def lockout_gates(locks: Locks) -> list[GateResult]:
    """Layer 4."""
    return [
        boolean("vol_shock", 4, not locks.vol_shock, "VOL_SHOCK_LOCKOUT"),
        boolean("execution_danger", 4, not locks.execution_danger, "SPREAD_SLIPPAGE_LOCKOUT"),
        boolean("news_shock", 4, not locks.news_shock, "NEWS_LOCKOUT"),
    ]
