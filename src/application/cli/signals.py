"""`tradebot signals`: signals and beliefs of bar files as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from application.cli.output import ExitCode, guarded
from application.cli.run import Text, given


def signals(
    out: Annotated[str, typer.Option(metavar="FILE", help="Where to write: .csv or .parquet")],
    bars: Annotated[
        list[str] | None, typer.Option(metavar="FILE...", help="Bars, played as one stream")
    ] = None,
    symbol: Annotated[Text, typer.Option(metavar="NAME", help="Instrument  [MES]")] = None,
    engine: Annotated[
        Text, typer.Option(metavar="NAME", help="Computed by rust or by reference  [rust]")
    ] = None,
    contracts: Annotated[
        Text, typer.Option(metavar="DIR", help="Folder of contracts  [the packaged ones]")
    ] = None,
    bad_bars: Annotated[
        Text,
        typer.Option(
            metavar="POLICY", help="Rows that are no bars: refuse or quarantine  [refuse]"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as one JSON object")
    ] = False,
) -> None:
    """Compute the 35 signals and 6 beliefs of bar files, one row per bar of regular hours.

    Columns: ts (the bar's open), s1..s35 (empty where not ready), rel1..rel35 (0, 0.5, 1),
    regime (held), regime_raw, dvs_bp, then e, lraw, l, st, eff, cov, ready (1 or 0) of f1_long,
    f1_short .. f4_short, f5, f6_long, f6_short, and t_long.

    \b
    Example:
      tradebot signals --bars day1.csv.gz day2.csv.gz --out signals.csv
    """
    options = dict(locals())
    del options["as_json"], options["out"]
    raise typer.Exit(guarded(lambda: _write(given(options), out, as_json)))


def _write(options: Mapping[str, object], out: str, as_json: bool) -> ExitCode:
    from application.cli.tabulate import tabulate

    return tabulate(options, out, as_json)
