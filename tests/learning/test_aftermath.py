"""Scores at the close and the one category after the look-forward (attribution.md)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changing import replace
from domain.aftermath import Aftermath, TradeEnd
from domain.attribution import luck_of, scores
from domain.intent import EntryType, LearningKey, OrderIntent
from domain.outcomes import TradeClosed
from domain.units import MINUTE, Money

T0 = 1_381_161_600_000_000_000 // MINUTE * MINUTE
CODES = ("A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9")


def intent(side: int = 1, template: str = "K1", **changes: object) -> OrderIntent:
    """Entry 1000, stop 10 ticks away, target 16."""
    made = OrderIntent(
        "2013-10-07-100-MES", template, side, 1, EntryType.LIMIT, None, 1000, 1000 - side * 10,
        1000 + side * 16, 10, 16, T0, T0 + 90, 30, 0.18, None, 4.0, 0.6, 0.4, 0.5, 1.0,
        LearningKey(template, "range", "lunch"), False, "s",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def trade(
    side: int = 1, net: str = "-13.74", reason: str = "STOP", **changes: object
) -> TradeClosed:
    made = TradeClosed(
        T0 + 5 * MINUTE, "2013-10-07-100-MES", side, 1000, 1000 - side * 10, reason,
        Money.parse("-12.5"), Money.parse("1.24"), Money.parse(net), -1.0, -1.1, 1.6, 0.6, 0.4, 10,
        2, 0, 0, 300, 0.5, 9_000, 10_000, 1.1, False, "range", 0, False, False, False, "PAPER",
    )  # fmt: skip
    return made._replace(**changes)


def ended(side: int = 1, template: str = "K1", **changes: object) -> Aftermath:
    i, t = intent(side, template), trade(side, **changes)  # type: ignore[arg-type]
    end = TradeEnd(i, t, i.stop_price, 12.5, "DVS_KILL" if t.exit_reason == "KILL" else "")
    return Aftermath(end, scores(i, t, 12.5, lawful=True))


def after(start: Aftermath, bars: list[tuple[int, int]], shock: bool = False) -> Aftermath:
    """Bars as (best, worst) ticks from the entry in the trade's direction; the exit bar first."""
    s = start.end.intent.side
    start = start.after(T0 + 5 * MINUTE, 1000, 1000, shock)
    for n, (best, worst) in enumerate(bars, 6):
        prices = 1000 + s * best, 1000 + s * worst
        start = start.after(T0 + n * MINUTE, max(prices), min(prices), False)
    return start


QUIET = [(-8, -12)] * 30
BACK = [(-8, -12)] * 3 + [(16, 8)] + QUIET


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("code", "changes", "bars", "shock"),
    [
        ("A8", {"incident": True}, QUIET, False),
        ("A8", {"slip_exit": 9, "rejects": 3, "net": "5"}, QUIET, False),
        ("A7", {"min_dvs_bp": 5_999, "net": "5"}, QUIET, False),
        ("A7", {"reason": "DVS_HOLD"}, QUIET, False),
        ("A7", {"reason": "KILL"}, QUIET, False),
        ("A0", {"net": "0.01", "shock": True}, QUIET, True),
        ("A6", {"shock": True}, BACK, False),
        ("A6", {}, BACK, True),
        ("A5", {"regime_exit": "volatile"}, BACK, False),
        ("A5", {"max_atr_ratio": 1.8}, BACK, False),
        ("A5", {"reason": "VOL_EXIT"}, BACK, False),
        ("A4", {"mfe": 10}, BACK, False),
        ("A3", {"mfe": 9}, BACK, False),
        ("A3", {"reason": "BE_STOP", "net": "0"}, BACK, False),
        ("A2", {}, [(-8, -16), *BACK], False),
        ("A2", {"reason": "TIME_STOP"}, [*QUIET[:15], (10, 0)], False),
        ("A1", {}, QUIET, False),
        ("A1", {"reason": "THESIS_INVALID", "mfe": 4}, QUIET, True),
        ("A9", {"mfe": 5}, QUIET, False),
        ("A9", {"regime_exit": "trending", "max_atr_ratio": 1.79, "reason": "TIME_STOP"}, QUIET,
         False),
    ],
)  # fmt: skip
def test_each_category(
    side: int, code: str, changes: dict[str, object], bars: list[tuple[int, int]], shock: bool
) -> None:
    assert after(ended(side, **changes), bars[:30], shock).category() == code


def test_the_target_and_the_adverse_extreme_in_one_bar_are_no_noise_stop() -> None:
    assert after(ended(), [(16, -16)]).category() == "A2"


def test_half_a_stop_past_the_stop_is_still_noise() -> None:
    assert after(ended(), [(-8, -15), (16, 0)]).category() == "A3"
    assert after(ended(), [(-8, -16), (16, 0)]).category() == "A2"


bars = st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 20)), max_size=40)


@settings(max_examples=80, deadline=None)
@given(
    side=st.sampled_from([1, -1]),
    net=st.sampled_from(["-5", "0", "5"]),
    reason=st.sampled_from(["STOP", "BE_STOP", "TARGET", "TIME_STOP", "THESIS_INVALID", "EOD"]),
    mfe=st.integers(0, 20),
    regime=st.sampled_from(["range", "volatile", None]),
    told=bars,
    shock=st.booleans(),
)
def test_one_category_always_and_nothing_after_thirty_bars(
    side: int, net: str, reason: str, mfe: int, regime: str | None,
    told: list[tuple[int, int]], shock: bool,
) -> None:  # fmt: skip
    start = ended(side, net=net, reason=reason, mfe=mfe, regime_exit=regime)
    walk = [(best, best - span) for best, span in told]
    whole = after(start, walk, shock)
    assert whole.category() in CODES
    assert whole == after(start, walk[:30], shock)
    assert whole.complete is (len(walk) >= 30)
    assert whole.scores == start.scores


def test_luck_of_the_specification() -> None:
    won = trade(net="10", reason="TARGET", mae=9)
    assert luck_of(intent(), won) == pytest.approx(0.58)
    assert scores(intent(), won, 12.5, lawful=True).lw == pytest.approx(0.42)
    lost = trade(mfe=2)
    assert scores(intent(), lost, 12.5, lawful=True).lw == pytest.approx(0.90)
    assert luck_of(intent(), trade(net="0")) == 0.40


def test_execution_is_charged_for_what_went_wrong() -> None:
    i = intent(entry_type=EntryType.STOP_LIMIT, trigger=999, spread=3.0)
    t = trade(slip_entry=2, slip_exit=3, rejects=2, partial=True, incident=True)
    told = scores(i, t, 12.5, lawful=False)
    assert told.execution == 0.0
    calm = scores(i, trade(slip_entry=1, slip_exit=0), 12.5, lawful=False)
    assert calm.execution == pytest.approx(1 - 0.2 * 0.5)
    assert calm.process == 0.9
    assert scores(i, trade(slip_entry=1, reason="EXTERNAL"), 12.5, lawful=True).process == 0.9
    assert calm.outcome == 0.0
