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


def _pair(gate: str, layer: int, reason: str) -> tuple[GateResult, GateResult]:
    """The two answers of a Boolean gate, the failing one first."""
    return boolean(gate, layer, False, reason), boolean(gate, layer, True, reason)


_KILL: Final = _pair("kill", 0, "KILL_SWITCH_ACTIVE")
_FLAT: Final = _pair("flat", 1, "IN_POSITION")
_STREAK: Final = _pair("streak", 1, "CONSECUTIVE_LOSS_LOCKOUT")
_SESSION: Final = _pair("session", 3, "SESSION_NOT_TRADABLE")
_WINDOW: Final = _pair("window", 3, "SESSION_WINDOW_BLOCK")
_VOL_SHOCK: Final = _pair("vol_shock", 4, "VOL_SHOCK_LOCKOUT")
_DANGER: Final = _pair("execution_danger", 4, "SPREAD_SLIPPAGE_LOCKOUT")
_NEWS: Final = _pair("news_shock", 4, "NEWS_LOCKOUT")
_LOSSES: Final = (
    ("daily_loss", "DAILY_LOSS_LIMIT", Halt.DAY),
    ("weekly_loss", "WEEKLY_LOSS_LIMIT", Halt.WEEK),
    ("monthly_loss", "MONTHLY_LOSS_LIMIT", Halt.MONTH),
)


class LawGates(NamedTuple):
    """The gates that only the law's memory decides; made once for each state of it."""

    kill: GateResult
    trades_today: GateResult
    streak: GateResult
    losses: tuple[GateResult, ...]
    last_entry: UtcNanos | None
    spacing: int


def law_gates(state: LawState, law: Constitution) -> LawGates:
    """What kill, L4, L10 and the loss limits say in this state of the law."""
    return LawGates(
        _KILL[not state.killed],
        _trades(state.trades_today, law.max_trades_per_day),
        _STREAK[streak_allows(state, law)],
        tuple(
            _loss(gate, reason, state.realised_loss(halt), limit_of(halt, law), halt in state.halts)
            for gate, reason, halt in _LOSSES
        ),
        state.last_entry,
        law.min_minutes_between_entries,
    )


def global_gates(
    law_says: LawGates,
    flat: bool,
    quality: tuple[int, int],
    phase: Phase,
    t_d: UtcNanos,
    timetable: Timetable,
    locks: Locks,
    law: Constitution,
) -> tuple[GateResult, ...]:
    """Layers 0 to 4 in the order of the page; `quality` is (DVS, EQS) in basis points."""
    return (
        law_says.kill,
        _FLAT[flat],
        law_says.trades_today,
        _spacing(law_says.last_entry, t_d, law_says.spacing),
        law_says.streak,
        *law_says.losses,
        _score_bp("dvs", quality[0], law.dvs_entry_bp, "DVS_TOO_LOW"),
        _score_bp("eqs", quality[1], law.eqs_entry_bp, "EQS_TOO_LOW"),
        _SESSION[phase in TRADABLE],
        _WINDOW[timetable.entry_window_open(t_d)],
        _VOL_SHOCK[not locks.vol_shock],
        _DANGER[not locks.execution_danger],
        _NEWS[not locks.news_shock],
    )
