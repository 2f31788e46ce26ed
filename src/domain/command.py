"""What the core wants done at the broker; every order among them carries the law's leave."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from domain.law.door import AmendPermit, ExitPermit, Permit, ProtectPermit, TightenPermit
from domain.orders import OrderRef
from domain.units import UtcNanos


class SubmitEntry(NamedTuple):
    """Send one entry bracket."""

    permit: Permit
    at: UtcNanos


class CancelOrder(NamedTuple):
    """Cancel a working order; needs no permit, it is asked only of entries and spare children."""

    ref: OrderRef
    reason: str
    at: UtcNanos


class CloseAtMarket(NamedTuple):
    """Close a position, or a part of it, at the market."""

    permit: ExitPermit
    group: str
    reason: str
    at: UtcNanos


class MoveStop(NamedTuple):
    """Move the working stop towards profit."""

    permit: TightenPermit
    at: UtcNanos


class PlaceProtection(NamedTuple):
    """Send a stop or a target for an open position, in the one-cancels-all group of `group`."""

    permit: ProtectPermit
    group: str
    at: UtcNanos


class AmendOrder(NamedTuple):
    """Bring a working stop or target to the recorded price and quantity."""

    permit: AmendPermit
    at: UtcNanos


class ReadBroker(NamedTuple):
    """Read positions, orders and executions afresh; nothing is sent to the market."""

    reason: str
    at: UtcNanos


Command: TypeAlias = (
    SubmitEntry | CancelOrder | CloseAtMarket | MoveStop | PlaceProtection | AmendOrder | ReadBroker
)
