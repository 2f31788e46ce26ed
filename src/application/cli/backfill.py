"""What `tradebot research backfill` does: a file a session, asked for in turn, kept when whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from application.cli.live_gateway import gateway_of
from application.cli.live_start import Known
from application.cli.output import ExitCode, say
from application.cli.screen import Screen
from application.container import RunContainer
from application.settings import Adapter, Mode, load_settings
from domain.session import Session
from domain.units import HOUR, SECOND
from ports.calendar import Calendar
from ports.errors import BadInput, BrokerDown

LONGEST_DAYS: Final = 366
_NOON: Final = 17 * HOUR
"""UTC nanoseconds into a date at which it is that date in New York."""


def backfill_command(options: Mapping[str, object], since: str, until: str, out: str) -> ExitCode:
    """Fetch every session from `since` to `until` that has no file yet.

    Errors: BadInput for dates that are none, or a broker without history; BrokerDown and
    BrokerRefused.
    """
    from adapters.bars.parquet_writer import write_bars

    first, last = _date("--from", since), _date("--to", until)
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise BadInput("command line", "--to", f"must be up to {LONGEST_DAYS} days after --from")
    settings = load_settings({**options, "mode": Mode.OBSERVE.value})
    if settings.adapter is not Adapter.IBKR:
        raise BadInput("settings", "adapter", f"{settings.adapter.value} has no history to give")
    container = RunContainer(settings=settings)
    instrument, folder = container.instrument(), Path(out)
    wanted = list(_sessions(container.calendar(), first, last))
    missing = [each for each in wanted if not _file(folder, instrument.symbol, each).exists()]
    say(f"{len(wanted)} sessions, {len(wanted) - len(missing)} of them already in {folder}")
    if not missing:
        return ExitCode.DONE
    gateway = gateway_of(settings, container, "0000", Known())
    gaps = 0
    try:
        gateway.market.open()
        with Screen(on_stderr=True, total=len(missing)) as screen:
            for number, session in enumerate(missing, start=1):
                bars = gateway.market.history(session.open, session.close)
                if bars:
                    write_bars(
                        _file(folder, instrument.symbol, session), bars, instrument.tick_size
                    )
                short = session.minutes - len(bars)
                gaps += short > 0
                lack = f", {short} minutes missing" if short else ""
                screen.line(f"{session.date}  {len(bars)} bars{lack}", "yellow" if short else "")
                screen.progress(number)
    except BrokerDown as error:
        say(f"stopped: {error}; the sessions that have a file are kept, call it again")
        return ExitCode.UNREACHABLE
    finally:
        gateway.market.close()
    if gaps:
        say(f"{gaps} sessions are not whole; delete their files to ask again")
    return ExitCode.DONE


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("command line", name, f"is not a date like 2026-11-02: {text!r}") from None


def _sessions(calendar: Calendar, first: date, last: date) -> Iterator[Session]:
    day = first
    while day <= last:
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
        session = calendar.session_at(midnight + _NOON)
        if session is not None:
            yield session
        day += timedelta(days=1)


def _file(folder: Path, symbol: str, session: Session) -> Path:
    return folder / f"{symbol}_1m_{session.date}.parquet"
