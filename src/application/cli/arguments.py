"""Two habits of our command line that its parser does not have.

Without a sub-command the program means `run`; and one `--bars` or `--warmup` takes every
file that follows it, as a shell's wildcard leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

DEFAULT_COMMAND: Final = "run"
_GLOBAL: Final = frozenset({"--help", "--version"})
_MANY: Final = frozenset({"--bars", "--warmup"})


def prepared(argv: Sequence[str]) -> list[str]:
    """The arguments as the parser understands them: `--bars a b` becomes `--bars a --bars b`.

    Values end at the next word that begins with a dash; `--` ends all of it.
    """
    if not argv or (argv[0].startswith("-") and argv[0] not in _GLOBAL):
        argv = [DEFAULT_COMMAND, *argv]
    return list(_repeated(argv))


def _repeated(argv: Sequence[str]) -> Iterator[str]:
    words = iter(argv)
    option, first = "", False
    for word in words:
        if word == "--":
            yield word
            yield from words
            return
        if word.startswith("-") and word != "-":
            name, has_value, _ = word.partition("=")
            option, first = (name, not has_value) if name in _MANY else ("", False)
        elif option and not first:
            yield option
        else:
            first = False
        yield word
