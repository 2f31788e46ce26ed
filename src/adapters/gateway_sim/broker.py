"""Orders, brackets, executions and positions; they outlive every connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from adapters.gateway_sim.account import Account
from adapters.gateway_sim.bars import Piece
from adapters.gateway_sim.codec import Message
from adapters.gateway_sim.contracts import Quarter
from adapters.gateway_sim.matching import RANK, Rules, rule_bar
from adapters.gateway_sim.orders import Execution, Order, expiry
from adapters.gateway_sim.words import (
    commission_words,
    execution_words,
    status_words,
    what_if_words,
)

_KINDS: Final = tuple(RANK)
Say = Callable[[int, Message], None]


@dataclass(slots=True)
class Broker:
    """The server's side of trading. `say(client, message)` sends to whoever may hear it."""

    account: Account
    rules: Rules
    say: Say
    fee: Decimal = Decimal("0.62")
    now: int = 0
    read_only: bool = False
    orders: list[Order] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    slices: Callable[[Order], int] | None = None  # how much of an order one piece fills
    refuse: Callable[[Order], bool] | None = None  # which order is answered with 201
    oca_fails: int = 0  # how many times a group does not cancel its rest but fills it
    stops_die_daily: bool = False
    _perm: int = 1_900_000_000
    _execs: int = 0
    _highest: dict[int, int] = field(default_factory=dict)

    # ---- what clients ask for

    def next_id(self, client: int) -> int:
        """The next valid order id of `client`."""
        return self._highest.get(client, 0) + 1

    def find(self, client: int, number: int) -> Order | None:
        """The latest order of that client and id."""
        for order in reversed(self.orders):
            if order.client == client and order.number == number:
                return order
        return None

    def execution(self, exec_id: str) -> Execution | None:
        """The execution of that id."""
        return next((done for done in self.executions if done.exec_id == exec_id), None)

    def live(self) -> list[Order]:
        """Orders that are not done, untransmitted ones included, oldest first."""
        return [o for o in self.orders if o.live or o.status == "PendingSubmit"]

    def place(self, client: int, asked: Message, quarter: Quarter | None) -> None:
        """A placeOrder: a new order, or a change of one that lives."""
        number = asked.number("orderId")
        known = self.find(client, number)
        self._highest[client] = max(self._highest.get(client, 0), number)
        problem = self._refusal(asked, quarter)
        if problem is not None or quarter is None:
            code, text = problem or (200, "No security definition has been found")
            self.error(client, number, code, text)
            return
        if asked.flag("whatIf"):
            self.say(client, what_if_words(client, asked, quarter, self.account, self.fee))
        elif known is None:
            self._accept(self._order(client, number, asked, quarter))
        elif known.live or known.status == "PendingSubmit":
            self._modify(known, asked)
        else:
            code = 104 if known.status == "Filled" else 103
            self.error(client, number, code, "Duplicate order id or order already filled")

    def cancel(self, client: int, number: int) -> None:
        """A cancelOrder."""
        order = self.find(client, number)
        if order is None:
            text = f"OrderId {number} that needs to be cancelled is not found."
            self.error(client, number, 10147, text)
        elif not order.live and order.status != "PendingSubmit":
            text = f"OrderId {number} that needs to be cancelled cannot be cancelled, state: "
            self.error(client, number, 10148, f"{text}{order.status}.")
        else:
            self.drop(order)

    def cancel_all(self) -> None:
        """A global cancel: everybody's orders."""
        for order in self.live():
            if order.live or order.status == "PendingSubmit":
                self.drop(order)

    # ---- time

    def expire(self, now: int) -> None:
        """Let orders end whose time is up at `now`, in the order of their ends."""
        due = [o for o in self.live() if o.expires is not None and o.expires <= now]
        for order in sorted(due, key=lambda o: (o.expires or 0, o.perm)):
            if order.live:
                self.now = max(self.now, order.expires or 0)
                self.drop(order)
        self.now = max(self.now, now)

    def play(self, piece: Piece) -> None:
        """Let five seconds trade against the orders: market, stops, then limits."""
        self.expire(piece.bar.start)
        for order in sorted(self.live(), key=lambda o: (RANK[o.kind], o.perm)):
            ready = order.live and not order.held and order.live_at <= piece.bar.start
            if ready and order.born != piece.bar.start:
                self._try(order, piece)
        self.account.last = piece.bar.close
        self.rules.observe(piece.bar)

    def fill_at_last(self) -> None:
        """Fill market orders at the last price, half the spread worse: no bar will (execution.md 8,
        a session without a further bar)."""
        for order in self.live():
            if order.kind == "MKT" and order.live and not order.held and self.account.last:
                price = self.rules.market(self.account.last, order.side)
                self.fill(order, price, order.left)

    def _try(self, order: Order, piece: Piece) -> None:
        mate = self._stop_beside(order)
        was = order.triggered
        price = self.rules.price(order, piece, mate)
        if order.triggered and not was:
            self.status(order, "Submitted")
        if price is None:
            return
        qty = order.left if self.slices is None else min(order.left, self.slices(order))
        if qty <= 0:
            return
        self.fill(order, price, qty, piece.bar.start)
        for child in order.children:
            if child.live and not child.held:
                child.born = rule_bar(order, piece).start
                child.live_at = min(child.live_at, child.born)
                if child.kind == "STP":
                    self._try(child, piece)

    def _stop_beside(self, order: Order) -> Order | None:
        group = order.group()
        if not group or order.kind != "LMT":
            return None
        for other in self.orders:
            if other.live and other.kind == "STP" and other.group() == group and not other.held:
                return other
        return None

    # ---- what happens to an order

    def fill(
        self, order: Order, price: int, qty: int, at: int | None = None, liquidation: int = 0
    ) -> Execution:
        """Fill `qty` of `order` at `price` and tell everybody concerned."""
        order.filled += qty
        order.paid += qty * price
        order.last_price = price
        holding = self.account.holding(order.quarter)
        profit = holding.take(order.side * qty, price)
        fee = self.fee * qty
        holding.fees += fee
        self.account.cash += (profit or Decimal(0)) - fee
        self.account.last = price
        self._execs += 1
        done = Execution(
            f"0000e0d5.{0x65000000 + self._execs:08x}.01.01", order, qty, price,
            self.now if at is None else at, order.filled, order.average, fee,
            None if profit is None else profit - fee, liquidation,
        )  # fmt: skip
        self.executions.append(done)
        self._say(order, execution_words(done))
        if order.left == 0:
            order.status, order.done_at = "Filled", self.now
        elif order.status == "PreSubmitted":
            order.status = "Submitted"
        self.status(order, order.status)
        self._say(order, commission_words(done))
        for child in order.children:
            if child.live and child.held:
                child.held = False
                self.status(child, "PreSubmitted" if child.kind == "STP" else "Submitted")
        if order.parent is not None or order.oca:
            self._one_cancels_all(order, qty)
        self.position(order.quarter)
        return done

    def _one_cancels_all(self, order: Order, qty: int) -> None:
        for other in self.live():
            if other is order or other.group() != order.group():
                continue
            if self.oca_fails > 0 and order.left == 0:
                self.oca_fails -= 1
                level = other.stop if other.kind == "STP" else other.limit
                self.fill(other, order.last_price if level is None else level, other.left)
                continue
            if order.left == 0 or other.left <= qty:
                self.drop(other)
            else:
                other.qty -= qty
                self.status(other, other.status)

    def drop(self, order: Order, text: str = "Order Canceled - reason:") -> None:
        """Cancel `order` and its children."""
        order.status, order.done_at = "Cancelled", self.now
        self.status(order, "Cancelled")
        self.error(order.client, order.number, 202, text)
        for child in order.children:
            if (child.live or child.status == "PendingSubmit") and not order.filled:
                self.drop(child)

    def correct(self, done: Execution, price: int, qty: int) -> Execution:
        """Correct an execution, as an exchange does: the same id with a higher last number."""
        prefix, _, number = done.exec_id.rpartition(".")
        order = done.order
        order.filled += qty - done.qty
        order.paid += qty * price - done.qty * done.price
        fixed = replace(
            done, exec_id=f"{prefix}.{int(number) + 1:02d}", price=price, qty=qty,
            cumulative=order.filled, average=order.average, fee=self.fee * qty, profit=None,
        )  # fmt: skip
        self.executions.append(fixed)
        self.account.replay(self.executions)
        self._say(order, execution_words(fixed))
        self._say(order, commission_words(fixed))
        self.position(order.quarter)
        return fixed

    def release(self, order: Order) -> None:
        """Transmit an order by hand, as a person can in TWS; its children stay behind."""
        order.transmitted, order.live_at = True, self.now
        self.status(order, "Submitted" if order.kind in ("LMT", "MKT") else "PreSubmitted")

    def reject(self, order: Order, text: str, status: str = "Inactive") -> None:
        """Refuse `order` with 201; its children go with it."""
        order.status, order.done_at = status, self.now
        self.error(order.client, order.number, 201, f"Order rejected - reason:{text}")
        self.status(order, status)
        for child in order.children:
            if child.live or child.status == "PendingSubmit":
                self.drop(child)

    def status(self, order: Order, status: str) -> None:
        """Set the state of `order` and tell it."""
        order.status = status
        self._say(order, Message("openOrder", order.words()))
        self._say(order, status_words(order))

    def error(self, client: int, number: int, code: int, text: str) -> None:
        """An error message to `client`."""
        self.say(client, Message("error", {"id": number, "code": code, "text": text}))

    def position(self, quarter: Quarter) -> None:
        """Tell the position in `quarter`, and the portfolio, to whoever listens."""
        holding = self.account.holding(quarter)
        self.say(-1, Message("position", self.account.position(holding)))
        self.say(-1, Message("updatePortfolio", self.account.portfolio(holding)))

    # ---- inside

    def _say(self, order: Order, message: Message) -> None:
        self.say(order.client, message)

    def _refusal(self, asked: Message, quarter: Quarter | None) -> tuple[int, str] | None:
        if self.read_only:
            text = "Error validating request.-'bO' : cause - The API interface is currently in "
            return 321, text + "Read-Only mode."
        if quarter is None:
            return 200, "No security definition has been found for the request"
        if asked.text("orderType") not in _KINDS:
            return 387, "Unsupported order type for this exchange and security type."
        if asked.text("account") not in ("", self.account.name):
            return 321, "Error validating request.-'bO' : cause - Invalid account code"
        try:
            size = Decimal(asked.text("totalQuantity"))
            prices = [asked.text("lmtPrice"), asked.text("auxPrice")]
            ticks = [self.account.product.ticks(p) for p in prices if p]
            expiry(asked.text("tif"), asked.text("goodTillDate"), self.now)
        except (InvalidOperation, ValueError, OverflowError):
            return 320, "Error reading request."
        if size <= 0 or size != int(size):
            return 434, "The order size cannot be zero."
        if None in ticks:
            return 110, "The price does not conform to the minimum price variation."
        return None

    def _order(self, client: int, number: int, asked: Message, quarter: Quarter) -> Order:
        self._perm += 1
        kind = asked.text("orderType")
        limit, stop = asked.text("lmtPrice"), asked.text("auxPrice")
        parent = self.find(client, asked.number("parentId")) if asked.number("parentId") else None
        order = Order(
            number=number, client=client, perm=self._perm, quarter=quarter, asked=asked,
            side=1 if asked.text("action") == "BUY" else -1,
            qty=int(Decimal(asked.text("totalQuantity"))), kind=kind,
            limit=self._ticks(limit) if kind in ("LMT", "STP LMT") else None,
            stop=self._ticks(stop) if kind in ("STP", "STP LMT") else None,
            tif=asked.text("tif"),
            expires=expiry(asked.text("tif"), asked.text("goodTillDate"), self.now),
            ref=asked.text("orderRef"), oca=asked.text("ocaGroup"), account=self.account.name,
            parent=parent, live_at=self.now,
        )  # fmt: skip
        order.asked = asked.having(account=self.account.name)
        self.orders.append(order)
        if parent is not None:
            parent.children.append(order)
        return order

    def _accept(self, order: Order) -> None:
        """Take an order; one with transmit set releases itself and its family."""
        parent = order.parent
        if parent is not None:
            if parent.status in ("Cancelled", "Inactive", "ApiCancelled"):
                self.reject(order, "The parent order is not active.", "Cancelled")
                return
            order.held = parent.filled == 0
        if not order.asked.flag("transmit"):
            return
        family = [order]
        if parent is not None and not parent.transmitted:
            family = [parent, *[c for c in parent.children if not c.transmitted]]
        elif parent is None:
            family += [c for c in order.children if not c.transmitted]
        for member in family:
            member.transmitted, member.live_at = True, self.now
            waits = member.held or member.kind in ("STP", "STP LMT")
            if self.stops_die_daily and member.kind == "STP":
                member.expires = expiry("DAY", "", self.now)
            self.status(member, "PreSubmitted" if waits else "Submitted")
        for member in family:
            if member.live and self.refuse is not None and self.refuse(member):
                self.reject(member, "The exchange refused the order.")

    def _modify(self, order: Order, asked: Message) -> None:
        side = 1 if asked.text("action") == "BUY" else -1
        if side != order.side or asked.text("orderType") != order.kind:
            text = "Order being modified does not match original order"
            self.error(order.client, order.number, 105, text)
            return
        limit, stop = asked.text("lmtPrice"), asked.text("auxPrice")
        order.limit = self._ticks(limit) if order.limit is not None else None
        order.stop = self._ticks(stop) if order.stop is not None else None
        order.qty = int(Decimal(asked.text("totalQuantity")))
        order.tif = asked.text("tif")
        order.expires = expiry(order.tif, asked.text("goodTillDate"), self.now)
        order.asked = asked.having(account=self.account.name)
        if order.transmitted:
            self.status(order, order.status)
        elif asked.flag("transmit"):
            self._accept(order)

    def _ticks(self, text: str) -> int | None:
        return self.account.product.ticks(text) if text else None
