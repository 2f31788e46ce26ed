"""The real program in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from forked import SOURCE, call


class Ended(NamedTuple):
    """How a call of the program ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """Standard output as the one JSON object it must be."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class TwoRuns(NamedTuple):
    """Two runs without files in one folder, the first one with the reference engine."""

    folder: Path
    first: Ended
    second: Ended


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of ours, and with the source tree; what was
    compiled is kept, or every start would compile it again."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("TRADEBOT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPATH": str(SOURCE)} | more


def command(*words: object) -> list[str]:
    """The words of a call of the program."""
    return [sys.executable, "-m", "application.main", *map(str, words)]


def tradebot(folder: Path, *words: object, **variables: str) -> Ended:
    """Call the program in `folder`; no way to end it may show a traceback."""
    code, out, err = call(folder, [str(word) for word in words], environment(**variables))
    assert "Traceback" not in err + out
    return Ended(code, out, err)


@contextmanager
def paced_run(folder: Path, *words: str, speed: int = 1200) -> Iterator[subprocess.Popen[str]]:
    """A run at `speed` times real time that has decided on its first bar; killed at the end.

    At 1200 a day takes about half a minute.
    """
    with subprocess.Popen(
        command("--speed", speed, "--json", *words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "SKIP" not in process.stderr.readline():
            assert process.poll() is None
        try:
            yield process
        finally:
            process.kill()
