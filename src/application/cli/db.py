"""`tradebot db`: prove that an event store is whole, copy it, and hand its events out."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import ExitCode, give, guarded
from application.cli.run import Text, given

db = typer.Typer(
    name="db",
    help="Look after an event store: prove, export, copy, upgrade it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Url = Annotated[
    Text, typer.Option("--db", metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
]


@db.command()
def verify(
    url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Recompute the hash chain; exit 1 naming the first bad event if it does not hold.

    \b
    Example:
      tradebot db verify --db sqlite:///var/tradebot.db
    """
    raise typer.Exit(guarded(lambda: _verify(url, as_json)))


@db.command()
def export(
    url: Url = None,
    out: Annotated[
        Text, typer.Option(metavar="FILE", help="Where to write  [standard output]")
    ] = None,
) -> None:
    """Write every event as one line of JSON, in order.

    \b
    Example:
      tradebot db export --out events.jsonl
    """
    raise typer.Exit(guarded(lambda: _export(url, out)))


@db.command()
def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where the copy goes; must be new")],
    url: Url = None,
) -> None:
    """Copy a store into one SQLite file, also while a run writes it, and verify the copy.

    Exit 1 if the copy does not verify: it then stays as FILE.broken.

    \b
    Examples:
      tradebot db backup monday.db
      tradebot db backup /mnt/usb/live.db --db sqlite:////data/tradebot-ibkr-live.db
    """
    raise typer.Exit(guarded(lambda: _backup(file, url)))


@db.command()
def upgrade(url: Url = None) -> None:
    """Bring a store of an older version to this one; no run may have it open. Copies it first.

    \b
    Example:
      tradebot db upgrade --db sqlite:///var/tradebot.db
    """
    raise typer.Exit(guarded(lambda: _upgrade(url)))


@db.command()
def bind(
    account: Annotated[str, typer.Option(metavar="ID", help="The broker account, exactly")],
    mode: Annotated[str, typer.Option(metavar="MODE", help="PAPER or LIVE")],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, in at least 10 characters; it is recorded")
    ],
    adapter: Annotated[Text, typer.Option(metavar="NAME", help="Broker, as in run")] = None,
    url: Url = None,
    state_dir: Annotated[
        Text, typer.Option(metavar="DIR", help="Where the guard file stands, as in run")
    ] = None,
    symbol: Annotated[Text, typer.Option(metavar="NAME", help="Instrument  [MES]")] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    week_loss: Annotated[
        Text, typer.Option(metavar="USD", help="Lost this week, as far as you know")
    ] = None,
    month_loss: Annotated[
        Text, typer.Option(metavar="USD", help="Lost this month, as far as you know")
    ] = None,
    host: Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")] = None,
    port: Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")] = None,
    client_id: Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")] = None,
) -> None:
    """Say whose a new, lost or replaced store is. Nothing that the law knew is forgotten.

    The old store is kept as it is. The store gets a new id; its counters are the worse of store,
    guard file, the broker's executions of today and what you type; a kill latch stays. Entries
    begin with the next session. LIVE asks for a person at a terminal.

    \b
    Example:
      tradebot db bind --adapter ibkr --account DU1234567 --mode PAPER \\
          --reason "disk replaced, restored from Monday's backup"
    """
    options: dict[str, object] = {
        "account": account,
        "mode": mode,
        "adapter": adapter,
        "db": url,
        "state_dir": state_dir,
        "symbol": symbol,
        "contracts": contracts,
        "host": host,
        "port": port,
        "client_id": client_id,
    }
    from application.cli.bind import bind_command

    raise typer.Exit(guarded(lambda: bind_command(given(options), reason, week_loss, month_loss)))


def _url(url: str | None) -> str:
    """The store that was named, in any source of settings, or the default one."""
    from adapters.store.connect import parse_url
    from application.container import DEFAULT_STORE
    from application.settings import load_settings
    from ports.errors import BadInput, StoreFailure

    found = load_settings(given({"db": url})).db or DEFAULT_STORE
    try:
        parse_url(found)
    except StoreFailure as error:
        raise BadInput("settings", "db", str(error)) from None
    return found


def _verify(url: str | None, as_json: bool) -> ExitCode:
    import json

    from adapters.store.connect import shown
    from adapters.store.verify import verify as verify_chain

    found = _url(url)
    result, name = verify_chain(found), shown(found)
    if as_json:
        answer = {
            "store": name,
            "sound": result.sound,
            "events": result.count,
            "chain_head": result.head,
            "first_bad": result.first_bad,
            "reason": result.reason,
        }
        give(json.dumps(answer, indent=2))
    elif result.sound:
        give(f"{name}: sound, {result.count} events, chain head {result.head}")
    else:
        give(f"{name}: BROKEN at seq {result.first_bad}: {result.reason}")
    return ExitCode.DONE if result.sound else ExitCode.CHECK_FAILED


def _export(url: str | None, out: str | None) -> ExitCode:
    import sys
    from pathlib import Path

    from adapters.store.export import export as lines_of
    from ports.errors import BadInput

    lines = lines_of(_url(url))
    if out is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return ExitCode.DONE
    try:
        with Path(out).open("wb") as file:
            file.writelines(lines)
    except OSError as error:
        raise BadInput(out, "", f"cannot be written: {error.strerror}") from None
    return ExitCode.DONE


def _backup(file: str, url: str | None) -> ExitCode:
    from pathlib import Path

    from adapters.store.backup import BROKEN
    from adapters.store.backup import backup as copy_of

    found = _url(url)
    result = copy_of(found, Path(file))
    if result.sound:
        give(f"{file}: a sound copy, {result.count} events, chain head {result.head}")
        return ExitCode.DONE
    give(f"{file}{BROKEN}: BROKEN at seq {result.first_bad}: {result.reason}; so is the store")
    return ExitCode.CHECK_FAILED


def _upgrade(url: str | None) -> ExitCode:
    from adapters.clock.system import SystemClock
    from adapters.store.connect import shown
    from adapters.store.upgrade import upgrade as bring_up

    found = _url(url)
    result, name = bring_up(found, SystemClock().now()), shown(found)
    if result.kept is None:
        give(f"{name}: has revision {result.after} already")
    else:
        give(f"{name}: from {result.before} to {result.after}; the copy before is {result.kept}")
    return ExitCode.DONE
