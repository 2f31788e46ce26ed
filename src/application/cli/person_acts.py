"""`tradebot reset` and `tradebot ack`: their options; see `application.cli.lifting`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.operate import StateDir, Url
from application.cli.output import guarded
from application.cli.run import Text, given

Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why, in at least 10 characters; it is recorded")
]
Contracts = Annotated[
    Text,
    typer.Option(metavar="DIR", help="The contracts it was recorded with  [the packaged ones]"),
]

Host = Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")]
Port = Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")]
ClientId = Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")]


def reset(
    trigger: Annotated[
        str, typer.Option(metavar="ID", help="What pulled the switch, as status shows it")
    ],
    reason: Reason,
    db: Url = None,
    state_dir: StateDir = None,
    contracts: Contracts = None,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
) -> None:
    """Lift a completed kill: a human act, refused while anything is open or in doubt.

    Today's counters stay. The run observes until the next decision with clean gates; a second
    reset in one session waits for the next session.

    \b
    Example:
      tradebot reset --trigger MANUAL --reason "feed was wrong, checked with the exchange"
    """
    options: dict[str, object] = {
        "db": db, "state_dir": state_dir, "contracts": contracts,
        "host": host, "port": port, "client_id": client_id,
    }  # fmt: skip
    from application.cli.lifting import reset_command

    raise typer.Exit(guarded(lambda: reset_command(given(options), trigger, reason)))


def ack(
    what: Annotated[str, typer.Argument(metavar="month|statement", help="What is acknowledged")],
    reason: Reason,
    db: Url = None,
    state_dir: StateDir = None,
    contracts: Contracts = None,
    host: Host = None,
    port: Port = None,
    client_id: ClientId = None,
) -> None:
    """Acknowledge a halted month, or a difference to the broker's statement.

    \b
    Example:
      tradebot ack month --reason "lost the limit, went through every trade"
    """
    options: dict[str, object] = {
        "db": db, "state_dir": state_dir, "contracts": contracts,
        "host": host, "port": port, "client_id": client_id,
    }  # fmt: skip
    from application.cli.lifting import ack_command

    raise typer.Exit(guarded(lambda: ack_command(given(options), what, reason)))
