"""Leave a position at the market, by the law's leave."""

from __future__ import annotations

from application.desk import Desk, Outcome
from domain.command import CloseAtMarket
from domain.law.door import authorize_exit
from domain.trade import Group
from domain.units import UtcNanos


def exit_at_market(
    desk: Desk, group: Group, reason: str, at: UtcNanos, out: Outcome, qty: int | None = None
) -> bool:
    """Ask for one market exit of `qty` of what is open of `group`, all of it if None.

    False if there is nothing, or one is on its way. What was closed once too often is ours to
    close as well.
    """
    orders = group.orders
    open_qty = abs(orders.position)
    if open_qty == 0 or not desk.connected or (orders.exit is not None and orders.exit.alive):
        return False
    wanted = open_qty if qty is None else min(qty, open_qty)
    after = orders.leaving(wanted, reason, desk.last_close, at)
    permit = None if after.exit is None else authorize_exit(after.exit.ref, orders.position, wanted)
    if permit is None:
        return False
    desk.keep(group._replace(orders=after))
    desk.command("close", permit.ref, reason, CloseAtMarket(permit, group.name, reason, at), out)
    return True
