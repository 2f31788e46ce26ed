"""From the library's objects, which change under our hands, to frozen records."""

from __future__ import annotations

from adapters.ibkr.ib_api import AccountValue, Fill, Position, RealTimeBar, Trade
from adapters.ibkr.records import (
    AccountSeen,
    BarSeen,
    ExecSeen,
    FeeSeen,
    OrderFacts,
    PositionSeen,
)
from adapters.ibkr.times import nanos
from domain.units import UtcNanos


def order_facts(trade: Trade) -> OrderFacts:
    """The order as last heard of."""
    order, status, contract = trade.order, trade.orderStatus, trade.contract
    return OrderFacts(
        order.orderId, order.clientId, order.permId or status.permId, order.orderRef,
        order.account, contract.conId, contract.symbol, contract.secType, order.action,
        order.orderType, order.totalQuantity, order.lmtPrice, order.auxPrice, order.tif,
        order.ocaGroup, status.status, status.filled, status.remaining, status.whyHeld,
        bool(trade.log) and trade.log[-1].errorCode != 0,
    )  # fmt: skip


def completed_facts(trade: Trade) -> OrderFacts:
    """An order that is over; such a message carries neither order id nor client id."""
    filled = trade.order.filledQuantity
    return order_facts(trade)._replace(
        order_id=0, filled=filled if filled < 1e300 else trade.orderStatus.filled, invented=False
    )


def exec_facts(fill: Fill) -> ExecSeen:
    """An execution."""
    done, contract = fill.execution, fill.contract
    return ExecSeen(
        done.execId, _instant(fill), done.acctNumber, contract.conId, contract.symbol,
        contract.secType, done.side, done.shares, done.price, done.permId, done.clientId,
        done.orderId, done.liquidation, done.orderRef,
    )  # fmt: skip


def fee_facts(fill: Fill) -> FeeSeen | None:
    """The commission of an execution, None while it has not been reported."""
    report = fill.commissionReport
    if not report.execId:
        return None
    return FeeSeen(report.execId, report.commission, report.currency, report.realizedPNL)


def position_facts(position: Position) -> PositionSeen:
    """A position."""
    contract = position.contract
    return PositionSeen(
        position.account, contract.conId, contract.symbol, contract.secType, position.position
    )


def account_facts(row: AccountValue) -> AccountSeen:
    """A row of the account's figures."""
    return AccountSeen(row.account, row.tag, row.value, row.currency)


def bar_facts(bar: RealTimeBar) -> BarSeen:
    """A 5-second bar."""
    return BarSeen(nanos(bar.time), bar.open_, bar.high, bar.low, bar.close, bar.volume, bar.wap)


def _instant(fill: Fill) -> UtcNanos | None:
    try:
        return nanos(fill.execution.time)
    except ValueError:
        return None
