"""The closed union of what happened and what was decided (events.md 2).

Events are values of the past tense with their own time in `at`. Those made on every bar
are named tuples, which are immutable and cheap; the wire form, the natural key and the
version of each stand in the codec of the wire adapter, nowhere else.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple, TypeAlias

from domain.bar import Bar
from domain.decision import DecisionRecord
from domain.frame import Frame
from domain.intent import OrderIntent
from domain.law.check import Check
from domain.law.state import LawState
from domain.orders import Fill, OrderEvent
from domain.outcomes import CalibrationWarning as CalibrationWarning
from domain.outcomes import LearningUpdated as LearningUpdated
from domain.outcomes import ShadowClosed as ShadowClosed
from domain.outcomes import ShadowOpened as ShadowOpened
from domain.outcomes import StrategyQuarantined as StrategyQuarantined
from domain.outcomes import StrategyReEnabled as StrategyReEnabled
from domain.outcomes import StrategyThrottled as StrategyThrottled
from domain.outcomes import TradeAttributed as TradeAttributed
from domain.outcomes import TradeClosed as TradeClosed
from domain.outcomes import TradeManaged as TradeManaged
from domain.outcomes import TradeOpened as TradeOpened
from domain.strategies.outside import Loaded
from domain.units import BasisPoints, Money, Side, Ticks, UtcNanos
from domain.upkeep import ConnectionChanged as ConnectionChanged
from domain.upkeep import FeeReported as FeeReported
from domain.upkeep import ForeignOrder as ForeignOrder
from domain.upkeep import HostState as HostState
from domain.upkeep import IllegalTransitionSeen as IllegalTransitionSeen
from domain.upkeep import IntentExpired as IntentExpired
from domain.upkeep import KillCompleted as KillCompleted
from domain.upkeep import KillReset as KillReset
from domain.upkeep import KillStep as KillStep
from domain.upkeep import KillTriggered as KillTriggered
from domain.upkeep import LateSubBar as LateSubBar
from domain.upkeep import LockoutEnded as LockoutEnded
from domain.upkeep import LockoutStarted as LockoutStarted
from domain.upkeep import OperatorCommand as OperatorCommand
from domain.upkeep import ReconcileCompleted as ReconcileCompleted
from domain.upkeep import ReconcileStarted as ReconcileStarted
from domain.upkeep import StatementDiffers as StatementDiffers
from domain.upkeep import StoreBound as StoreBound
from domain.upkeep import StrategyFaulted as StrategyFaulted
from domain.upkeep import WouldKill as WouldKill


class RunStarted(NamedTuple):
    """A process began to run (ops). `accepted` is what a person gave to begin a LIVE run under
    another configuration than the last one's, empty if nothing was asked; `strategies` are the
    templates from outside it was begun with; `contract` is the month that is traded, empty where
    there are none."""

    at: UtcNanos
    run_id: str
    mode: str
    adapter: str
    account: str
    config_hash: str
    code_version: str
    engine: str
    store_id: str = ""
    accepted: str = ""
    strategies: tuple[Loaded, ...] = ()
    contract: str = ""


class RunStopped(NamedTuple):
    """A process ended in order (ops); `how` says why."""

    at: UtcNanos
    run_id: str
    how: str


class ConfigLoaded(NamedTuple):
    """The contracts a session runs under: hash by file, the law's hash, the instrument."""

    at: UtcNanos
    session: date
    config_hash: str
    constitution_hash: str
    hashes: tuple[tuple[str, str], ...]
    symbol: str
    tick_size: str
    tick_value: Money
    fee_per_side: Money


class SessionOpened(NamedTuple):
    """The first bar of a regular session arrived."""

    at: UtcNanos
    session: date
    open: UtcNanos
    close: UtcNanos
    early_close: bool


class SessionClosed(NamedTuple):
    """A session ended: its totals, and the law's budget left."""

    at: UtcNanos
    session: date
    bars: int
    decisions: int
    trades: int
    net: Money
    budget_left: Money
    high: Ticks
    low: Ticks
    last: Ticks


class BarClosed(NamedTuple):
    """A minute bar was accepted; `rth` is false outside the session, where bars drive nothing."""

    at: UtcNanos
    session: date | None
    bar: Bar
    warmup: bool
    rth: bool


class BarRejected(NamedTuple):
    """A row of a feed that is no bar.

    `minute` is the minute that pays for it, `kind` MALFORMED or NON_MONOTONIC, `where` its
    place, `rule` what it breaks, `text` its beginning, `number` counts the rejected rows.
    """

    at: UtcNanos
    minute: UtcNanos
    kind: str
    where: str
    rule: str
    text: str
    number: int


class QualityAssessed(NamedTuple):
    """DVS and EQS of one minute; `cause` is bar, gap, stale or incident."""

    at: UtcNanos
    minute: UtcNanos
    dvs_bp: BasisPoints
    q_bp: BasisPoints
    eqs_bp: BasisPoints
    penalties: tuple[tuple[str, int], ...]
    staleness_bp: BasisPoints
    cause: str


class ExecutionIncident(NamedTuple):
    """Something about our execution went wrong: feeds EQS."""

    at: UtcNanos
    kind: str
    penalty: float
    half_life: float
    order_ref: str


class SignalsComputed(NamedTuple):
    """The engine's signals after one bar."""

    at: UtcNanos
    minute: UtcNanos
    frame: Frame


class BeliefsComputed(NamedTuple):
    """The engine's beliefs after one bar."""

    at: UtcNanos
    minute: UtcNanos
    frame: Frame


FEE_OF: Final = "fee of "
AFTER_TRADE: Final = "after the trade "
"""How the causes begin of what the law books beside a trade's closing record."""


class LawStateChanged(NamedTuple):
    """The law's memory after `cause`."""

    at: UtcNanos
    state: LawState
    cause: str


class DecisionMade(NamedTuple):
    """The one record of a bar."""

    at: UtcNanos
    record: DecisionRecord


class OrderIntentCreated(NamedTuple):
    """A decision wants a bracket."""

    at: UtcNanos
    intent: OrderIntent


class PermitGranted(NamedTuple):
    """The law gave leave."""

    at: UtcNanos
    decision_id: str
    intent_hash: str
    expires_at: UtcNanos
    checks: tuple[Check, ...]


class PermitRefused(NamedTuple):
    """The law refused; every check is recorded."""

    at: UtcNanos
    decision_id: str
    intent_hash: str
    reason: str
    checks: tuple[Check, ...]


class OrderSubmitting(NamedTuple):
    """About to send: written before a byte leaves."""

    at: UtcNanos
    order_ref: str
    stop_ref: str
    target_ref: str
    side: Side
    qty: int
    entry_type: str
    trigger: Ticks | None
    limit: Ticks
    stop_price: Ticks
    target_price: Ticks
    expires_at: UtcNanos
    decision_id: str


class OrderReported(NamedTuple):
    """A broker's word about an order, as received."""

    at: UtcNanos
    report: OrderEvent
    decision_id: str


class FillReceived(NamedTuple):
    """One execution, as received."""

    at: UtcNanos
    fill: Fill
    decision_id: str


class OrderStateChanged(NamedTuple):
    """An order moved from one state to another; `number` counts the changes of one order."""

    at: UtcNanos
    order_ref: str
    before: str
    after: str
    cause: str
    number: int
    decision_id: str


class CommandIssued(NamedTuple):
    """The core asked the broker to cancel, move or close; `number` counts those of one order."""

    at: UtcNanos
    order_ref: str
    command: str
    reason: str
    price: Ticks | None
    number: int
    decision_id: str


class PositionChanged(NamedTuple):
    """Our expected position after `cause`; prices are None when flat."""

    at: UtcNanos
    qty: int
    average_entry: Ticks | None
    worst_case: Money
    stop_price: Ticks | None
    target_price: Ticks | None
    cause: str
    decision_id: str


class AccountSnapshot(NamedTuple):
    """The broker's account figures in USD, as received."""

    at: UtcNanos
    equity: Money
    available: Money


class ClockTick(NamedTuple):
    """A moment of the clock that changed something; `price` is the last trade known, `cause`
    timer, price, watch, stale, link_slow, link_lost, unanswered, a flatten's reason, or end."""

    at: UtcNanos
    price: Ticks | None
    cause: str


Event: TypeAlias = (
    RunStarted
    | RunStopped
    | ConfigLoaded
    | SessionOpened
    | SessionClosed
    | BarClosed
    | BarRejected
    | QualityAssessed
    | ExecutionIncident
    | SignalsComputed
    | BeliefsComputed
    | LockoutStarted
    | LockoutEnded
    | LawStateChanged
    | DecisionMade
    | OrderIntentCreated
    | PermitGranted
    | PermitRefused
    | OrderSubmitting
    | OrderReported
    | FillReceived
    | OrderStateChanged
    | CommandIssued
    | PositionChanged
    | AccountSnapshot
    | TradeOpened
    | TradeManaged
    | TradeClosed
    | TradeAttributed
    | ShadowOpened
    | ShadowClosed
    | LearningUpdated
    | StrategyQuarantined
    | StrategyThrottled
    | StrategyReEnabled
    | CalibrationWarning
    | KillTriggered
    | KillCompleted
    | WouldKill
    | ClockTick
    | ConnectionChanged
    | ReconcileStarted
    | ReconcileCompleted
    | OperatorCommand
    | KillStep
    | KillReset
    | StoreBound
    | FeeReported
    | IntentExpired
    | ForeignOrder
    | IllegalTransitionSeen
    | HostState
    | LateSubBar
    | StrategyFaulted
    | StatementDiffers
)
