"""Our orders as the gateway has them: numbers, prices, groups, and whose an order is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from adapters.ibkr.orders import Plan
from adapters.ibkr.records import ExecSeen, OrderFacts
from adapters.ibkr.refs import from_wire, oca_name
from domain.orders import OrderEventKind, OrderRef, Role
from domain.units import Side, Ticks, UtcNanos


class Life(Enum):
    """What is known of an order."""

    SENT = "sent, and not heard of"
    WORKING = "the gateway has it"
    OVER = "cancelled, refused or filled"


@dataclass(slots=True)
class Standing:
    """One order of ours. `over` is how it ended, `asked_cancel` and `asked_change` what was asked
    of it and not answered (`price_was` is the price before), `change_in_doubt` that a code nobody
    knows came after a change, `others` further numbers under which
    the gateway has the same reference, which must not be. `sent_at` is when it left, 0 if another
    process sent it; `nowhere` True once a read has not found what was never heard of."""

    ref: OrderRef
    order_id: int = 0
    perm_id: int = 0
    client_id: int = 0
    side: Side = 0
    qty: int = 0
    price: Ticks | None = None
    price_was: Ticks | None = None
    oca: str = ""
    alone: bool = False
    life: Life = Life.SENT
    over: OrderEventKind | None = None
    refused: bool = False
    asked_cancel: bool = False
    asked_change: bool = False
    change_in_doubt: bool = False
    said: tuple[object, ...] = ()
    others: set[int] = field(default_factory=set)
    sent_at: UtcNanos = 0
    nowhere: bool = False

    @property
    def alive(self) -> bool:
        """True while it may still fill."""
        return self.life is not Life.OVER


class Standings:
    """All of them, and the ways to recognise one: number for life, reference, number of the day.

    Executions and orders are matched by the number for life (permId) or the reference, and by
    an order id alone only if this process has given it and the message names nothing else.
    """

    def __init__(self, tag: str, is_known: Callable[[str], bool], client_id: int) -> None:
        self._tag = tag
        self._is_known = is_known
        self._client_id = client_id
        self._by_ref: dict[str, Standing] = {}
        self._by_perm: dict[int, Standing] = {}
        self._by_id: dict[int, Standing] = {}
        self._closed_groups: set[str] = set()
        self.not_echoed = False
        """An order came back without the reference it was sent with."""

    def sent(self, plan: Plan, order_id: int, client_id: int, at: UtcNanos = 0) -> Standing:
        """An order has left at that time of the run."""
        found = Standing(
            plan.ref, order_id, 0, client_id, plan.side, plan.qty, plan.price, oca=plan.oca,
            alone=not plan.child and plan.ref.role is not Role.ENTRY, sent_at=at,
        )  # fmt: skip
        self._by_ref[str(plan.ref)] = found
        if order_id:
            self._by_id[order_id] = found
        return found

    def find(self, ref: OrderRef) -> Standing | None:
        """The order of a reference."""
        return self._by_ref.get(str(ref))

    def numbered(self, order_id: int) -> Standing | None:
        """The order that this process has sent under a number of the day."""
        return self._by_id.get(order_id) if order_id > 0 else None

    def all(self) -> tuple[Standing, ...]:
        """Every order of ours that was heard of."""
        return tuple(self._by_ref.values())

    def of(self, facts: OrderFacts) -> Standing | None:
        """Whose the order of a message is; None if it is not ours."""
        found = self._named(facts.perm_id, facts.ref, facts.client_id, facts.order_id)
        if found is None:
            return None
        if facts.perm_id:
            if found.perm_id in (0, facts.perm_id):
                found.perm_id = facts.perm_id
                self._by_perm[facts.perm_id] = found
            else:
                found.others |= {facts.order_id} - {0}
        if facts.order_id > 0 and found.order_id == 0:
            found.order_id = facts.order_id
            found.client_id = facts.client_id
            self._by_id.setdefault(facts.order_id, found)
        if facts.oca and not found.oca:
            found.oca = facts.oca
        return found

    def of_execution(self, seen: ExecSeen) -> Standing | None:
        """Whose an execution is; None if it is not ours."""
        found = self._named(seen.perm_id, seen.ref, seen.client_id, seen.order_id)
        if found is not None and seen.perm_id and not found.perm_id:
            found.perm_id = seen.perm_id
            self._by_perm[seen.perm_id] = found
        return found

    def _named(self, perm_id: int, text: str, client_id: int, order_id: int) -> Standing | None:
        known = self._by_perm.get(perm_id) if perm_id else None
        if known is not None:
            return known
        wire = from_wire(text)
        if wire is not None:
            if wire.tag != self._tag:
                return None
            found = self._by_ref.get(str(wire.ref))
            if found is None and self._is_known(str(wire.ref)):
                found = self._by_ref[str(wire.ref)] = Standing(wire.ref)
            return found
        mine = self._by_id.get(order_id) if client_id == self._client_id else None
        if mine is not None and order_id > 0 and mine.perm_id in (0, perm_id):
            self.not_echoed = True
            return mine
        return None

    # ---- one-cancels-all groups

    def group_done(self, standing: Standing) -> None:
        """A member has filled, or a newcomer was cancelled unasked: no more orders join it."""
        if standing.oca:
            self._closed_groups.add(standing.oca)

    def oca_of(self, group: str) -> str:
        """The trade's group that the next closing order joins, or opens."""
        generation = 0
        while (name := oca_name(group, self._tag, generation)) in self._closed_groups:
            generation += 1
        return name

    def left_in_other_groups(self, group: str, oca: str) -> tuple[Standing, ...]:
        """Closing orders of the trade that still work in another of its groups."""
        return tuple(
            s for s in self._by_ref.values()
            if s.ref.group == group and s.ref.role is not Role.ENTRY and s.alive and s.oca != oca
        )  # fmt: skip
