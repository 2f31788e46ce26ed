"""When a person is told that something is wrong, how often, and when that it is over (cli.md).

A cause is told when it begins, again after a quarter of an hour, then hourly; its end is told
once, when it has stayed away for a while. What comes and goes all the time is one cause that
lasts, until it has left an hour's peace: however often it begins, no more is said of it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from domain.units import HOUR, MINUTE, UtcNanos

FIRST_REPEAT: Final = 15 * MINUTE
REPEAT: Final = HOUR
SETTLED: Final = 5 * MINUTE
"""A cause that was away for so long is over; one that returns earlier never went."""


class Level(StrEnum):
    """CALL: a person is needed now. NOTE: it can wait for the daily message."""

    CALL = "CALL"
    NOTE = "NOTE"


class Stage(StrEnum):
    """Where a cause stands when it is told of."""

    BEGUN = "begun"
    LASTING = "lasting"
    OVER = "over"


class Alert(NamedTuple):
    """One message: `since` is when the cause was first told, `times` how often it began since."""

    at: UtcNanos
    cause: str
    text: str
    stage: Stage
    since: UtcNanos
    times: int


class _Cause:
    """One cause: whether it is there, whether a person thinks so, and when to speak again."""

    __slots__ = ("count", "gone_at", "next_at", "said", "since", "text", "there")

    def __init__(self, text: str, at: UtcNanos) -> None:
        self.text = text
        self.since = at
        self.there = True
        self.said = True
        self.count = 1
        self.gone_at = at
        self.next_at = at + FIRST_REPEAT


class AlarmBook:
    """Every cause that is there or was lately; each method answers with what is to be told."""

    def __init__(self) -> None:
        self._causes: dict[str, _Cause] = {}

    @property
    def present(self) -> frozenset[str]:
        """The causes that are there now."""
        return frozenset(name for name, cause in self._causes.items() if cause.there)

    def begin(self, name: str, text: str, at: UtcNanos) -> tuple[Alert, ...]:
        """A cause is there; told at once, unless it was told lately."""
        cause = self._causes.get(name)
        if cause is None:
            cause = self._causes[name] = _Cause(text, at)
            return (Alert(at, name, text, Stage.BEGUN, at, 1),)
        cause.text = text
        if not cause.there:
            cause.there = True
            cause.count += 1
        return ()

    def end(self, name: str, at: UtcNanos) -> None:
        """A cause is gone; nothing if it was not there."""
        cause = self._causes.get(name)
        if cause is not None and cause.there:
            cause.there = False
            cause.gone_at = at

    def due(self, now: UtcNanos) -> tuple[Alert, ...]:
        """What is to be told by `now`: causes that last, and those that are over."""
        told: list[Alert] = []
        for name, cause in list(self._causes.items()):
            if cause.there:
                if now >= cause.next_at:
                    cause.next_at = now + REPEAT
                    cause.said = True
                    told.append(self._alert(name, cause, Stage.LASTING, now))
            elif now - cause.gone_at >= SETTLED:
                if cause.said:
                    cause.said = False
                    told.append(self._alert(name, cause, Stage.OVER, now))
                if now >= cause.next_at and now - cause.gone_at >= REPEAT:
                    del self._causes[name]
        return tuple(told)

    @staticmethod
    def _alert(name: str, cause: _Cause, stage: Stage, now: UtcNanos) -> Alert:
        return Alert(now, name, cause.text, stage, cause.since, cause.count)
