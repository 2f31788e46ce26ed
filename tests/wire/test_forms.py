"""The compiled forms of a bar's events equal their plain ones, key by key."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical
from adapters.wire import decision_v1
from domain.frame import BELIEFS, SIGNALS, Frame, beliefs_hash, signals_hash
from rust_core import Shape, frame_payloads

NUMBERS = st.integers(-(10**15), 10**15).map(lambda n: n / 1e9) | st.sampled_from(
    [math.nan, -math.nan, -0.0, 0.0, 5e-324, 1.7976931348623157e308, 1e-9, 123456.789]
)
WHOLE = NUMBERS | st.integers(-(2**53), 2**53)
BELIEF = st.tuples(*[WHOLE] * BELIEFS)
FRAMES = st.builds(
    Frame,
    values=st.tuples(*[WHOLE] * SIGNALS),
    ready=st.integers(0, 2**SIGNALS - 1),
    fallback=st.integers(0, 2**SIGNALS - 1),
    regime=st.integers(0, 4),
    regime_raw=st.integers(0, 4),
    er20=NUMBERS,
    a14=NUMBERS,
    tr=st.integers(-(2**31), 2**31),
    p30=NUMBERS,
    dev=NUMBERS,
    spread=WHOLE,
    slip=NUMBERS,
    slip_model=NUMBERS,
    shock=st.booleans(),
    bars_in_session=st.integers(0, 2000),
    levels=st.tuples(*[st.none() | st.integers(-(2**31), 2**31)] * 6),
    evidence=BELIEF,
    lraw=BELIEF,
    likelihood=BELIEF,
    stability=BELIEF,
    effective=BELIEF,
    coverage=BELIEF,
    belief_ready=st.integers(0, 2**BELIEFS - 1),
    thesis=NUMBERS,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(FRAMES)
def test_a_frame_is_written_and_hashed_as_its_plain_form(frame: Frame) -> None:
    form = decision_v1.FrameForms()(frame)
    assert form.signals.text.encode() == canonical(decision_v1.signals(frame))
    assert form.beliefs.text.encode() == canonical(decision_v1.beliefs(frame))
    assert form.signals_hash == signals_hash(frame)
    assert form.beliefs_hash == beliefs_hash(frame)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=10)
@given(FRAMES)
def test_a_frame_without_a_form_is_refused(frame: Frame) -> None:
    for bad in (
        frame._replace(er20=math.inf),
        frame._replace(stability=(math.inf, *frame.stability[1:])),
        frame._replace(regime=5),
        frame._replace(regime=-1),
        frame[:-1],
    ):
        with pytest.raises((ValueError, OverflowError)):
            frame_payloads(bad)


NAMES = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, unique=True)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | NUMBERS


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NAMES, st.data())
@example(["a", "", "b"], None)
def test_a_shape_writes_what_a_dictionary_would(names: list[str], data: Any) -> None:
    if not any(names):
        return
    places = (1, None, -0.0) if data is None else data.draw(st.tuples(*[LEAVES] * len(names)))
    expected = {name: value for name, value in zip(names, places, strict=True) if name}
    assert Shape(names).encode(places).text.encode() == canonical(expected)


def test_shapes_stand_inside_shapes() -> None:
    inner = Shape(("y", "", "x"), shared="y")
    outer = Shape(("one", "none", "many"), one={"one": inner, "none": inner}, many={"many": inner})
    shared, other = (None, 0, 2.5), ("own", 0, 3)
    expected = canonical(
        {"one": {"x": 1, "y": "a"}, "none": None,
         "many": [{"x": 2.5, "y": None}, {"x": 3, "y": "own"}, {"x": 2.5, "y": None}]}
    )  # fmt: skip
    for _ in range(2):
        text = outer.encode((("a", 0, 1), None, (shared, other, shared))).text
        assert text.encode() == expected


def test_shared_tuples_are_told_apart_when_many_come_and_go() -> None:
    gate = Shape(("candidate", "n"), shared="candidate")
    row = Shape(("gates",), many={"gates": gate})
    for n in range(10_000):
        assert row.encode((((None, n),),)).text == f'{{"gates":[{{"candidate":null,"n":{n}}}]}}'


@pytest.mark.parametrize(
    "make",
    [
        lambda: Shape(("a", "a")),
        lambda: Shape(()),
        lambda: Shape(("a",), one={"b": Shape(("x",))}),
        lambda: Shape(("a",), many={"b": Shape(("x",))}),
        lambda: Shape(("a",), shared="b"),
        lambda: Shape(("a",)).encode((1, 2)),
        lambda: Shape(("a",)).encode((math.inf,)),
    ],
)
def test_a_wrong_shape_is_refused(make: Any) -> None:
    with pytest.raises(ValueError):
        make()
