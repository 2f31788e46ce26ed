"""Pieces that the open minute lacks (F-27): fetched while it is open, and marked all the same."""

from __future__ import annotations

import pytest

from adapters.fake.faults import Fault, FaultKind, Plan
from domain.aggregator import SubBar
from domain.bar import Bar
from domain.event import BarClosed, DecisionMade, LateSubBar, QualityAssessed
from domain.quality import Penalty
from domain.units import MINUTE, SECOND, UtcNanos
from live_market import BROKER_IS_LATE, OPEN, PIECE, Stage, minute, pieces
from market_builders import PRICE
from ports.market import Piece

PEAK = PRICE + 9


def lacking(*slots: int, seconds: int = 240, mode: str = "PAPER", gateway: bool = False) -> Stage:
    """A feed without the pieces of these numbers, in each of which the price was at its peak;
    the history knows them."""
    stage = Stage(mode=mode, gateway=gateway)
    plan = pieces(OPEN, seconds)
    stage.market.plan(p for p in plan if not _is_one_of(p[1], slots))
    stage.market.past_pieces += [
        SubBar(OPEN + n * PIECE, PRICE, PEAK, PRICE, PRICE, 100) for n in slots
    ]
    return stage


def _is_one_of(item: object, slots: tuple[int, ...]) -> bool:
    return isinstance(item, Piece) and (item.sub.open_time - OPEN) // PIECE in slots


def bars(stage: Stage) -> list[Bar]:
    return [e.bar for e in stage.of(BarClosed) if not e.warmup]


def partial(stage: Stage) -> dict[UtcNanos, int]:
    """What each minute paid for its missing pieces."""
    return {
        e.minute: paid
        for e in stage.of(QualityAssessed)
        for kind, paid in e.penalties
        if kind is Penalty.PARTIAL_MINUTE
    }


@pytest.mark.parametrize("mode", ["PAPER", "OBSERVE"])
def test_a_piece_that_was_missed_is_fetched_into_its_minute(mode: str) -> None:
    stage = lacking(14, mode=mode)
    stage.until(minute(4) + 10 * SECOND)
    assert stage.market.asked_pieces == [(OPEN + 14 * PIECE, OPEN + 15 * PIECE)]
    first, second, *_ = bars(stage)
    assert second.high == PEAK
    assert second.volume > 100
    assert first.high < PEAK
    stage.told_again()


def test_the_minute_was_received_no_more_whole_for_it() -> None:
    stage = lacking(14, 27, 28, 29)
    stage.until(minute(4) + 10 * SECOND)
    assert [b.n_sub for b in bars(stage)] == [12, 11, 9, 12]
    assert partial(stage) == {minute(1): 500, minute(2): 2000}
    assert stage.market.asked_pieces[1] == (OPEN + 27 * PIECE, OPEN + 30 * PIECE)


@pytest.mark.parametrize("gateway", [False, True])
def test_a_minute_closes_as_soon_as_the_answer_completes_it(gateway: bool) -> None:
    stage = lacking(22, gateway=gateway)
    stage.until(minute(2) + 2 * SECOND)
    assert [b.open_time for b in bars(stage)] == [minute(0), minute(1)]
    assert bars(stage)[1].high == PEAK


def test_a_last_piece_is_looked_for_when_the_minute_is_over() -> None:
    stage = lacking(23)
    stage.until(minute(2) + 4 * SECOND)
    assert stage.market.asked_pieces == [(OPEN + 23 * PIECE, minute(2))]
    closed = bars(stage)[1]
    assert closed.high == PEAK
    assert (closed.received_at or 0) - minute(2) <= 3 * SECOND


def test_a_last_piece_that_is_only_late_is_not_asked_for() -> None:
    stage = Stage()
    plan = pieces(OPEN, 120)
    stage.market.plan((at + SECOND // 2, item) for at, item in plan)
    stage.until(minute(2) + 4 * SECOND)
    assert stage.market.asked_pieces == []
    assert len(bars(stage)) == 2


def test_an_answer_after_the_grace_changes_no_closed_minute() -> None:
    stage = lacking(23)
    stage.market.answers_after = 4 * SECOND
    stage.until(minute(4))
    assert [b.n_sub for b in bars(stage)][:3] == [12, 11, 12]
    assert max(b.high for b in bars(stage)) < PEAK
    stage.told_again()


def test_without_an_answer_the_minute_is_what_was_received() -> None:
    stage = lacking(14)
    stage.market.past_pieces.clear()
    stage.until(minute(4) + 10 * SECOND)
    assert [b.n_sub for b in bars(stage)] == [12, 11, 12, 12]
    assert max(b.high for b in bars(stage)) < PEAK


def test_the_minute_in_which_a_link_broke_and_came_back() -> None:
    down = Fault(FaultKind.LINK_DOWN, minute(1) + 20 * SECOND, 20)
    stage = Stage(plan=Plan([down]))
    plan = pieces(OPEN, 240)
    missed = tuple(range(12 + 4, 12 + 8))
    stage.market.plan(p for p in plan if not _is_one_of(p[1], missed))
    stage.market.past_pieces += [
        SubBar(OPEN + n * PIECE, PRICE, PEAK, PRICE, PRICE, 100) for n in missed
    ]
    stage.until(minute(4) + 10 * SECOND)
    cut = bars(stage)[1]
    assert (cut.high, cut.n_sub) == (PEAK, 8)
    assert cut.volume > 400
    assert minute(1) in [e.at - MINUTE for e in stage.of(DecisionMade)]
    assert partial(stage)[minute(1)] == 2000
    stage.told_again()


def test_the_minute_in_which_a_link_came_back_after_others_were_missed() -> None:
    """What is left of the minute in which it broke is closed by then, and stays what it was."""
    down = Fault(FaultKind.LINK_DOWN, minute(1) + 20 * SECOND, 140)
    stage = Stage(plan=Plan([down]))
    plan = pieces(OPEN, 5 * 60)
    missed = tuple(range(12 + 4, 3 * 12 + 8))
    stage.market.plan(p for p in plan if not _is_one_of(p[1], missed))
    stage.market.past_pieces += [
        SubBar(OPEN + n * PIECE, PRICE, PEAK, PRICE, PRICE, 100) for n in missed
    ]
    stage.market.past += [Bar(minute(2), PRICE, PEAK, PRICE, PRICE, 700)]
    stage.until(minute(5) + 10 * SECOND)
    assert stage.market.asked == [(minute(2), minute(3))]
    assert stage.market.asked_pieces == [(minute(3), minute(3) + 8 * PIECE)]
    assert [(b.open_time, b.n_sub) for b in bars(stage)] == [
        (minute(0), 12), (minute(1), 4), (minute(3), 4), (minute(4), 12)
    ]  # fmt: skip
    assert bars(stage)[1].high < PEAK
    assert bars(stage)[2].high == PEAK
    stage.told_again()


def test_a_live_piece_that_comes_after_its_answer_is_told_and_dropped() -> None:
    stage = lacking(14)
    late = SubBar(OPEN + 14 * PIECE, PRICE, PRICE, PRICE, PRICE, 5)
    at = OPEN + 20 * PIECE + BROKER_IS_LATE
    stage.market.plan([(at, Piece(late, at))])
    stage.until(minute(3))
    assert [e.cause for e in stage.of(LateSubBar)] == ["duplicate"]
    assert bars(stage)[1].high == PEAK


def test_no_more_questions_than_the_broker_takes() -> None:
    stage = Stage()
    stage.market.plan(p for n, p in enumerate(pieces(OPEN, 600)) if n % 7)
    stage.until(minute(10) + 10 * SECOND)
    assert 10 <= len(stage.market.asked_pieces) <= 30


def test_outside_of_regular_hours_nothing_is_fetched() -> None:
    stage = Stage(start=OPEN - 10 * MINUTE)
    plan = pieces(OPEN - 10 * MINUTE, 300)
    stage.market.plan(p for n, p in enumerate(plan) if n % 7)
    stage.until(OPEN - 4 * MINUTE)
    assert stage.market.asked_pieces == []
