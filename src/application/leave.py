"""Leave a position at the market, by the law's leave."""

from __future__ import annotations

from dataclasses import replace

from application.desk import Desk, Outcome
from domain.command import CloseAtMarket
from domain.law.door import authorize_exit
from domain.orders import Role
from domain.trade import Pending
from domain.units import UtcNanos


def exit_at_market(desk: Desk, reason: str, at: UtcNanos, out: Outcome) -> bool:
    """Ask for one market exit of what is open; False if there is nothing, or one is on its way."""
    group = desk.group
    if group is None or not group.open or group.pending is not None:
        return False
    number = group.exits + 1
    ref = group.ref(Role.EXIT, number)
    permit = authorize_exit(ref, group.position, abs(group.position))
    if permit is None:
        return False
    desk.group = replace(group, exits=number, pending=Pending(ref, reason, desk.last_close))
    desk.command("close", ref, reason, CloseAtMarket(permit, group.name, reason, at), out)
    return True
