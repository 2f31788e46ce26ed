"""Events of supervision: locks, kills, the link, reconciliation, people (events.md 2).

They are rare, and part of the closed union in `domain.event`.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from domain.execution.truth import BrokerTruth
from domain.law.state import LawState
from domain.statement import Difference
from domain.units import Money, UtcNanos


class KillTriggered(NamedTuple):
    """The kill switch latched."""

    at: UtcNanos
    trigger: str
    detail: str


class KillCompleted(NamedTuple):
    """The kill sequence verified: our part flat, `open_orders` of ours still working."""

    at: UtcNanos
    trigger: str
    flat: bool
    open_orders: int


class WouldKill(NamedTuple):
    """A trigger that OBSERVE records without latching."""

    at: UtcNanos
    trigger: str
    detail: str


class StoreBound(NamedTuple):
    """A person bound the store to `account` (a digest) and `mode`; `state` is what the law must
    not forget: the worse of all that remembered, its day halted.
    """

    at: UtcNanos
    account: str
    mode: str
    state: LawState
    who: str
    reason: str


class ConnectionChanged(NamedTuple):
    """The link to the broker went down or came back."""

    at: UtcNanos
    up: bool
    reason: str


class ReconcileStarted(NamedTuple):
    """The broker's truth as it was read, twice alike."""

    at: UtcNanos
    number: int
    truth: BrokerTruth


class ReconcileCompleted(NamedTuple):
    """What the truth was taken for: rows of execution.md 6, and whether all agrees now."""

    at: UtcNanos
    number: int
    rows: tuple[str, ...]
    clean: bool


class StatementDiffers(NamedTuple):
    """Our ledger and the broker's statement differ, in the values of `differences`: by `loss` for
    the worse and by `gain` for the better. `observe` says that nothing is entered until a person
    has acknowledged it. `number` is that of the read."""

    at: UtcNanos
    number: int
    differences: tuple[Difference, ...]
    loss: Money
    gain: Money
    observe: bool


class OperatorCommand(NamedTuple):
    """A person's command: kill, ack."""

    at: UtcNanos
    command: str
    arguments: str
    who: str


class KillStep(NamedTuple):
    """One step of the kill sequence: cancel, close, verify, resume."""

    at: UtcNanos
    trigger: str
    step: str
    number: int


class KillReset(NamedTuple):
    """A person lifted the kill switch."""

    at: UtcNanos
    who: str
    reason: str
    trigger: str


class FeeReported(NamedTuple):
    """The broker's fee of one execution; it replaces the contract's in the sums."""

    at: UtcNanos
    exec_id: str
    fee: Money


class IntentExpired(NamedTuple):
    """An intent of which nothing was ever sent."""

    at: UtcNanos
    decision_id: str
    reason: str


class StrategyFaulted(NamedTuple):
    """A template from outside raised, or gave an answer that cannot be taken, in `method`: it is
    not asked again in this session."""

    at: UtcNanos
    template: str
    method: str
    detail: str


class ForeignOrder(NamedTuple):
    """An order in our symbol that is not this store's: left alone, no entries this session."""

    at: UtcNanos
    order_ref: str


class IllegalTransitionSeen(NamedTuple):
    """An order event that its state forbids."""

    at: UtcNanos
    order_ref: str
    detail: str
    number: int


class HostState(NamedTuple):
    """What the shell knows of its surroundings: of each kind the whole of it, at each change.

    `unfit` keeps the law's HOST check from passing, `hindered` are states that allow no entry at
    all. `jump` says that the clock jumped just now. `skew` is a comparison of the clocks in
    nanoseconds, None if there was none. `days` and `hours` are the broker's own regular hours,
    as in `ports.market.TradingHours`, None if they did not change.
    """

    at: UtcNanos
    unfit: tuple[str, ...]
    hindered: tuple[str, ...]
    jump: bool = False
    skew: int | None = None
    days: tuple[date, ...] | None = None
    hours: tuple[tuple[UtcNanos, UtcNanos], ...] | None = None


class LateSubBar(NamedTuple):
    """A piece of a minute that came when its minute was closed, or came twice: dropped."""

    at: UtcNanos
    opens: UtcNanos
    minute: UtcNanos
    cause: str


class LockoutStarted(NamedTuple):
    """A layer-4 lockout began, or was extended to `until`."""

    at: UtcNanos
    kind: str
    until: UtcNanos
    cause: str


class LockoutEnded(NamedTuple):
    """A lockout ran out, or its session ended."""

    at: UtcNanos
    kind: str
