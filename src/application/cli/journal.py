"""`tradebot journal`: its options. What it does is in `application.cli.journals`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given


def journal(
    day: Annotated[Text, typer.Option(metavar="DATE", help="One session only  [all]")] = None,
    trades: Annotated[bool, typer.Option("--trades", help="Trades only")] = False,
    decisions: Annotated[bool, typer.Option("--decisions", help="Decisions only")] = False,
    out: Annotated[
        Text, typer.Option(metavar="FILE", help="Where to write  [standard output]")
    ] = None,
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    contracts: Annotated[
        Text,
        typer.Option(metavar="DIR", help="The contracts it was recorded with  [the packaged ones]"),
    ] = None,
) -> None:
    """Write the journals of a record in plain English: each decision, and a page a trade.

    A trade's page: gates, score, every belief with each signal's contribution in order of weight,
    the law's budget, what would have flipped it, every minute, the exit and what was learned.
    Orders that did not fill and shadows have pages too. All numbers are the recorded ones.

    \b
    Examples:
      tradebot journal --trades
      tradebot journal --day 2013-10-07 --out monday.txt
    """
    options = given({"db": db, "contracts": contracts})
    from application.cli.journals import Wanted, journal_command

    both = trades is decisions
    wanted = Wanted(day, decisions or both, trades or both)
    raise typer.Exit(guarded(lambda: journal_command(options, wanted, out)))
