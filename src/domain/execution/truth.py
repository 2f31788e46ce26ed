"""What a broker says when it is asked afresh: the truth about orders and positions."""

from __future__ import annotations

from typing import NamedTuple

from domain.orders import Fill, OrderEventKind
from domain.statement import NO_STATEMENT, Statement
from domain.units import Ticks, UtcNanos


class OpenOrder(NamedTuple):
    """An order that works or waits at the broker; `ours` says that it carries our store's tag.

    `qty` is what is left, `filled` what was filled, `price` the stop's or the limit's, None for
    a market order. `held` waits for its parent. `unknown` is a state nobody can map.
    """

    order_ref: str
    ours: bool
    perm_id: int
    qty: int
    filled: int
    price: Ticks | None
    held: bool
    unknown: bool


class DoneOrder(NamedTuple):
    """An order of ours that is over; `how` is CANCEL_ACK, REJECT, EXPIRE or FILL."""

    order_ref: str
    how: OrderEventKind
    filled: int


class BrokerTruth(NamedTuple):
    """One whole read: two in a row that agree may be acted on.

    `position` is signed, of our symbol in any month. `executions` and `done` are today's of our
    tag; `entries_today` counts entry executions of our form over all tags (law.md, counters).
    `healthy_since` is since when the link has been up without doubt. `statement` is what the
    broker says of the money of its executions, for as far back as it answers; left out of a read
    that is not to be held against it.
    """

    at: UtcNanos
    position: int
    orders: tuple[OpenOrder, ...]
    executions: tuple[Fill, ...]
    done: tuple[DoneOrder, ...]
    entries_today: int
    healthy_since: UtcNanos
    statement: Statement = NO_STATEMENT

    def agrees(self, other: BrokerTruth) -> bool:
        """True if both reads say the same, whenever they were made."""
        return self._replace(at=0, healthy_since=0) == other._replace(at=0, healthy_since=0)
