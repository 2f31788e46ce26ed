"""What the law knows at the moments at which it could be passed by: a session's first bar, a
restart, a fee while flat, an entry that fills while everything is being ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.fake.faults import Fault, FaultKind
from domain.event import DecisionMade, FeeReported, FillReceived, OrderSubmitting, TradeClosed
from domain.law.state import Halt, LawState, StreakState
from domain.units import MINUTE, SECOND, ZERO, Money
from domain.upkeep import StoreBound
from execution_world import World, in_trade, killed
from market_builders import TUESDAY

F = FaultKind


def elsewhere(world: World, entries: int) -> None:
    """Another store has entered today, in the same account."""
    read = world.broker.read
    vars(world.broker)["read"] = lambda now: read(now)._replace(
        entries_today=entries + read(now).entries_today
    )


def test_entries_of_another_store_count_from_the_first_bar_of_a_session_on() -> None:
    world = World(3, setups={0: 1, 1: 1, 8: 1}, wild=0)
    elsewhere(world, 2)
    world.run(60)
    assert world.core.desk.law.session_date == TUESDAY
    assert world.core.desk.law.trades_today == 2, "not only from the next read on"
    world.run(600)
    assert world._of(OrderSubmitting) == []
    world.settle()


def test_an_entry_of_another_store_keeps_the_next_one_away_for_thirty_minutes() -> None:
    world = World(3, setups=dict.fromkeys(range(3, 60), 1), wild=0)
    world.run(3 * 60)
    elsewhere(world, 1)
    world.run(120)
    desk = world.core.desk
    seen = desk.law.last_entry
    assert desk.law.trades_today == 1
    assert seen is not None
    assert world.now - 120 * SECOND <= seen <= world.now, "since it was first shown"
    world.run(80 * 60)
    first = world._of(OrderSubmitting)[0]
    assert first.at - seen >= 30 * MINUTE
    decided = {d.record.decision_id: d.record.reason for d in world._of(DecisionMade)}
    assert "COOLDOWN_ACTIVE" in decided.values()
    world.settle()


def test_a_recovery_counts_no_minute_in_which_nobody_knows_what_is_held() -> None:
    world = World(3, wild=0)
    locked = LawState(
        session_date=TUESDAY - timedelta(1), streak=2, streak_state=StreakState.LOCKED,
        locked_on=TUESDAY - timedelta(1),
    )  # fmt: skip
    world.live.take(world.core.dealing.bound(
        StoreBound(world.now, "d", "PAPER", locked, "me", "yesterday")
    ))  # fmt: skip
    world.plan.add(Fault(F.READ_FAILS, world.now, 305))
    world.core.desk.reconciled = False
    world.run(300)
    assert world.core.desk.law.good_minutes == 0
    world.run(120)
    assert world.core.desk.law.good_minutes == 2


def test_a_fee_that_overruns_the_day_while_flat_is_a_kill() -> None:
    world = in_trade()
    for _ in range(40):
        world.second(-4)
    world.run(20)
    assert world.ours == 0
    (fill, *_) = world._of(FillReceived)
    law = world.core.desk.law
    rest = Money.parse("36.00") + law.net_day + fill.fill.qty * world.core.desk.worst_fee
    told = FeeReported(world.now, fill.fill.exec_id, rest)
    world.live.take(world.core.dealing.fee(told))
    assert world.core.desk.law.net_day == -Money.parse("36.00")
    assert (world.core.desk.law.halts, world.kills) == ((Halt.DAY,), [])
    more = FeeReported(world.now + 1_000, fill.fill.exec_id, rest + Money(1))
    world.live.take(world.core.dealing.fee(more))
    assert [k.trigger for k in world.kills] == ["LOSS_OVERRUN"]


@pytest.mark.parametrize("what", ["halt", "end"])
def test_an_entry_that_fills_while_it_is_cancelled_is_closed_for_the_same_reason(
    what: str,
) -> None:
    world = World(3, setups={8: 1}, wild=0)
    world.run(540)
    world.second(0)
    desk = world.core.desk
    assert desk.group is not None
    assert desk.group.working_entry
    world.plan.add(Fault(F.FILL_AFTER_CANCEL, world.now))
    if what == "end":
        world.live.take(world.core.flatten("OPERATOR", world.now))
    else:
        law = desk.law._replace(net_day=Money.parse("-29.80"))
        bound = StoreBound(world.now, desk.run.account, "PAPER", law, "me", "lost before noon")
        world.live.take(world.core.dealing.bound(bound))
        exec_id = killed()._of(FillReceived)[0].fill.exec_id
        desk.fees._booked[exec_id] = (1, ZERO)
        told = FeeReported(world.now, exec_id, Money.parse("0.20"))
        world.live.take(world.core.dealing.fee(told))
        assert desk.law.halts == (Halt.DAY,)
    world.run(30)
    assert world._of(FillReceived), "it was filled all the same"
    assert world.ours == 0
    (closed,) = world._of(TradeClosed)
    assert closed.exit_reason == ("OPERATOR" if what == "end" else "HALT")
