"""What would have had to be different (decision.md 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.decision_parameters import CounterfactualScales
from domain.gates import BOOLEAN, COUNT, FRACTION, MINUTES, USD, GateResult
from domain.units import q9


class Counterfactual(NamedTuple):
    """The nearest miss, or for an entry the gate closest to refusing.

    `delta` is threshold minus value in the gate's own unit; `flips` says that this gate
    alone stands between the decision and its opposite, `others` how many more failed.
    """

    gate: str
    value: float | None
    threshold: float | None
    delta: float | None
    flips: bool
    others: int


_SCALES: Final = {FRACTION: "fraction", MINUTES: "minutes", USD: "usd", COUNT: "count"}


def _scale(kind: str, scales: CounterfactualScales) -> float:
    return float(getattr(scales, _SCALES[kind]))


def _measured(gate: GateResult) -> bool:
    return gate.kind != BOOLEAN and gate.value is not None and gate.threshold is not None


def _number_passes(gate: GateResult) -> bool:
    """True where a gate's own figures would let it pass: it failed for something else, such as
    a halt in force, and no other number would have flipped it."""
    value, threshold, cmp = gate.value, gate.threshold, gate.cmp
    if value is None or threshold is None:
        return False
    if cmp == ">=":
        return value >= threshold
    return value <= threshold if cmp == "<=" else cmp == "<" and value < threshold


def _last_passing(gate: GateResult) -> float | None:
    """The threshold of a gate, for a strict `<` the last value that would have passed."""
    if gate.threshold is None or gate.cmp != "<":
        return gate.threshold
    return q9(gate.threshold - (1.0 if gate.kind == COUNT else 0.01))


def _shortfall(gate: GateResult, scales: CounterfactualScales) -> float:
    """How far a value lies from the threshold, in units of the gate's scale."""
    if gate.cmp != "<" and gate.margin is not None:
        return q9(abs(gate.margin) / _scale(gate.kind, scales))
    threshold = _last_passing(gate)
    if gate.value is None or threshold is None:
        return float("inf")
    return q9(q9(abs(threshold - gate.value)) / _scale(gate.kind, scales))


def _told(gate: GateResult, flips: bool, others: int) -> Counterfactual:
    threshold = _last_passing(gate)
    if gate.value is None or threshold is None:
        return Counterfactual(gate.id, gate.value, threshold, None, flips, others)
    return Counterfactual(gate.id, gate.value, threshold, q9(threshold - gate.value), flips, others)


def nearest_miss(
    gates: Sequence[GateResult], scales: CounterfactualScales
) -> Counterfactual | None:
    """Of the failed gates the nearest to passing; the first in order where none has a number."""
    failed = [g for g in gates if not g.passed]
    if not failed:
        return None
    numeric = [g for g in failed if _measured(g) and not _number_passes(g)]
    if not numeric:
        first = failed[0]
        return Counterfactual(first.id, first.value, first.threshold, None, False, len(failed) - 1)
    alone = len(numeric) == 1
    nearest = numeric[0] if alone else min(numeric, key=lambda g: _shortfall(g, scales))
    return _told(nearest, flips=len(failed) == 1, others=len(failed) - 1)


def closest_to_refusing(
    gates: Sequence[GateResult], scales: CounterfactualScales
) -> Counterfactual | None:
    """Of the passed gates with a number, the one with the smallest normalised margin."""
    numeric = [g for g in gates if g.passed and _measured(g)]
    if not numeric:
        return None
    return _told(min(numeric, key=lambda g: _shortfall(g, scales)), flips=True, others=0)
