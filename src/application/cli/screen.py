"""A terminal with a progress bar below the lines, or plain lines where there is none."""

from __future__ import annotations

from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

PLAIN_WIDTH: Final = 110


def console(on_stderr: bool) -> Console:
    """Where results go, or where words go while standard output belongs to a machine."""
    found = Console(stderr=on_stderr, highlight=False, markup=False, emoji=False)
    if not found.is_terminal:
        found.width = PLAIN_WIDTH
    return found


class Screen:
    """Use it as a context; `line` and `progress` may be called inside."""

    def __init__(self, on_stderr: bool, total: int) -> None:
        self._console = console(on_stderr)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if self._console.is_terminal and total:
            self._bar = Progress(
                TextColumn("playing"), BarColumn(), MofNCompleteColumn(), TextColumn("minutes"),
                console=self._console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("play", total=total)

    def line(self, text: str, style: str) -> None:
        """One line; only a terminal breaks a long one. `style` is Rich's name of one."""
        plain = not self._console.is_terminal
        self._console.print(Text(text, style=style), soft_wrap=plain)

    def progress(self, played: int) -> None:
        """So many minutes have been played."""
        if self._bar is not None:
            self._bar.update(self._task, completed=played)

    def __enter__(self) -> Screen:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
