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

_CACHE: Final = 4096
_made: Final = tuple.__new__
"""Makes a named tuple of fields that are all there, without the constructor's own call."""


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
    margin, passed = q9(value - threshold), value >= threshold
    return _made(
        GateResult,
        (gate, layer, candidate, value, ">=", threshold, passed, margin, reason, kind),
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
    margin, passed = q9(threshold - value), value <= threshold
    return _made(
        GateResult,
        (gate, layer, candidate, value, "<=", threshold, passed, margin, reason, kind),
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


@lru_cache(maxsize=_CACHE)
def spaced(elapsed: int, least: int) -> GateResult:
    """L5, `elapsed` nanoseconds after the last entry, of which `least` minutes are needed."""
    return at_least("spacing", 1, q9(elapsed / MINUTE), float(least), "COOLDOWN_ACTIVE", MINUTES)


@lru_cache(maxsize=8)
def first_entry(least: int) -> GateResult:
    """L5 before the first entry: it passes, without a value."""
    return GateResult(
        "spacing", 1, None, None, ">=", float(least), True, None, "COOLDOWN_ACTIVE", MINUTES
    )


class Locks(NamedTuple):
    """Layer 4: which lockouts are in force."""

    vol_shock: bool
    execution_danger: bool
    news_shock: bool


def pair(
    gate: str, layer: int, reason: str, candidate: str | None = None
) -> tuple[GateResult, GateResult]:
    """The two answers of a Boolean gate, the failing one first."""
    return (
        boolean(gate, layer, False, reason, candidate),
        boolean(gate, layer, True, reason, candidate),
    )


_KILL: Final = pair("kill", 0, "KILL_SWITCH_ACTIVE")
_FLAT: Final = pair("flat", 1, "IN_POSITION")
_STREAK: Final = pair("streak", 1, "CONSECUTIVE_LOSS_LOCKOUT")
_SESSION: Final = pair("session", 3, "SESSION_NOT_TRADABLE")
_WINDOW: Final = pair("window", 3, "SESSION_WINDOW_BLOCK")
_VOL_SHOCK: Final = pair("vol_shock", 4, "VOL_SHOCK_LOCKOUT")
_DANGER: Final = pair("execution_danger", 4, "SPREAD_SLIPPAGE_LOCKOUT")
_NEWS: Final = pair("news_shock", 4, "NEWS_LOCKOUT")
_LOSSES: Final = (
    ("daily_loss", "DAILY_LOSS_LIMIT", Halt.DAY),
    ("weekly_loss", "WEEKLY_LOSS_LIMIT", Halt.WEEK),
    ("monthly_loss", "MONTHLY_LOSS_LIMIT", Halt.MONTH),
)


class Row(NamedTuple):
    """Gates in their order, and the first of them that failed, which names the reason."""

    gates: tuple[GateResult, ...]
    failed: GateResult | None


def row(*gates: GateResult) -> Row:
    """These gates, one after the other."""
    return Row(gates, first_failure(gates))


class LawGates(NamedTuple):
    """What only the law's memory decides; made once for each state of it.

    `when_flat` and `when_open` are the gates before the spacing, `after` those behind it.
    `tightest` is lost and limit of the period with the least room, ties in the order day,
    week, month; `least_bp` the least DVS and EQS of an entry; `fee` that of a side, at worst.
    """

    when_flat: Row
    when_open: Row
    after: Row
    last_entry: UtcNanos | None
    spacing: int
    tightest: tuple[Money, Money]
    least_bp: tuple[int, int]
    fee: Money


def law_gates(state: LawState, law: Constitution, fee: Money) -> LawGates:
    """What kill, L4, L10 and the loss limits say in this state of the law; `fee` is what a side
    costs at worst."""
    kill = _KILL[not state.killed]
    trades = _trades(state.trades_today, law.max_trades_per_day)
    periods = [(state.realised_loss(h), limit_of(h, law)) for _, _, h in _LOSSES]
    losses = tuple(
        _loss(gate, reason, lost, limit, halt in state.halts)
        for (gate, reason, halt), (lost, limit) in zip(_LOSSES, periods, strict=True)
    )
    return LawGates(
        row(kill, _FLAT[True], trades),
        row(kill, _FLAT[False], trades),
        row(_STREAK[streak_allows(state, law)], *losses),
        state.last_entry,
        law.min_minutes_between_entries,
        min(periods, key=lambda period: period[1].units - period[0].units),
        (law.dvs_entry_bp, law.eqs_entry_bp),
        fee,
    )


def global_gates(
    law_says: LawGates,
    flat: bool,
    quality: tuple[int, int],
    tradable: bool,
    window: bool,
    t_d: UtcNanos,
    locks: Locks,
) -> Row:
    """Layers 0 to 4 in the order of the page; `quality` is (DVS, EQS) in basis points,
    `tradable` says that the phase is, `window` that no no-entry window is in force."""
    when_flat, when_open, (behind, later), last, least, _, least_bp, _ = law_says
    ahead, first = when_flat if flat else when_open
    spacing = first_entry(least) if last is None else spaced(t_d - last, least)
    now, latest = of_the_moment(quality, least_bp, tradable, window, locks)
    failed = first or (None if spacing.passed else spacing) or later or latest
    return _made(Row, ((*ahead, spacing, *behind, *now), failed))


@lru_cache(maxsize=_CACHE)
def of_the_moment(
    quality: tuple[int, int], least_bp: tuple[int, int], tradable: bool, window: bool, locks: Locks
) -> Row:
    """Layers 2 to 4, which do not ask the law's memory."""
    return row(
        _score_bp("dvs", quality[0], least_bp[0], "DVS_TOO_LOW"),
        _score_bp("eqs", quality[1], least_bp[1], "EQS_TOO_LOW"),
        _SESSION[tradable],
        _WINDOW[window],
        _VOL_SHOCK[not locks.vol_shock],
        _DANGER[not locks.execution_danger],
        _NEWS[not locks.news_shock],
    )


def first_failure(gates: tuple[GateResult, ...]) -> GateResult | None:
    """The gate that gives the reason, or None if all passed."""
    for gate in gates:
        if not gate.passed:
            return gate
    return None
