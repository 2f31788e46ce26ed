"""Our orders as values: what each leg of a trade looks like on the wire (execution.md 1)."""

from __future__ import annotations

from typing import NamedTuple

from adapters.ibkr.contracts import Pinned
from adapters.ibkr.ib_api import Contract, Library, Order
from adapters.ibkr.prices import to_price
from adapters.ibkr.times import utc_text
from domain.instrument import Instrument
from domain.intent import EntryType, OrderIntent
from domain.law.door import ExitPermit, ProtectPermit
from domain.orders import OrderRef, Role
from domain.units import SECOND, Side, Ticks

_OCA_BLOCK = 1
"""One fill cancels the rest, and only one of the group is routed at a time."""


class Plan(NamedTuple):
    """One order to be sent. `child` names its parent in the same burst by `parentId`."""

    ref: OrderRef
    wire_ref: str
    side: Side
    qty: int
    kind: str
    limit: Ticks | None
    stop: Ticks | None
    tif: str
    oca: str
    good_till: str = ""
    outside_hours: bool = False
    child: bool = False

    @property
    def price(self) -> Ticks | None:
        """What the order waits for: the stop's price or the limit's."""
        return self.stop if self.kind == "STP" else self.limit


def bracket(
    intent: OrderIntent, refs: tuple[tuple[OrderRef, str], ...], oca: str, margin_s: int
) -> tuple[Plan, Plan, Plan]:
    """Entry, target and stop, in the order in which they are sent: the stop releases all.

    `refs` are those of entry, target and stop with their wire texts; the entry expires at the
    broker `margin_s` after its deadline.
    """
    (entry, entry_text), (target, target_text), (stop, stop_text) = refs
    limited = intent.entry_type is EntryType.LIMIT
    return (
        Plan(
            entry, entry_text, intent.side, intent.qty, "LMT" if limited else "STP LMT",
            intent.limit, None if limited else intent.trigger, "GTD", "",
            utc_text(intent.expires_at + margin_s * SECOND),
        ),
        Plan(
            target, target_text, -intent.side, intent.qty, "LMT", intent.target_price, None,
            "DAY", oca, child=True,
        ),
        Plan(
            stop, stop_text, -intent.side, intent.qty, "STP", None, intent.stop_price, "GTC",
            oca, outside_hours=True, child=True,
        ),
    )  # fmt: skip


def market_exit(permit: ExitPermit, wire_ref: str, oca: str) -> Plan:
    """A market order that closes; it works outside regular hours too."""
    return Plan(
        permit.ref, wire_ref, permit.side, permit.qty, "MKT", None, None, "DAY", oca,
        outside_hours=True,
    )  # fmt: skip


def protection(permit: ProtectPermit, wire_ref: str, oca: str) -> Plan:
    """A stop or a target on its own."""
    return closing(permit.ref, wire_ref, permit.side, permit.qty, permit.price, oca)


def closing(
    ref: OrderRef, wire_ref: str, side: Side, qty: int, price: Ticks, oca: str
) -> Plan:  # fmt: skip
    """A stop or a target: new, or with another price or quantity under the same number."""
    if ref.role is Role.STOP:
        return Plan(ref, wire_ref, side, qty, "STP", None, price, "GTC", oca, outside_hours=True)
    return Plan(ref, wire_ref, side, qty, "LMT", price, None, "DAY", oca)


class Maker:
    """Makes the library's orders and contracts of plans, for one account and one contract."""

    def __init__(
        self, library: Library, instrument: Instrument, pinned: Pinned, account: str
    ) -> None:
        self._library = library
        self._tick = instrument.tick_size
        self._pinned = pinned
        self._account = account

    def contract(self) -> Contract:
        """The pinned contract, a new one each time: the library tells them apart by identity."""
        p = self._pinned
        return self._library.contract(
            secType="FUT", conId=p.con_id, symbol=p.symbol, exchange=p.exchange,
            currency=p.currency, multiplier=p.multiplier, localSymbol=p.local_symbol,
            tradingClass=p.trading_class, lastTradeDateOrContractMonth=f"{p.last_trade:%Y%m%d}",
        )  # fmt: skip

    def order(self, plan: Plan, order_id: int, parent_id: int, transmit: bool) -> Order:
        """The order of a plan; nothing is left to a preset of the gateway's."""
        prices: dict[str, float] = {}
        if plan.limit is not None:
            prices["lmtPrice"] = to_price(plan.limit, self._tick)
        if plan.stop is not None:
            prices["auxPrice"] = to_price(plan.stop, self._tick)
        return self._library.order(
            orderId=order_id,
            action="BUY" if plan.side > 0 else "SELL",
            totalQuantity=plan.qty,
            orderType=plan.kind,
            tif=plan.tif,
            goodTillDate=plan.good_till,
            ocaGroup=plan.oca,
            ocaType=_OCA_BLOCK if plan.oca else 0,
            orderRef=plan.wire_ref,
            account=self._account,
            outsideRth=plan.outside_hours,
            parentId=parent_id if plan.child else 0,
            transmit=transmit,
            **prices,
        )

    def cancelled(self, order_id: int, client_id: int) -> Order:
        """The handle by which an order is cancelled."""
        return self._library.order(orderId=order_id, clientId=client_id)
