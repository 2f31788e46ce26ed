"""The compiled forms of a bar's events equal their plain ones, key by key."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical
from adapters.wire import decision_v1
from adapters.wire.codec import Codec
from domain import event as e
from domain.candidate import Snapshot
from domain.counterfactual import Counterfactual
from domain.decision import Action, decide, managed, refused
from domain.frame import BELIEFS, SIGNALS, Frame, beliefs_hash, signals_hash
from domain.narrative import tell
from domain.quality import Penalty
from market_builders import at, rules, snapshot
from rust_core import Shape, event_id, frame_payloads
from setups import stretched
from snapshot_strategies import both_sides, snapshots

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


CONFIG = "c" * 64


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(snapshots(), st.sampled_from(["as it is", "HOLD", "refused"]))
@example(both_sides(), "as it is")
def test_a_decision_is_written_as_its_plain_form(snap: Snapshot, then: str) -> None:
    record, _ = decide(snap, rules())
    if then == "HOLD":
        record = managed(record, Action.HOLD, "IN_POSITION")
    elif then == "refused":
        record = refused(record, "PERMIT_REFUSED_L9")
    hashes = signals_hash(record.frame), beliefs_hash(record.frame)
    forms = decision_v1.bar_forms()
    for _ in range(2):  # what is remembered of the first is the same
        written = forms.decision(record, *hashes, CONFIG).text
        assert written.encode() == canonical(decision_v1.decision(record, CONFIG))


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([0.0, 1.0, 1e-9, -1e-9, 0.65, 0.649999999, 9999.5, 99999.5, 1e-4, 9.9995e-5])
    | st.floats(-1e6, 1e6),
    st.sampled_from([0.65, 2.0, 30.0, 0.1]) | st.floats(-1e6, 1e6),
    st.sampled_from(["fraction", "usd", "count", "minutes"]),
    st.booleans(),
    st.sampled_from([1, -1, 0]),
)
def test_numbers_are_put_into_words_as_the_reference_does(
    value: float, threshold: float, kind: str, flips: bool, side: int
) -> None:
    """Whatever figures a gate has: the text is that of `domain.narrative`."""
    record, _ = decide(likely(), rules())
    assert record.primary is not None
    gate = next(g for g in record.gates if g.id == "score" and not g.passed)
    other = gate._replace(value=value, threshold=threshold, kind=kind)
    gates = tuple(other if g is gate else g for g in record.gates)
    miss = Counterfactual("score", value, threshold, threshold - value, flips, 3)
    told = record._replace(gates=gates, counterfactual=miss, side=side, reason=other.reason)
    for each in (told, told._replace(action=Action.ENTER), told._replace(reason="DVS_TOO_LOW")):
        text = decision_v1.bar_forms().decision(each, "a", "b", CONFIG).text
        assert orjson.loads(text)["text"] == tell(each)


def likely() -> Snapshot:
    """A moment with a setup of K1 that fails its score."""
    return snapshot(stretched(effective=0.70).seen(), at(11, 0))


def bar_of(snap: Snapshot, penalties: tuple[tuple[Penalty, int], ...]) -> list[e.Event]:
    """The five events of the bar that `snap` is decided at."""
    record, _ = decide(snap, rules())
    bar, at = snap.ctx.bar, snap.t_d
    graded = (at, bar.open_time, snap.dvs_bp, 9_000, snap.eqs_bp, penalties, 0, "bar")
    return [
        e.BarClosed(at, snap.timetable.session.date, bar, False, True),
        e.QualityAssessed(*graded),
        e.SignalsComputed(at, bar.open_time, record.frame),
        e.BeliefsComputed(at, bar.open_time, record.frame),
        e.DecisionMade(at, record),
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.lists(snapshots(), min_size=1, max_size=3),
    st.sampled_from([(), ((Penalty.OUTLIER, 2500), (Penalty.NO_QUOTE, 1000))]),
    st.none() | st.integers(0, 10**9),
)
def test_the_five_of_a_bar_are_recorded_as_each_alone(
    snaps: list[Snapshot], penalties: tuple[tuple[Penalty, int], ...], late: int | None
) -> None:
    at_once, alone = Codec(CONFIG), Codec(CONFIG)
    for codec in (at_once, alone):
        codec.stand_in("2024-03-05")
    for snap in snaps:
        events = bar_of(snap, penalties)
        assert isinstance(events[0], e.BarClosed)
        received = None if late is None else snap.t_d + late
        events[0] = events[0]._replace(bar=events[0].bar._replace(received_at=received, bid=7))
        got = at_once.records(events)
        first = alone.record(events[0], "")
        cause = event_id(first.type, first.stream, first.key)
        want = [first, *[alone.record(event, cause) for event in events[1:]]]
        for one, other in zip(got, want, strict=True):
            assert one[:6] == other[:6]
            assert one[6].text == other.payload.text
            assert one[7:] == other[7:]
            assert other.type != "BarClosed" or one[7] == ""


def test_any_other_batch_is_recorded_one_by_one() -> None:
    events = bar_of(both_sides(), ())
    forms = decision_v1.bar_forms()
    assert forms.records(events, "", CONFIG) is not None
    assert forms.records(events[:4], "", CONFIG) is None
    assert forms.records([*events[1:], events[0]], "", CONFIG) is None
    other = events[3]
    assert isinstance(other, e.BeliefsComputed)
    frame = other.frame._replace(thesis=0.25)
    assert forms.records([*events[:3], other._replace(frame=frame), events[4]], "", CONFIG) is None


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_a_bar_without_a_form_is_refused(place: int) -> None:
    events: list[Any] = list(bar_of(both_sides(), ()))
    if place == 0:
        events[0] = events[0]._replace(bar=events[0].bar._replace(mean_spread_ticks=math.inf))
    elif place == 1:
        events[1] = events[1]._replace(dvs_bp=math.inf)
    else:
        frame = events[2].frame._replace(er20=math.inf)
        events[2:4] = [events[n]._replace(frame=frame) for n in (2, 3)]
        events[4] = events[4]._replace(record=events[4].record._replace(frame=frame))
    with pytest.raises(ValueError, match="no canonical form"):
        decision_v1.bar_forms().records(events, "", CONFIG)


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
