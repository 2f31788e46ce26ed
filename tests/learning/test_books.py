"""The books against a second reading of learning.md, its test cases, and outside libraries."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from adapters.contracts.loader import load_contracts
from domain.intent import LearningKey
from domain.learning import Status
from domain.lesson_text import tell
from domain.reliability import Change, Learning
from domain.track_record import Outcome, measure, run, student_quantile
from domain.units import Money
from oracle import second_learning as second

P = load_contracts().learning
K1 = LearningKey("K1", "range", "mid_morning")
KEYS = (
    K1, LearningKey("K1", "trending", "mid_morning"), LearningKey("K1", "range", "lunch"),
    LearningKey("K2", "range", "lunch"),
)  # fmt: skip
W, L, F = "12.5", "-11", "0"
HOUR = 3_600_000_000_000


def outcome(n: int, key: LearningKey, net: str, r: float = 0.0, lw: float = 0.9) -> Outcome:
    return Outcome(
        f"d{n}", key, 0, 0, n * HOUR, n * HOUR + 60, Money.parse(net), Money.parse("1.24"), r,
        r - 0.1, 1.6, 0.6, 0.3, lw, 60 * n % 1801, n % 3, n % 2,
    )  # fmt: skip


class World:
    """The books and the second reading, told the same; they must agree after every word."""

    def __init__(self) -> None:
        self.books = Learning(P)
        self.second = second.new_books()
        self.changes: list[Change] = []
        self.n = 0
        self.opened()

    def opened(self) -> None:
        day = date(2024, 1, 1) + timedelta(days=self.books.sessions)
        self.books, changes = self.books.session_opened(day)
        second.open_day(self.second, day.isoformat())
        self._agree(changes)

    def closed(
        self, net: str, key: LearningKey = K1, r: float = 0.0, lw: float = 0.9, shadow: bool = False
    ) -> None:
        self.n += 1
        o = outcome(self.n, key, net, r, lw)
        row = {
            "id": o.decision_id, "key": str(key), "net": Decimal(net), "r_gross": r, "b": o.b,
            "lw": lw, "decided": o.decided_at, "closed": o.closed_at,
        }  # fmt: skip
        if shadow:
            self.books, changes = self.books.shadow_closed(o)
            second.close_shadow(self.second, row)
        else:
            self.books, changes = self.books.live_closed(o)
            second.close_live(self.second, row)
        self._agree(changes)

    def live(self, nets: str, key: LearningKey = K1) -> World:
        """A word of W, L and F, one trade a letter."""
        for letter in nets:
            self.closed({"W": W, "L": L, "F": F}[letter], key)
        return self

    def status(self, name: str = str(K1)) -> Status:
        return self.books.book(name).status

    def _agree(self, changes: tuple[Change, ...]) -> None:
        self.changes += changes
        told = self.second["told"]
        assert {(c.name, c.after.value) for c in self.changes} == {t[1:3] for t in told}
        assert len(self.changes) == len(told)
        for key in KEYS:
            mine, theirs = self.books.standing(key), second.standing(self.second, str(key))
            assert mine.status.value == theirs["status"]
            assert mine.multiplier == theirs["multiplier"]
            assert mine.successes == pytest.approx(theirs["a_d"], abs=1e-12)
            assert mine.failures == pytest.approx(theirs["b_d"], abs=1e-12)
        for change in changes:
            assert change.name in tell(change)
            assert "{" not in tell(change)


closes = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from(["-11.24", "-5", "-0.01", "0", "0.01", "4.3", "9", "30"]),
    st.floats(-1.5, 2.5),
    st.floats(0, 1),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(closes, st.none()), max_size=90))
def test_any_sequence_of_outcomes(
    told: list[tuple[LearningKey, str, float, float, bool] | None],
) -> None:
    world = World()
    for each in told:
        if each is None:
            world.opened()
        else:
            key, net, r, lw, shadow = each
            world.closed(net, key, r, lw, shadow)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_long_histories_leave_the_windows(random: Random) -> None:
    """Enough trades that windows of 20 and 60 drop the old ones, some wins after every loss."""
    world = World()
    for n in range(150):
        key = KEYS[random.randrange(4)]
        lost = world.books.book(str(key)).live[-1:]
        net = W if lost and lost[0].net.units < 0 else random.choice([W, L, W, F])
        world.closed(net, key, random.uniform(-1, 1.6))
        if n % 7 == 0:
            world.opened()
    assert len(world.books.book("K1").live) <= 60


# ---- the cases of learning.md 8


def test_two_losses_quarantine_at_once_and_two_shadow_wins_count_from_the_next_session() -> None:
    world = World().live("LL")
    assert world.status() is Status.QUARANTINED
    world.closed(W, shadow=True)
    world.closed(W, shadow=True)
    assert world.status() is Status.QUARANTINED
    world.opened()
    assert world.status() is Status.ACTIVE
    assert world.books.book(str(K1)).live == world.books.book(str(K1)).shadow == ()
    assert world.books.standing(K1).successes == 0.0
    assert world.changes[-1].reason == "SHADOW_WINS"


def test_the_book_is_judged_as_it_then_stands() -> None:
    world = World().live("LL")
    for net in (W, W, "-30"):
        world.closed(net, shadow=True)
    world.opened()
    assert world.status() is Status.QUARANTINED
    world.closed(W, shadow=True)
    assert world.status() is Status.ACTIVE  # four trades whose mean is positive
    assert world.changes[-1].reason == "SHADOW_EXPECTANCY"


@pytest.mark.parametrize(
    ("nets", "reason"),
    [
        ((W, L, W, L, L), "CONSECUTIVE_LOSSES"),
        (("-4", "5", "-3", "5", "-4"), "NEGATIVE_EXPECTANCY"),
        (("5", "-4", "5", "-4", "-3"), "CONSECUTIVE_LOSSES"),
        ((L, F, L), "CONSECUTIVE_LOSSES"),
    ],
)
def test_why_a_key_is_quarantined(nets: tuple[str, ...], reason: str) -> None:
    world = World()
    for net in nets:
        assert world.status() is not Status.QUARANTINED
        world.closed(net)
    assert world.status() is Status.QUARANTINED
    assert [c.reason for c in world.changes if "|" in c.name and c.after is Status.QUARANTINED] == [
        reason
    ]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("WLWLWLWLWL", Status.ACTIVE), ("WLF", Status.ACTIVE), ("LWL", Status.THROTTLED_MILD),
        ("LWLW", Status.ACTIVE), ("FFF", Status.ACTIVE), ("LWLWL", Status.ACTIVE),
    ],
)  # fmt: skip
def test_the_status_after_a_word(word: str, status: Status) -> None:
    world = World()
    for letter in word:
        world.closed({"W": "30", "L": "-11", "F": "0"}[letter])
    assert world.status() is status


def test_a_template_over_three_keys() -> None:
    world = World()
    for key in KEYS[:3]:
        world.closed(L, key)
    assert world.status("K1") is Status.THROTTLED_HEAVY
    assert world.books.standing(KEYS[1]).multiplier == 1.5
    world.closed(L, LearningKey("K1", "choppy", "close"))
    assert world.status("K1") is Status.QUARANTINED
    assert world.books.standing(KEYS[2]).status is Status.QUARANTINED
    assert world.books.standing(KEYS[3]).status is Status.ACTIVE


@pytest.mark.parametrize(("win", "trades", "reason"), [
    ("11", 10, "NEGATIVE_EXPECTANCY"), ("90", 20, "LOW_WIN_RATE"),
])  # fmt: skip
def test_a_template_that_loses_three_of_four(win: str, trades: int, reason: str) -> None:
    world = World()
    for n in range(trades):
        assert world.status("K1") is not Status.QUARANTINED
        key = LearningKey("K1", f"regime{n}", "lunch")
        world.closed(win if n % 4 == 3 else "-11", key)
    assert world.status("K1") is Status.QUARANTINED
    assert next(c.reason for c in world.changes if c.after is Status.QUARANTINED) == reason


@settings(max_examples=200, deadline=None)
@given(st.text("WL", max_size=9))
def test_at_key_level_a_run_of_losses_dominates(word: str) -> None:
    """Rules 3 and 4 never fire first; MILD is reached through L W L alone. (Flat trades count
    towards n: F F L is HEAVY.)"""
    books = Learning(P)
    for n, letter in enumerate(word):
        books, changes = books.live_closed(outcome(n, K1, {"W": "90", "L": "-11"}[letter]))
        of_key = [c for c in changes if c.name == str(K1)]
        for change in of_key:
            assert change.reason in {"CONSECUTIVE_LOSSES", "LOW_WIN_RATE", "WIN_RATE_RECOVERED"}
            assert change.after is not Status.THROTTLED_HEAVY
            if change.after is Status.THROTTLED_MILD:
                assert word[: n + 1] == "LWL"
        if books.book(str(K1)).status is Status.QUARANTINED:
            return


def test_other_modes_and_late_shadows_do_not_count() -> None:
    """A shadow trade decided before the close that began the quarantine is no evidence."""
    world = World().live("LL")
    since = world.books.book(str(K1)).since
    early = outcome(1, K1, W)
    assert early.decided_at < since
    books = world.books
    for _ in range(4):
        books, _changes = books.shadow_closed(early)
    books, changes = books.session_opened(date(2025, 1, 1))
    assert changes == ()
    assert books.book(str(K1)).status is Status.QUARANTINED


@settings(max_examples=40, deadline=None)
@given(st.lists(closes, max_size=30))
def test_unrelated_keys_do_not_disturb_each_other(
    told: list[tuple[LearningKey, str, float, float, bool]],
) -> None:
    def fold(of: str) -> Learning:
        books = Learning(P)
        ordered = sorted(enumerate(told), key=lambda e: (e[1][0].template != of, e[0]))
        for n, (key, net, r, lw, shadow) in ordered:
            trade = outcome(n, key, net, r, lw)
            books, _ = books.shadow_closed(trade) if shadow else books.live_closed(trade)
        return books

    one, other = fold("K1"), fold("K2")
    for key in KEYS:
        assert one.standing(key) == other.standing(key)


# ---- metrics against outside libraries


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-400, 400), st.floats(0, 1)), min_size=1, max_size=60))
def test_metrics_are_those_of_numpy_and_scipy(trades: list[tuple[int, float]]) -> None:
    window = [
        outcome(n, K1, f"{cents / 10}", cents / 100, lw)._replace(session=2 * n)
        for n, (cents, lw) in enumerate(trades)
    ]
    m = measure(window)
    nets = np.array([cents / 10 for cents, _ in trades])
    weights = np.array([lw for _, lw in trades])
    n = len(nets)
    assert float(m.expectancy or 0) == pytest.approx(nets.mean(), abs=5.1e-5)
    if weights.sum() > 1e-6:
        mean = np.average(nets, weights=weights)
        assert float(m.weighted_expectancy or 0) == pytest.approx(mean, abs=5.1e-5)
    assert m.expectancy_r == pytest.approx(np.mean([o.r_net for o in window]), abs=1e-9)
    path = np.concatenate([[0.0], nets.cumsum()])
    fall = (np.maximum.accumulate(path) - path).max()
    assert float(m.max_drawdown) == pytest.approx(fall, abs=1e-6)
    gains, losses = nets[nets > 0].sum(), -nets[nets < 0].sum()
    assert m.profit_factor == (None if losses == 0 else pytest.approx(gains / losses, abs=1e-8))
    if len(set(nets)) > 1:
        sharpe = nets.mean() / nets.std(ddof=1)
        assert m.sharpe == pytest.approx(sharpe, rel=1e-7, abs=1e-8)
        spanned = 2 * (n - 1) + 1
        annual = sharpe * math.sqrt(252 * n / spanned)
        assert m.sharpe_annual == (
            None if spanned < 20 else pytest.approx(annual, rel=1e-7, abs=1e-7)
        )
        low, high = stats.t.interval(0.95, n - 1, nets.mean(), stats.sem(nets))
        assert m.expectancy_interval == (
            pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6),
        )  # fmt: skip
    else:
        assert m.sharpe is None
    wins, decided = int((nets > 0).sum()), int((nets != 0).sum())
    if decided:
        told = stats.binomtest(wins, decided).proportion_ci(0.95, method="wilson")
        assert m.win_rate == pytest.approx(wins / decided, abs=1e-9)
        assert m.win_rate_interval == (
            pytest.approx(told.low, abs=1e-8), pytest.approx(told.high, abs=1e-8),
        )  # fmt: skip
    else:
        assert m.win_rate is m.win_rate_interval is None


@pytest.mark.parametrize("freedom", [1, 2, 5, 19, 59])
def test_students_quantile(freedom: int) -> None:
    assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


def test_what_is_undefined_is_none() -> None:
    m = measure([])
    assert m.n == 0
    assert (m.win_rate, m.expectancy, m.sharpe, m.profit_factor, m.duration_s, m.fees) == (
        None,
    ) * 6
    alone = measure([outcome(1, K1, W)])
    assert (alone.sharpe, alone.profit_factor, alone.expectancy_interval) == (None, None, None)
    assert run([outcome(1, K1, L), outcome(2, K1, F)], loss=True) == 1
