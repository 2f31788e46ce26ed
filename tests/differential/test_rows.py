"""A row that somebody holds is never written over, nor is any float of it."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from adapters.engine.rust import parameters_json
from bar_strategies import Shape, make_tape
from domain.belief_parameters import EngineParameters
from rust_core import SignalEngine

TAPE = make_tape(Shape("wild", (120, 90), 5, quoted=False, holes=True, quiet_volume=False))


@pytest.fixture
def engine(parameters: EngineParameters) -> SignalEngine:
    return SignalEngine(parameters_json(parameters))


@pytest.fixture
def expected(parameters: EngineParameters) -> list[bytes]:
    other = SignalEngine(parameters_json(parameters))
    return [bits((*frame[0], *frame[18])) for frame in map(other.frame, TAPE)]


def bits(row: tuple[float, ...]) -> bytes:
    return np.array(row).tobytes()


def test_rows_taken_one_by_one_are_those_of_the_frames(
    engine: SignalEngine, expected: list[bytes]
) -> None:
    row: tuple[float, ...] = ()
    for bar, want in zip(TAPE, expected, strict=True):
        row = engine.update(bar)
        assert type(row) is tuple
        assert bits(row) == want


def test_every_row_that_is_held_stays_as_it_was(
    engine: SignalEngine, expected: list[bytes]
) -> None:
    rows = [engine.update(bar) for bar in TAPE]
    assert [bits(row) for row in rows] == expected


def test_every_float_that_is_held_stays_as_it_was(
    engine: SignalEngine, expected: list[bytes]
) -> None:
    """The rows go, some of their floats are kept: other ones each bar, so that places mix."""
    held = []
    for n, bar in enumerate(TAPE):
        row = engine.update(bar)
        held.append([(k, row[k]) for k in range(n % 7, len(row), 1 + n % 5)])
    del row
    gc.collect()
    for kept, want in zip(held, expected, strict=True):
        whole = np.frombuffer(want)
        for k, x in kept:
            assert np.float64(x).tobytes() == whole[k].tobytes()


def test_rows_of_two_engines_and_rows_held_for_a_while_do_not_mix(
    engine: SignalEngine, parameters: EngineParameters, expected: list[bytes]
) -> None:
    other = SignalEngine(parameters_json(parameters))
    window: list[tuple[tuple[float, ...], bytes]] = []
    for n, (bar, want) in enumerate(zip(TAPE, expected, strict=True)):
        window.append((engine.update(bar), want))
        assert bits(other.update(bar)) == want
        for row, bytes_ in window:
            assert bits(row) == bytes_
        if n % 3 == 0:
            window = window[-(n % 4) :]


def test_a_row_can_be_a_key(engine: SignalEngine) -> None:
    for bar in TAPE:
        row = engine.update(bar)
        assert hash(row) == hash((*row[:1], *row[1:]))
