"""The program: `tradebot`, or `python -m application.main`.

Only what the parser needs is imported here; a sub-command imports its work when it is called.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from application.cli.arguments import prepared
from application.cli.db import db
from application.cli.output import ExitCode, give, say
from application.cli.run import run
from application.cli.signals import signals

app = typer.Typer(
    name="tradebot",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
)
app.command()(run)
app.command()(signals)
app.add_typer(db)


def _show_version(wanted: bool) -> None:
    if wanted:
        from application.version import version

        give(version())
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version"),
    ] = False,
) -> None:
    """An intraday futures bot that obeys a law it cannot break, and explains itself.

    Without a command it means run. This version trades on a simulated broker only.

    \b
    Examples:
      tradebot run                                  one synthetic day
      tradebot run --bars day1.csv.gz day2.csv.gz   days of your own
      tradebot run --help                           every option
    """


def main() -> None:
    """Run the program and exit with one of the codes of cli.md."""
    try:
        app(prepared(sys.argv[1:]), prog_name="tradebot")
    except KeyboardInterrupt:
        say("interrupted before anything was traded; no position, no order")
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
