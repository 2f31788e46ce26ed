"""The gateway of the settings: both ports of a real broker, made here for every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.container import RunContainer
from application.settings import Settings

if TYPE_CHECKING:
    from adapters.ibkr.gateway import Gateway
    from application.cli.live_start import Known


def gateway_of(
    settings: Settings, container: RunContainer, tag: str, known: Known, sealed: bool = False
) -> Gateway:
    """Both ports of the gateway; nothing is connected yet.

    `tag` are the first four digits of the store's id, `known` is what it has a record of. One
    that is `sealed` has no way to send.
    """
    from adapters.ibkr.gateway import open_gateway
    from adapters.ibkr.settings import GatewaySettings

    return open_gateway(
        GatewaySettings(
            container.instrument(),
            settings.run_mode.value,
            tag,
            known,
            host=settings.host,
            port=settings.port,
            client_id=settings.client_id,
            account=settings.account or settings.confirm_live,
            library=settings.ibkr_library,
            clock=settings.ibkr_clock.value,
            month=settings.ibkr_month,
            entry_expiry_margin_s=container.contracts().execution.entry_expiry_margin_s,
            recorded_price=known.price_of,
            recorded_sent=known.sent_at,
            sealed=sealed,
        )
    )
