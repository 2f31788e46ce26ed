"""`tradebot replay`: its options. What it does is in `application.cli.retell`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given


def replay(
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    contracts: Annotated[
        Text,
        typer.Option(metavar="DIR", help="The contracts it was recorded with  [the packaged ones]"),
    ] = None,
    engine: Annotated[
        Text, typer.Option(metavar="NAME", help="Signals by rust or by reference  [rust]")
    ] = None,
    strategies: Annotated[
        Text,
        typer.Option(metavar="NAMES", help="Own templates it was recorded with: K6,K7  [none]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Rebuild a recorded run from its event store, decide again, and prove that all is identical.

    Exit 0 if every event and the chain head are; 1 with the first difference if not; 2 naming
    the file if the contracts are not those of the record.

    \b
    Examples:
      tradebot replay
      tradebot replay --db sqlite:///day.db --engine reference --json
    """
    options = given({"db": db, "contracts": contracts, "engine": engine, "strategies": strategies})
    from application.cli.retell import retell

    raise typer.Exit(guarded(lambda: retell(options, as_json)))
