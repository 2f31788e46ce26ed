"""The way in: one gateway of two ports from one set of settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.ibkr.broker import IbkrBroker, ObservingBroker
from adapters.ibkr.hub import Hub
from adapters.ibkr.market import IbkrMarket
from adapters.ibkr.settings import GatewaySettings
from ports.broker import Broker, BrokerToday
from ports.market import LiveMarket


@dataclass(frozen=True, slots=True)
class Gateway:
    """The two ports of one gateway; `market.open()` connects, and comes first."""

    broker: Broker
    market: LiveMarket
    account: Callable[[], str]
    """The account's id, once `market.open()` has returned."""
    today: Callable[[], BrokerToday]
    """Asks what the executions of today say. Errors: BrokerDown."""


def open_gateway(settings: GatewaySettings) -> Gateway:
    """Both ports; nothing is connected yet. In OBSERVE the broker has no way to send."""
    hub = Hub(settings)
    broker: Broker = ObservingBroker(hub) if settings.observing else IbkrBroker(hub)
    return Gateway(broker, IbkrMarket(hub), lambda: hub.desk.account, hub.today)
