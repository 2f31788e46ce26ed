"""From the supervisor's wishes to commands: each asks the law's door first."""

from __future__ import annotations

from typing import Protocol

from application.desk import Desk, Outcome
from application.leave import exit_at_market
from domain.command import AmendOrder, CancelOrder, PlaceProtection, ReadBroker
from domain.execution.wish import (
    Amend,
    Ask,
    Cancel,
    Close,
    Incident,
    Kill,
    PlaceStop,
    PlaceTarget,
    Wish,
)
from domain.execution.words import cancel_entry
from domain.law.door import authorize_amend, authorize_protection
from domain.orders import Role
from domain.quality_parameters import IncidentKind
from domain.trade import Group
from domain.units import UtcNanos


class Alarm(Protocol):
    """Who is told of what must not be."""

    def kill(self, trigger: str, detail: str, at: UtcNanos, out: Outcome) -> None:
        """Pull the kill switch."""

    def incident(self, kind: IncidentKind, at: UtcNanos, order_ref: str, out: Outcome) -> None:
        """Charge an execution incident."""


def carry_out(
    desk: Desk, name: str, wishes: tuple[Wish, ...], at: UtcNanos, alarm: Alarm, out: Outcome
) -> None:
    """Turn the wishes of the bracket `name` into commands, in their order."""
    for wish in wishes:
        group = desk.find(name)
        if group is not None:
            _one(desk, group, wish, at, alarm, out)


def _one(desk: Desk, group: Group, wish: Wish, at: UtcNanos, alarm: Alarm, out: Outcome) -> None:
    match wish:
        case Cancel(ref, reason):
            if ref.role is Role.ENTRY and group.orders.cancel_reason is None:
                step = cancel_entry(group.orders, reason, at)
                desk.keep(group._replace(orders=step.book))
            desk.command("cancel", ref, reason, CancelOrder(ref, reason, at), out)
        case PlaceStop(ref, price, qty) | PlaceTarget(ref, price, qty):
            permit = authorize_protection(ref, group.position, qty, price)
            if permit is not None:
                order = PlaceProtection(permit, group.name, at)
                desk.command("place", ref, "protect", order, out)
        case Amend(ref, price, qty):
            leg = group.orders.leg(ref)
            current = price if leg is None or leg.price is None else leg.price
            amended = authorize_amend(ref, group.position, current, price, qty)
            if amended is not None:
                desk.command("amend", ref, "as recorded", AmendOrder(amended, at), out)
        case Close(qty, reason):
            exit_at_market(desk, group, reason, at, out, qty)
        case Ask(ref, reason):
            out.commands.append(ReadBroker(f"{ref}: {reason}", at))
        case Incident(kind, ref):
            alarm.incident(kind, at, str(ref), out)
        case Kill(trigger, detail):
            alarm.kill(trigger, detail, at, out)
