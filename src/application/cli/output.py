"""Where words go, and how every way to end becomes an exit code (cli.md, "Exit codes")."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may rely on."""

    DONE = 0
    CHECK_FAILED = 1
    BAD_INPUT = 2
    KILLED = 3
    UNREACHABLE = 4
    INTERRUPTED = 130


def say(text: str) -> None:
    """A line for the person at the terminal, on standard error."""
    sys.stderr.write(f"tradebot: {text}\n")


def give(text: str) -> None:
    """A line of result, on standard output."""
    sys.stdout.write(f"{text}\n")


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equal length as plain lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def guarded(work: Callable[[], ExitCode]) -> ExitCode:
    """Do `work`; whatever it raises becomes one clear sentence and an exit code, no traceback."""
    from application.refusals import KillLatchedError
    from ports.errors import (
        BadInput,
        BrokerDown,
        BrokerRefused,
        EngineError,
        GuardFailure,
        GuardUnfit,
        StoreDamaged,
        StoreFailure,
        StoreUnfit,
    )

    try:
        code = work()
        sys.stdout.flush()
    except StoreDamaged as error:  # not 4: a service would start it again for ever
        say(str(error))
        return ExitCode.CHECK_FAILED
    except (BadInput, EngineError, StoreUnfit, GuardUnfit) as error:
        say(str(error))
        return ExitCode.BAD_INPUT
    except KillLatchedError as error:
        say(str(error))
        return ExitCode.KILLED
    except (StoreFailure, GuardFailure, BrokerDown, BrokerRefused) as error:
        say(str(error))
        return ExitCode.UNREACHABLE
    except KeyboardInterrupt:
        say("interrupted before anything was traded; no position, no order")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Who read our output has gone; nobody is left to be told.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the last line before a traceback; a panic of
        # native code is no Exception
        where = _place(error)
        say(f"internal error, please report it: {type(error).__name__}: {error} ({where})")
        return ExitCode.CHECK_FAILED
    return code


def _place(error: BaseException) -> str:
    """The line that raised `error`."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"
