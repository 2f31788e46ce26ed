"""What the library says, as frozen records of ours: the only things that leave its thread."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, TypeAlias

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.units import UtcNanos
from ports.market import Trouble


class OrderFacts(NamedTuple):
    """An order as a message of the gateway has it; prices as floats, unset ones as the library's.

    `invented` is True where the status came from an error and not from the gateway.
    """

    order_id: int
    client_id: int
    perm_id: int
    ref: str
    account: str
    con_id: int
    symbol: str
    sec_type: str
    action: str
    kind: str
    qty: float
    limit: float
    stop: float
    tif: str
    oca: str
    status: str
    filled: float
    remaining: float
    why_held: str
    invented: bool


class StatusSeen(NamedTuple):
    """The status of an order changed."""

    order: OrderFacts


class OpenSeen(NamedTuple):
    """An order was shown as it stands: its prices are the gateway's."""

    order: OrderFacts


class ExecSeen(NamedTuple):
    """An execution; `time` None where it could not be told."""

    exec_id: str
    time: UtcNanos | None
    account: str
    con_id: int
    symbol: str
    sec_type: str
    side: str
    shares: float
    price: float
    perm_id: int
    client_id: int
    order_id: int
    liquidation: int
    ref: str


class FeeSeen(NamedTuple):
    """A commission report; `realised` is what a closing execution has brought after commissions,
    0.0 where the gateway does not say: the library tells the two no longer apart."""

    exec_id: str
    amount: float
    currency: str
    realised: float = 0.0


class PositionSeen(NamedTuple):
    """A position of one account in one contract."""

    account: str
    con_id: int
    symbol: str
    sec_type: str
    qty: float


class AccountSeen(NamedTuple):
    """One row of the account's figures, as text."""

    account: str
    tag: str
    value: str
    currency: str


class ApiError(NamedTuple):
    """An error message; `about` says whether it belongs to the bars or the quotes."""

    req_id: int
    code: int
    text: str
    about: str


class BarSeen(NamedTuple):
    """A 5-second bar; `opens` is its start."""

    opens: UtcNanos
    open: float
    high: float
    low: float
    close: float
    volume: float
    average: float


class QuoteSeen(NamedTuple):
    """Best bid and ask, NaN or not positive where unknown."""

    bid: float
    ask: float
    delayed: bool


class TimeSeen(NamedTuple):
    """The gateway's clock, and ours in the middle of the question."""

    local: UtcNanos
    broker: UtcNanos


class HoursSeen(NamedTuple):
    """Regular hours of the contract, read afresh."""

    days: tuple[date, ...]
    hours: tuple[tuple[UtcNanos, UtcNanos], ...]


class LinkUp(NamedTuple):
    """Connected, checked, and every question of the start was answered."""

    reason: str
    state: RawTruth


class LinkDown(NamedTuple):
    """The connection is gone."""

    reason: str


class Unreadable(NamedTuple):
    """A message that the library could not decode, or an order it had not heard of."""

    text: str


class PastSeen(NamedTuple):
    """Minutes that were asked for without waiting; None where they cannot be had."""

    since: UtcNanos
    until: UtcNanos
    bars: tuple[Bar, ...] | None


class PiecesSeen(NamedTuple):
    """Pieces of minutes in [since, until) that were asked for; None where they cannot be had."""

    since: UtcNanos
    until: UtcNanos
    pieces: tuple[SubBar, ...] | None


class Watched(NamedTuple):
    """The link's own watch: a trouble begins or ends."""

    kind: Trouble
    on: bool
    text: str


class RawTruth(NamedTuple):
    """The answers to one whole read; `orders_read` False where orders may not be asked for."""

    positions: tuple[PositionSeen, ...]
    open: tuple[OrderFacts, ...]
    completed: tuple[OrderFacts, ...]
    executions: tuple[ExecSeen, ...]
    fees: tuple[FeeSeen, ...]
    orders_read: bool


Record: TypeAlias = (
    StatusSeen
    | OpenSeen
    | ExecSeen
    | FeeSeen
    | PositionSeen
    | AccountSeen
    | ApiError
    | BarSeen
    | QuoteSeen
    | TimeSeen
    | HoursSeen
    | LinkUp
    | LinkDown
    | Unreadable
    | Watched
    | PastSeen
    | PiecesSeen
)


class Received(NamedTuple):
    """A record with the connection it belongs to and the host's time of its receipt."""

    epoch: int
    at: UtcNanos
    record: Record
