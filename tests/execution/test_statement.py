"""The ledger against the broker's statement: what differs, from where on a person has to look,
and that an acknowledgement books a loss once (execution.md 6, H7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fake.faults import Fault, FaultKind
from application.desk import STATEMENT
from application.fees import Fees
from application.statement import StatementBook
from changing import replace
from domain.event import (
    DecisionMade,
    KillTriggered,
    LawStateChanged,
    PermitRefused,
    ReconcileStarted,
    StatementDiffers,
)
from domain.law import state as law_state
from domain.law.state import Halt
from domain.orders import Fill, Role
from domain.statement import (
    EXIT,
    FEE,
    NO_STATEMENT,
    RESULT,
    Booked,
    Difference,
    Statement,
    StatementLine,
    compare,
    weigh,
)
from domain.units import ZERO, Money
from domain.upkeep import StoreBound
from execution_world import World, in_trade, wants
from market_builders import contracts, mes

USUAL = mes().fee_per_side
BOTH = USUAL * 2
UNIT = Money(1)
LAW = contracts().constitution
ENTRY, STOP, OUT = "20240305-008-MES-E", "20240305-008-MES-S", "20240305-008-MES.FOREIGN1"


def usd(text: str) -> Money:
    return Money.parse(text)


def bought(price: int = 100, qty: int = 1, at: int = 1) -> Fill:
    return Fill("e", ENTRY, Role.ENTRY, 1, 1, qty, price, at)


def sold(price: int = 110, qty: int = 1, at: int = 9, name: str = "s") -> Fill:
    return Fill(name, STOP, Role.STOP, 1, -1, qty, price, at)


def against(statement: Statement, *fills: Fill) -> tuple[Difference, ...]:
    booked = [Booked(fill, USUAL * fill.qty) for fill in fills]
    return compare(booked, statement, mes())


def says(exec_id: str, fee: str | None = None, result: str | None = None) -> StatementLine:
    amount = None if fee is None else usd(fee)
    return StatementLine(exec_id, amount, None if result is None else usd(result))


def gains(found: Sequence[Difference]) -> dict[tuple[str, str], str]:
    return {(d.exec_id, d.what): str(d.gain) for d in found}


# ---- the comparison


def test_what_both_sides_know_is_compared_and_nothing_else() -> None:
    told = Statement((says("e", "0.62"), says("s", None, "11.26"), says("x", "9.00", "99.00")))
    assert gains(against(told, bought(), sold())) == {("e", FEE): "0.0000", ("s", RESULT): "0.0000"}
    assert against(NO_STATEMENT, bought(), sold()) == ()


def test_ten_ticks_won_are_twelve_fifty_less_both_commissions() -> None:
    (found,) = against(Statement((says("s", result="5.01"),)), bought(), sold())
    assert found == Difference("s", RESULT, usd("11.26"), usd("5.01"))
    assert found.gain == usd("-6.25")


@pytest.mark.parametrize("told", ["11.26", "11.88", "12.50"])
def test_a_result_may_be_told_after_both_one_or_no_commission(told: str) -> None:
    found = against(Statement((says("s", result=told),)), bought(), sold())
    assert not weigh(found, {}).differs


def test_a_dearer_fee_counts_once_not_in_the_result_too() -> None:
    told = Statement((says("e", "0.62"), says("s", "6.62", "5.26")))
    assert gains(against(told, bought(), sold())) == {
        ("e", FEE): "0.0000", ("s", FEE): "-6.0000", ("s", RESULT): "0.0000",
    }  # fmt: skip


def test_an_exit_in_parts_is_matched_first_in_first_out() -> None:
    first, second = sold(110, at=8, name="s1"), sold(120, at=9, name="s2")
    told = Statement((says("s1", result="11.26"), says("s2", result="23.00")))
    found = against(told, bought(qty=2), first, second)
    assert gains(found) == {("s1", RESULT): "0.0000", ("s2", RESULT): "-0.7600"}


def test_a_reversal_that_was_closed_has_two_results() -> None:
    both = Fill("t", "20240305-008-MES-T", Role.TARGET, 1, -1, 1, 112, 10)
    back = Fill("x", "20240305-008-MES-X1", Role.EXIT, 1, 1, 1, 115, 11)
    told = Statement((says("s", result="11.26"), says("t", result="1.00"),
                      says("x", result="-4.99")))  # fmt: skip
    found = against(told, bought(), sold(), both, back)
    assert gains(found) == {("s", RESULT): "0.0000", ("x", RESULT): "0.0000"}


def test_an_exit_of_somebody_elses_is_what_the_broker_shows_of_it() -> None:
    out = Fill(OUT, "20240305-008-MES-X1", Role.EXIT, 0, -1, 1, 95, 20)
    seen = Fill("theirs", "", Role.EXIT, 0, -1, 1, 90, 15)
    told = Statement((says("theirs", "0.85"),), (seen,))
    assert gains(against(told, bought(), out)) == {(OUT, EXIT): "-6.4800"}
    for other in (
        seen._replace(side=1), seen._replace(qty=2), seen._replace(time=0), seen._replace(time=21),
    ):  # fmt: skip
        assert against(Statement((), (other,)), bought(), out) == ()


cents = st.integers(-700, 700)


@given(
    fees=st.lists(cents, min_size=2, max_size=2),
    result=cents,
    order=st.permutations(range(5)),
    executed=st.permutations(range(2)),
)
def test_order_and_repetition_of_reports_change_nothing(
    fees: list[int], result: int, order: list[int], executed: list[int]
) -> None:
    lines = (
        StatementLine("e", Money(fees[0] * 100), None),
        StatementLine("s", Money(fees[1] * 100), Money(result * 100)),
    )
    fills = (bought(), sold())
    plain = against(Statement(lines), *fills)
    said = tuple([*lines, *lines, lines[1]][n] for n in order)
    assert against(Statement(said), *(fills[n] for n in executed)) == plain


@given(
    gains=st.dictionaries(st.sampled_from("abcdef"), cents, max_size=6),
    batches=st.lists(st.sets(st.sampled_from("abcdef")), max_size=6),
)
def test_however_the_reports_are_spread_over_reads_the_person_sees_the_same(
    gains: dict[str, int], batches: list[set[str]]
) -> None:
    book, fees = _book(sorted(gains))
    for batch in [*batches, set(gains)]:
        lines = tuple(
            StatementLine(name, USUAL - Money(gains[name] * 100), None)
            for name in sorted(batch & gains.keys())
        )
        book.take(Statement(lines))
    lost = sum(-g for g in gains.values() if g < -5)
    won = sum(g for g in gains.values() if g > 5)
    assert book.weight == (Money(lost * 100), Money(won * 100))
    assert book.for_law() == Money(lost * 100)
    assert book.for_law() == ZERO
    assert fees.booked("none") is None


def _book(names: Sequence[str]) -> tuple[StatementBook, Fees]:
    fees = Fees(mes())
    book = StatementBook(mes(), fees)
    for n, name in enumerate(names):
        fill = Fill(name, f"20240305-{n:03d}-MES-E", Role.ENTRY, 1, 1, 1, 100, n)
        fees.executed(fill)
        book.executed(fill)
    return book, fees


# ---- exactly at the numbers


def off(book: StatementBook, by: Money) -> None:
    book.take(Statement((StatementLine("e", USUAL + by, None),)))


@pytest.mark.parametrize("side", [1, -1])
def test_five_cents_are_the_same_and_more_is_told(side: int) -> None:
    book, _ = _book(["e"])
    off(book, usd("0.05") * side)
    assert not book.weight.differs
    off(book, (usd("0.05") + UNIT) * side)
    assert book.weight.differs
    assert not book.weight.for_a_person


@pytest.mark.parametrize("side", [1, -1])
def test_five_dollars_are_told_and_more_is_for_a_person(side: int) -> None:
    book, _ = _book(["e"])
    off(book, usd("5.00") * side)
    assert not book.weight.for_a_person
    off(book, (usd("5.00") + UNIT) * side)
    assert book.weight.for_a_person


def test_losses_add_up_and_no_gain_hides_them() -> None:
    book, _ = _book(["a", "b", "c"])
    lines = [StatementLine("a", USUAL + usd("3.00"), None), StatementLine("b", ZERO, None)]
    book.take(Statement((*lines, StatementLine("c", USUAL + usd("2.01"), None))))
    assert book.weight == (usd("5.01"), usd("0.62"))
    assert book.weight.for_a_person


def test_what_a_person_has_seen_counts_again_only_by_what_it_grows() -> None:
    book, _ = _book(["e"])
    off(book, usd("6.00"))
    assert book.for_law() == usd("6.00")
    book.settle()
    off(book, usd("6.00"))
    assert not book.weight.differs
    off(book, usd("7.00"))
    assert book.weight == (usd("1.00"), ZERO)
    assert book.for_law() == usd("1.00")


def test_the_session_before_is_still_compared_and_the_one_before_is_not() -> None:
    book, fees = _book(["e"])
    for known in (True, False):
        fees.session_over()
        book.session_over()
        off(book, usd("6.00"))
        assert book.weight.differs == known


# ---- the law's memory


def test_a_loss_is_booked_once_and_a_gain_never() -> None:
    before = law_state.LawState(net_day=usd("-26.00"))
    waits = law_state.statement_differs(law_state.statement_differs(before, usd("5.50")), UNIT)
    assert waits.statement == usd("5.5001")
    assert waits.net_day == before.net_day
    seen = law_state.statement_acknowledged(waits, LAW)
    assert (seen.statement, seen.net_day) == (None, usd("-31.5001"))
    assert (seen.net_week, seen.net_month) == (-usd("5.5001"), -usd("5.5001"))
    assert seen.halts == (Halt.DAY,)
    assert law_state.statement_acknowledged(seen, LAW) == seen
    better = law_state.statement_acknowledged(law_state.statement_differs(before, ZERO), LAW)
    assert better == before


# ---- a whole day


def won() -> World:
    """A trade that has ended at its target."""
    world = in_trade()
    for _ in range(30):
        world.second(5)
    world.run(40)
    assert world.ours == 0
    assert not world.core.desk.law.killed
    return world


def misstated(world: World, kind: FaultKind) -> World:
    world.plan.add(Fault(kind, world.now))
    world.restart()
    world.run(40)
    return world


def told(world: World) -> list[StatementDiffers]:
    return world._of(StatementDiffers)


def test_a_statement_that_agrees_leaves_no_word() -> None:
    world = won()
    world.restart()
    world.run(40)
    assert told(world) == []
    assert world.core.desk.law.statement is None
    with_values = [e for e in world._of(ReconcileStarted) if e.truth.statement.lines]
    assert len(with_values) == 1, "only the first read of a process brings them"
    world.settle()


def test_a_small_difference_is_a_word_and_no_more() -> None:
    world = misstated(won(), FaultKind.STATEMENT_FEE)
    (event,) = told(world)
    assert (event.loss, event.gain, event.observe) == (usd("0.30"), ZERO, False)
    assert world.core.desk.law.statement is None
    world.restart()
    world.run(40)
    assert len(told(world)) == 1, "told once"
    world.settle()


def test_a_large_one_lets_nothing_in_until_a_person_has_seen_it_whatever_restarts() -> None:
    world = misstated(won(), FaultKind.STATEMENT_RESULT)
    (event,) = told(world)
    assert (event.loss, event.observe) == (usd("6.25"), True)
    desk = world.core.desk
    net = desk.law.net_day
    assert (desk.law.statement, desk.observing()) == (usd("6.25"), STATEMENT)
    for _ in range(3):
        world.restart()
        world.run(40)
    desk = world.core.desk
    assert len(told(world)) == 1
    assert (desk.law.statement, desk.observing()) == (usd("6.25"), STATEMENT)
    world.live.take(world.core.dealing.operator("ack", "statement seen it", "me", world.now))
    world.live.settle()
    assert (desk.law.statement, desk.observing()) == (None, None)
    assert desk.law.net_day == net - usd("6.25")
    world.live.take(world.core.dealing.operator("ack", "statement again", "me", world.now + 1_000))
    assert desk.law.net_day == net - usd("6.25"), "booked once"
    world.restart()
    world.run(40)
    assert world.core.desk.law.net_day == net - usd("6.25")
    assert world.core.desk.law.statement is None
    assert len(told(world)) == 1
    assert world.memory.journal.head == world._told_again()


def test_no_entry_is_permitted_while_it_waits() -> None:
    world = won()
    world.broker.misstated = (ZERO, usd("5.01"))
    misstated(world, FaultKind.STATEMENT_RESULT)
    entries = world.entries
    for ahead in range(20, 60):
        world.engine.script[ahead] = wants(1)
    world.run(45 * 60)
    assert world.entries == entries
    refused = {e.reason for e in world._of(PermitRefused)}
    assert "OBSERVE_ONLY" in refused, {e.record.reason for e in world._of(DecisionMade)}
    world.settle()


def test_a_loss_that_reaches_the_limit_halts_and_one_that_overruns_it_kills() -> None:
    world = won()
    world.broker.misstated = (ZERO, usd("60.00"))
    misstated(world, FaultKind.STATEMENT_RESULT)
    assert world.kills == []
    world.live.take(world.core.dealing.operator("ack", "statement seen it", "me", world.now))
    law = world.core.desk.law
    assert law.halts == (Halt.DAY,)
    assert [k.trigger for k in world._of(KillTriggered)] == ["LOSS_OVERRUN"]


def test_a_death_at_any_point_around_it_tells_it_once() -> None:
    for point in range(1, 13):
        world = won()
        world.plan.add(Fault(FaultKind.STATEMENT_RESULT, world.now))
        world.fuse.at = world.fuse.points + point
        world.restart()
        world.run(70)
        assert len(told(world)) == 1, point
        changes = [e for e in world._of(LawStateChanged) if e.cause.startswith("statement")]
        assert len(changes) == 1, point
        assert world.core.desk.law.statement == usd("6.25")
        world.settle()


def test_observe_tells_and_the_next_start_that_may_trade_locks() -> None:
    world = won()
    world.plan.add(Fault(FaultKind.STATEMENT_RESULT, world.now))
    desk, dealing = world.core.desk, world.core.dealing
    read = world.broker.read(world.now)
    desk.run = replace(desk.run, mode="OBSERVE")
    (event,) = [e for e in dealing.truth(read).events if isinstance(e, StatementDiffers)]
    assert (event.observe, desk.law.statement) == (False, None)
    desk.run = replace(desk.run, mode="PAPER")
    again = dealing.truth(read._replace(at=read.at + 1_000)).events
    (event,) = [e for e in again if isinstance(e, StatementDiffers)]
    assert (event.observe, desk.law.statement) == (True, usd("6.25"))
    assert dealing.truth(read._replace(at=read.at + 2_000)).events[1:] != again[1:]
    assert desk.law.statement == usd("6.25"), "counted once"


def test_what_a_binding_carries_over_is_acknowledged_in_the_new_store() -> None:
    world = World(1)
    law = law_state.statement_differs(law_state.LawState(), usd("6.25"))
    dealing = world.core.dealing
    world.live.take(dealing.bound(StoreBound(world.now, "d", "PAPER", law, "me", "a new disk")))
    assert world.core.desk.observing() == STATEMENT
    world.live.take(dealing.operator("ack", "statement seen it", "me", world.now))
    world.live.take(dealing.operator("ack", "statement once more", "me", world.now + 1_000))
    assert world.core.desk.law.net_day == -usd("6.25")
    assert world.core.desk.observing() is None
    assert world.memory.journal.head == world._told_again()
