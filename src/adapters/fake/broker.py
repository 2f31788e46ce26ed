"""A small, deterministic, pessimistic broker that lives on bars (execution.md 8).

It keeps its own truth: orders, position, cash. It knows nothing of decisions, is told what
the market's slippage and spread are, and refuses anything without the law's permit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from adapters.fake.order import RANK, Order, entry_order, price_of
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import AccountSnapshot
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.fill_rules import FillRules
from domain.instrument import Instrument
from domain.law.door import (
    AmendPermit,
    ExitPermit,
    Permit,
    ProtectPermit,
    TightenPermit,
    genuine,
)
from domain.management_parameters import ExecutionParameters
from domain.orders import Fill, OrderEvent, OrderEventKind, OrderRef, Role, group_of
from domain.statement import Statement, StatementLine
from domain.units import MINUTE, SECOND, Money, Ticks, UtcNanos
from ports.broker import BrokerPosition, Word

_K = OrderEventKind


@dataclass(frozen=True, slots=True)
class FaultScript:
    """What may go otherwise than ideal, seeded.

    `latency_s` is the largest delay, in whole seconds, before an order becomes live, drawn
    anew for each; `partial_share` the chance that a fill of more than one contract comes in
    two parts.
    """

    latency_s: int = 0
    partial_share: float = 0.0


class FakeBroker:
    """One account in one instrument; see `play` for how time passes.

    `equity` is the starting balance. Nothing here reads a clock: the time of everything is
    that of the bars played and of the requests made.
    """

    name = "fake"

    def __init__(
        self,
        instrument: Instrument,
        execution: ExecutionParameters,
        equity: Money,
        seed: int = 7,
        faults: FaultScript | None = None,
    ) -> None:
        self._instrument = instrument
        self._cash = equity
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._faults = faults or FaultScript()
        self._orders: dict[str, Order] = {}
        self._known: set[str] = set()
        self._events: list[Word] = []
        self._numbers = 0
        self._execs = 0
        self._sequence = 0
        self._position = 0
        self._entry_cost = 0  # signed ticks times contracts of the open position
        self._last: Ticks | None = None
        self._last_time: UtcNanos = 0
        self._market = FillRules(execution, 1, float(instrument.typical_spread_ticks))
        self._account: AccountSnapshot | None = None
        self._executions: list[Fill] = []
        self._done: list[DoneOrder] = []
        self._statement: list[StatementLine] = []
        self._healthy_since: UtcNanos = 0

    # ---- requests

    def submit(self, permit: Permit, now: UtcNanos) -> None:
        """Accept one bracket; the children are held until the entry fills."""
        intent = genuine(permit, Permit).redeem(now)
        group = group_of(intent.decision_id)
        entry = OrderRef(group, Role.ENTRY)
        if str(entry) in self._known:
            return  # the reference is the idempotency key: one reference, one order
        live_at = now + self._latency()
        s = intent.side
        self._add(entry_order(intent, entry, live_at, self._next_number()))
        for role, kind, price in (
            (Role.STOP, "STOP", intent.stop_price),
            (Role.TARGET, "LIMIT", intent.target_price),
        ):
            order = Order(
                OrderRef(group, role),
                kind,
                -s,
                intent.qty,
                price if kind == "LIMIT" else None,
                price if kind == "STOP" else None,
                live_at,
                None,
                self._next_number(),
                held=True,
            )
            self._add(order)
        for role in (Role.ENTRY, Role.STOP, Role.TARGET):
            self._say(self._orders[str(OrderRef(group, role))], _K.ACK, now, "Submitted")

    def cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        """Cancel a working order; an entry takes its held children along."""
        order = self._orders.get(str(ref))
        if order is None:
            self._reject_cancel(ref, now)
            return
        self._drop(order, now)
        if ref.role is Role.ENTRY:
            for child in list(self._orders.values()):
                if child.ref.group == ref.group and child.held:
                    self._drop(child, now)

    def close(self, permit: ExitPermit, group: str, now: UtcNanos) -> None:
        """A market order, live for the next bar, in the one-cancels-all group of `group`."""
        genuine(permit, ExitPermit)
        if str(permit.ref) in self._known:
            return
        order = Order(
            permit.ref,
            "MARKET",
            permit.side,
            permit.qty,
            None,
            None,
            now + self._latency(),
            None,
            self._next_number(),
            oca=group,
        )
        self._add(order)
        self._say(order, _K.ACK, now, "Submitted")

    def move_stop(self, permit: TightenPermit, now: UtcNanos) -> None:
        """Move a working stop towards profit; anything else is answered with a cancel reject."""
        genuine(permit, TightenPermit)
        order = self._orders.get(str(permit.ref))
        if order is None or order.kind != "STOP" or order.trigger is None:
            self._reject_cancel(permit.ref, now)
            return
        if order.side * (order.trigger - permit.price) <= 0:
            self._reject_cancel(permit.ref, now)
            return
        order.trigger = permit.price
        self._say(order, _K.OPEN_ORDER, now, "Modified", permit.price)

    def place(self, permit: ProtectPermit, group: str, now: UtcNanos) -> None:
        """A stop or target that stands alone, in the one-cancels-all group of `group`."""
        genuine(permit, ProtectPermit)
        if str(permit.ref) in self._known:
            return
        stop = permit.ref.role is Role.STOP
        order = Order(
            permit.ref,
            "STOP" if stop else "LIMIT",
            permit.side,
            permit.qty,
            None if stop else permit.price,
            permit.price if stop else None,
            now + self._latency(),
            None,
            self._next_number(),
            oca=group,
        )
        self._add(order)
        self._say(order, _K.ACK, now, "Submitted", permit.price)

    def amend(self, permit: AmendPermit, now: UtcNanos) -> None:
        """Bring a working order to the permit's price and quantity."""
        genuine(permit, AmendPermit)
        order = self._orders.get(str(permit.ref))
        if order is None:
            self._reject_cancel(permit.ref, now)
            return
        if order.kind == "STOP":
            order.trigger = permit.price
        else:
            order.limit = permit.price
        order.qty = order.filled + permit.qty
        self._say(order, _K.OPEN_ORDER, now, "Modified", permit.price)

    def read(self, now: UtcNanos) -> BrokerTruth:
        """Everything afresh; this broker is never in doubt about itself."""
        return BrokerTruth(
            now,
            self._position,
            tuple(
                OpenOrder(
                    str(o.ref), True, o.number, o.left, o.filled,
                    o.trigger if o.kind == "STOP" else o.limit, o.held, False,
                )
                for o in self._orders.values()
            ),
            tuple(self._executions),
            tuple(self._done),
            sum(1 for f in self._executions if f.role is Role.ENTRY),
            self._healthy_since,
            Statement(tuple(self._statement)),
        )  # fmt: skip

    def drain(self) -> tuple[Word, ...]:
        """Everything said since the last call."""
        if not self._events:
            return ()
        said = tuple(self._events)
        self._events.clear()
        return said

    def account(self) -> AccountSnapshot | None:
        """Equity marked at the last close, and what is left beside the margin of the position."""
        if self._account is not None and not self._position:
            return self._account  # nothing moves while flat
        open_ticks = 0
        if self._position and self._last is not None:
            open_ticks = self._position * self._last - self._entry_cost
        equity = self._cash + self._instrument.tick_value * open_ticks
        margin = self._instrument.initial_margin * abs(self._position)
        snapshot = AccountSnapshot(self._last_time, equity, equity - margin)
        self._account = None if self._position else snapshot
        return snapshot

    def position(self) -> BrokerPosition:
        """The broker's own truth."""
        return BrokerPosition(self._position, len(self._orders))

    # ---- the market

    @property
    def idle(self) -> bool:
        """No order is working and nothing is left to say."""
        return not self._orders and not self._events

    def observe(self, slip_model: float, spread: float) -> None:
        """Take slippage and spread of the last closed minute, in ticks; NaN leaves them."""
        self._market = self._market.observed(slip_model, spread)

    def play(self, bar: Bar | SubBar, length: int = MINUTE) -> None:
        """Let one bar, or 5-second piece of `length` nanoseconds, trade against the orders.

        A market exit first, then stops, then targets and entries; on the entry's own fill
        bar a touched stop counts as hit and a touched target does not.
        """
        self._last_time = bar.open_time + length
        if not self._orders:
            self._last = bar.close
            return
        for order in sorted(self._orders.values(), key=lambda o: (RANK[o.kind], o.number)):
            if str(order.ref) in self._orders and not (order.held or order.born_on_fill):
                self._try(order, bar, length)
        for order in list(self._orders.values()):
            if order.born_on_fill:
                if order.kind == "STOP" and str(order.ref) in self._orders:
                    self._try(order, bar, length)
                order.born_on_fill = False
        self._last = bar.close

    def end_session(self, now: UtcNanos) -> None:
        """No further bar comes: a market exit on its way fills at the last close, adversely.

        What a fresh read shows is today's: executions and finished orders are forgotten here.
        """
        self._last_time = max(self._last_time, now)
        for order in list(self._orders.values()):
            if order.kind == "MARKET" and self._last is not None:
                self._fill(order, self._last + order.side * self._market.market_slip(), now)
        if not self._position:
            self._executions.clear()
            self._done.clear()

    # ---- inside

    def _try(self, order: Order, bar: Bar | SubBar, length: int) -> None:
        if bar.open_time < order.live_at:
            return
        if order.expires_at is not None and bar.open_time + length > order.expires_at:
            return
        price = price_of(self._market, order, bar)
        if price is not None:
            self._fill(order, price, bar.open_time)

    def _fill(self, order: Order, price: Ticks, at: UtcNanos) -> None:
        parts = [order.left]
        if order.left > 1 and self._random.random() < self._faults.partial_share:
            parts = [order.left // 2, order.left - order.left // 2]
        for qty in parts:
            order.filled += qty
            self._book(order, qty, price, at)
        del self._orders[str(order.ref)]
        self._done.append(DoneOrder(str(order.ref), _K.FILL, order.filled))
        if order.ref.role is Role.ENTRY:
            for child in self._orders.values():
                if child.ref.group == order.ref.group and child.held:
                    child.held, child.born_on_fill = False, True
                    child.live_at = min(child.live_at, at)
        elif self._position == 0:
            self._cancel_rest(order.oca or order.ref.group, at)

    def _cancel_rest(self, group: str, at: UtcNanos) -> None:
        """One cancels all."""
        for rest in list(self._orders.values()):
            if rest.ref.group == group:
                self._drop(rest, at)

    def _book(self, order: Order, qty: int, price: Ticks, at: UtcNanos) -> None:
        self._account = None
        signed, result = order.side * qty, None
        if self._position * signed < 0:
            closed = min(qty, abs(self._position))
            cost = self._entry_cost * closed // abs(self._position)
            result = self._instrument.tick_value * (-order.side * price * closed - cost)
            self._cash += result
            result = result - self._instrument.fee_per_side * (2 * closed)
            self._entry_cost -= cost
            self._position += order.side * closed
            signed -= order.side * closed
        self._position += signed
        self._entry_cost += signed * price
        if self._position == 0:
            self._entry_cost = 0
        fee = self._instrument.fee_per_side * qty
        self._cash -= fee
        self._execs += 1
        kind = _K.FILL if order.left == 0 else _K.PARTIAL
        self._say(order, kind, at, "Filled" if order.left == 0 else "PartiallyFilled", price)
        fill = Fill(
            f"{order.ref}.{self._execs}",
            str(order.ref),
            order.ref.role,
            order.number,
            order.side,
            qty,
            price,
            at,
        )
        self._executions.append(fill)
        self._statement.append(StatementLine(fill.exec_id, fee, result))
        self._events.append(fill)

    def _latency(self) -> int:
        most = self._faults.latency_s
        return self._random.randint(0, most) * SECOND if most else 0

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _add(self, order: Order) -> None:
        self._orders[str(order.ref)] = order
        self._known.add(str(order.ref))

    def _drop(self, order: Order, now: UtcNanos) -> None:
        del self._orders[str(order.ref)]
        self._done.append(DoneOrder(str(order.ref), _K.CANCEL_ACK, order.filled))
        self._say(order, _K.CANCEL_ACK, now, "Cancelled")

    def _say(
        self,
        order: Order,
        kind: OrderEventKind,
        at: UtcNanos,
        status: str,
        price: Ticks | None = None,
    ) -> None:
        self._sequence += 1
        self._events.append(
            OrderEvent(
                str(order.ref), order.ref.role, kind, at, self._sequence, order.number,
                order.number, status, 0, order.qty, order.filled, price,
            )
        )  # fmt: skip

    def _reject_cancel(self, ref: OrderRef, now: UtcNanos) -> None:
        self._sequence += 1
        self._events.append(
            OrderEvent(
                str(ref), ref.role, _K.CANCEL_REJECT, now, self._sequence, 0, 0, "Unknown",
                0, 0, 0, None,
            )
        )  # fmt: skip
