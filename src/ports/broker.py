"""The port where lawful orders leave and a broker's words come back."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import AccountSnapshot, FeeReported
from domain.execution.truth import BrokerTruth
from domain.law.door import AmendPermit, ExitPermit, Permit, ProtectPermit, TightenPermit
from domain.orders import Fill, OrderEvent, OrderRef
from domain.units import Money, UtcNanos


class BrokerPosition(NamedTuple):
    """What the broker itself says: signed contracts, and how many orders of ours work."""

    qty: int
    working_orders: int


class BrokerToday(NamedTuple):
    """What the broker's executions of today say, whichever store sent the orders: entries of our
    form, and the net result of what was opened and closed."""

    entries: int
    net: Money


class LinkChanged(NamedTuple):
    """The link to the broker went down or came back."""

    time: UtcNanos
    up: bool
    reason: str


Word: TypeAlias = OrderEvent | Fill | FeeReported | AccountSnapshot | LinkChanged
"""Whatever a broker says of its own accord."""


class Broker(Protocol):
    """Requests return at once; what became of them arrives through `drain`.

    An order reference submitted twice makes one order. Nothing but a permit of the law's
    door can be handed over, and an adapter redeems it before a byte leaves: a spent,
    expired or forged one raises PermitVoid or PermitForged. BrokerDown means that nobody
    knows whether the request arrived.
    """

    name: str

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        """Send an entry with its stop and its target, one cancelling the other."""

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        """Ask for a cancel; the answer may be a fill."""

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        """Send a market order that only reduces, in the one-cancels-all group of `group`."""

    def move_stop(self, permit: TightenPermit, now: UtcNanos) -> None:
        """Move a working stop towards profit."""

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        """Send a stop or a target for an open position, in the one-cancels-all group of `group`."""

    def amend(self, permit: AmendPermit, now: UtcNanos) -> None:
        """Bring a working stop or target to the permit's price and quantity."""

    def read(self, now: UtcNanos) -> BrokerTruth:
        """Ask afresh for position, open and finished orders, and today's executions.

        Errors: BrokerDown if any of it is not answered: unknown is not flat.
        """

    def drain(self) -> tuple[Word, ...]:
        """Everything the broker has said since the last call, in its order, each once."""

    def account(self) -> AccountSnapshot | None:
        """The latest account figures, None while unknown."""

    def position(self) -> BrokerPosition:
        """A fresh read of the position in our symbol."""


class SimulatedBroker(Broker, Protocol):
    """A broker whose market is the bars it is shown."""

    def play(self, bar: Bar | SubBar, length: int) -> None:
        """Let a bar, or a piece of `length` nanoseconds, trade against the working orders."""

    @property
    def idle(self) -> bool:
        """No order is working and nothing is left to say: no bar can bring about anything."""

    def observe(self, slip_model: float, spread: float) -> None:
        """Take slippage and spread of the last closed minute, in ticks."""

    def end_session(self, now: UtcNanos) -> None:
        """No further bar of the session comes: market exits on their way fill at the last close."""


class Recalling(Protocol):
    """Brings a simulated broker to where a recorded run left its own.

    It is told what was recorded, in its order, beside the commands that the broker is given
    again. Errors: ValueError for a word that such a broker would not have said.
    """

    def asked(self) -> None:
        """The broker has just been given the commands of one step again."""

    def said(self, word: OrderEvent | Fill) -> None:
        """A word was recorded here."""

    def account(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Account figures were recorded here; what the broker gives while nothing changes."""

    def balance(self, cash: Money) -> None:
        """So much was in the account when the record begins that is recalled; it was flat."""

    def played(self, bar: Bar) -> None:
        """A minute of regular hours ended here."""

    def session_over(self, now: UtcNanos) -> None:
        """A session was ended here."""

    @property
    def still_due(self) -> tuple[Word, ...]:
        """What the broker has said and nobody recorded."""
