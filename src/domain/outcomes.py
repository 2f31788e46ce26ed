"""Events of a trade and of what is learned from it (events.md 2, learning.md 7).

They are rare, and part of the closed union in `domain.event`.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.calibration import Calibration
from domain.intent import LearningKey
from domain.learning import Status
from domain.track_record import Metrics
from domain.units import BasisPoints, Money, Side, Ticks, UtcNanos


class TradeOpened(NamedTuple):
    """An entry filled."""

    at: UtcNanos
    decision_id: str
    side: Side
    qty: int
    entry_price: Ticks
    worst_entry: Ticks
    stop0: Ticks
    stop_price: Ticks
    target_price: Ticks
    a_entry: float
    key: LearningKey
    p0: float
    b: float


class TradeManaged(NamedTuple):
    """One management action on an open trade; `thesis` is T of its side."""

    at: UtcNanos
    decision_id: str
    rule: str
    action: str
    old_stop: Ticks
    new_stop: Ticks
    thesis: float
    bad: int


class TradeClosed(NamedTuple):
    """A trade ended; slippage in ticks, `net` after fees, R in multiples of the initial risk."""

    at: UtcNanos
    decision_id: str
    side: Side
    entry_price: Ticks
    exit_price: Ticks
    exit_reason: str
    gross: Money
    fees: Money
    net: Money
    r_gross: float
    r_net: float
    b: float
    p0: float
    edge: float
    mae: Ticks
    mfe: Ticks
    slip_entry: Ticks
    slip_exit: Ticks
    duration_s: int
    t_exit: float | None
    min_dvs_bp: BasisPoints | None
    min_eqs_bp: BasisPoints | None
    max_atr_ratio: float | None
    shock: bool
    regime_exit: str | None
    rejects: int
    partial: bool
    incident: bool
    be_moved: bool
    mode: str


class TradeAttributed(NamedTuple):
    """What a trade's result says about us (attribution.md); `stage` is scores or final.

    `lw` is the learning weight. `category` is None at the stage of the scores; `truncated` says
    that the session ended before the look-forward did.
    """

    at: UtcNanos
    decision_id: str
    template: str
    shadow: bool
    stage: str
    edge: float
    luck: float
    execution: float
    lw: float
    process: float
    outcome: float
    category: str | None
    truncated: bool


class LearningUpdated(NamedTuple):
    """A live trade entered the books; status and multiplier are the effective ones."""

    at: UtcNanos
    decision_id: str
    key: LearningKey
    status: Status
    multiplier: float
    key_status: Status
    template_status: Status
    key_metrics: Metrics
    template_metrics: Metrics
    overall_metrics: Metrics


class StrategyQuarantined(NamedTuple):
    """A key or template trades no more until shadow trades have earned it back.

    In this and the next two, `name` is the key or the template, `cause` the decision or session
    whose close or opening decided it, `metrics` the evidence.
    """

    at: UtcNanos
    name: str
    cause: str
    before: Status
    status: Status
    multiplier: float
    reason: str
    metrics: Metrics
    text: str


class StrategyThrottled(NamedTuple):
    """A key or template is charged more for friction, or, by status ACTIVE, no longer."""

    at: UtcNanos
    name: str
    cause: str
    before: Status
    status: Status
    multiplier: float
    reason: str
    metrics: Metrics
    text: str


class StrategyReEnabled(NamedTuple):
    """A quarantine ended, and the statistics begin anew; `metrics` are of the shadow trades."""

    at: UtcNanos
    name: str
    cause: str
    before: Status
    status: Status
    multiplier: float
    reason: str
    metrics: Metrics
    text: str


class ShadowOpened(NamedTuple):
    """The entry of a shadow bracket filled in simulation: no order was ever sent.

    `opened` is what a real trade would be recorded as, `why` the reason codes that kept it from
    being one, joined by ", ".
    """

    at: UtcNanos
    opened: TradeOpened
    decided_at: UtcNanos
    why: str


class ShadowClosed(NamedTuple):
    """A shadow trade ended; `closed` is what a real one would be recorded as, its mode SHADOW."""

    at: UtcNanos
    template: str
    closed: TradeClosed
    why: str


class CalibrationWarning(NamedTuple):
    """A template's claims have turned out too bold; `name` is `K1 live` or `K1 shadow`."""

    at: UtcNanos
    name: str
    cause: str
    calibration: Calibration
