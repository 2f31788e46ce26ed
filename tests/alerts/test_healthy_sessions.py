"""Twenty sessions in which nothing is wrong call nobody (safety case H43)."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.store.canonical import genesis
from adapters.store.reading import reading
from adapters.wire.codec import Codec
from adapters.wire.recording import StoredRecording
from alerts.test_alarms import Watch
from application.cli.recorded import as_recorded, recorded_core
from application.container import RunContainer
from application.replay import fold
from application.settings import load_settings
from bar_files import real
from domain.event import SessionClosed
from domain.units import MINUTE, SECOND
from program import tradebot

REAL = ["07", "08", "09", "10", "11", "14", "29", "30"]
SEEDS = range(1, 13)


@pytest.mark.parametrize(
    "words",
    [
        ["--bars", *(f"ES_1m_2013-10-{day}.csv.gz" for day in REAL)],
        *(["--seed", str(seed)] for seed in SEEDS),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_healthy_session_calls_nobody(words: list[str], tmp_path: Path) -> None:
    files = [real(word) if word.endswith(".gz") else word for word in words]
    spread = [x for file in files[1:] for x in ("--bars", file)] if words[0] == "--bars" else files
    done = tradebot(tmp_path, "run", "--json", "--db", "sqlite:///s.db", *spread)
    assert done.code == 0, done.err
    settings = load_settings({"db": f"sqlite:///{tmp_path / 's.db'}"})
    with reading(str(settings.db)) as store:
        assert store is not None
        settings = as_recorded(store, settings)
        container = RunContainer(settings=settings)
        watch, who = Watch(container.calendar()), store.identity
        head = genesis(who.symbol, who.config_hash)
        recording = StoredRecording(store.events(), Codec(who.config_hash), head)
        last, closed = 0, 0
        for step in fold(recorded_core(store, settings, container), recording):
            events = step.outcome.events
            closed += sum(isinstance(event, SessionClosed) for event in events)
            watch.see(*events)
            if last and step.input.at - last <= MINUTE:
                for now in range(last, step.input.at, 5 * SECOND):
                    watch.alarms.heard(now)
                    watch.alarms.tick(now)
            last = max(last, step.input.at)
    assert closed == done.summary["sessions"] >= 1
    assert watch.told.calls == []
