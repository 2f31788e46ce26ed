"""What a live feed remembers of its starts: crash loops, and the quiet after a crash (law.md 2, 3).

A start counts as unclean from its first moment until its run ends in order, so a process
that is killed has said so beforehand.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.units import UtcNanos

REMEMBERED: Final = 16
"""How many unclean starts are kept: more than any limit of a loop needs."""


class RestartRules(NamedTuple):
    """Numbers of the law: `loop_starts` unclean starts within `loop_window` are a loop, and
    nothing is entered for `quiet` after a restart; both spans in nanoseconds."""

    loop_starts: int
    loop_window: UtcNanos
    quiet: UtcNanos


class Starts(NamedTuple):
    """Times of starts whose run has not ended in order, oldest first, the running one
    included; `clean` is true if the last run ended in order, or there was none."""

    unclean: tuple[UtcNanos, ...] = ()
    clean: bool = True


def started(before: Starts, at: UtcNanos) -> Starts:
    """A run starts: unclean until it says otherwise."""
    return Starts((*before.unclean, at)[-REMEMBERED:], clean=False)


def ended(before: Starts) -> Starts:
    """The running run ends in order, and is forgotten."""
    return Starts(before.unclean[:-1], clean=True)


def is_loop(before: Starts, at: UtcNanos, rules: RestartRules) -> bool:
    """True if the start at `at` is one too many (RESTART_LOOP).

    Counted are the starts within the window that did not end in order, this one included.
    A time ahead of `at` counts as near as one behind it: a clock may have been set back.
    """
    near = sum(abs(at - start) <= rules.loop_window for start in before.unclean)
    return near + 1 >= rules.loop_starts


def quiet_until(before: Starts, at: UtcNanos, rules: RestartRules) -> UtcNanos | None:
    """Before when the run started at `at` may enter nothing (HOST); None if at once.

    `before` are the starts up to the one before it.
    """
    return None if before.clean else at + rules.quiet
