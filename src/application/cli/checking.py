"""The items of `tradebot checklist` that need no broker: files, store, guard, calendar, channels.

Each item is a function that looks and answers; one that cannot look fails with the reason.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from application.binding import Owner, taken_by
from application.cli.standing import places_of, standing, store_of
from application.cli.status import time_of
from application.container import RunContainer, owner_of, store_url
from application.secrets import load_secrets
from application.settings import Adapter, Mode, Settings
from domain.alarm import Level
from domain.units import SECOND, UtcNanos
from ports.errors import PortError

LEAST_FREE: Final = 500_000_000
"""Bytes that the store and the state directory must have free (law.md 2, host fit)."""
EASY_FREE: Final = 4 * LEAST_FREE
DAYS_AHEAD: Final = 30
_OTHERS_WRITE: Final = 0o022


class Grade(StrEnum):
    """How an item came out."""

    PASS = "pass"  # noqa: S105  # a grade, no password
    WARN = "warn"
    FAIL = "fail"


class Item(NamedTuple):
    """One item: what was looked at, how it is, and what was seen."""

    name: str
    grade: Grade
    evidence: str


Look = Callable[[], tuple[Grade, str]]


def looked(name: str, look: Look) -> Item:
    """The item that `look` answers; a failing look is a failed item."""
    try:
        return Item(name, *look())
    except (PortError, OSError, ValueError) as error:
        return Item(name, Grade.FAIL, str(error) or type(error).__name__)


def local_items(container: RunContainer, settings: Settings, now: UtcNanos) -> Iterator[Item]:
    """Every item that needs no broker, in the order in which they are mended."""
    contracts = looked("contracts", lambda: _contracts(container))
    yield contracts
    if contracts.grade is not Grade.FAIL:
        yield looked("law", lambda: _law(container))
        yield looked("calendar", lambda: _calendar(container, now))
        yield looked("fee", lambda: _fee(container, now))
    url = store_url(settings)
    yield looked("disk", lambda: _disk(settings, url))
    yield looked("writable", lambda: _writable(settings, url))
    yield looked("owner only", lambda: _owner_only(settings, url))
    yield looked("store", lambda: _store(url))
    yield looked("store's account", lambda: _bound(settings, url))
    yield looked("kill switch", lambda: _kill(settings, url))
    yield looked("notifications", lambda: _notifications(settings))
    yield looked("heartbeat", lambda: _heartbeat(settings))


def _contracts(container: RunContainer) -> tuple[Grade, str]:
    found = container.contracts()
    instrument = container.instrument()
    config = container.config_hash()
    return Grade.PASS, f"{len(found.hashes)} files, {instrument.symbol}, config hash {config[:12]}"


def _law(container: RunContainer) -> tuple[Grade, str]:
    law = container.contracts().constitution
    limits = (
        f"{law.max_risk.cents()} USD and {law.max_stop_ticks} ticks a trade, "
        f"{law.max_trades_per_day} trades and {law.max_daily_loss.cents()} USD a day, "
        "within the ceilings of the code"
    )
    return Grade.PASS, limits


def _calendar(container: RunContainer, now: UtcNanos) -> tuple[Grade, str]:
    calendar = container.calendar()
    if not calendar.covers(now, DAYS_AHEAD):
        return Grade.FAIL, f"does not know today and the next {DAYS_AHEAD} days"
    today = calendar.session_at(now)
    if today is None:
        return Grade.WARN, "no session today"
    early = ", early close" if today.early_close else ""
    hours = f"{time_of(today.open)} to {time_of(today.close)}{early}"
    return Grade.PASS, f"session {today.date}, {hours}"


def _fee(container: RunContainer, now: UtcNanos) -> tuple[Grade, str]:
    contracts, instrument = container.contracts(), container.instrument()
    today = datetime.fromtimestamp(now // SECOND, UTC).date()
    text = f"{instrument.fee_per_side.cents()} a side, confirmed on {instrument.fee_confirmed}"
    stale = contracts.fee_is_stale(instrument, today)
    return (Grade.WARN if stale else Grade.PASS), text


def _folders(settings: Settings, url: str) -> list[Path]:
    """Where the store and the guard files stand, as far as they are folders of this machine."""
    path = store_of(url)
    folders = [] if path is None else [path.absolute().parent]
    guards = [where.guard or where.kill for where in places_of(url, None, settings.state_dir)]
    folders += [guard.absolute().parent for guard in guards]
    return list(dict.fromkeys(_existing(folder) for folder in folders))


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _disk(settings: Settings, url: str) -> tuple[Grade, str]:
    free = {folder: shutil.disk_usage(folder).free for folder in _folders(settings, url)}
    text = ", ".join(f"{size // 1_000_000} MB free in {folder}" for folder, size in free.items())
    least = min(free.values(), default=EASY_FREE)
    if least < LEAST_FREE:
        return Grade.FAIL, text
    return (Grade.WARN if least < EASY_FREE else Grade.PASS), text or "the store is on a server"


def _writable(settings: Settings, url: str) -> tuple[Grade, str]:
    folders = _folders(settings, url)
    for folder in folders:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".tradebot-check-") as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    return Grade.PASS, "wrote and synced in " + ", ".join(map(str, folders))


def _owner_only(settings: Settings, url: str) -> tuple[Grade, str]:
    """Files that others may change are no files to trade real money by."""
    path = store_of(url)
    watched = [path, settings.contracts, settings.state_dir, Path("tradebot.toml")]
    found = [each for each in watched if each is not None and each.exists()]
    shared = [each for each in found if each.stat().st_mode & _OTHERS_WRITE]
    if not shared:
        return Grade.PASS, ", ".join(map(str, found)) or "nothing there yet"
    grade = Grade.FAIL if settings.run_mode is Mode.LIVE else Grade.WARN
    return grade, "others may write " + ", ".join(map(str, shared)) + " (chmod go-w)"


def _store(url: str) -> tuple[Grade, str]:
    from adapters.store.reading import reading
    from adapters.store.verify import verify

    with reading(url) as found:
        if found is None:
            return Grade.PASS, "none yet: the first run makes it"
    done = verify(url)
    if not done.sound:
        return Grade.FAIL, f"broken at seq {done.first_bad}: {done.reason}"
    return Grade.PASS, f"{done.count} events verified, schema current, chain head {done.head}"


def _bound(settings: Settings, url: str) -> tuple[Grade, str]:
    found = standing(url, settings.state_dir)
    if found.process is not None:
        return Grade.FAIL, f"another process runs on it: {found.process}"
    if found.recorded is None:
        new = settings.run_mode is Mode.LIVE
        return (Grade.FAIL, "new: `tradebot db bind` first") if new else (Grade.PASS, "new")
    who, asked = found.recorded.identity, owner_of(settings)
    named = settings.account or settings.confirm_live
    if settings.adapter is not Adapter.FAKE and not named and who.account:
        asked = asked._replace(account=who.account)  # only the gateway can say which it is
    reason = taken_by(Owner(who.adapter, who.account, who.mode), asked, found.recorded.seq)
    return (Grade.FAIL, reason) if reason else (Grade.PASS, f"store id {who.store_id}")


def _kill(settings: Settings, url: str) -> tuple[Grade, str]:
    found = standing(url, settings.state_dir)
    if found.latch is not None:
        latch = found.latch
        return Grade.FAIL, f"latched by {latch.trigger} at {time_of(latch.at)}: {latch.detail}"
    if found.ordered is not None:
        return Grade.FAIL, f"a kill was ordered: {found.ordered}"
    return Grade.PASS, "armed"


def _notifications(settings: Settings) -> tuple[Grade, str]:
    """One test message through every channel."""
    from adapters.notify.channels import ChannelNotifier

    services = load_secrets(os.environ).services
    if not services:
        live = settings.run_mode is Mode.LIVE
        text = "no channel beside log and console: set TRADEBOT_ALERT_URLS"
        return (Grade.FAIL if live else Grade.WARN), text
    with tempfile.TemporaryDirectory() as folder:
        notifier = ChannelNotifier(Path(folder) / "test.log", services)
        title = f"{settings.run_mode.value} {settings.symbol}: test"
        notifier.send(Level.NOTE, title, "a test message of `tradebot checklist`")
        notifier.close()
        lost = notifier.dropped
    if lost:
        return Grade.FAIL, "the test message did not reach every channel"
    return Grade.PASS, f"a test message went to {len(services)} channel(s): read it"


def _heartbeat(settings: Settings) -> tuple[Grade, str]:
    url = load_secrets(os.environ).heartbeat_url.get_secret_value()
    if url:
        return Grade.PASS, "a watchdog service is told every minute"
    needed = settings.adapter is not Adapter.FAKE and settings.run_mode is Mode.LIVE
    text = "nobody would notice that the process died: set TRADEBOT_HEARTBEAT_URL"
    return (Grade.FAIL if needed else Grade.WARN), text
