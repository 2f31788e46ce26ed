"""What the Rust engine refuses, and that a refusal leaves it as it was."""

from __future__ import annotations

import json
import math

import pytest

from adapters.engine.reference import ReferenceEngine
from adapters.engine.rust import RustEngine, parameters_json
from bar_strategies import Shape, make_tape
from changing import replace
from domain.belief_parameters import EngineParameters
from domain.frame import BarInput
from frame_bits import assert_same
from ports.errors import EngineError
from rust_core import EngineInputError, ParameterError, SignalEngine

TAPE = make_tape(Shape("walk", (70, 20), 5, quoted=True, holes=False, quiet_volume=False))
GOOD = TAPE[-1]
IMPOSSIBLE = {
    "high below low": {"high": 10, "low": 11, "open": 10, "close": 10},
    "open above high": {"open": GOOD.high + 1},
    "open below low": {"open": GOOD.low - 1},
    "close above high": {"close": GOOD.high + 1},
    "close below low": {"close": GOOD.low - 1},
    "price beyond exact sums": {"open": 2**31, "high": 2**31, "low": 2**31, "close": 2**31},
    "price far below": {"open": -(2**31), "high": -(2**31), "low": -(2**31), "close": -(2**31)},
    "negative volume": {"volume": -1},
    "volume beyond exact sums": {"volume": 2**40 + 1},
    "phase below": {"phase": -1},
    "phase above": {"phase": 8},
    "minute before the open": {"minute": -1},
    "minute beyond a day": {"minute": 1440},
    "dvs below": {"dvs_bp": -1},
    "dvs above": {"dvs_bp": 10_001},
    "eqs below": {"eqs_bp": -1},
    "eqs above": {"eqs_bp": 10_001},
    "negative spread": {"spread": -0.5},
    "spread is no number": {"spread": math.nan},
    "infinite spread": {"spread": math.inf},
    "negative slip": {"realised_slip": -1e-9},
    "slip is no number": {"realised_slip": math.nan},
}
NOT_64_BITS = {"volume": 2**64, "high": 2**70, "minute": -(2**80)}


@pytest.mark.parametrize("change", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_both_engines_refuse_an_impossible_bar_and_stay_as_they_were(
    parameters: EngineParameters, change: dict[str, float]
) -> None:
    bar = GOOD._replace(**change)  # type: ignore[arg-type]
    undisturbed = RustEngine(parameters)
    expected = [undisturbed.update(b) for b in TAPE]
    for engine in (RustEngine(parameters), ReferenceEngine(parameters)):
        frames = [engine.update(b) for b in TAPE[:-1]]
        before = engine.snapshot()
        with pytest.raises(EngineError):
            engine.update(bar)
        assert engine.snapshot() == before
        frames.append(engine.update(GOOD))
        assert_same(frames, expected)


def test_the_limits_themselves_pass_in_both_engines(parameters: EngineParameters) -> None:
    top = 2**31 - 1
    edge = GOOD._replace(
        open=top, high=top, low=-top, close=-top, volume=2**40, minute=1439, phase=7,
        dvs_bp=0, eqs_bp=0, spread=1e6, realised_slip=1e6,
    )  # fmt: skip
    engines = RustEngine(parameters), ReferenceEngine(parameters)
    ours, theirs = ([e.update(bar) for bar in (*TAPE, edge, edge, GOOD)] for e in engines)
    assert_same(ours, theirs)


@pytest.mark.parametrize(("field", "value"), NOT_64_BITS.items())
def test_a_number_beyond_64_bits_is_refused(
    parameters: EngineParameters, field: str, value: int
) -> None:
    engine = RustEngine(parameters)
    before = engine.snapshot()
    with pytest.raises(EngineError):
        engine.update(GOOD._replace(**{field: value}))  # type: ignore[arg-type]
    assert engine.snapshot() == before


def test_a_tuple_of_another_shape_is_refused(parameters: EngineParameters) -> None:
    native = SignalEngine(parameters_json(parameters))
    before = native.snapshot()
    for wrong in (GOOD[:-1], (*GOOD, 1), (), ("a", *GOOD[1:]), (1.5, *GOOD[1:])):
        with pytest.raises((EngineInputError, TypeError)):
            native.update(wrong)  # type: ignore[arg-type]
    assert native.snapshot() == before


def test_probing_changes_nothing_and_refuses_too(parameters: EngineParameters) -> None:
    engine = RustEngine(parameters)
    for bar in TAPE:
        engine.update(bar)
    before = engine.snapshot()
    engine.probe(100, 300, 50, 290, 10**6, False)
    with pytest.raises(EngineError):
        engine.probe(10, 9, 11, 10, 5, False)
    assert engine.snapshot() == before


def _played(parameters: EngineParameters, tape: list[BarInput]) -> RustEngine:
    engine = RustEngine(parameters)
    for bar in tape:
        engine.update(bar)
    return engine


def test_a_snapshot_of_other_parameters_is_refused(parameters: EngineParameters) -> None:
    signals = replace(parameters.signals, climax_z=2.5)
    other = RustEngine(replace(parameters, signals=signals))
    before = other.snapshot()
    with pytest.raises(EngineError, match="other parameters"):
        other.restore(_played(parameters, TAPE).snapshot())
    assert other.snapshot() == before


def test_a_damaged_or_foreign_snapshot_is_refused(parameters: EngineParameters) -> None:
    engine = _played(parameters, TAPE[:40])
    good, before = _played(parameters, TAPE).snapshot(), engine.snapshot()
    reference = ReferenceEngine(parameters).snapshot()
    cuts = [good[:k] for k in (0, 3, 4, 6, 14, 22, len(good) - 1)]
    flips = [
        good[:k] + bytes([good[k] ^ 1]) + good[k + 1 :]
        for k in (*range(24), *range(24, len(good), 97))
    ]
    for wrong in (*cuts, *flips, good + b"\0", reference, b"nonsense"):
        with pytest.raises(EngineError):
            engine.restore(wrong)
        assert engine.snapshot() == before
    engine.restore(good)
    assert engine.snapshot() == good


def test_parameters_are_read_strictly(parameters: EngineParameters) -> None:
    good = json.loads(parameters_json(parameters))
    wrong = []
    for change in (
        {"surplus": 1},
        {"round_grid_ticks": 0},
        {"tick_value": -1.25},
        {"signals": {**good["signals"], "atr_mid": 0}},
        {"signals": {**good["signals"], "atr_mid": 513}},
        {"signals": {**good["signals"], "atr_mid": 14.5}},
        {"signals": {k: v for k, v in good["signals"].items() if k != "atr_mid"}},
        {"regime": {**good["regime"], "hold_bars": 0}},
        {"centres": {**good["centres"], "3": {"centre": 0.3, "scale": 0}}},
        {"centres": {}},
    ):
        wrong.append(json.dumps({**good, **change}))
    for text in (*wrong, "", "[]", "{", "NaN"):
        with pytest.raises(ParameterError):
            SignalEngine(text)
