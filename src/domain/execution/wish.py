"""What the supervisor wants done: values without leave, which the law's door must still grant.

A wish names an order and a reason. Whatever increases risk cannot be wished.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from domain.orders import OrderRef
from domain.quality_parameters import IncidentKind
from domain.units import Ticks


class Cancel(NamedTuple):
    """Cancel an order that may still work."""

    ref: OrderRef
    reason: str


class PlaceStop(NamedTuple):
    """Protect `qty` contracts by a stop at `price`."""

    ref: OrderRef
    price: Ticks
    qty: int


class PlaceTarget(NamedTuple):
    """Offer `qty` contracts at `price`, in the stop's one-cancels-all group."""

    ref: OrderRef
    price: Ticks
    qty: int


class Amend(NamedTuple):
    """Bring a working stop or target back to what is recorded: `price` and `qty`."""

    ref: OrderRef
    price: Ticks
    qty: int


class Close(NamedTuple):
    """Close `qty` contracts at the market, for `reason`."""

    qty: int
    reason: str


class Ask(NamedTuple):
    """Read positions, orders and executions afresh, because of `ref`."""

    ref: OrderRef
    reason: str


class Incident(NamedTuple):
    """Charge an execution incident (quality.md 2)."""

    kind: IncidentKind
    ref: OrderRef


class Kill(NamedTuple):
    """Pull the kill switch."""

    trigger: str
    detail: str


Wish: TypeAlias = Cancel | PlaceStop | PlaceTarget | Amend | Close | Ask | Incident | Kill
