"""`tradebot checklist`: its options. What it does is in `application.cli.check`."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import guarded
from application.cli.run import Text, given


def checklist(
    adapter: Annotated[Text, typer.Option(metavar="NAME", help="Broker, as in run")] = None,
    mode: Annotated[Text, typer.Option(metavar="MODE", help="As in run")] = None,
    symbol: Annotated[Text, typer.Option(metavar="NAME", help="Instrument  [MES]")] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    db: Annotated[Text, typer.Option(metavar="URL", help="Event store, as in run")] = None,
    paper_db: Annotated[
        Text, typer.Option(metavar="URL", help="Where PAPER was recorded, as in run")
    ] = None,
    state_dir: Annotated[
        Text, typer.Option(metavar="DIR", help="Where guard and kill files stand, as in run")
    ] = None,
    host: Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")] = None,
    port: Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")] = None,
    client_id: Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")] = None,
    account: Annotated[
        Text, typer.Option(metavar="ID", help="Broker account  [the only one]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Look at everything that must be right before a session: pass, warn or fail, with evidence.

    Nothing is traded. One test message goes to every notification channel. Exit 1 on any fail.

    \b
    Examples:
      tradebot checklist
      tradebot checklist --adapter ibkr --mode PAPER --port 4002
    """
    options = dict(locals())
    del options["as_json"]
    from application.cli.check import check

    raise typer.Exit(guarded(lambda: check(given(options), as_json)))
