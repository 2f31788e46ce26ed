"""Fees late, early, missing, twice, changed: the sums follow, and a worst case remembers (H7)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from application.fees import LATELY, Fees
from changing import replace
from domain.event import FeeReported, FillReceived, TradeClosed
from domain.law.state import Halt
from domain.orders import Fill, Role
from domain.units import SECOND, ZERO, Money
from domain.upkeep import StoreBound
from execution_world import World, in_trade, killed
from market_builders import mes

USUAL = mes().fee_per_side
DEAR = Money.parse("0.85")


def fill(number: int, qty: int = 1) -> Fill:
    return Fill(f"x{number}", "20131007-001-MES-E", Role.ENTRY, 1, 1, qty, 6600, number)


@given(
    happened=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["fill", "0.62", "0.85", "0.60", "2.00"])),
        max_size=30,
    )
)
def test_sums_are_the_reported_fees_of_what_was_executed_in_any_order(
    happened: list[tuple[int, str]],
) -> None:
    fees, known, told, booked = Fees(mes()), set[int](), dict[int, Money](), ZERO
    for number, what in happened:
        if what != "fill":
            told[number] = Money.parse(what)
            booked = booked - fees.reported(f"x{number}", told[number])
        elif number not in known:
            known.add(number)
            booked = booked + USUAL - fees.executed(fill(number))
        assert booked == sum((told.get(n, USUAL) for n in known), start=ZERO)


def test_a_report_counts_in_the_session_after_its_own_and_not_later() -> None:
    fees = Fees(mes())
    fees.executed(fill(1))
    fees.executed(fill(2))
    fees.session_over()
    assert fees.reported("x1", DEAR) == USUAL - DEAR
    fees.session_over()
    assert fees.reported("x1", USUAL) == DEAR - USUAL
    assert fees.reported("x2", DEAR) == ZERO


def test_a_worst_case_reckons_with_the_dearest_fee_of_the_last_twenty_fills() -> None:
    fees = Fees(mes())
    fees.executed(fill(0))
    fees.reported("x0", DEAR)
    assert fees.at_worst == replace(mes(), fee_per_side=DEAR)
    for number in range(1, LATELY):
        fees.executed(fill(number))
        fees.reported(f"x{number}", Money.parse("0.10"))
    assert fees.at_worst.fee_per_side == DEAR
    fees.executed(fill(LATELY))
    assert fees.at_worst == mes()


def test_a_fee_of_several_contracts_is_shared_by_them_rounded_up() -> None:
    fees = Fees(mes())
    fees.executed(fill(0, qty=3))
    fees.reported("x0", Money.parse("2.5501"))
    assert fees.at_worst.fee_per_side == Money.parse("0.8501")


def test_a_later_report_may_be_a_price_and_moves_no_worst_case() -> None:
    fees = Fees(mes())
    fees.executed(fill(0))
    assert fees.reported("x0", USUAL) == ZERO
    moved = USUAL + mes().tick_value * 10
    assert fees.reported("x0", moved) == -(mes().tick_value * 10)
    assert fees.at_worst == mes()


def test_a_dear_fee_leaves_less_room_for_the_next_trade() -> None:
    world = killed()
    desk = world.core.desk
    first = next(e.fill for e in world._of(FillReceived))
    assert desk.law_gates.fee == USUAL
    told = FeeReported(world.now, first.exec_id, DEAR)
    world.live.take(world.core.dealing.fee(told))
    assert desk.law_gates.fee == DEAR
    assert desk.fees.at_worst.fee_per_side == DEAR
    assert desk.instrument.fee_per_side == USUAL


def nearly_halted(world: World) -> str:
    """Let 29.80 be lost before, and give the id of the first execution."""
    desk = world.core.desk
    lost = desk.law._replace(net_day=Money.parse("-29.80"))
    bound = StoreBound(world.now, desk.run.account, "PAPER", lost, "me", "lost before noon")
    world.live.take(world.core.dealing.bound(bound))
    return next(e.fill.exec_id for e in world._of(FillReceived))


def test_a_fee_that_reaches_a_limit_ends_what_is_open() -> None:
    world = in_trade()
    exec_id = nearly_halted(world)
    world.live.take(world.core.dealing.fee(FeeReported(world.now, exec_id, Money.parse("0.81"))))
    assert world.core.desk.law.halts == ()
    world.now += SECOND
    world.live.take(world.core.dealing.fee(FeeReported(world.now, exec_id, Money.parse("0.82"))))
    assert world.core.desk.law.halts == (Halt.DAY,)
    world.run(20)
    assert world.ours == 0
    assert [closed.exit_reason for closed in world._of(TradeClosed)] == ["HALT"]


def test_a_fee_that_reaches_a_limit_takes_back_a_working_entry() -> None:
    world = World(3, setups={8: 1}, wild=0)
    world.run(540)
    world.second(0)
    group = world.core.desk.group
    assert group is not None
    assert group.working_entry
    desk = world.core.desk
    earlier = fill(1)
    desk.fees.executed(earlier)
    lost = desk.law._replace(net_day=Money.parse("-29.80"))
    bound = StoreBound(world.now, desk.run.account, "PAPER", lost, "me", "lost before noon")
    world.live.take(world.core.dealing.bound(bound))
    told = FeeReported(world.now, earlier.exec_id, Money.parse("0.82"))
    world.live.take(world.core.dealing.fee(told))
    world.run(20)
    assert desk.group is None or not desk.group.working_entry
    assert world.ours == 0
    assert world._of(TradeClosed) == []
