"""exp and cbrt are the platform's in both engines, and wider registers change no bit."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.engine.rust import parameters_json
from bar_strategies import Shape, make_tape
from domain.belief_parameters import EngineParameters
from domain.transcendental import cbrt, exp
from rust_core import SignalEngine


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    xs=st.lists(
        st.one_of(
            st.floats(-700.0, 700.0),
            st.floats(-20.0, 20.0),
            st.floats(0.0, 1.0),
            st.integers(0, 10**9).map(lambda n: n / 1e9),
        ),
        min_size=50,
        max_size=200,
    )
)
@example(xs=[0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 0.125, 1e-300, 5e-324, -745.0, 709.0])
def test_exp_and_cbrt_are_those_of_the_platform(
    parameters: EngineParameters, xs: list[float]
) -> None:
    engine = SignalEngine(parameters_json(parameters))
    for x in xs:
        ours = tuple(y.hex() for y in engine.maths(x))
        assert ours == (exp(x).hex(), cbrt(x).hex()), f"x = {x!r}"
        assert ours == (math.exp(x).hex(), math.cbrt(x).hex())


def test_the_portable_form_is_the_same_to_the_last_bit(parameters: EngineParameters) -> None:
    text = parameters_json(parameters)
    tape = make_tape(
        Shape("wild", (390, 75, 90, 210), 4, quoted=False, holes=True, quiet_volume=False)
    )
    wide, portable = SignalEngine(text), SignalEngine(text, portable=True)
    for bar in tape:
        assert [x.hex() for x in wide.update(bar)] == [x.hex() for x in portable.update(bar)]
    assert wide.snapshot() == portable.snapshot()
