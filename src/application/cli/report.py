"""`tradebot report`: its options. What it does is in `application.cli.reporting`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given


def report(
    html: Annotated[
        Text, typer.Option(metavar="FILE", help="Write one self-contained page with plots")
    ] = None,
    db: Annotated[
        Text, typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db]")
    ] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    tearsheet: Annotated[
        Text, typer.Option(metavar="FILE", help="Write quantstats' page of the daily returns")
    ] = None,
    null: Annotated[
        int | None, typer.Option(metavar="N", help="Hold the templates against N shuffles [none]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Show trades, metrics, skips, law budget, execution, learning and calibration.

    All figures are taken from the recorded events. LIVE, PAPER, OBSERVE and shadow results stand
    apart and are never added up. A run may be writing the store meanwhile.

    \b
    Examples:
      tradebot report
      tradebot report --html report.html --db sqlite:///day.db
      tradebot report --json
    """
    options = given({"db": db, "contracts": contracts})
    from application.cli.reporting import Wanted, report_command

    wanted = Wanted(html, tearsheet, as_json, null)
    raise typer.Exit(guarded(lambda: report_command(options, wanted)))
