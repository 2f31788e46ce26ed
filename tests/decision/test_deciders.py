"""The compiled decider is the reference: every record, to the last bit and type."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from adapters.engine.decider import decider
from changing import replace
from domain.beta import _log_gamma
from domain.candidate import Rules, Snapshot
from domain.decision import decide
from domain.strategies.vwap_reversion import VwapReversion
from market_builders import rules
from snapshot_strategies import both_sides, snapshots


def same(snap: Snapshot, under: Rules) -> int:
    """Hold one against the other; the number of candidates."""
    got, want = decider(under)(snap), decide(snap, under)
    assert repr(got) == repr(want)  # types too, and which zero
    assert type(got[0]) is type(want[0])
    return len(got[0].candidates)


@settings(max_examples=400, deadline=None)
@given(snapshots())
@example(both_sides())
def test_one_snapshot_one_record(snap: Snapshot) -> None:
    event(f"{same(snap, rules())} candidates")


@settings(max_examples=40, deadline=None)
@given(st.lists(snapshots(), min_size=2, max_size=6))
def test_nothing_of_one_bar_stays_for_the_next(snaps: list[Snapshot]) -> None:
    one, under = decider(rules()), rules()
    for snap in (*snaps, *reversed(snaps)):
        assert repr(one(snap)) == repr(decide(snap, under))


@settings(max_examples=60, deadline=None)
@given(snap=snapshots(), kept=st.sets(st.integers(0, 3)))
def test_with_some_templates_only(snap: Snapshot, kept: set[int]) -> None:
    some = tuple(s for k, s in enumerate(rules().strategies) if k in kept)
    same(snap, replace(rules(), strategies=some))


def test_another_template_is_decided_by_the_reference() -> None:
    class Own(VwapReversion):
        """Named like the house's, and not the house's."""

    house = rules().strategies[0]
    assert isinstance(house, VwapReversion)
    own = replace(rules(), strategies=(Own(house.parameters, house.rule, house.stops),))
    chosen = decider(own)
    assert isinstance(chosen, partial)
    assert chosen.func is decide


def test_rules_that_cannot_be_read_are_refused() -> None:
    from rust_core import Decider

    with pytest.raises(ValueError, match="missing field"):
        Decider("{}", None)


@given(st.floats(0.05, 400.0))
def test_the_log_of_the_gamma_function_is_that_of_the_standard_library(x: float) -> None:
    assert math.isclose(_log_gamma(x), math.lgamma(x), rel_tol=1e-13, abs_tol=1e-12)
