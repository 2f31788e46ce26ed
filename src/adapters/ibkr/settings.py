"""What a gateway adapter is told before it connects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from domain.instrument import Instrument
from domain.units import Ticks, UtcNanos
from ports.errors import BadInput

OBSERVE: Final = "OBSERVE"
PAPER: Final = "PAPER"
LIVE: Final = "LIVE"
HOST: Final = "host"
GATEWAY: Final = "gateway"
LIBRARIES: Final = ("ib_insync", "ib_async")
_TAG: Final = re.compile(r"[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the link is given, in seconds of the real clock (ibkr.md 12).

    `connect` and `request` bound one step of a connection and one request, `order` the hand-over
    of an order to the library's thread. `beat` is the pause between two heartbeats, `answer`
    what each is given: two without one and the link is dead. `open_within` bounds the first
    connection, `id_in_use` how long a client id that is taken is tried again. Bars older than
    `bars_stale` are a trouble, older than `bars_lost` are asked for anew, and again after as
    long the connection is. Account figures are asked for anew at `account_ask` and are a
    trouble from `account_stale` on. After history was refused for its pace nothing of the past is
    asked for `paced` seconds: the same question is refused within 15. `messages` is how many go
    out in one second: the library keeps the others back for the next one; a gateway takes 50.
    """

    connect: float = 10.0
    request: float = 4.0
    order: float = 2.0
    beat: float = 10.0
    answer: float = 5.0
    open_within: float = 20.0
    id_in_use: float = 60.0
    pause_cap: float = 30.0
    bars_stale: float = 12.0
    bars_lost: float = 60.0
    account_ask: float = 90.0
    account_stale: float = 200.0
    clock_sample: float = 30.0
    history: float = 10.0
    paced: float = 16.0
    hours_again: float = 3600.0
    messages: int = 45


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One gateway, one account, one instrument.

    `store_tag` is four hex digits of the store's id; `is_known` says whether this store holds
    a record of an order reference. `account` None takes the only one there is. `month` names
    the contract month (`202612`, or a local symbol), None takes the front month. `clock` is
    `host` or `gateway` (ibkr.md 12.1). `zone` is how times without a zone are read.
    `entry_expiry_margin_s` is how long after its deadline an entry expires at the broker.
    `recorded_price` says at which price the store has booked an execution, by its id without
    the version; None if it has not. `recorded_sent` says when a process before has sent the
    bracket that an order reference belongs to; 0 if it has not. A `sealed` gateway is looked
    at and no more, whatever the mode.
    Errors: BadInput for a value that cannot be meant.
    """

    instrument: Instrument
    mode: str
    store_tag: str
    is_known: Callable[[str], bool]
    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17
    account: str | None = None
    library: str = "ib_insync"
    clock: str = HOST
    month: str | None = None
    entry_expiry_margin_s: int = 5
    zone: str = "UTC"
    waits: Waits = field(default_factory=Waits)
    recorded_price: Callable[[str], Ticks | None] = lambda exec_id: None
    recorded_sent: Callable[[str], UtcNanos] = lambda order_ref: 0
    sealed: bool = False

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong is not None:
            raise BadInput("ibkr settings", *wrong)

    def _wrong(self) -> tuple[str, str] | None:
        if self.mode not in (OBSERVE, PAPER, LIVE):
            return "mode", f"{self.mode!r} is none of OBSERVE, PAPER and LIVE"
        if not _TAG.fullmatch(self.store_tag):
            return "store_tag", f"{self.store_tag!r} is not four hex digits"
        if not 1 <= self.client_id < 2**31:
            return "client_id", "must be at least 1: id 0 would adopt orders placed by hand"
        if not 1 <= self.port <= 65535:
            return "port", f"{self.port} is no port"
        if self.library not in LIBRARIES:
            return "library", f"{self.library!r} is none of {', '.join(LIBRARIES)}"
        if self.clock not in (HOST, GATEWAY):
            return "clock", f"{self.clock!r} is neither host nor gateway"
        if self.clock == GATEWAY and self.mode == LIVE:
            return "clock", "in LIVE the time is the host's"
        return None

    @property
    def observing(self) -> bool:
        """True if no order may ever leave."""
        return self.sealed or self.mode == OBSERVE
