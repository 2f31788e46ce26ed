"""A bracket that is followed without an order (learning.md 4): how bars fill it.

It is the same `Group` a real bracket is, so that the same rules manage it and the same record
is made of it; only its executions are imagined.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.bar import Bar
from domain.fill_rules import FillRules
from domain.intent import EntryType, OrderIntent
from domain.orders import Fill, OrderRef, ParentState, Role
from domain.trade import Group, entry_slip
from domain.units import Side, Ticks, UtcNanos


class Shadow(NamedTuple):
    """`why` says why no order was sent; `triggered` that a stop-limit entry works as a limit."""

    group: Group
    why: str
    triggered: bool = False

    @classmethod
    def of(cls, intent: OrderIntent, why: str) -> Shadow:
        """A shadow bracket that begins to work at its decision."""
        return cls(Group.of(intent, intent.decided_at), why)

    @property
    def intent(self) -> OrderIntent:
        """What was decided."""
        return self.group.intent

    @property
    def open(self) -> bool:
        """True once the entry has filled."""
        return self.group.open

    def leaving(self, reason: str, price: Ticks, at: UtcNanos) -> Shadow:
        """A market exit is on its way, unless one is already; slippage counts from `price`."""
        group = self.group
        if group.pending is not None:
            return self
        orders = group.orders.leaving(group.orders.open_qty, reason, price, at)
        return self._replace(group=group._replace(orders=orders))

    def execution(self, role: Role, price: Ticks, at: UtcNanos) -> Fill:
        """An imagined execution of the whole quantity."""
        side: Side = self.intent.side if role is Role.ENTRY else -self.intent.side
        ref = OrderRef(self.group.name, role)
        return Fill("", str(ref), role, 0, side, self.intent.qty, price, at)

    def left(self, fill: Fill) -> Shadow:
        """The position closed by `fill`."""
        orders = self.group.orders._replace(exits=(fill,))
        return self._replace(group=self.group._replace(orders=orders))


def entered(shadow: Shadow, bar: Bar, rules: FillRules) -> tuple[Shadow, Fill | None]:
    """Play a bar against a working entry."""
    intent, price = shadow.intent, None
    if bar.close_time > intent.expires_at:
        return shadow, None
    if intent.entry_type is EntryType.LIMIT or intent.trigger is None or shadow.triggered:
        price = rules.limit(intent.side, intent.limit, bar)
    else:
        price, triggered = rules.stop_limit(intent.side, intent.trigger, intent.limit, bar)
        shadow = shadow._replace(triggered=triggered)
    if price is None:
        return shadow, None
    fill = shadow.execution(Role.ENTRY, price, bar.open_time)
    group = shadow.group
    orders = group.orders.entry_is(ParentState.FILLED, fill.time)._replace(
        entries=(fill,),
        stop=group.orders.stop._replace(held=False),
        target=group.orders.target._replace(held=False),
    )
    group = group._replace(orders=orders, slip_entry=entry_slip(intent, fill))
    return shadow._replace(group=group), fill


def exited(shadow: Shadow, bar: Bar, rules: FillRules, fresh: bool) -> Fill | None:
    """Play a bar against the closing orders: a market exit, then the stop, then the target.

    `fresh` is the bar that filled the entry: a touched stop counts, a touched target does not.
    """
    group, side = shadow.group, -shadow.intent.side
    if group.pending is not None:
        return shadow.execution(Role.EXIT, rules.market(side, bar), bar.open_time)
    price = rules.stop(side, group.stop_price, bar, fresh)
    if price is not None:
        return shadow.execution(Role.STOP, price, bar.open_time)
    price = None if fresh else rules.limit(side, shadow.intent.target_price, bar)
    return None if price is None else shadow.execution(Role.TARGET, price, bar.open_time)
