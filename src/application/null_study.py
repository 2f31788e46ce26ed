"""The null: the same templates on the same days, with the minutes in another order (learning.md 6).

Both are only observed, so what is compared is the same thing: candidates that every gate and the
law let pass, followed as shadows to their end. A template whose real outcome is not better than
its shuffled one has shown nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple, Protocol

from application.day import TradingDay
from domain.bar import Bar
from domain.event import AccountSnapshot, Event, ShadowClosed
from domain.shuffling import Found, Null, reordered
from domain.units import Money, q9

KEPT: Final = 30
"""Minutes of each session that stay where they are."""


class Minute(NamedTuple):
    """A recorded bar: `session` is None outside regular hours, `warm` what was only warmed up."""

    bar: Bar
    session: str | None
    warm: bool


class Shuffle(Protocol):
    """Where chance comes from."""

    def __call__(self, count: int) -> Sequence[int]:
        """The numbers below `count` in another order."""


def study(
    minutes: Sequence[Minute],
    shuffles: Sequence[Shuffle],
    core: Callable[[], TradingDay],
    equity: Money,
    progress: Callable[[int], None],
) -> tuple[Null, ...]:
    """Observe the recorded `minutes` as they were, then under each of `shuffles`, every time with a
    fresh core in OBSERVE; `progress` is called with 1 for every minute."""
    real = _observed(minutes, core(), equity, progress)
    others = [
        _observed(_shuffled(minutes, shuffle), core(), equity, progress) for shuffle in shuffles
    ]
    names = sorted({name for found in (real, *others) for name in found})
    return tuple(
        Null(name, _found(real.get(name, [])), tuple(_found(o.get(name, [])) for o in others))
        for name in names
    )


def _shuffled(minutes: Sequence[Minute], shuffle: Shuffle) -> Iterator[Minute]:
    """Each traded session by itself, the first minutes in their places."""
    for (session, warm), group in groupby(minutes, key=lambda m: (m.session, m.warm)):
        bars = [minute.bar for minute in group]
        moved = len(bars) - KEPT
        if session is not None and not warm and moved > 1:
            bars = list(reordered(bars, shuffle(moved)))
        yield from (Minute(bar, session, warm) for bar in bars)


def _observed(
    minutes: Sequence[Minute] | Iterator[Minute],
    core: TradingDay,
    equity: Money,
    progress: Callable[[int], None],
) -> dict[str, list[float]]:
    """Gross R of the trades that were followed, by template."""
    found: dict[str, list[float]] = {}
    last = 0
    for bar, _, warm in minutes:
        if warm:
            core.warm_up(bar)
        else:
            if not last:
                core.dealing.account(AccountSnapshot(bar.open_time, equity, equity))
            _note(core.bar(bar).events, found)
            last = bar.close_time
        progress(1)
    if last:
        _note(core.end(last).events, found)
    return found


def _note(events: Sequence[Event], found: dict[str, list[float]]) -> None:
    for event in events:
        if isinstance(event, ShadowClosed):
            found.setdefault(event.template, []).append(event.closed.r_gross)


def _found(values: Sequence[float]) -> Found:
    return Found(len(values), q9(sum(values) / len(values)) if values else None)
