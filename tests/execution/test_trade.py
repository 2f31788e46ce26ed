"""The ledger of one bracket: what its executions are worth, and what is written down at its end."""

from __future__ import annotations

import pytest

from brackets import ENTRY, EXIT, STOP, TARGET, after, fill, intent, opened, sent
from changing import replace
from domain.closing import closing_record, opening_record
from domain.execution.book import Leg
from domain.frame import Regime
from domain.intent import EntryType
from domain.management import Hold, Plan, TradeView
from domain.orders import ChildState, Fill, ParentState
from domain.outcomes import TradeClosed, TradeOpened
from domain.trade import Excursion, Group, Pending, entry_slip, exit_reason, exit_slip
from domain.units import MINUTE, ZERO
from market_builders import PRICE, frame, mes

TICK, FEE = mes().tick_value, mes().fee_per_side


def trade(side: int = 1, *exits: Fill, price: int = PRICE, qty: int = 2) -> Group:
    """Opened at T0 at `price`, with these executions closing it."""
    book = replace(opened(side), entries=(fill(ENTRY, 1, qty, side, price=price),), exits=exits)
    return Group(intent(side), book)


def test_a_new_group_is_an_entry_that_works() -> None:
    group = Group.of(intent(), after(3))
    assert group.orders.sent_at == after(3)
    assert (group.name, group.stop_price) == (group.orders.name, PRICE - 8)
    assert group == Group(
        intent(), group.orders, slip_entry=0, bad=0, dvs_run=0, eqs_tightened=False,
        moved_to_entry=False, locked=False, bars_closed=0, seen=Excursion(), incident=False,
        rejects=0, refused_moves=0, closed=False, booked=ZERO,
    )  # fmt: skip
    assert Excursion() == Excursion(0, 0, None, None, None, None, None, False)
    assert (group.working_entry, group.open, group.settled) == (True, False, False)
    assert group.entry is None
    assert group.pending is None
    assert group.cancel_reason is None
    assert (group.position, group.stop_beyond_entry) == (0, False)


def test_an_entry_in_parts_has_the_first_price_and_the_whole_quantity() -> None:
    parts = (fill(ENTRY, 1, 1, price=PRICE, at=after(1)), fill(ENTRY, 2, 1, price=PRICE - 1))
    group = replace(trade(), orders=replace(opened(), entries=parts))
    assert group.entry == fill(ENTRY, 1, 2, price=PRICE, at=after(1))
    assert group.open
    assert not replace(group, closed=True).open


@pytest.mark.parametrize("side", [1, -1])
def test_the_result_is_every_execution_and_every_fee(side: int) -> None:
    group = trade(
        side, fill(TARGET, 2, 1, -side, price=PRICE + 16 * side), fill(STOP, 3, 1, -side,
        price=PRICE - 8 * side),
    )  # fmt: skip
    assert group.result(mes()) == (TICK * 8, FEE * 4)
    reversed_too = trade(
        side, fill(STOP, 2, 3, -side, price=PRICE - 8 * side), fill(EXIT, 3, 1, side,
        price=PRICE - 7 * side),
    )  # fmt: skip
    assert reversed_too.result(mes()) == (TICK * -17 + ZERO, FEE * 6)


@pytest.mark.parametrize("side", [1, -1])
def test_the_worst_case_of_what_is_open_or_may_be(side: int) -> None:
    waiting = Group.of(intent(side), after(0))
    assert waiting.open_worst(mes()) == (TICK * 8 + FEE * 2) * 2
    assert waiting.open_risk(mes()) == TICK * 16
    slipped = trade(side, price=PRICE + side)
    assert slipped.open_worst(mes()) == (TICK * 9 + FEE * 2) * 2
    half = trade(side, fill(STOP, 2, 1, -side), price=PRICE + side)
    assert half.open_worst(mes()) == TICK * 9 + FEE * 2
    part = replace(half, orders=replace(half.orders, parent=ParentState.PARTIALLY_FILLED))
    assert part.open_worst(mes()) == (TICK * 9 + FEE * 2) * 2
    excess = trade(side, fill(STOP, 2, 3, -side))
    assert excess.open_worst(mes()) == ZERO
    closed = replace(slipped, closed=True)
    assert (closed.open_worst(mes()), closed.open_risk(mes())) == (ZERO, ZERO)
    dead = replace(waiting, orders=replace(waiting.orders, parent=ParentState.CANCELED))
    assert (dead.open_worst(mes()), dead.open_risk(mes())) == (ZERO, ZERO)
    alive_but_closed = replace(waiting, closed=True)
    assert (alive_but_closed.open_worst(mes()), alive_but_closed.open_risk(mes())) == (ZERO, ZERO)


@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_is_beyond_the_entry_once_it_was_moved_there(side: int) -> None:
    def at(stop: int, entry: int = PRICE) -> bool:
        group = trade(side, price=entry)
        return replace(group, orders=replace(group.orders, stop_price=stop)).stop_beyond_entry

    assert not at(PRICE - 8 * side)
    assert not at(PRICE - side)
    assert at(PRICE)
    assert at(PRICE + side)
    assert not at(PRICE - 8 * side, PRICE - 9 * side)  # never moved


def test_the_exit_on_its_way() -> None:
    group = trade()
    out = replace(group, orders=group.orders.leaving(2, "EOD", PRICE + 3, after(5)))
    assert out.pending == Pending(EXIT, "EOD", PRICE + 3)
    dead = Leg(EXIT, ChildState.CANCELED, None, 2, 0)
    assert replace(out, orders=replace(out.orders, exit=dead)).pending is None
    assert replace(out, orders=replace(out.orders, exit_reason=None)).pending is None
    asked = replace(group, orders=replace(group.orders, cancel_reason="TTL"))
    assert asked.cancel_reason == "TTL"


def test_a_trade_as_its_rules_see_it() -> None:
    group = replace(
        trade(price=PRICE - 1), bad=2, dvs_run=3, eqs_tightened=True, bars_closed=4,
        moved_to_entry=True, locked=True,
    )  # fmt: skip
    tightened = replace(group, orders=replace(group.orders, stop_price=PRICE - 4))
    wanted = replace(intent(), level=PRICE - 20)
    assert replace(tightened, intent=wanted).view() == TradeView(
        "K1", 1, PRICE - 1, after(0), 8, PRICE - 4, PRICE + 16, 5.0, 0.18, PRICE - 20, 30, 2, 3,
        True, 4, True, True,
    )  # fmt: skip
    with pytest.raises(ValueError, match="no entry"):
        Group(intent(), sent()).view()


def test_the_counters_of_a_plan_are_carried() -> None:
    plan = Plan(Hold(), 3, 4, True, True, True)
    group = trade().after_plan(plan)
    assert (group.bad, group.dvs_run, group.eqs_tightened, group.moved_to_entry, group.locked) == (
        3, 4, True, True, True,
    )  # fmt: skip


# ---- bars


def test_the_bar_of_the_fill_counts_for_nothing_but_its_scores() -> None:
    group = trade()
    minute = group.orders.entries[0].time // MINUTE * MINUTE
    after_it = group.after_bar(minute, PRICE + 9, PRICE - 9, frame(a14=7.5), (9_000, 8_000))
    assert after_it.bars_closed == 0
    assert after_it.seen == Excursion(0, 0, 0.5, "range", 9_000, 8_000, 1.5, False)
    assert Group(intent(), sent()).after_bar(minute, PRICE, PRICE, frame(), (1, 1)).seen == (
        Excursion()
    )


@pytest.mark.parametrize(("side", "mae", "mfe"), [(1, 9, 5), (-1, 5, 9)])
def test_excursions_are_the_widest_of_later_bars(side: int, mae: int, mfe: int) -> None:
    group = trade(side)
    minute = after(60) // MINUTE * MINUTE
    first = group.after_bar(minute, PRICE + 5, PRICE - 9, frame(thesis=0.7), (9_000, 8_000))
    assert (first.bars_closed, first.seen.mae, first.seen.mfe) == (1, mae, mfe)
    assert first.seen.thesis == (0.7 if side > 0 else 0.3)
    again = first.after_bar(
        minute + MINUTE, PRICE + 2, PRICE - 2,
        frame(a14=4.0, shock=True, regime=Regime.TRENDING), (9_500, 7_000),
    )  # fmt: skip
    assert (again.bars_closed, again.seen.mae, again.seen.mfe) == (2, mae, mfe)
    assert (again.seen.min_dvs_bp, again.seen.min_eqs_bp) == (9_000, 7_000)
    assert again.seen.max_atr_ratio == 1.0
    assert (again.seen.shock, again.seen.regime) == (True, "trending")
    last = again.after_bar(minute + 2 * MINUTE, PRICE, PRICE, frame(a14=6.0), (8_500, 9_000))
    assert (last.seen.min_dvs_bp, last.seen.min_eqs_bp) == (8_500, 7_000)
    assert last.seen.max_atr_ratio == 1.2
    assert last.seen.shock


# ---- slippage and reasons


@pytest.mark.parametrize("side", [1, -1])
def test_an_entry_slips_from_its_trigger(side: int) -> None:
    kind = replace(intent(side), entry_type=EntryType.STOP_LIMIT, trigger=PRICE)
    for moved, slip in ((2, 2), (1, 1), (0, 0), (-1, 0)):
        assert entry_slip(kind, fill(ENTRY, 1, 1, side, price=PRICE + moved * side)) == slip
    assert entry_slip(replace(kind, trigger=None), fill(ENTRY, 1, 1, side, price=PRICE + 9)) == 0
    limit = replace(kind, entry_type=EntryType.LIMIT)
    assert entry_slip(limit, fill(ENTRY, 1, 1, side, price=PRICE + 9 * side)) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_an_exit_slips_from_the_stop_or_the_last_close(side: int) -> None:
    group = trade(side)
    out = replace(group, orders=group.orders.leaving(2, "EOD", PRICE, after(5)))
    at_stop = PRICE - 8 * side
    for moved, slip in ((2, 2), (1, 1), (0, 0), (-1, 0)):
        assert exit_slip(group, fill(STOP, 2, 1, -side, price=at_stop - moved * side)) == slip
        assert exit_slip(out, fill(EXIT, 2, 1, -side, price=PRICE - moved * side)) == slip
    assert exit_slip(group, fill(TARGET, 2, 1, -side, price=PRICE - 30 * side)) == 0
    assert exit_slip(group, fill(EXIT, 2, 1, -side, price=PRICE - 30 * side)) == 0


def test_why_a_trade_ended() -> None:
    group = trade()
    moved = replace(group, orders=replace(group.orders, stop_price=PRICE))
    out = replace(group, orders=group.orders.leaving(2, "EOD", PRICE, after(5)))
    assert exit_reason(group, fill(TARGET, 2)) == "TARGET"
    assert exit_reason(group, fill(STOP, 2)) == "STOP"
    assert exit_reason(moved, fill(STOP, 2)) == "BE_STOP"
    assert exit_reason(out, fill(EXIT, 2)) == "EOD"
    assert exit_reason(group, fill(EXIT, 2)) == "EXTERNAL"


# ---- the records


def test_the_record_of_a_beginning() -> None:
    first = fill(ENTRY, 1, 1, price=PRICE - 1, at=after(2))
    wanted = replace(intent(), a14=4.5, p0=0.61)
    assert opening_record(wanted, first) == TradeOpened(
        after(2), "2024-03-05-010-MES", 1, 1, PRICE - 1, PRICE, 8, PRICE - 8, PRICE + 16, 4.5,
        wanted.key, 0.61, 2.0,
    )  # fmt: skip


@pytest.mark.parametrize("side", [1, -1])
def test_the_record_of_an_end(side: int) -> None:
    last = fill(STOP, 2, 2, -side, after(61.9), PRICE - 9 * side)
    seen = Excursion(3, 4, 0.6, "range", 9_000, 8_000, 1.5, True)
    group = replace(trade(side, last), seen=seen, slip_entry=2, rejects=1, incident=True)
    record = closing_record(group, last, "STOP", 1, mes(), "SIM")
    gross, fees = TICK * -18, FEE * 4
    risk = float(TICK * 16)
    assert record == TradeClosed(
        at=after(61.9), decision_id="2024-03-05-010-MES", side=side, entry_price=PRICE,
        exit_price=PRICE - 9 * side, exit_reason="STOP", gross=gross, fees=fees, net=gross - fees,
        r_gross=-1.125, r_net=round(float(gross - fees) / risk, 9), b=2.0, p0=0.5, edge=0.4,
        mae=9, mfe=4, slip_entry=2, slip_exit=1, duration_s=61, t_exit=0.6, min_dvs_bp=9_000,
        min_eqs_bp=8_000, max_atr_ratio=1.5, shock=True, regime_exit="range", rejects=1,
        partial=False, incident=True, be_moved=False, mode="SIM",
    )  # fmt: skip


def test_a_winner_and_one_in_parts() -> None:
    parts = (
        fill(TARGET, 2, 1, -1, after(60), PRICE + 16),
        fill(TARGET, 3, 1, -1, after(61), PRICE + 16),
    )
    group = replace(trade(1, *parts), seen=Excursion(3, 4))
    record = closing_record(group, parts[1], "TARGET", 0, mes(), "SIM")
    assert (record.mae, record.mfe, record.partial) == (3, 16, True)
    assert record.r_gross == 2.0
    entered = (fill(ENTRY, 1, 1), fill(ENTRY, 9, 1))
    whole = fill(TARGET, 2, 2, -1, after(60), PRICE + 16)
    twice = trade(1, whole)
    twice = replace(twice, orders=replace(twice.orders, entries=entered))
    assert closing_record(twice, whole, "TARGET", 0, mes(), "SIM").partial
    moved = replace(twice, orders=replace(twice.orders, stop_price=PRICE + 1))
    assert closing_record(moved, whole, "TARGET", 0, mes(), "SIM").be_moved


def test_an_end_without_a_beginning_is_recorded_as_it_was() -> None:
    last = fill(STOP, 2, 2, -1, after(60), PRICE)
    group = Group(intent(), replace(sent(), exits=(last,)))
    record = closing_record(group, last, "EXTERNAL", 0, mes(), "SIM")
    assert (record.entry_price, record.duration_s) == (PRICE, 0)
    assert record.fees == FEE * 2
