"""Whether a live run is well, as `status --health` judges it from outside (cli.md)."""

from __future__ import annotations

from typing import Final

from adapters.store.reading import reading
from application.cli.recorded import fields_of
from application.cli.standing import Standing, places_of
from application.container import RunContainer
from application.settings import Adapter, IbkrClock, Settings
from domain.units import SECOND, UtcNanos
from ports.errors import PortError
from ports.recording import DivergedError

BEAT_S: Final = 90
SILENT_S: Final = 180


def blind(found: Standing, settings: Settings, now: UtcNanos) -> str | None:
    """Why a live run sees nothing, None if it does; a simulated one always does."""
    recorded = found.recorded
    if recorded is None or recorded.started.get("adapter") in (None, Adapter.FAKE.value):
        return None
    mode = recorded.started.get("mode")
    ages = [
        now - where.guard.stat().st_mtime_ns
        for where in places_of(found.url, recorded.identity, settings.state_dir)
        if where.guard is not None and str(mode).lower() in where.guard.name
        if where.guard.exists()
    ]
    if not ages or min(ages) > BEAT_S * SECOND:
        return "no heartbeat for more than 90 s"
    try:
        with reading(found.url) as store:
            link = None if store is None else store.last("ConnectionChanged")
            bar = None if store is None else store.last("BarClosed")
            if link is not None and fields_of(link).get("up") is False:
                return "the link to the broker is down"
        if settings.ibkr_clock is IbkrClock.GATEWAY:
            return None
        session = RunContainer(settings=settings).calendar().session_at(now)
    except (PortError, DivergedError) as error:
        return f"cannot be looked at: {error}"
    if session is None or not session.open <= now < session.close:
        return None
    since = max(session.open, bar.ts_event if bar is not None else 0)
    return f"no bar for more than {SILENT_S} s" if now - since > SILENT_S * SECOND else None


def connection(found: Standing) -> str:
    """What the record says of the link: up, down or unknown."""
    try:
        with reading(found.url) as store:
            link = None if store is None else store.last("ConnectionChanged")
            if link is None:
                return "unknown"
            return "up" if fields_of(link).get("up") else "down"
    except (PortError, DivergedError):
        return "unknown"
