"""What a run with a real broker cannot be asked for."""

from __future__ import annotations

from collections.abc import Mapping

from application.settings import Adapter, IbkrClock, Mode, Settings
from ports.errors import BadInput


def refuse_impossible(settings: Settings, given: Mapping[str, object]) -> None:
    """Refuse what cannot be meant. Errors: BadInput."""
    if settings.adapter is not Adapter.IBKR:
        reason = f"{settings.adapter.value} is not part of this version"
        raise BadInput("settings", "adapter", reason)
    live = settings.run_mode is Mode.LIVE
    for name in ("bars", "warmup"):
        if getattr(settings, name):
            raise BadInput("settings", name, "bars come from the broker, not from files")
    if settings.speed is not None or (live and "equity" in given):
        name = "speed" if settings.speed is not None else "equity"
        raise BadInput("settings", name, "means something on the fake broker only")
    if not live:
        refuse_live_options(settings)
        return
    if settings.ibkr_clock is IbkrClock.GATEWAY:
        raise BadInput("settings", "ibkr-clock", "in LIVE the time is the host's")
    if not settings.confirm_live:
        raise BadInput("settings", "confirm-live", "LIVE needs the exact account id here")
    if settings.account is not None and settings.account != settings.confirm_live:
        raise BadInput("settings", "confirm-live", "is not the account that was named")


def confirmed(settings: Settings, account: str) -> str:
    """The account, if it is the one that was confirmed. Errors: BadInput."""
    if settings.run_mode is Mode.LIVE and account != settings.confirm_live:
        raise BadInput("settings", "confirm-live", "is not the account of this gateway")
    return account


def refuse_live_options(settings: Settings) -> None:
    """Errors: BadInput for options that mean something in LIVE only."""
    for name in ("confirm_live", "accept_config"):
        if getattr(settings, name) is not None:
            raise BadInput("settings", name.replace("_", "-"), "means something in LIVE only")
