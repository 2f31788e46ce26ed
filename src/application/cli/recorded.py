"""A recorded run and what is needed to rebuild it: its contracts, and a core to tell it to.

Beside the composition root, because a run on a new store needs none of this.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from adapters.store.canonical import chain_hash, envelope
from application.container import RunContainer
from application.day import TradingDay
from application.desk import RunFacts
from application.settings import Adapter, Settings
from domain.contract_set import STRATEGIES, Contracts
from ports.engine import Engine
from ports.errors import BadInput
from ports.journal import JsonValue, Stored
from ports.recording import Difference, DivergedError

if TYPE_CHECKING:
    from adapters.store.reading import StoreReading


def recorded_core(store: StoreReading, settings: Settings, container: RunContainer) -> TradingDay:
    """A fresh core, as it was before the first event of `store`.

    Errors: BadInput naming the contract file that is not the one of the record; DivergedError
    if the record does not say what it was.
    """
    other = other_contracts(store, container.contracts())
    if other is not None:
        name, session, was, now, _ = other
        if name.startswith(STRATEGIES):
            raise BadInput("settings", "strategies", other_strategy(store, name, session, now))
        folder = settings.contracts or Path("contracts")
        reason = f"is not what the session of {session} was recorded with ({was}, now {now})"
        raise BadInput(str(folder / name), "", reason)
    started = next(iter(store.of_type("RunStarted")), None)
    facts = {} if started is None else fields_of(started)
    who = store.identity  # of a store that was bound and has not been run on yet
    adapter = str(facts.get("adapter") or who.adapter or Adapter.FAKE.value)
    account = adapter if adapter == Adapter.FAKE.value else who.account
    run = RunFacts(
        str(facts.get("mode", who.mode or settings.run_mode.value)),
        str(facts.get("account", account)),
        store.identity.symbol,
        live=adapter != Adapter.FAKE.value,
    )
    return TradingDay(
        container.contracts(),
        container.instrument(),
        run,
        _engine_of(str(facts.get("engine", "")), container),
        container.calendar(),
        store.identity.config_hash,
    )


def as_recorded(store: StoreReading, settings: Settings) -> Settings:
    """`settings` with what the record of `store` names: its symbol, and the templates from
    outside of its last run unless some were named.
    """
    told: dict[str, object] = {"symbol": store.identity.symbol}
    started = store.last("RunStarted")
    if started is not None and not settings.strategies:
        told["strategies"] = tuple(each["name"] for each in _strategies(started))
    return settings.model_copy(update=told)


def _engine_of(recorded: str, container: RunContainer) -> Engine:
    """The engine to tell a record with: that of the settings, but for a scripted demo its own."""
    if not recorded.startswith("demo:"):
        real: Engine = container.engine()
        return real
    from adapters.demo.day_in_life import scenes
    from adapters.demo.engine import ScriptedEngine

    return ScriptedEngine(scenes())


def other_strategy(store: StoreReading, name: str, session: str, now: str) -> str:
    """Why the template from outside that stands in the record as `name` is not the one at hand,
    of which `now` is the beginning of the hash, "none" if it was not named.

    Errors: DivergedError for a damaged record.
    """
    template = name.removeprefix(STRATEGIES)
    known = [
        f"{told['distribution']} {told['version']}, source {told['source'][:12]}, parameters "
        f"{told['parameters'][:12]}"
        for row in store.of_type("RunStarted")
        for told in _strategies(row)
        if told["name"] == template
    ]
    if not known:
        return f"the session of {session} was recorded without {template}: do not name it"
    if now == "none":
        return (
            f"the session of {session} was recorded with {template} ({known[0]}), which is not "
            f"loaded: install it, and name it with --strategies {template}"
        )
    return (
        f"the session of {session} was recorded with another {template} ({known[0]}) than the "
        "one that is installed now"
    )


def _strategies(row: Stored) -> list[dict[str, str]]:
    told = fields_of(row).get("strategies", [])
    if not isinstance(told, list):
        return []
    return [{k: str(v) for k, v in each.items()} for each in told if isinstance(each, dict)]


class Other(NamedTuple):
    """A contract file of the record that is another one now: both hashes, shortened, and the seq
    of the event that names it."""

    name: str
    session: str
    was: str
    now: str
    seq: int


def other_contracts(store: StoreReading, contracts: Contracts, last: bool = False) -> Other | None:
    """The first contract file of the record that is not the one of `contracts`; None if all are
    the same. With `last` that of the last session in which there is one.

    Errors: DivergedError for a damaged record.
    """
    rows = store.of_type("ConfigLoaded")
    for row in reversed(rows) if last else rows:
        files = fields_of(row).get("files")
        if not isinstance(files, dict):
            raise DivergedError(Difference(row.seq, row.type, "names no files", row.payload))
        for name in sorted(files.keys() | contracts.hashes.keys()):
            was, now = str(files.get(name, "none")), contracts.hashes.get(name, "none")
            if was != now:
                return Other(name, row.session_date, was[:12], now[:12], row.seq)
    return None


def fields_of(row: Stored) -> dict[str, JsonValue]:
    """The payload of a row that is needed before anything is compared.

    Errors: DivergedError if its own hash does not fit, or it is no object.
    """
    import orjson

    try:
        body = envelope(*row[2:7], row.payload.encode())
        fields = orjson.loads(row.payload)
    except (ValueError, TypeError) as error:
        reason = f"not an event: {error}"
        raise DivergedError(Difference(row.seq, row.type, reason, row.payload)) from None
    if row.hash and row.hash != chain_hash(row.prev_hash, body):
        reason = "its hash does not fit its content"
        raise DivergedError(Difference(row.seq, row.type, reason, row.payload))
    if not isinstance(fields, dict):
        raise DivergedError(Difference(row.seq, row.type, "no object", row.payload))
    return fields
