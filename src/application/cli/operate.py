"""`tradebot status` and `tradebot kill`: their options.

What they do is in `application.cli.status` and `application.cli.killing`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given

Url = Annotated[
    Text, typer.Option("--db", metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
]
StateDir = Annotated[
    Text, typer.Option(metavar="DIR", help="Where guard and kill files stand, as in run")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


def status(
    db: Url = None,
    state_dir: StateDir = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    adapter: Annotated[Text, typer.Option(metavar="NAME", help="Broker, as in run")] = None,
    mode: Annotated[Text, typer.Option(metavar="MODE", help="As in run")] = None,
    as_json: Json = False,
    health: Annotated[
        bool, typer.Option("--health", help="Exit 0 if the run is well, 3 kill latched, 4 blind")
    ] = False,
) -> None:
    """Say whether it can trade now and if not why, then where everything stands.

    \b
    Examples:
      tradebot status
      tradebot status --health --db sqlite:////data/day.db
    """
    options: dict[str, object] = {
        "db": db, "state_dir": state_dir, "contracts": contracts, "adapter": adapter, "mode": mode,
    }  # fmt: skip
    from application.cli.status import status_command

    raise typer.Exit(guarded(lambda: status_command(given(options), as_json, health)))


def kill(
    reason: Annotated[
        Text, typer.Option(metavar="TEXT", help="Why; it is recorded  [no reason given]")
    ] = None,
    db: Annotated[
        Text,
        typer.Option(metavar="URL", help="Event store  [the default ones, and every guard]"),
    ] = None,
    state_dir: StateDir = None,
    host: Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")] = None,
    port: Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")] = None,
    client_id: Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")] = None,
) -> None:
    """Flatten and halt, also while another process runs the bot. Only `reset` lifts it.

    It latches first, with a file; then it waits up to 30 s for the run to close everything. Exit
    4 if the position could not be verified: then act at the broker.

    \b
    Examples:
      tradebot kill --reason "the market is closed, the bars are not"
      tradebot kill --db sqlite:///day.db --reason "testing the switch"
    """
    options: dict[str, object] = {
        "db": db, "state_dir": state_dir, "host": host, "port": port, "client_id": client_id,
    }  # fmt: skip
    from application.cli.killing import kill_command

    raise typer.Exit(guarded(lambda: kill_command(given(options), reason)))
