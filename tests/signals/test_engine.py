"""The reference engine behind its port: probe, refusals, snapshots, session changes."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings

from adapters.engine.reference import ReferenceEngine
from bar_strategies import START_PRICE, Shape, make_tape, tapes
from changing import replace
from domain.frame import BarInput
from ports.engine import Engine
from ports.errors import EngineError

BAR = BarInput(100, 102, 99, 101, 50, 1, 0, True, None, 10_000, 10_000, 0.0)
WALK = make_tape(Shape("walk", (70, 65), 1, True, False, False))


@pytest.fixture
def engine(parameters) -> ReferenceEngine:
    return ReferenceEngine(parameters)


def feed(engine: Engine, bars: list[BarInput]) -> None:
    for bar in bars:
        engine.update(bar)


@settings(max_examples=15, deadline=None)
@given(tapes(max_sessions=3))
def test_probe_tells_what_the_frame_will_say_and_changes_nothing(parameters, play, tape):
    engine = ReferenceEngine(parameters)
    for bar, undisturbed in zip(tape, play(tape), strict=True):
        probe = engine.probe(*bar[:5], bar.session_start)
        frame = engine.update(bar)
        assert repr(frame) == repr(undisturbed)
        assert (probe.tr, probe.shock) == (frame.tr, frame.shock)
        assert math.isnan(probe.atr_long) == math.isnan(frame.p30)
        assert math.isnan(frame.p30) or frame.p30 == max(probe.atr_long, 1.0)


def test_probe_gives_atr30_without_its_floor(engine):
    feed(engine, make_tape(Shape("single_price", (40,), 1, False, False, True)))
    probe = engine.probe(START_PRICE, START_PRICE, START_PRICE, START_PRICE, 1, False)
    assert probe.atr_long == 0.0


def test_the_first_bar_starts_a_session_whether_it_says_so_or_not(parameters):
    silent = [WALK[0]._replace(session_start=False), *WALK[1:70]]
    first, second = ReferenceEngine(parameters), ReferenceEngine(parameters)
    assert repr([first.update(b) for b in WALK[:70]]) == repr([second.update(b) for b in silent])


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": 98},
        {"open": 103},
        {"open": 98},
        {"close": 103},
        {"close": 98},
        {"low": 103, "high": 99},
        {"volume": -1},
        {"volume": 2**41},
        {"open": 2**40, "high": 2**40, "low": 2**40, "close": 2**40},
        {"minute": -1},
        {"minute": 1440},
        {"phase": 8},
        {"phase": -1},
        {"dvs_bp": -1},
        {"dvs_bp": 10_001},
        {"eqs_bp": 10_001},
        {"spread": -1.0},
        {"spread": math.nan},
        {"spread": math.inf},
        {"realised_slip": -0.5},
        {"realised_slip": math.nan},
    ],
    ids=str,
)
@pytest.mark.parametrize("start", [True, False])
def test_an_impossible_bar_is_refused_and_nothing_changes(engine, wrong, start):
    feed(engine, WALK[:70])
    before = engine.snapshot()
    with pytest.raises(EngineError):
        engine.update(BAR._replace(**wrong, session_start=start))
    assert engine.snapshot() == before


def test_probe_refuses_an_impossible_bar(engine):
    with pytest.raises(EngineError):
        engine.probe(100, 99, 101, 100, 5, True)


def test_snapshot_is_text_with_a_version(engine):
    feed(engine, WALK[:80])
    envelope = json.loads(engine.snapshot())
    assert (envelope["format"], envelope["version"]) == ("reference-engine", 1)


def test_snapshot_of_other_parameters_is_refused(parameters, engine):
    other = ReferenceEngine(replace(parameters, round_grid_ticks=100))
    feed(other, WALK[:80])
    with pytest.raises(EngineError, match="other parameters"):
        engine.restore(other.snapshot())


def test_a_damaged_snapshot_is_refused_and_nothing_changes(parameters, engine):
    feed(engine, WALK[:80])
    before = engine.snapshot()
    step = max(1, len(before) // 150)
    for place in range(0, len(before), step):
        flipped = bytes([before[place] ^ 1])
        with pytest.raises(EngineError):
            engine.restore(before[:place] + flipped + before[place + 1 :])
        with pytest.raises(EngineError):
            engine.restore(before[:place])
    assert engine.snapshot() == before


@pytest.mark.parametrize("junk", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_junk_is_no_snapshot(engine, junk):
    with pytest.raises(EngineError):
        engine.restore(junk)


def test_a_short_session_leaves_neither_prior_nor_slot_means(parameters):
    long = make_tape(Shape("walk", (60,), 2, False, False, False))
    short = make_tape(Shape("walk", (59,), 3, False, False, False))
    engine = ReferenceEngine(parameters)
    feed(engine, short)
    assert not engine.update(long[0]).is_ready(9)
    feed(engine, long[1:])
    first = engine.update(short[0])
    assert first.is_ready(9)
    feed(engine, short[1:])
    again = engine.update(short[0])
    prior = (min(b.low for b in long), max(b.high for b in long))
    assert (again.levels[2], again.levels[5]) == prior == (first.levels[2], first.levels[5])


def test_seasonal_reference_needs_three_sessions(parameters):
    day = [make_tape(Shape("walk", (60,), n, False, False, False)) for n in range(5)]
    engine = ReferenceEngine(parameters)
    fallback = [[engine.update(b).fallback >> 2 & 1 for b in bars] for bars in day]
    assert fallback[0] == [0] * 13 + [1] * 47
    assert [set(f) for f in fallback[1:]] == [{1}, {1}, {0}, {0}]


def test_a_prior_session_without_volume_has_no_value_to_be_distant_from(parameters):
    dead = [b._replace(volume=0) for b in make_tape(Shape("walk", (60,), 1, False, False, False))]
    engine = ReferenceEngine(parameters)
    feed(engine, dead)
    frame = engine.update(BAR)
    assert frame.is_ready(9)
    assert not frame.is_ready(10)
