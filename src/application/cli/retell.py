"""What `tradebot replay` does: record, contracts, fold, verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from adapters.store.canonical import genesis
from adapters.store.reading import StoreReading
from adapters.wire.codec import Codec
from adapters.wire.recording import StoredRecording
from application.cli.output import ExitCode, give
from application.cli.recorded import as_recorded, recorded_core
from application.cli.stored import stored
from application.container import RunContainer
from application.replay import fold
from application.settings import Settings, load_settings
from domain.event import DecisionMade
from ports.recording import Difference, DivergedError

FIELDS_SHOWN = 20


class Verdict(NamedTuple):
    """What became of a replay; `difference` is None if all is equal."""

    store: str
    engine: str
    events: int
    decisions: int
    recorded_head: str
    head: str
    difference: Difference | None


def retell(options: Mapping[str, object], as_json: bool) -> ExitCode:
    """Rebuild the run of a store; see cli.md.

    Errors: BadInput for other contracts than those of the record; StoreFailure if there is no
    store, or it cannot be read.
    """
    settings = load_settings(options)
    with stored(settings) as (store, name):
        verdict = _judge(store, name, settings)
    give(_as_json(verdict) if as_json else _in_words(verdict))
    return ExitCode.DONE if verdict.difference is None else ExitCode.CHECK_FAILED


def _judge(store: StoreReading, url: str, settings: Settings) -> Verdict:
    identity, tip = store.identity, store.tip()
    settings = as_recorded(store, settings)
    container = RunContainer(settings=settings)
    codec = Codec(identity.config_hash)
    beginning = genesis(identity.symbol, identity.config_hash)
    recording = StoredRecording(store.events(), codec, beginning)
    decisions, difference = 0, None
    try:
        core = recorded_core(store, settings, container)
        for step in fold(core, recording):
            decisions += [type(event) for event in step.outcome.events].count(DecisionMade)
    except DivergedError as error:
        difference = error.difference
    if difference is None and recording.head != tip.head:
        difference = Difference(tip.seq, "", "the chain head is not the recorded one")
    return Verdict(
        url,
        settings.engine.value,
        recording.compared,
        decisions,
        tip.head,
        recording.head,
        difference,
    )


def _in_words(verdict: Verdict) -> str:
    d = verdict.difference
    if d is None:
        return (
            f"{verdict.store}: identical: {verdict.events} events, {verdict.decisions} decisions, "
            f"chain head {verdict.head}"
        )
    lines = [f"{verdict.store}: DIFFERENT at seq {d.seq}, {d.type}: {d.reason}"]
    lines += [f"  {name}: recorded {was}, now {now}" for name, was, now in d.fields[:FIELDS_SHOWN]]
    if len(d.fields) > FIELDS_SHOWN:
        lines.append(f"  and {len(d.fields) - FIELDS_SHOWN} more fields")
    lines += [f"  {name}: {text}" for name, text in _payloads(d)]
    return "\n".join(lines)


def _payloads(d: Difference) -> list[tuple[str, str]]:
    both = (("recorded payload", d.recorded), ("produced payload", d.produced))
    return [(name, text) for name, text in both if text]


def _as_json(verdict: Verdict) -> str:
    d = verdict.difference
    answer: dict[str, object] = {
        "store": verdict.store,
        "identical": d is None,
        "engine": verdict.engine,
        "events": verdict.events,
        "decisions": verdict.decisions,
        "chain_head": verdict.recorded_head,
        "chain_head_recomputed": verdict.head,
        "difference": None,
    }
    if d is not None:
        answer["difference"] = {
            "seq": d.seq,
            "type": d.type,
            "reason": d.reason,
            "recorded": _value(d.recorded),
            "produced": _value(d.produced),
            "fields": [
                {"field": name, "recorded": _value(was), "produced": _value(now)}
                for name, was, now in d.fields
            ],
        }
    return json.dumps(answer, indent=2)


def _value(text: str) -> object:
    """The JSON value of `text`; the text itself where damage left none, None where it is empty."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
