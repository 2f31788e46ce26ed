"""The account: cash, position, and what the gateway tells about both."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.gateway_sim.codec import Value
from adapters.gateway_sim.contracts import Product, Quarter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.gateway_sim.orders import Execution


@dataclass(slots=True)
class Holding:
    """A position in one contract: `cost` is signed ticks times contracts."""

    quarter: Quarter
    size: int = 0
    cost: int = 0
    realized: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)

    def take(self, signed: int, price: int) -> Decimal | None:
        """Book `signed` contracts at `price`; the profit if it closed something."""
        profit: Decimal | None = None
        if self.size * signed < 0:
            closed = min(abs(signed), abs(self.size))
            cost = self.cost * closed // abs(self.size)
            way = 1 if signed > 0 else -1
            profit = self.quarter.product.tick_value * (-way * price * closed - cost)
            self.realized += profit
            self.cost -= cost
            self.size += way * closed
            signed -= way * closed
        self.size += signed
        self.cost += signed * price
        if not self.size:
            self.cost = 0
        return profit


@dataclass(slots=True)
class Account:
    """One account in dollars; `values` overrides single values on the wire, None hides one."""

    name: str = "DU1234567"
    cash: Decimal = Decimal(25_000)
    margin: Decimal = Decimal(2_500)
    ready: bool = True
    product: Product = field(default_factory=Product)
    holdings: dict[int, Holding] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)
    last: int | None = None
    start: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self.start = self.cash

    def replay(self, executions: Sequence[Execution]) -> None:
        """Book everything afresh from `executions`, of which only the latest versions count."""
        latest = {done.exec_id.rpartition(".")[0]: done for done in executions}
        self.cash = self.start
        for holding in self.holdings.values():
            holding.size = holding.cost = 0
            holding.realized = holding.fees = Decimal(0)
        for done in latest.values():
            holding = self.holding(done.order.quarter)
            profit = holding.take(done.order.side * done.qty, done.price)
            holding.fees += done.fee
            self.cash += (profit or Decimal(0)) - done.fee

    def holding(self, quarter: Quarter) -> Holding:
        """The position in `quarter`, made if there is none."""
        return self.holdings.setdefault(quarter.con_id, Holding(quarter))

    def size(self) -> int:
        """Contracts held over all quarters."""
        return sum(h.size for h in self.holdings.values())

    def open_profit(self, holding: Holding) -> Decimal:
        """Profit of what is held, at the last price."""
        if self.last is None:
            return Decimal(0)
        return self.product.tick_value * (holding.size * self.last - holding.cost)

    def rows(self) -> list[tuple[str, str, str]]:
        """Tag, value and currency of every account value."""
        profit = sum((self.open_profit(h) for h in self.holdings.values()), Decimal(0))
        realized = sum((h.realized - h.fees for h in self.holdings.values()), Decimal(0))
        net = self.cash + profit
        margin = self.margin * abs(self.size())
        free = net - margin
        money = {
            "NetLiquidation": net, "TotalCashValue": self.cash, "AvailableFunds": free,
            "ExcessLiquidity": free, "BuyingPower": free * 4, "InitMarginReq": margin,
            "MaintMarginReq": margin, "FullInitMarginReq": margin,
            "FullMaintMarginReq": margin, "UnrealizedPnL": profit, "RealizedPnL": realized,
        }  # fmt: skip
        rows = [
            ("AccountCode", self.name, ""),
            ("AccountOrGroup", self.name, "BASE"),
            ("AccountOrGroup", self.name, "USD"),
            ("AccountReady", "true" if self.ready else "false", ""),
            ("AccountType", "INDIVIDUAL", ""),
            ("Currency", "USD", "USD"),
        ]
        for tag, value in money.items():
            rows.append((tag, f"{value:.2f}", "USD"))
            if tag in ("NetLiquidation", "AvailableFunds"):
                rows.append((f"{tag}-C", f"{value:.2f}", "USD"))
                rows.append((f"{tag}-S", "0.00", "USD"))
        for tag in ("CashBalance", "NetLiquidationByCurrency"):
            value = self.cash if tag == "CashBalance" else net
            rows += [(tag, f"{value:.2f}", "USD"), (tag, f"{value:.2f}", "BASE")]
        told = [(t, self.values.get(t, v), c) for t, v, c in rows]
        return [(t, v, c) for t, v, c in told if v is not None]

    def position(self, holding: Holding) -> dict[str, Value]:
        """The fields of a position message."""
        return {
            **holding.quarter.block(exchange=False), "account": self.name,
            "position": holding.size, "avgCost": self.average(holding),
        }  # fmt: skip

    def average(self, holding: Holding) -> str:
        """Average cost as IBKR says it: with the multiplier."""
        if not holding.size:
            return "0.0"
        return f"{self.product.tick_value * holding.cost / holding.size:.4f}"

    def portfolio(self, holding: Holding) -> dict[str, Value]:
        """The fields of an updatePortfolio message."""
        price = self.product.price(self.last or 0)
        return {
            **holding.quarter.block(), "primaryExchange": self.product.exchange,
            "position": holding.size, "marketPrice": price,
            "marketValue": price * self.product.multiplier * holding.size,
            "averageCost": self.average(holding),
            "unrealizedPNL": f"{self.open_profit(holding):.2f}",
            "realizedPNL": f"{holding.realized - holding.fees:.2f}", "account": self.name,
        }  # fmt: skip
