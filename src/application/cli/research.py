"""`tradebot research`: studies on history. Options; what they do is in files of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given

research = typer.Typer(
    name="research",
    help="Studies on history.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@research.callback()
def _studies() -> None:
    """Studies on history."""


@research.command()
def backfill(
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="First session")],
    until: Annotated[Text, typer.Option("--to", metavar="DATE", help="Last session  [--from]")] = (
        None
    ),
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the files go")] = "bars",
    adapter: Annotated[Text, typer.Option(metavar="NAME", help="Broker  [ibkr]")] = None,
    symbol: Annotated[Text, typer.Option(metavar="NAME", help="Instrument  [MES]")] = None,
    host: Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")] = None,
    port: Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")] = None,
    client_id: Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")] = None,
    account: Annotated[
        Text, typer.Option(metavar="ID", help="Broker account  [the only one]")
    ] = None,
) -> None:
    """Fetch minute bars of regular sessions from the broker, a Parquet file a session.

    A session that has its file is not asked for again, so a study that was cut short goes on.

    \b
    Example:
      tradebot research backfill --from 2026-11-02 --to 2026-11-13 --out bars
    """
    options: dict[str, object] = {
        "adapter": adapter or "ibkr", "symbol": symbol, "host": host, "port": port,
        "client_id": client_id, "account": account,
    }  # fmt: skip
    from application.cli.backfill import backfill_command

    raise typer.Exit(guarded(lambda: backfill_command(given(options), since, until or since, out)))


@research.command()
def gates(
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    contracts: Annotated[
        Text,
        typer.Option(metavar="DIR", help="The contracts it was recorded with  [the packaged ones]"),
    ] = None,
    strategies: Annotated[
        Text,
        typer.Option(metavar="NAMES", help="Own templates it was recorded with: K6,K7  [none]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Say what each gate has cost or saved: follow on the recorded bars what it alone kept out.

    The record is told again first, as by replay. Nothing is recorded, and nothing learns of it.

    \b
    Example:
      tradebot research gates --db sqlite:///day.db
    """
    options = given({"db": db, "contracts": contracts, "strategies": strategies})
    from application.cli.gates import gates_command

    raise typer.Exit(guarded(lambda: gates_command(options, as_json)))


@research.command()
def null(
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    shuffles: Annotated[int, typer.Option(metavar="N", help="Other orders to try")] = 3,
    seed: Annotated[Text, typer.Option(metavar="N", help="Of the orders  [7]")] = None,
    equity: Annotated[Text, typer.Option(metavar="USD", help="Of the account  [10000]")] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    strategies: Annotated[
        Text, typer.Option(metavar="NAMES", help="Own templates too: K6,K7  [none]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Hold the templates against chance: the recorded days, and the same with shuffled minutes.

    What every gate lets pass is followed to its end, as in OBSERVE. Nothing is recorded.

    \b
    Example:
      tradebot research null --db sqlite:///day.db --shuffles 10
    """
    options = given(
        {"db": db, "seed": seed, "equity": equity, "contracts": contracts, "strategies": strategies}
    )
    from application.cli.null import null_command

    raise typer.Exit(guarded(lambda: null_command(options, shuffles, as_json)))
