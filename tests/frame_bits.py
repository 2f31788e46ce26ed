"""Equality of frames to the last bit: what a comparison of floats would forgive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from domain.frame import Frame, Probe


def bits(value: object) -> object:
    """`value` with every float as its exact digits, so that NaN equals NaN and -0.0 is not 0.0."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(bits, value))
    return value.hex() if isinstance(value, float) else (type(value).__name__, value)


def difference(one: Frame | Probe, other: Frame | Probe) -> str:
    """Names and values of the fields that are not the same to the last bit, or nothing."""
    return "; ".join(
        f"{name}: {a} against {b}"
        for name, a, b in zip(one._fields, one, other, strict=True)
        if bits(a) != bits(b)
    )


def assert_same(ours: Iterable[Frame], theirs: Iterable[Frame]) -> None:
    """Both streams of frames are the same to the last bit."""
    for k, (one, other) in enumerate(zip_longest(ours, theirs)):
        assert one is not None, f"frame {k} is missing on the left"
        assert other is not None, f"frame {k} is missing on the right"
        found = difference(one, other)
        assert not found, f"frame {k}: {found}"
