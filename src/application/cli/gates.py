"""What `tradebot research gates` does: tell a record again, follow what single gates kept out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.store.canonical import genesis
from adapters.store.reading import StoreReading
from adapters.wire.codec import Codec
from adapters.wire.recording import StoredRecording
from application.cli.output import ExitCode, give, in_columns
from application.cli.recorded import as_recorded, recorded_core
from application.cli.stored import stored
from application.container import RunContainer
from application.gate_study import GateCost, GateStudy
from application.replay import fold
from application.settings import Settings, load_settings
from ports.errors import StoreDamaged
from ports.recording import DivergedError

_HEAD: Final = ("reason", "kept out", "filled", "won/lost", "mean R", "mean net", "95 % interval")
_NOTE: Final = (
    "Simulated on recorded bars, each by itself. Net in USD after fees; below 0 the gate saved\n"
    "money, and an interval around 0 says that nobody knows."
)


def gates_command(options: Mapping[str, object], as_json: bool) -> ExitCode:
    """Study the record of a store. Errors: BadInput for other contracts than those of the record;
    StoreFailure if there is no store, or it is not what its core makes of it.
    """
    settings = load_settings(options)
    with stored(settings) as (store, _):
        mode, costs = _studied(store, settings)
    if as_json:
        give(json.dumps(as_object(mode, costs), indent=2))
    else:
        for line in in_lines(mode, costs):
            give(line)
    return ExitCode.DONE


def _studied(store: StoreReading, settings: Settings) -> tuple[str, tuple[GateCost, ...]]:
    who = store.identity
    settings = as_recorded(store, settings)
    beginning = genesis(who.symbol, who.config_hash)
    recording = StoredRecording(store.events(), Codec(who.config_hash), beginning)
    try:
        core = recorded_core(store, settings, RunContainer(settings=settings))
        study = GateStudy(core.desk)
        for step in fold(core, recording):
            study.see(step.outcome.events)
    except DivergedError as error:
        raise StoreDamaged(f"the record cannot be told again: {error}") from error
    return core.desk.run.mode, study.costs()


def as_object(mode: str, costs: Sequence[GateCost]) -> dict[str, object]:
    """One object: figures by reason, null where undefined."""
    rows = {}
    for cost in costs:
        m = cost.metrics
        rows[cost.reason] = {
            "kept_out": cost.followed,
            "filled": m.n,
            "won": m.wins,
            "lost": m.losses,
            "mean_r": m.expectancy_r,
            "mean_net_usd": None if m.expectancy is None else str(m.expectancy),
            "interval_usd": m.expectancy_interval,
        }
    return {"mode": mode, "gates": rows}


def in_lines(mode: str, costs: Sequence[GateCost]) -> list[str]:
    """A table as plain lines."""
    title = f"{mode}: what each gate alone kept out"
    return [title, "", *in_columns([_HEAD, *map(_row, costs)]), "", _NOTE]


def _row(cost: GateCost) -> tuple[str, ...]:
    m, nothing = cost.metrics, "-"
    interval = m.expectancy_interval
    return (
        cost.reason,
        str(cost.followed),
        str(m.n),
        f"{m.wins}/{m.losses}",
        nothing if m.expectancy_r is None else f"{m.expectancy_r:+.2f}",
        nothing if m.expectancy is None else m.expectancy.cents(),
        nothing if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}",
    )
