"""The port of a live market: pieces of minutes, quotes and facts as they arrive, and its time.

One gateway serves this port and the broker's. Nothing here blocks but `open`, `history` and
`wait`, and those have an end of their own.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.units import Money, Ticks, UtcNanos


class Piece(NamedTuple):
    """A 5-second bar, and when it was received."""

    sub: SubBar
    received: UtcNanos


class Quote(NamedTuple):
    """Best bid and ask from `at` on; None where a side is unknown."""

    at: UtcNanos
    bid: Ticks | None
    ask: Ticks | None


class ClockSample(NamedTuple):
    """The local clock and the broker's, read together; the broker's knows whole seconds."""

    local: UtcNanos
    broker: UtcNanos


class TradingHours(NamedTuple):
    """The broker's own regular hours of the contract: (open, close) by exchange day.

    A day of `days` without hours in `hours` is one on which the broker calls it closed; a day
    not in `days` is one it has not told about.
    """

    at: UtcNanos
    days: tuple[date, ...]
    hours: tuple[tuple[UtcNanos, UtcNanos], ...]


class Trouble(StrEnum):
    """What can be wrong with a live link while it stands; each begins and ends."""

    DELAYED_DATA = "DELAYED_DATA"
    COMPETING_SESSION = "COMPETING_SESSION"
    DATA_FARM = "DATA_FARM"
    NO_BARS = "NO_BARS"
    UPSTREAM_DOWN = "UPSTREAM_DOWN"
    READ_ONLY = "READ_ONLY"
    UNREADABLE = "UNREADABLE"
    """A message that could not be decoded: something may have been missed."""
    RATE = "RATE"
    ACCOUNT_STALE = "ACCOUNT_STALE"
    CONTRACT_EXPIRING = "CONTRACT_EXPIRING"


class TroubleSeen(NamedTuple):
    """A trouble begins (`on`) or ends; while one lasts no entry is made."""

    at: UtcNanos
    kind: Trouble
    on: bool
    text: str


class PastBars(NamedTuple):
    """The answer to `ask_past`: closed minutes that open in [since, until), oldest first; none, and
    `had` false, where they cannot be had."""

    since: UtcNanos
    until: UtcNanos
    bars: tuple[Bar, ...]
    had: bool


class PastPieces(NamedTuple):
    """The answer to `ask_pieces`: pieces of minutes that begin in [since, until), oldest first;
    none where they cannot be had."""

    since: UtcNanos
    until: UtcNanos
    pieces: tuple[SubBar, ...]


Past: TypeAlias = PastBars | PastPieces
MarketItem: TypeAlias = Piece | Quote | ClockSample | TradingHours | TroubleSeen | Past


class ContractFacts(NamedTuple):
    """The pinned contract month, as the broker describes it. `initial_margin` None if unknown;
    `why` it is this month, empty if it was named, and whether a person should look at that."""

    con_id: int
    local_symbol: str
    last_trade: date
    initial_margin: Money | None
    why: str = ""
    doubtful: bool = False


class LiveMarket(Protocol):
    """See the module. Items come in the order of their arrival, each once."""

    name: str

    def open(self) -> ContractFacts:
        """Connect, check account and contract, subscribe; must come first, may come once.

        Errors: BrokerRefused with the reason in words if it is the wrong account, contract,
        permission, or the client id is in use; BrokerDown if it cannot be reached in time.
        """

    def now(self) -> UtcNanos:
        """The adapter's time, in whole microseconds: the latest of the host's clock and what the
        broker said of his; it never runs backwards."""

    def history(self, since: UtcNanos, until: UtcNanos) -> tuple[Bar, ...]:
        """Closed minute bars that open in [since, until), oldest first; holes stay holes.

        Errors: BrokerDown if they cannot be had.
        """

    def ask_past(self, since: UtcNanos, until: UtcNanos) -> None:
        """Ask for what `history` gives and wait for nothing: the answer is an item, `PastBars`."""

    def ask_pieces(self, since: UtcNanos, until: UtcNanos) -> None:
        """Ask for the pieces of minutes that begin in [since, until), less than an hour of them,
        and wait for nothing: the answer is an item, `PastPieces`."""

    def ask_time(self) -> None:
        """Where the items carry the time (ibkr.md 12.1): let it go on though none comes. Nothing
        on the host's clock."""

    def wait(self, seconds: float) -> None:
        """Return as soon as an item or a broker's word is there, at latest after `seconds`."""

    def drain(self) -> tuple[MarketItem, ...]:
        """Everything that arrived since the last call."""

    def close(self) -> None:
        """End the link; nothing of ours at the broker is touched."""
