"""The latch, its sequence, and the human act that lifts it (law.md 3)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.event import (
    AccountSnapshot,
    FeeReported,
    FillReceived,
    KillCompleted,
    KillReset,
    KillStep,
    KillTriggered,
    LawStateChanged,
    OperatorCommand,
    PermitRefused,
    TradeClosed,
)
from domain.law import state as law_state
from domain.law.state import KillState, LawState
from domain.units import SECOND, Money
from execution_world import World, in_trade, killed
from market_builders import contracts


def test_an_operators_kill_is_recorded_carried_out_and_verified() -> None:
    world = killed()
    kinds = [type(e) for e in world.memory.events]
    order = [OperatorCommand, KillTriggered, TradeClosed, KillCompleted]
    places = [kinds.index(kind) for kind in order]
    assert places == sorted(places)
    assert KillStep in kinds
    (closed,) = world._of(TradeClosed)
    assert closed.exit_reason == "KILL"
    assert not world.broker._orders


def test_a_kill_survives_a_restart_and_blocks_every_entry() -> None:
    world = killed(m10=1, m11=-1)
    world.restart()
    assert world.core.desk.law.kill_state is KillState.KILLED
    world.run(200)
    assert world.broker.sent[1:] == [world.broker.sent[0][:-1] + "X1"]


def test_a_kill_begun_before_a_death_is_completed_after_it() -> None:
    world = in_trade()
    world.asked = "enough"
    world.fuse.at = world.fuse.points + 2
    world.run(30)
    assert world.crashes == 1
    assert world.ours == 0
    assert world.core.desk.law.kill_state is KillState.KILLED
    assert len(world._of(KillTriggered)) == 1


def test_only_the_right_trigger_lifts_it_and_counters_stay() -> None:
    world = killed(m12=1)
    dealing, law = world.core.dealing, world.core.desk.law
    with pytest.raises(ValueError, match="pulled by MANUAL"):
        dealing.reset("me", "looked at everything", "DVS_KILL", world.now)
    world.live.take(dealing.reset("me", "looked at everything", "MANUAL", world.now + 1_000))
    after = world.core.desk.law
    assert after.kill_state is KillState.ARMED
    assert (after.trades_today, after.net_day) == (law.trades_today, law.net_day)
    assert len(world._of(KillReset)) == 1


def test_an_open_position_cannot_be_reset_away() -> None:
    world = in_trade()
    world.broker.plan._waiting.clear()
    world.core.desk.law = law_state.kill_completed(
        law_state.kill_latched(world.core.desk.law, "MANUAL")
    )
    with pytest.raises(ValueError, match="still open"):
        world.core.dealing.reset("me", "nothing to see here", "MANUAL", world.now)


def test_no_permit_after_a_reset_before_a_clean_decision() -> None:
    world = World(3, setups={8: 1}, wild=0)
    world.asked = "before anything"
    world.run(200)
    world.asked = None
    world.run(339)
    world.live.take(world.core.dealing.reset("me", "false alarm, checked", "MANUAL", world.now))
    assert world.core.desk.law.resting
    world.run(2)
    assert not world.core.desk.law.resting  # the decision that was clean itself asked no more
    refused = world._of(PermitRefused)
    assert {e.reason for e in refused} <= {"PERMIT_REFUSED_KILL"}


def test_the_second_reset_of_a_session_waits_for_the_next() -> None:
    day, law = date(2024, 3, 5), contracts().constitution
    state = law_state.session_opened(LawState(), day)
    for _ in range(2):
        state = law_state.kill_completed(law_state.kill_latched(state, "EQS_KILL"))
        state = law_state.kill_reset(state)
        state = law_state.condition_gone(state, "EQS_KILL")
    assert state.killed
    assert state.reset_pending
    opened = law_state.session_opened(state, date(2024, 3, 6))
    assert not opened.killed
    assert law.max_trades_per_day == 2


def test_what_was_reset_triggers_again_only_after_it_was_false_once() -> None:
    state = law_state.kill_completed(law_state.kill_latched(LawState(), "LOSS_OVERRUN"))
    state = law_state.kill_reset(state)
    assert state.muted == "LOSS_OVERRUN"
    assert law_state.rested(state) is state  # no permit while the condition lasts
    assert law_state.condition_gone(state, "DVS_KILL") is state
    assert law_state.condition_gone(state, "LOSS_OVERRUN").muted is None


def test_a_kill_voids_a_reset_that_waits() -> None:
    state = law_state.session_opened(LawState(), date(2024, 3, 5))
    for _ in range(2):
        state = law_state.kill_completed(law_state.kill_latched(state, "MANUAL"))
        state = law_state.kill_reset(state)
    assert state.reset_pending
    again = law_state.kill_latched(state, "MANUAL")
    assert again.killed
    assert law_state.session_opened(again, date(2024, 3, 6)).killed


def test_nothing_is_reset_that_is_not_killed() -> None:
    with pytest.raises(ValueError, match="nothing to reset"):
        law_state.kill_reset(LawState())


def test_two_negative_margins_ten_seconds_apart_kill_one_does_not() -> None:
    world = in_trade()
    bad = Money.parse("-1.00")
    for seconds, kills in ((0, 0), (9, 0), (10, 1)):
        at = world.now + seconds * SECOND
        world.live.take(world.core.dealing.account(AccountSnapshot(at, bad, bad)))
        assert [k.trigger for k in world.kills] == ["MARGIN"] * kills
    world.run(25)
    assert world.ours == 0


def test_a_reported_fee_replaces_the_contracts_in_the_sums_alone() -> None:
    world = killed()
    (closed,) = world._of(TradeClosed)
    fills = [e.fill for e in world._of(FillReceived)]
    streak = world.core.desk.law.streak
    before = world.core.desk.law.net_day
    for fee in ("0.85", "0.85", "0.60"):  # late, again, corrected
        told = FeeReported(world.now, fills[0].exec_id, Money.parse(fee))
        world.live.take(world.core.dealing.fee(told))
        world.now += SECOND
    assert world.core.desk.law.net_day - before == Money.parse("0.02")
    assert world.core.desk.law.streak == streak
    assert closed.fees == Money.parse("1.24")
    assert world._of(LawStateChanged)[-1].state == world.core.desk.law


def test_a_kill_voids_a_reset_that_waits_for_the_next_session() -> None:
    """The latch holds already; what the person takes back is the reset."""
    world = killed()
    dealing = world.core.dealing
    for n in (1, 2):
        reset = dealing.reset("me", "looked at everything", "MANUAL", world.now + n * 1_000)
        world.live.take(reset)
        if n == 1:
            world.live.take(dealing.operator("kill", "no, wait", "me", world.now + 1_500))
            world.run(20)
    assert world.core.desk.law.reset_pending
    world.asked = "stay down"
    world.run(3)
    assert not world.core.desk.law.reset_pending
    told = [e for e in world._of(OperatorCommand) if e.arguments == "stay down"]
    assert len(told) == 1, "taken once"
    opened = law_state.session_opened(world.core.desk.law, date(2024, 3, 6))
    assert opened.killed
