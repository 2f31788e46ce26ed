"""The broker behind the second gateway: orders, executions, a position, cash. It outlives
connections, and its books are what a run is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from second_gateway.market import Piece, price, ticks
from second_gateway.wire import Order as Sent

TICK_VALUE: Final = Decimal("1.25")
LIVE: Final = ("PreSubmitted", "Submitted", "PendingCancel")


@dataclass
class Execution:
    """One execution; corrections share the id but for its last part."""

    exec_id: str
    order: Order
    side: int
    qty: int
    price: int
    at: int
    fee: Decimal
    liquidation: int = 0


@dataclass(eq=False)
class Order:
    """An order as the broker has it. `held` until the burst that it belongs to is released."""

    sent: Sent
    client: int
    perm: int
    at: int
    con_id: str
    status: str = "PreSubmitted"
    held: bool = True
    why: str = ""
    filled: int = 0
    average: float = 0.0
    elected: bool = False
    parent: Order | None = None
    first: Sent = field(default_factory=Sent)
    children: list[Order] = field(default_factory=list)

    @property
    def order_id(self) -> int:
        return int(self.sent["orderId"])

    @property
    def ref(self) -> str:
        return self.sent["ref"]

    @property
    def side(self) -> int:
        return 1 if self.sent["action"] == "BUY" else -1

    @property
    def qty(self) -> int:
        return int(float(self.sent["quantity"]))

    @property
    def alive(self) -> bool:
        return self.status in LIVE

    @property
    def active(self) -> bool:
        """True if it can fill now."""
        held_back = self.parent is not None and not self.parent.filled
        return self.alive and not self.held and not held_back

    def level(self, name: str) -> int:
        return ticks(self.sent[name])


class Exchange:
    """See the module. `tell(order, what)` is called for each change, `what` one of `status`,
    `open`, `cancelled`; `told(execution)` for each execution."""

    def __init__(self, cash: Decimal, fee: Decimal, through: bool) -> None:
        self.start = self.cash = cash
        self.fee = fee
        self.through = through
        self.slip = 0
        self.orders: list[Order] = []
        self.executions: list[Execution] = []
        self.position = 0
        self.cost = Decimal(0)
        self.last = 0
        self.now = 0
        self.perm = 1_771_000_000
        self.tell: Callable[[Order, str], None] = lambda order, what: None
        self.told: Callable[[Execution], None] = lambda execution: None
        self.may_fill: Callable[[Order], bool] = lambda order: True
        self.oca = True

    # ---- orders

    def place(self, sent: Sent, client: int, con_id: str) -> Order:
        """Take a new order; a burst is released by the member that transmits."""
        self.perm += 7
        order = Order(sent, client, self.perm, self.now, con_id, first=sent)
        parent_id = int(sent["parentId"] or 0)
        order.parent = self.find(client, parent_id) if parent_id else None
        if order.parent is not None:
            order.parent.children.append(order)
        self.orders.append(order)
        if sent["transmit"] == "1":
            root = order.parent or order
            self.release([root, *root.children])
        return order

    def release(self, burst: list[Order]) -> None:
        """The whole tree goes to the exchange; children wait for their parent."""
        for order in burst:
            order.held = False
            waits = order.parent is not None and not order.parent.filled
            stop = order.sent["type"].startswith("STP")
            order.status = "PreSubmitted" if waits or stop else "Submitted"
            order.why = "child,trigger" if waits and stop else "child" if waits else (
                "trigger" if stop else "")  # fmt: skip
            if order.parent is not None and not order.parent.alive and not order.parent.filled:
                order.status = "Cancelled"
            self.tell(order, "new")

    def find(self, client: int, order_id: int) -> Order | None:
        """The newest order of a client under a number of the day."""
        return next(
            (o for o in reversed(self.orders) if (o.client, o.order_id) == (client, order_id)),
            None,
        )

    def cancel(self, order: Order, word: str = "cancelled") -> None:
        """Cancel an order, and its children if it has not filled."""
        if not order.alive:
            return
        order.status, order.why = "Cancelled", ""
        self.tell(order, word)
        if not order.filled:
            for child in order.children:
                self.cancel(child)

    def reject(self, order: Order, status: str = "Inactive") -> None:
        """The order is refused, with all that hangs on it."""
        order.status, order.why = status, ""
        self.tell(order, "status")
        for child in order.children:
            self.cancel(child)

    # ---- money

    def fill(self, order: Order, at: int, qty: int = 0, liquidation: int = 0) -> Execution:
        """Execute an order, what is left of it if `qty` is 0, at a price in ticks."""
        qty = qty or order.qty - order.filled
        number = len(self.executions) + 1
        done = Execution(
            f"0001f4e8.{number:08x}.01.01", order, order.side, qty, at, self.now, self.fee * qty,
            liquidation,
        )  # fmt: skip
        self.executions.append(done)
        order.average = (order.average * order.filled + price(at) * qty) / (order.filled + qty)
        order.filled += qty
        if order.filled >= order.qty:
            order.status, order.why = "Filled", ""
        self._book(done.side * qty, at, done.fee)
        self.told(done)
        for child in order.children:
            if child.alive and not child.held:
                stop = child.sent["type"] == "STP"
                child.status, child.why = ("PreSubmitted", "trigger") if stop else ("Submitted", "")
                self.tell(child, "status")
        if self.oca and order.sent["oca"]:
            for other in self.orders:
                if other is not order and other.sent["oca"] == order.sent["oca"]:
                    self.cancel(other)
        return done

    def _book(self, change: int, at: int, fee: Decimal) -> None:
        """Cash moves with what is closed, as futures are settled; the fee at once."""
        self.cash -= fee
        for _ in range(abs(change)):
            step = 1 if change > 0 else -1
            if self.position * step >= 0:
                self.cost += step * at
            else:
                mean = self.cost / self.position
                self.cash -= step * (at - mean) * TICK_VALUE
                self.cost += step * mean
            self.position += step

    def correct(self, done: Execution, at: int) -> Execution:
        """The exchange says another price for an execution: the same id with a later version."""
        stem, _, version = done.exec_id.rpartition(".")
        again = Execution(
            f"{stem}.{int(version) + 1:02d}", done.order, done.side, done.qty, at, done.at, done.fee
        )
        self.cash -= done.side * done.qty * (at - done.price) * TICK_VALUE
        self.executions[self.executions.index(done)] = again
        return again

    @property
    def equity(self) -> Decimal:
        open_result = (self.position * self.last - self.cost) * TICK_VALUE
        return self.cash + open_result

    # ---- the market

    def expire(self) -> None:
        """End what was good until now."""
        for order in self.orders:
            until = order.sent["goodTill"]
            if order.alive and order.sent["tif"] == "GTD" and until:
                end = datetime.strptime(until, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
                if self.now >= int(end.timestamp()):
                    self.cancel(order)

    def match(self, piece: Piece) -> None:
        """Five seconds trade against what is active. Of a group at most one fills: market orders
        first, then stops, then limits; a target not in the piece that fills its parent."""
        if not piece.traded:
            return
        fresh: set[int] = set()
        for kind in ("MKT", "entry", "STP", "LMT"):
            for order in list(self.orders):
                it = "entry" if order.sent["openClose"] == "O" and self._opens(order) else None
                if (it or order.sent["type"]) != kind or not order.active:
                    continue
                if order.parent is not None and id(order.parent) in fresh and kind == "LMT":
                    continue
                at = self._price(order, piece, order.parent is not None and (
                    id(order.parent) in fresh))  # fmt: skip
                if at is not None and self.may_fill(order):
                    fresh.add(id(order))
                    self.fill(order, at)
        self.last = piece.close

    @staticmethod
    def _opens(order: Order) -> bool:
        return order.parent is None and bool(order.children)

    def _price(self, order: Order, piece: Piece, same: bool) -> int | None:
        """The price at which an order fills in a piece, None if it does not."""
        s, kind = order.side, order.sent["type"]
        against, along = (piece.low, piece.high) if s > 0 else (piece.high, piece.low)
        if kind == "MKT":
            return piece.open + s
        if kind == "LMT" or order.elected:
            limit = order.level("limit")
            return limit if s * (limit - against) >= int(self.through) else None
        trigger = order.level("aux")
        if s * (along - trigger) < 0:
            return None
        if kind == "STP":
            return (trigger if same else s * max(s * trigger, s * piece.open)) + s * self.slip
        order.elected = True
        at = s * max(s * piece.open, s * trigger) + s
        limit = order.level("limit")
        if s * (limit - at) < 0:
            return limit if s * (limit - against) >= 0 else None
        return at
