"""The data validity score against the page and against a naive recount."""

from __future__ import annotations

from datetime import date
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bar_files import contracts
from domain.bar import Bar
from domain.frame import Probe
from domain.quality import DataQuality, Penalty, QualityReading
from domain.session import Session
from domain.units import HOUR, MINUTE, SECOND

OPEN = 1_381_152_600 * SECOND  # 2013-10-07 13:30 UTC
SESSION = Session(date(2013, 10, 7), OPEN, OPEN + 390 * MINUTE, -4 * HOUR, False)
CALM = Probe(tr=3, atr_long=3.0, shock=False)


def quality(live: bool = False) -> DataQuality:
    dq = DataQuality(contracts().quality, live)
    dq.open_session(SESSION)
    return dq


def bar(minute: int, **more: object) -> Bar:
    """A clean live bar: two ticks, a quote, whole, on time."""
    opened = OPEN + minute * MINUTE
    clean = Bar(opened, 6600, 6601, 6599, 6600, 50, 6600, 6601, 1.0, 12, opened + MINUTE + SECOND)
    return clean._replace(**more)


def grade(dq: DataQuality, minute: int, probe: Probe = CALM, **more: object) -> QualityReading:
    return dq.assess(bar(minute, **more), probe)[-1]


@pytest.mark.parametrize("live", [False, True])
def test_a_clean_session_is_10000_on_every_minute(live: bool) -> None:
    dq = quality(live)
    for minute in range(390):
        (reading,) = dq.assess(bar(minute), CALM)
        assert reading == (OPEN + minute * MINUTE, 10_000, 10_000, ())
    assert dq.close_session() == ()


def test_one_gap_gives_5000_for_exactly_ten_minutes() -> None:
    dq = quality()
    scores = {}
    for minute in [m for m in range(40) if m != 20]:
        for reading in dq.assess(bar(minute), CALM):
            scores[(reading.minute - OPEN) // MINUTE] = reading.dvs_bp
    assert [m for m, dvs in scores.items() if dvs == 5_000] == list(range(20, 30))
    assert all(dvs == 10_000 for m, dvs in scores.items() if not 20 <= m < 30)


def test_a_late_first_bar_leaves_gaps_from_the_open_on() -> None:
    readings = quality().assess(bar(3), CALM)
    assert [r.minute for r in readings] == [OPEN + m * MINUTE for m in range(4)]
    assert [r.penalties for r in readings] == [((Penalty.GAP, 5_000),)] * 3 + [()]
    assert [r.dvs_bp for r in readings] == [5_000] * 4


def test_missing_minutes_at_the_end_are_graded_at_the_close() -> None:
    dq = quality()
    for minute in range(388):
        dq.assess(bar(minute), CALM)
    left = dq.close_session()
    assert [(r.minute - OPEN) // MINUTE for r in left] == [388, 389]
    assert dq.close_session() == ()


def test_three_in_one_minute_give_1000_and_kill() -> None:
    dq = quality(live=True)
    grade(dq, 0)
    dq.reject(OPEN, Penalty.NON_MONOTONIC)
    reading = grade(dq, 1, n_sub=9, received_at=OPEN + 2 * MINUTE + 6 * SECOND)
    assert reading.penalties == (
        (Penalty.NON_MONOTONIC, 5_000),
        (Penalty.LATE_BAR, 2_000),
        (Penalty.PARTIAL_MINUTE, 2_000),
    )
    assert (reading.q_bp, reading.dvs_bp) == (1_000, 1_000)
    assert reading.dvs_bp < contracts().quality.gates.dvs_kill


CASES: dict[str, tuple[dict[str, object], tuple[tuple[Penalty, int], ...]]] = {
    "no volume": ({"volume": 0}, ((Penalty.ZERO_VOLUME, 2_000),)),
    "spread of 10": ({"mean_spread_ticks": 10.0}, ()),
    "spread above 10": ({"mean_spread_ticks": 10.5}, ((Penalty.SPREAD_ANOMALY, 1_500),)),
    "locked": (
        {"bid": 6600, "ask": 6600, "mean_spread_ticks": None},
        ((Penalty.SPREAD_ANOMALY, 1_500),),
    ),
    "crossed": (
        {"bid": 6601, "ask": 6600, "mean_spread_ticks": None},
        ((Penalty.SPREAD_ANOMALY, 1_500),),
    ),
}
LIVE_CASES: dict[str, tuple[dict[str, object], tuple[tuple[Penalty, int], ...]]] = {
    "5 s": ({"received_at": OPEN + MINUTE + 5 * SECOND}, ()),
    "more than 5 s": (
        {"received_at": OPEN + MINUTE + 5 * SECOND + 1},
        ((Penalty.LATE_BAR, 2_000),),
    ),
    "before the start": ({"received_at": None}, ()),
    "no quote": (
        {"bid": None, "ask": None, "mean_spread_ticks": None},
        ((Penalty.NO_QUOTE, 1_000),),
    ),
    "1 piece missing": ({"n_sub": 11}, ((Penalty.PARTIAL_MINUTE, 500),)),
    "2 pieces missing": ({"n_sub": 10}, ((Penalty.PARTIAL_MINUTE, 500),)),
    "3 pieces missing": ({"n_sub": 9}, ((Penalty.PARTIAL_MINUTE, 2_000),)),
    "pieces unknown": ({"n_sub": None}, ()),
}


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_what_a_bar_shows(name: str, live: bool) -> None:
    change, penalties = CASES[name]
    reading = grade(quality(live), 0, **change)
    assert reading.penalties == penalties
    assert reading.q_bp == reading.dvs_bp == 10_000 - sum(bp for _, bp in penalties)


@pytest.mark.parametrize("name", LIVE_CASES)
def test_what_only_a_live_bar_shows(name: str) -> None:
    change, penalties = LIVE_CASES[name]
    assert grade(quality(live=True), 0, **change).penalties == penalties
    assert grade(quality(live=False), 0, **change).penalties == ()


@pytest.mark.parametrize(
    ("probe", "hit"),
    [
        (Probe(18, 3.0, False), False),
        (Probe(19, 3.0, False), True),
        (Probe(19, 3.0, True), False),
        (Probe(6, 0.4, False), False),  # ATR has a floor of one tick
        (Probe(7, 0.4, False), True),
        (Probe(10_000, nan, False), False),
    ],
)
def test_outlier(probe: Probe, hit: bool) -> None:
    expected = ((Penalty.OUTLIER, 2_500),) if hit else ()
    assert grade(quality(), 0, probe).penalties == expected


def flat(price: int, volume: int) -> dict[str, object]:
    return {"open": price, "high": price, "low": price, "close": price, "volume": volume}


def stuck_minutes(bars: list[dict[str, object]]) -> list[int]:
    dq = quality()
    return [
        m
        for m, change in enumerate(bars)
        if any(e is Penalty.STUCK_FEED for e, _ in grade(dq, m, **change).penalties)
    ]


def test_a_stuck_feed_is_three_equal_flat_bars_with_equal_volume() -> None:
    same = flat(6600, 7)
    assert stuck_minutes([same] * 5) == [2, 3, 4]
    assert stuck_minutes([flat(6600, 0)] * 3) == [2]
    assert stuck_minutes([same, same, flat(6600, 8), same, same]) == []
    assert stuck_minutes([same, same, flat(6601, 7), same, same, same]) == [5]
    assert stuck_minutes([same, same, {}, same, same, same]) == [5]


def test_a_stuck_feed_looks_at_received_bars_of_this_session() -> None:
    dq = quality()
    grade(dq, 0, **flat(6600, 7))
    grade(dq, 1, **flat(6600, 7))
    assert Penalty.STUCK_FEED in dict(grade(dq, 4, **flat(6600, 7)).penalties)  # over the hole
    dq.open_session(SESSION)
    grade(dq, 0, **flat(6600, 7))
    assert grade(dq, 1, **flat(6600, 7)).penalties == ()


def test_a_malformed_row_pays_instead_of_the_gap() -> None:
    dq = quality()
    grade(dq, 0)
    dq.reject(OPEN + 2 * MINUTE + 5 * SECOND, Penalty.MALFORMED)
    readings = dq.assess(bar(4), CALM)
    assert [r.penalties for r in readings] == [
        ((Penalty.GAP, 5_000),),
        ((Penalty.MALFORMED, 5_000),),
        ((Penalty.GAP, 5_000),),
        (),
    ]


def test_rejections_that_name_no_later_minute_pay_in_the_next_bar_s() -> None:
    dq = quality()
    grade(dq, 0)
    dq.reject(None, Penalty.MALFORMED)
    dq.reject(OPEN, Penalty.MALFORMED)
    dq.reject(OPEN + 9 * MINUTE, Penalty.NON_MONOTONIC)
    gap, reading = dq.assess(bar(2), CALM)
    assert gap.penalties == ((Penalty.GAP, 5_000),)
    assert reading.penalties == ((Penalty.NON_MONOTONIC, 5_000), (Penalty.MALFORMED, 5_000))
    assert reading.q_bp == 0
    assert grade(dq, 3).penalties == ()


def test_each_event_counts_once_a_minute() -> None:
    dq = quality()
    for _ in range(5):
        dq.reject(OPEN, Penalty.MALFORMED)
        dq.reject(None, Penalty.MALFORMED)
    assert grade(dq, 0).penalties == ((Penalty.MALFORMED, 5_000),)


def test_rejections_outside_the_session_cost_nothing() -> None:
    dq = quality()
    dq.reject(OPEN - MINUTE, Penalty.MALFORMED)
    dq.reject(SESSION.close, Penalty.MALFORMED)
    assert all(grade(dq, m).q_bp == 10_000 for m in range(390))
    with pytest.raises(ValueError):
        dq.reject(OPEN, Penalty.GAP)


def test_warm_up_bars_count_as_clean_and_expect_nothing() -> None:
    dq = quality(live=True)
    dq.open_session(SESSION, expected_from=OPEN + 60 * MINUTE, live_since=OPEN + 59 * MINUTE + 1)
    dq.reject(None, Penalty.MALFORMED)
    for minute in (3, 4, 20, 59):
        assert dq.assess(bar(minute, volume=0, n_sub=1), CALM, warmup=True) == (
            (OPEN + minute * MINUTE, 10_000, 10_000, ()),
        )
    assert dq.staleness_bp(OPEN + 59 * MINUTE + 1 + 75 * SECOND) == 0
    assert dq.staleness_bp(OPEN + 59 * MINUTE + 1 + 75 * SECOND + 1) == 1_000
    readings = dq.assess(bar(61), CALM)
    assert [r.penalties for r in readings] == [((Penalty.GAP, 5_000),), ()]


@pytest.mark.parametrize(
    ("age_ns", "bp"),
    [
        (75 * SECOND, 0),
        (75 * SECOND + SECOND // 1000, 1_000),
        (90 * SECOND, 1_000),
        (90 * SECOND + 1, 5_000),
        (180 * SECOND, 5_000),
        (180 * SECOND + 1, 8_000),
    ],
)
def test_staleness(age_ns: int, bp: int) -> None:
    dq = quality(live=True)
    assert dq.staleness_bp(OPEN + age_ns) == bp  # no bar yet: since the open
    grade(dq, 0)
    assert dq.staleness_bp(OPEN + MINUTE + age_ns) == bp
    assert dq.dvs_bp(OPEN + MINUTE + age_ns) == 10_000 - bp
    assert quality(live=False).staleness_bp(OPEN + age_ns) == 0


def test_silence_counts_inside_the_session_only() -> None:
    dq = quality(live=True)
    assert dq.staleness_bp(OPEN - 1) == 0
    assert dq.staleness_bp(SESSION.close - 1) == 8_000
    assert dq.staleness_bp(SESSION.close) == 0
    assert DataQuality(contracts().quality, True).staleness_bp(OPEN) == 0


def test_a_feed_that_never_starts_is_below_3000_after_180_seconds() -> None:
    assert quality(live=True).dvs_bp(OPEN + 181 * SECOND) == 2_000


def test_clock_skew_pays_in_its_minute_and_observes_beyond_30_seconds() -> None:
    dq = quality(live=True)
    dq.clock_sample(OPEN + 30 * SECOND, 2 * SECOND)
    assert grade(dq, 0).penalties == ()
    dq.clock_sample(OPEN + 90 * SECOND, -2 * SECOND - 1)
    assert not dq.clock_unfit
    assert grade(dq, 1).penalties == ((Penalty.CLOCK_SKEW, 2_500),)
    dq.clock_sample(OPEN + 130 * SECOND, 30 * SECOND)
    assert not dq.clock_unfit
    dq.clock_sample(OPEN + 150 * SECOND, 30 * SECOND + 1)
    assert dq.clock_unfit
    dq.clock_sample(OPEN + 180 * SECOND, 0)
    dq.clock_sample(OPEN + 210 * SECOND, 3 * SECOND)
    dq.clock_sample(OPEN + 240 * SECOND, 0)
    assert dq.clock_unfit
    dq.clock_sample(OPEN + 270 * SECOND, SECOND)
    assert not dq.clock_unfit


def test_bars_out_of_order_or_session_are_the_caller_s_error() -> None:
    dq = quality()
    grade(dq, 5)
    for minute in (5, 4, -1, 390):
        with pytest.raises(ValueError):
            grade(dq, minute)


minutes_drawn = st.lists(
    st.tuples(
        st.sampled_from(["bar", "bar", "bar", "gap", "malformed", "zero", "wide", "outlier"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)
COST = {"bar": 0, "gap": 5_000, "malformed": 5_000, "zero": 2_000, "wide": 1_500, "outlier": 2_500}


@settings(deadline=None)
@given(minutes_drawn, st.integers(0, 60))
def test_dvs_is_the_worst_of_the_last_ten(drawn: list[tuple[str, bool]], cut: int) -> None:
    dq = quality()
    grades: list[int] = []
    readings: list[QualityReading] = []
    for minute, (kind, disorder) in enumerate(drawn):
        if minute == cut:  # a snapshot goes on as if nothing had been
            state = dq.snapshot()
            dq = DataQuality(contracts().quality, False)
            dq.restore(state)
        missing = kind in ("gap", "malformed")
        disorder = disorder and not missing
        grades.append(10_000 - COST[kind] - 5_000 * disorder)
        if kind == "malformed":
            dq.reject(OPEN + minute * MINUTE, Penalty.MALFORMED)
        if missing:
            continue
        if disorder:
            dq.reject(None, Penalty.NON_MONOTONIC)
        change: dict[str, object] = {}
        if kind == "zero":
            change = {"volume": 0}
        if kind == "wide":
            change = {"mean_spread_ticks": 11.0}
        probe = Probe(100, 3.0, False) if kind == "outlier" else CALM
        readings.extend(dq.assess(bar(minute, **change), probe))
    readings.extend(dq.missing_until(OPEN + len(drawn) * MINUTE))
    assert [(r.minute - OPEN) // MINUTE for r in readings] == list(range(len(drawn)))
    assert [r.q_bp for r in readings] == grades
    for i, reading in enumerate(readings):
        assert reading.dvs_bp == min(grades[max(0, i - 9) : i + 1])
