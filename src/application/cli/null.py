"""What `tradebot research null` does, and the null of a report (learning.md 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from adapters.store.reading import StoreReading
from adapters.wire.decode_v1 import input_of
from application.cli.output import ExitCode, give, in_columns
from application.cli.recorded import fields_of
from application.cli.screen import Screen
from application.cli.stored import stored
from application.container import RunContainer
from application.day import TradingDay
from application.null_study import Minute, Shuffle, study
from application.reporting.as_json import null_object
from application.settings import Mode, Settings, load_settings
from domain.event import BarClosed
from domain.shuffling import Found, Null
from ports.errors import BadInput, StoreDamaged

SHUFFLES: Final = 3
"""How often the minutes are put in another order, if nobody says."""
MOST: Final = 100
_HEAD: Final = ("template", "trades", "mean gross R")
_NOTE: Final = (
    "Every candidate that all gates let pass, followed to its end: on the days as they were, and\n"
    "with their minutes after the first 30 in another order. A template that is not better than\n"
    "its shuffled one has shown nothing."
)


def null_command(options: Mapping[str, object], shuffles: int, as_json: bool) -> ExitCode:
    """Hold the templates against chance on the days of a store.

    Errors: BadInput for a number of shuffles outside 1 to 100; StoreFailure if there is no store,
    or it cannot be read.
    """
    settings = load_settings(options)
    with stored(settings) as (store, _):
        found = nulls(store, settings, shuffles)
    if as_json:
        give(json.dumps({mode: null_object(null) for mode, null in found.items()}, indent=2))
        return ExitCode.DONE
    for mode, null in found.items():
        give(f"{mode}: the same templates by chance\n")
        for line in in_lines(null):
            give(line)
        give(f"\n{_NOTE}")
    return ExitCode.DONE


def nulls(store: StoreReading, settings: Settings, shuffles: int) -> dict[str, tuple[Null, ...]]:
    """The null of each mode that has traded or watched a session, by the contracts of now.

    Errors: as `null_command`.
    """
    if not 1 <= shuffles <= MOST:
        raise BadInput("command line", "--shuffles", f"is 1 to {MOST}, got {shuffles}")
    observing = settings.model_copy(update={"mode": Mode.OBSERVE, "symbol": store.identity.symbol})

    def core() -> TradingDay:
        return RunContainer(settings=observing).core()

    recorded = {mode: m for mode, m in _minutes(store).items() if not all(x.warm for x in m)}
    total = sum(map(len, recorded.values())) * (1 + shuffles)
    played, found = 0, {}
    with Screen(on_stderr=True, total=total) as screen:

        def progress(minutes: int) -> None:
            nonlocal played
            played += minutes
            screen.progress(played)

        for mode, minutes in recorded.items():
            chance = [_order(Random(f"{settings.seed}|{n}")) for n in range(shuffles)]  # noqa: S311 - repeatable, not secret
            found[mode] = study(minutes, chance, core, settings.equity, progress)
    return found


def _order(chance: Random) -> Shuffle:
    def shuffled(count: int) -> list[int]:
        return chance.sample(range(count), count)

    return shuffled


def _minutes(store: StoreReading) -> dict[str, list[Minute]]:
    """Every recorded bar, by the mode of the run that took it."""
    found: dict[str, list[Minute]] = {}
    mode = ""
    for row in store.of_types(frozenset({"RunStarted", "BarClosed"})):
        if row.type == "RunStarted":
            mode = str(fields_of(row)["mode"])
            continue
        try:
            event = input_of(row)
        except ValueError as error:
            raise StoreDamaged(f"BarClosed of seq {row.seq} cannot be read: {error}") from error
        if isinstance(event, BarClosed):
            session = row.session_date if event.rth else None
            found.setdefault(mode, []).append(Minute(event.bar, session, event.warmup))
    return found


def in_lines(null: Sequence[Null]) -> list[str]:
    """A table as plain lines."""
    most = max((len(each.shuffled) for each in null), default=0)
    heads = [*_HEAD, *(f"shuffled {n + 1}" for n in range(most))]
    rows = [heads, *([each.template, str(each.real.trades), _mean(each.real),
                      *map(_both, each.shuffled)] for each in null)]  # fmt: skip
    return in_columns(rows)


def _mean(found: Found) -> str:
    return "-" if found.mean_r is None else f"{found.mean_r:+.3f}"


def _both(found: Found) -> str:
    return f"{found.trades}: {_mean(found)}"
