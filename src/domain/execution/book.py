"""The orders of one bracket, and what their executions add up to (execution.md 1 to 3).

A `Book` is a frozen value: `words`, `watch` and `resolve` take one and return the next with
the wishes that follow. Position is the sum over distinct executions, never a status field.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.intent import OrderIntent
from domain.orders import (
    CHILD_TERMINAL,
    PARENT_TERMINAL,
    ChildState,
    Fill,
    OrderRef,
    ParentState,
    Role,
    group_of,
)
from domain.units import Side, Ticks, UtcNanos

LIVE_EXIT = frozenset({ChildState.CREATED, ChildState.WORKING})


class Leg(NamedTuple):
    """One closing order. `price` is the broker's, as last heard, None for a market order; `qty`
    what it was placed for less what it has filled. A `held` leg waits for the entry and
    protects nothing. `placed_at` is when it was sent, `doubt_since` since when its state is
    unknown, `cancel_at` when its cancel was last asked for. One that `restores` was sent to close
    a reversal: for it the position to end is the opposite one.
    """

    ref: OrderRef
    state: ChildState
    price: Ticks | None
    qty: int
    placed_at: UtcNanos
    held: bool = False
    doubt_since: UtcNanos | None = None
    cancel_at: UtcNanos | None = None
    restores: bool = False

    @property
    def alive(self) -> bool:
        """True while it may still fill."""
        return self.state in LIVE_EXIT

    @property
    def working(self) -> bool:
        """True if the broker works it now."""
        return self.state is ChildState.WORKING and not self.held


class Guard(NamedTuple):
    """Since when something is missing, and what was done about it (execution.md 4).

    `since` is None while nothing is missing; `told` once the incident was raised; `tries`
    counts re-placements, the last one at `tried_at`.
    """

    since: UtcNanos | None = None
    told: bool = False
    tries: int = 0
    tried_at: UtcNanos = 0


CALM = Guard()


class Book(NamedTuple):
    """One entry, its stop and target, their re-placements, and market exits.

    `stop_price` and `target_price` are the recorded ones, which the broker's must equal.
    `parent_at` is when the entry last changed state, `cancel_at` when its cancel was asked
    for and `cancel_reason` why. `provisional_at` is when it was reported dead: until
    executions have been read later than that, a fill may turn up. `late` are legs that were
    replaced and may still come alive. `stop_was` is the stop's price before a tightening that is
    not confirmed yet. `exit_reason` and `exit_from` (a price) belong to the
    market exit on its way.
    """

    name: str
    side: Side
    qty: int
    sent_at: UtcNanos
    stop_price: Ticks
    target_price: Ticks
    stop: Leg
    target: Leg
    parent: ParentState = ParentState.CREATED
    parent_at: UtcNanos = 0
    cancel_at: UtcNanos | None = None
    cancel_reason: str | None = None
    provisional_at: UtcNanos | None = None
    never_arrived: bool = False
    claimed: int = 0
    entries: tuple[Fill, ...] = ()
    exits: tuple[Fill, ...] = ()
    exit: Leg | None = None
    stop_was: Ticks | None = None
    exit_reason: str | None = None
    exit_from: Ticks = 0
    exit_rounds: int = 0
    late: tuple[Leg, ...] = ()
    unprotected: Guard = CALM
    untargeted: Guard = CALM
    stops: int = 0
    targets: int = 0
    closes: int = 0
    read_at: UtcNanos = 0
    slow_told: bool = False
    doubt_told: bool = False

    @classmethod
    def of(cls, intent: OrderIntent, at: UtcNanos) -> Book:
        """A bracket about to be sent."""
        name = group_of(intent.decision_id)
        stop = Leg(
            OrderRef(name, Role.STOP), ChildState.CREATED, intent.stop_price, intent.qty, at, True
        )
        target = stop._replace(ref=OrderRef(name, Role.TARGET), price=intent.target_price)
        return cls(
            name, intent.side, intent.qty, at, intent.stop_price, intent.target_price, stop,
            target, parent_at=at,
        )  # fmt: skip

    # ---- what it holds

    @property
    def entry_ref(self) -> OrderRef:
        """The entry's reference."""
        return OrderRef(self.name, Role.ENTRY)

    @property
    def filled(self) -> int:
        """Contracts the entry's executions add up to."""
        return sum(f.qty for f in self.entries)

    @property
    def closed(self) -> int:
        """Contracts the closing executions add up to, what was closed once too often and bought
        back taken off again."""
        return sum(f.qty if f.side != self.side else -f.qty for f in self.exits)

    @property
    def open_qty(self) -> int:
        """Contracts still open; negative once more was closed than opened."""
        return self.filled - self.closed

    @property
    def position(self) -> int:
        """Signed contracts."""
        return self.side * self.open_qty

    @property
    def entry_alive(self) -> bool:
        """True while the entry may still fill, as far as anybody knows."""
        return self.parent not in PARENT_TERMINAL

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Every closing order."""
        tail = () if self.exit is None else (self.exit,)
        return (self.stop, self.target, *self.late, *tail)

    @property
    def settled(self) -> bool:
        """True once nothing of it is open, working or unknown."""
        return (
            self.open_qty == 0
            and not self.entry_alive
            and all(leg.state in CHILD_TERMINAL for leg in self.legs)
        )

    @property
    def protected(self) -> bool:
        """True if working stops cover what is open."""
        if self.open_qty <= 0:
            return True
        stops = (leg for leg in self.legs if leg.ref.role is Role.STOP and leg.working)
        return sum(leg.qty for leg in stops) >= self.open_qty

    def knows(self, exec_id: str) -> bool:
        """True if an execution has been booked."""
        return any(f.exec_id == exec_id for f in (*self.entries, *self.exits))

    def leg(self, ref: OrderRef) -> Leg | None:
        """The closing order of that reference."""
        return next((leg for leg in self.legs if leg.ref == ref), None)

    # ---- the next value

    def with_leg(self, leg: Leg) -> Book:
        """Put a leg in the place of the one with the same reference."""
        if leg.ref == self.stop.ref:
            return self._replace(stop=leg)
        if leg.ref == self.target.ref:
            return self._replace(target=leg)
        if self.exit is not None and leg.ref == self.exit.ref:
            return self._replace(exit=leg)
        return self._replace(late=tuple(leg if o.ref == leg.ref else o for o in self.late))

    def replaced(self, new: Leg) -> Book:
        """Make `new` the stop, the target or the market exit; the old one stays in view."""
        match new.ref.role:
            case Role.STOP:
                return self._replace(stop=new, late=(*self.late, self.stop), stops=new.ref.number)
            case Role.TARGET:
                late = (*self.late, self.target)
                return self._replace(target=new, late=late, targets=new.ref.number)
            case _:
                late = self.late if self.exit is None else (*self.late, self.exit)
                return self._replace(exit=new, late=late, closes=new.ref.number)

    def tightened(self, price: Ticks, at: UtcNanos) -> Book:
        """Record a stop moved towards profit; the broker's word is still to come."""
        was = self.stop_price if self.stop_was is None else self.stop_was
        stop = self.stop._replace(cancel_at=at)
        return self._replace(stop_price=price, stop_was=was, stop=stop)

    def leaving(self, qty: int, reason: str, price: Ticks, at: UtcNanos) -> Book:
        """Record a market exit of `qty` about to be sent; slippage counts from `price`."""
        ref = OrderRef(self.name, Role.EXIT, self.closes + 1)
        leg = Leg(ref, ChildState.CREATED, None, qty, at, restores=self.open_qty < 0)
        rounds = self.exit_rounds + 1
        return self.replaced(leg)._replace(exit_reason=reason, exit_from=price, exit_rounds=rounds,
            slow_told=False,
        )  # fmt: skip

    def entry_is(self, state: ParentState, at: UtcNanos) -> Book:
        """Move the entry; the instant is kept only of a change."""
        if state is self.parent:
            return self
        return self._replace(parent=state, parent_at=at, doubt_told=False)
