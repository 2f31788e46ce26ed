"""`tradebot explain`: its options. What it does is in `application.cli.explaining`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given


def explain(
    decision_id: Annotated[
        str | None, typer.Argument(metavar="[DECISION_ID]", help="Such as 2013-10-07-275-MES")
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The last decision of the record")] = False,
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    contracts: Annotated[
        Text,
        typer.Option(metavar="DIR", help="The contracts it was recorded with  [the packaged ones]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Say in plain English why a decision was made, and what became of its trade.

    Gates, candidates with the parts of their score, beliefs with the signals that made them, the
    law's memory, what would have flipped it; for a trade every minute, the exit, and what was
    learned. All numbers are the recorded ones. A run may be writing the store meanwhile.

    \b
    Examples:
      tradebot explain --last
      tradebot explain 2013-10-07-275-MES --db sqlite:///day.db --json
    """
    options = given({"db": db, "contracts": contracts})
    from application.cli.explaining import explain_command

    raise typer.Exit(guarded(lambda: explain_command(options, decision_id, last, as_json)))
