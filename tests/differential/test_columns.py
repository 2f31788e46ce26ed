"""Whole columns in one call: the same rows as a call a bar, and all of it or nothing."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from adapters.engine.rust import parameters_json
from bar_strategies import Shape, make_tape, tapes
from domain.belief_parameters import EngineParameters
from domain.frame import SIGNALS, BarInput
from rust_core import ROW, ColumnError, SignalEngine

NAMES = BarInput._fields
DTYPES = ("i8",) * 5 + ("u1", "i8", "?", "f8", "i8", "i8", "f8")
TAPE = make_tape(Shape("wild", (90, 70, 40), 8, quoted=True, holes=True, quiet_volume=False))
WORTH = 8_192
"""Bars from which on two threads share the work (`rust_core/engine/src/pair.rs`)."""
Columns = dict[str, np.ndarray[Any, Any]]


def columns(tape: list[BarInput]) -> Columns:
    rows = [bar._replace(spread=math.nan if bar.spread is None else bar.spread) for bar in tape]
    return {
        name: np.array([row[k] for row in rows], dtype)
        for k, (name, dtype) in enumerate(zip(NAMES, DTYPES, strict=True))
    }


def available() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


@pytest.fixture
def engine(parameters: EngineParameters) -> SignalEngine:
    return SignalEngine(parameters_json(parameters))


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tape=tapes(3))
def test_a_run_is_the_same_as_a_call_a_bar(
    parameters: EngineParameters, tape: list[BarInput]
) -> None:
    one, other, third = (SignalEngine(parameters_json(parameters)) for _ in range(3))
    rows = np.array([one.update(bar) for bar in tape])
    run = other.run(**columns(tape))
    assert run.tobytes() == rows.tobytes()
    assert other.snapshot() == one.snapshot()
    frames = [third.frame(bar) for bar in tape]
    assert np.array([(*f[0], *f[18]) for f in frames]).tobytes() == rows.tobytes()


def test_a_run_can_be_cut_anywhere_and_reuse_its_rows(
    parameters: EngineParameters, engine: SignalEngine
) -> None:
    whole = SignalEngine(parameters_json(parameters)).run(**columns(TAPE))
    for cut in (0, 1, 77, len(TAPE)):
        engine = SignalEngine(parameters_json(parameters))
        head, tail = columns(TAPE[:cut]), columns(TAPE[cut:])
        rows = np.full((len(TAPE), ROW), -7.0)
        assert engine.run(**head, out=rows[:cut]).base is rows or cut == 0
        engine.run(**tail, out=rows[cut:])
        assert rows.tobytes() == whole.tobytes()


def long_tape(kind: str) -> list[BarInput]:
    """Sessions of all lengths, together more than a second thread begins at."""
    lengths = (390, 210, 30, 1, 390) * 12
    tape = make_tape(Shape(kind, lengths, 5, quoted=True, holes=True, quiet_volume=False))
    assert len(tape) > WORTH
    return tape


@pytest.mark.skipif(available() < 2, reason="a second thread is used with two processors only")
@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("kind", ["walk", "wild", "zero_volume", "single_price"])
def test_two_threads_find_what_one_finds(
    parameters: EngineParameters, kind: str, portable: bool
) -> None:
    tape, text = long_tape(kind), parameters_json(parameters)
    one, two = SignalEngine(text), SignalEngine(text, portable=portable)
    begun, rest = tape[:57], tape[57:]
    rows = np.array([one.update(bar) for bar in tape])
    assert two.run(**columns(begun)).tobytes() == rows[:57].tobytes()
    assert two.run(**columns(rest[:-1])).tobytes() == rows[57:-1].tobytes()
    assert two.frame(rest[-1])[18] == tuple(rows[-1][SIGNALS:])
    assert two.snapshot() == one.snapshot()


@pytest.mark.parametrize("row", [0, 255, 256, 5_000, -1])
def test_one_impossible_row_of_many_takes_nothing(engine: SignalEngine, row: int) -> None:
    engine.update(TAPE[0])
    before = engine.snapshot()
    bad = columns(long_tape("walk"))
    bad["volume"][row] = -1
    with pytest.raises(ColumnError, match=f"row {row % len(bad['volume'])}: volume -1"):
        engine.run(**bad)
    assert engine.snapshot() == before


def test_one_impossible_row_takes_nothing(engine: SignalEngine) -> None:
    engine.update(TAPE[0])
    before = engine.snapshot()
    bad = columns(TAPE)
    bad["volume"][-1] = -1
    with pytest.raises(ColumnError, match=f"row {len(TAPE) - 1}: volume -1"):
        engine.run(**bad)
    assert engine.snapshot() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_type_shape_or_layout_is_refused_by_name(engine: SignalEngine, name: str) -> None:
    good = columns(TAPE)
    before = engine.snapshot()
    column = good[name]
    wider = np.repeat(column, 2)
    for wrong in (
        column.astype("f4"),
        column.astype("i4"),
        column.tolist(),
        column.reshape(1, -1),
        wider[::2],
        column[:-1] if name != "open" else np.append(column, column[-1:]),
    ):
        with pytest.raises(ColumnError, match=name if name != "open" else "open|high"):
            engine.run(**{**good, name: wrong})
    assert engine.snapshot() == before


def test_rows_of_a_wrong_kind_are_refused(engine: SignalEngine) -> None:
    n = len(TAPE)
    read_only = np.zeros((n, ROW))
    read_only.flags.writeable = False
    for wrong in (
        np.zeros((n, ROW), "f4"),
        np.zeros((n - 1, ROW)),
        np.zeros((n, SIGNALS)),
        np.zeros((ROW, n)).T,
        np.zeros(n * ROW),
        read_only,
    ):
        with pytest.raises(ColumnError, match="out"):
            engine.run(**columns(TAPE), out=wrong)


def test_rows_may_not_be_one_of_the_columns(engine: SignalEngine) -> None:
    shared = np.zeros((len(TAPE), ROW))
    with pytest.raises(ColumnError):
        engine.run(**{**columns(TAPE), "spread": shared.reshape(-1)[: len(TAPE)]}, out=shared)


def test_no_bars_give_no_rows(engine: SignalEngine) -> None:
    before = engine.snapshot()
    assert engine.run(**columns([])).shape == (0, ROW)
    assert engine.snapshot() == before
