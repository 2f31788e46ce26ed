"""The program: `tradebot`, or `python -m application.main`.

Nothing is imported before it is needed: the parser when there is a command to read, the work
of a command when it is called.
"""

from __future__ import annotations

import sys

from application.cli.output import ExitCode, give, say


def main() -> None:
    """Run the program and exit with one of the codes of cli.md."""
    words = sys.argv[1:]
    match words[:1]:
        case ["--help"]:
            from application.cli.usage import USAGE

            give(USAGE.rstrip())
        case ["--version"]:
            from application.version import version

            give(version())
        case _:
            _command(words)


def _command(words: list[str]) -> None:
    try:
        from application.cli.arguments import prepared
        from application.cli.commands import app

        app(prepared(words), prog_name="tradebot")
    except KeyboardInterrupt:
        say("interrupted before anything was traded; no position, no order")
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
