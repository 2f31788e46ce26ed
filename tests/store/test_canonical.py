"""The canonical form: any standard library makes the same bytes, or there is none."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical, envelope, event_id, genesis, stamp

TEXT = st.text(st.characters(codec="utf-8"))
FLOATS = st.floats(allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | FLOATS | TEXT
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


def naive(value: Any) -> bytes:
    """The specification in the standard library's words."""

    def tidy(item: Any) -> Any:
        if isinstance(item, float):
            return None if math.isnan(item) else item + 0.0
        if isinstance(item, dict):
            return {key: tidy(part) for key, part in item.items()}
        return [tidy(part) for part in item] if isinstance(item, list | tuple) else item

    return json.dumps(
        tidy(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def test_keys_are_sorted_and_nothing_is_blank() -> None:
    assert canonical({"b": 1, "a": [True, None, "x"], "é": "12.5000"}) == (
        '{"a":[true,null,"x"],"b":1,"é":"12.5000"}'.encode()
    )


def test_keys_are_sorted_by_code_point_beyond_the_basic_plane() -> None:
    assert canonical({"\U0001f600": 1, "\uffff": 2}) == '{"\uffff":2,"\U0001f600":1}'.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, b"0.1"),
        (1.0, b"1.0"),
        (0.0001, b"0.0001"),
        (0.00001, b"1e-05"),
        (-1.5e-07, b"-1.5e-07"),
        (1e-9, b"1e-09"),
        (1e16, b"1e+16"),
        (9999999999999998.0, b"9999999999999998.0"),
        (math.nan, b"null"),
        (-math.nan, b"null"),
    ],
)
def test_floats_are_the_shortest_that_read_back(value: float, text: bytes) -> None:
    assert canonical([value]) == b"[" + text + b"]"


def test_minus_zero_is_zero_at_any_depth() -> None:
    assert canonical({"a": [(-0.0,)], "b": -0.0}) == canonical({"a": [(0.0,)], "b": 0.0})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(VALUES)
@example({"a": -0.0, "b": math.nan, "c": None})
def test_equals_the_standard_library(value: Any) -> None:
    assert canonical(value) == naive(value)


@given(st.integers(-(10**13), 10**13) | st.integers(-(10**17), 10**17))
@example(10**15)
@example(10**15 - 1)
@example(10**5)
@example(10**5 - 1)
def test_equals_the_standard_library_on_the_q9_grid_and_beside_it(units: int) -> None:
    value = units / 1e9
    for near in (value, math.nextafter(value, math.inf), math.nextafter(value, -math.inf)):
        assert canonical([near]) == naive([near])
        assert json.loads(canonical([near])) == [near + 0.0]


def test_every_four_digits_are_written_in_either_half_of_a_fraction() -> None:
    values = [(half * 10_000 + 9_999 - half) / 1e9 for half in range(10_000)]
    assert canonical(values) == naive(values)


@pytest.mark.parametrize("bad", [math.inf, -math.inf])
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(inside=VALUES)
def test_an_infinity_is_an_error_wherever_it_stands(bad: float, inside: Any) -> None:
    values: tuple[Any, ...] = (
        [inside, bad],
        {"a": {"b": (inside, bad)}},
        [None, math.nan, [[bad]]],
    )
    for value in values:
        with pytest.raises(ValueError, match="infinite"):
            canonical(value)


@pytest.mark.parametrize(
    "bad", [2**64, -(2**63) - 1, "\ud800", {1: 2}, {1, 2}, b"x", object(), [0.00001, 2**64]]
)
def test_what_json_does_not_have_is_an_error(bad: Any) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical({"x": bad})
    with pytest.raises(ValueError, match="canonical"):
        canonical({"slow way": 1e-9, "x": bad})


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(TEXT, LEAVES), TEXT, st.integers(0, 2**62))
def test_an_envelope_is_put_together_as_if_encoded_at_once(
    payload: dict[str, Any], kind: str, instant: int
) -> None:
    whole = {
        "type": kind,
        "version": 3,
        "stream": "domain",
        "session_date": "2013-10-07",
        "ts_event": stamp(instant),
        "payload": payload,
    }
    body = envelope(kind, 3, "domain", "2013-10-07", instant, canonical(payload))
    assert body == naive(whole)


def test_times_are_utc_with_microseconds() -> None:
    assert stamp(1_381_152_600_000_000_999) == "2013-10-07T13:30:00.000000Z"
    assert stamp(1_381_152_600_123_456_000) == "2013-10-07T13:30:00.123456Z"
    assert stamp(-1_000) == "1969-12-31T23:59:59.999999Z"
    with pytest.raises(ValueError, match="no such time"):
        stamp(10**30)


def test_ids_and_genesis_are_plain_sha256() -> None:
    assert event_id("Fill", "domain", "e1") == hashlib.sha256(b"Fill|domain|e1").hexdigest()[:32]
    record = b'{"config_hash":"c0","symbol":"MES"}'
    assert genesis("MES", "c0") == hashlib.sha256(record).hexdigest()
