"""`tradebot run`: its options. What it does is in `application.cli.play`."""

from __future__ import annotations

from typing import Annotated

import typer

Text = str | None


def run(
    adapter: Annotated[
        Text,
        typer.Option(metavar="NAME", help="Broker: fake, ibkr, tradovate, ninjatrader  [fake]"),
    ] = None,
    mode: Annotated[
        Text, typer.Option(metavar="MODE", help="OBSERVE, PAPER or LIVE  [PAPER on fake]")
    ] = None,
    bars: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Bars to play  [a seeded synthetic day]"),
    ] = None,
    warmup: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Earlier bars that warm the signals, not traded"),
    ] = None,
    speed: Annotated[
        Text, typer.Option(metavar="N|max", help="Times real time, without pauses  [max]")
    ] = None,
    seed: Annotated[Text, typer.Option(metavar="N", help="Of every random choice  [7]")] = None,
    symbol: Annotated[Text, typer.Option(metavar="NAME", help="Instrument  [MES]")] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    db: Annotated[
        Text,
        typer.Option(metavar="URL", help="Event store  [sqlite:///var/tradebot.db, begun afresh]"),
    ] = None,
    paper_db: Annotated[
        Text, typer.Option(metavar="URL", help="LIVE: where PAPER was recorded  [its default]")
    ] = None,
    state_dir: Annotated[
        Text,
        typer.Option(
            metavar="DIR",
            help="Guard and kill files  [LIVE: ~/.local/state/tradebot, else by --db]",
        ),
    ] = None,
    equity: Annotated[
        Text, typer.Option(metavar="USD", help="The fake broker's starting equity  [10000]")
    ] = None,
    host: Annotated[Text, typer.Option(metavar="NAME", help="Of the gateway  [127.0.0.1]")] = None,
    port: Annotated[Text, typer.Option(metavar="N", help="Of the gateway  [4002]")] = None,
    client_id: Annotated[Text, typer.Option(metavar="N", help="At the gateway  [17]")] = None,
    account: Annotated[
        Text, typer.Option(metavar="ID", help="Broker account  [the only one]")
    ] = None,
    max_bars: Annotated[
        Text, typer.Option(metavar="N", help="Stop after N closed bars of regular hours")
    ] = None,
    until: Annotated[
        Text, typer.Option(metavar="TIME", help="Stop at this time, ISO-8601, UTC if not said")
    ] = None,
    engine: Annotated[
        Text, typer.Option(metavar="NAME", help="Signals by rust or by reference  [rust]")
    ] = None,
    strategies: Annotated[
        Text,
        typer.Option(metavar="NAMES", help="Own templates to load, by name: K6,K7  [none]"),
    ] = None,
    bad_bars: Annotated[
        Text,
        typer.Option(
            metavar="POLICY", help="Rows that are no bars: refuse or quarantine  [refuse]"
        ),
    ] = None,
    confirm_live: Annotated[
        Text, typer.Option(metavar="ACCOUNT", help="LIVE needs the exact account id here")
    ] = None,
    accept_config: Annotated[
        Text,
        typer.Option(metavar="HASH", help="LIVE under other contracts, code or account than last"),
    ] = None,
    demo: Annotated[Text, typer.Option(metavar="NAME", help="A narrated day: day-in-life")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as one JSON object")
    ] = False,
) -> None:
    """Run a session: bars in, decisions and lawful orders out, everything recorded.

    Without --bars it trades one seeded synthetic day on the fake broker.

    \b
    Examples:
      tradebot run
      tradebot run --bars ES_2013-10-07.csv.gz ES_2013-10-08.csv.gz --json
      tradebot run --bars day.csv --warmup before.csv --mode OBSERVE
      tradebot run --demo day-in-life
    """
    options = dict(locals())
    del options["as_json"]
    raise typer.Exit(_played(given(options), as_json))


def _played(options: dict[str, object], as_json: bool) -> int:
    """Play what the options ask for; the exit code."""
    from application.cli.output import guarded

    if "demo" in options:
        from application.cli.demo import demo

        return guarded(lambda: demo(options, as_json))
    from application.cli.play import play

    return guarded(lambda: play(options, as_json))


def given(options: dict[str, object]) -> dict[str, object]:
    """The options that were set."""
    return {name: value for name, value in options.items() if value is not None and value != []}
