"""Faults of the connection (ibkr.md 14): lost, half-open, restarted, cut off behind the gateway."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from changing import replace
from domain.event import (
    BarClosed,
    ConnectionChanged,
    DecisionMade,
    FillReceived,
    IntentExpired,
    OrderSubmitting,
    QualityAssessed,
)
from domain.quality import Penalty
from domain.units import MINUTE, SECOND
from gateway_stack import FAST, FILLS, PER_MINUTE, START, WINS, Stack
from market_builders import PRICE
from ports.errors import BrokerDown, BrokerRefused


def downs(bot: Stack) -> int:
    """How often the bot saw its link go down."""
    return sum(not e.up for e in bot.of(ConnectionChanged))


def back(bot: Stack) -> None:
    """Wait in real time until the link stands and the broker has been read."""
    bot.settle(lambda: bot.core.desk.connected and bot.core.desk.reconciled)


def test_f01_a_bracket_accepted_and_never_acknowledged_is_found_again() -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-01")
        bot.minute(1)
        back(bot)
        assert downs(bot) == 1
        assert len(bot.placed("E")) == 1
        assert len(bot.at_gateway("E")) == 1
        bot.minute(5)
        assert bot.exits == ["TARGET"]
        bot.finish()


def test_f02_a_bracket_that_never_arrived_is_not_sent_again() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-02")
        bot.minute(1)
        back(bot)
        bot.minute(6)
        assert len(bot.of(OrderSubmitting)) == 1
        assert bot.at_gateway() == []
        assert bot.trades == 0
        assert bot.kills == []
        bot.finish(whole=False)


@pytest.mark.parametrize("person", ["no", "yes"])
def test_f03_half_a_bracket_is_taken_back_or_protected(person: str) -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-03", person=person)
        bot.minute(1)
        back(bot)
        bot.minute(6)
        assert len(bot.placed("E")) == 1
        if bot.position:
            assert len(bot.at_gateway("S")) == 1
        else:
            assert bot.at_gateway("E") == []
        bot.finish(flat=bot.position == 0, whole=False)


def test_f22_between_1100_and_1102_nothing_is_sent_and_a_fill_is_found() -> None:
    with Stack(moves=WINS) as bot:
        bot.minute(1)
        assert len(bot.at_gateway("E")) == 1
        bot.sim.arm("F-22", bars=4)
        bot.play(2)
        assert not bot.core.desk.connected
        bot.play(3)
        back(bot)
        bot.minute(5)
        assert bot.trades == 1
        assert bot.exits == ["TARGET"]
        bot.finish()


def test_f23_after_1101_bars_are_asked_for_again() -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(2)
        before = sum(e.kind == "reqRealTimeBars" for e in bot.sim.received)
        bot.sim.arm("F-23", bars=3)
        bot.play(4)
        back(bot)
        bot.settle(lambda: sum(e.kind == "reqRealTimeBars" for e in bot.sim.received) > before)
        bot.minute(7)
        assert bot.exits == ["TARGET"]
        bot.finish()


def test_f24_a_link_that_stays_cut_in_a_position_latches_and_the_stop_protects() -> None:
    with Stack(moves=FILLS | {60: -16}) as bot:
        bot.minute(2)
        assert bot.position == 1
        bot.sim.arm("F-24")
        bot.minute(4)
        assert bot.kills == ["CONNECTION_LOST"]
        assert len(bot.at_gateway("S")) == 1, "the stop at the broker is the protection"
        assert bot.placed("X") == []


def test_f40_a_client_id_in_use_is_refused_with_a_clear_word() -> None:
    bot = Stack()
    bot.sim.__enter__()
    try:
        bot.sim.arm("F-40")
        with pytest.raises((BrokerRefused, BrokerDown), match="client id"):
            bot.begin()
        assert bot.placed() == []
        ids = {e.message.text("clientId") for e in bot.sim.received if e.kind == "startApi"}
        assert ids == {"17"}, "never another id"
    finally:
        bot.gateway.market.close()
        bot.sim.__exit__()


def test_f41_a_half_open_socket_is_given_up_and_made_anew() -> None:
    waits = replace(FAST, beat=0.3, answer=0.3)
    with Stack(moves=WINS, waits=waits) as bot:
        bot.minute(1)
        bot.sim.arm("F-41")
        begun = time.monotonic()
        bot.settle(lambda: downs(bot) == 1)
        assert time.monotonic() - begun < 10
        back(bot)
        bot.minute(5)
        assert bot.trades == 1
        bot.finish(flat=bot.position == 0)


def test_f42_after_the_nightly_restart_the_same_orders_are_ours() -> None:
    with Stack(moves=FILLS | {60: 24}) as bot:
        bot.minute(2)
        bot.sim.arm("F-42", seconds=0.5)
        bot.settle(lambda: downs(bot) == 1)
        back(bot)
        assert len(bot.at_gateway("S")) == 1
        sent = len(bot.placed())
        assert sent == 3, "nothing was placed again"
        bot.minute(7)
        assert bot.exits in (["TARGET"], ["DVS_HOLD"]), "late farms cost data"
        bot.finish()


def test_f43_ids_go_on_above_the_highest_that_was_used() -> None:
    with Stack(moves=FILLS) as bot:
        bot.minute(2)
        used = {int(e.message.text("orderId")) for e in bot.placed()}
        bot.sim.arm("F-43")
        bot.again()
        bot.asked_to_kill = "to see the next id"
        bot.minute(4)
        later = {int(e.message.text("orderId")) for e in bot.placed("X")}
        assert later
        assert min(later) > max(used)
        assert bot.position == 0


def test_f45_without_an_answer_to_every_question_nothing_is_entered() -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm("F-45", kind="reqAllOpenOrders", times=10_000)
        bot.minute(3)
        assert bot.core.desk.law.sent_today <= 1
        assert not bot.core.desk.reconciled
        held = bot.trades  # entered before the first question without an answer
        assert bot.kills == ["CONNECTION_LOST"] * held, "nobody could verify it for a minute"
        assert bot.position == 0


@pytest.mark.parametrize("how", ["garbage", "fields", "huge", "split"])
def test_f51_a_broken_frame_ends_no_process(how: str) -> None:
    with Stack(moves=WINS) as bot:
        bot.sim.arm("F-51", how=how)
        back(bot)
        bot.minute(5)
        assert len(bot.placed("E")) <= 1
        assert bot.position in (0, 1)
        bot.finish(flat=bot.position == 0)


@pytest.mark.parametrize("fault", ["F-53", "F-54"])
def test_a_disconnect_by_the_rate_limit_sends_nothing_twice(fault: str) -> None:
    with Stack(moves=FILLS) as bot:
        bot.sim.arm(fault)
        bot.minute(1)
        back(bot)
        bot.minute(5)
        assert len({e.message.text("orderRef") for e in bot.placed("E")}) == len(bot.placed("E"))
        assert len(bot.placed("E")) <= 1
        bot.finish(flat=bot.position == 0)


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_f56_a_killed_process_finds_its_bracket_again(pieces: int) -> None:
    with Stack(moves=WINS) as bot:
        bot.minute(1, pieces)
        bot.again()
        bot.minute(5)
        assert len(bot.placed("E")) == 1
        assert bot.exits == ["TARGET"]
        assert bot.of(IntentExpired) == []
        bot.finish()


@pytest.mark.parametrize("zone", ["US/Central", "Asia/Tokyo", "Asia/Kolkata"])
def test_f56_what_was_filled_while_no_process_ran_has_its_own_time_in_any_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Told without a zone it was taken for a fill of hours ago, and its trade ended at once."""
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE_NAME", "UTC")  # as one that is not told
    monkeypatch.setattr("adapters.gateway_sim.words.ZONE", ZoneInfo(zone))
    with Stack(moves=FILLS) as bot:
        bot.minute(1)
        bot.die()
        unheard(bot, 2 * PER_MINUTE)
        bot.begin()
        bot.minute(6)
        (fill,) = (e.fill for e in bot.of(FillReceived))
        assert START + MINUTE <= fill.time <= START + MINUTE + 20 * SECOND
        assert bot.position == 1
        assert bot.exits == []


# ---- minutes that nobody heard


def warm(bot: Stack) -> list[int]:
    """The minutes fed as the past since the start, counted from it."""
    return [
        (e.bar.open_time - START) // MINUTE
        for e in bot.of(BarClosed)
        if e.warmup and e.bar.open_time >= START
    ]


def unheard(bot: Stack, pieces: int) -> None:
    """Time passes at the gateway, and nobody is connected."""
    for _ in range(pieces):
        bot.sim.play()


def test_minutes_without_a_link_are_fetched_and_not_decided_on() -> None:
    with Stack(setups={}) as bot:
        bot.minute(3)
        bot.sim.arm("F-42", seconds=1.0, farms=0)
        bot.settle(lambda: downs(bot) == 1)
        unheard(bot, 4 * PER_MINUTE + 3)
        back(bot)
        bot.minute(9)
        assert warm(bot) == [3, 4, 5, 6]
        decided = [(e.at - START) // MINUTE - 1 for e in bot.of(DecisionMade)]
        assert decided == [0, 1, 2, 7, 8]
        gaps = [
            (e.minute - START) // MINUTE
            for e in bot.of(QualityAssessed)
            if Penalty.GAP in [name for name, _ in e.penalties]
        ]
        assert gaps == [3, 4, 5, 6]
        assert {e.record.dvs_bp for e in bot.of(DecisionMade)[3:]} == {5000}
        history = [e for e in bot.sim.received if e.kind == "reqHistoricalData"]
        assert sum(e.message.text("barSizeSetting") == "1 min" for e in history) == 1
        assert bot.kills == []
        bot.finish()


def test_without_an_answer_the_minutes_stay_missing() -> None:
    with Stack(setups={}) as bot:
        bot.minute(3)
        bot.sim.arm("F-47", what="history")
        bot.sim.arm("F-42", seconds=1.0, farms=0)
        bot.settle(lambda: downs(bot) == 1)
        unheard(bot, 2 * PER_MINUTE)
        back(bot)
        bot.minute(7)
        assert warm(bot) == []
        assert len(bot.of(DecisionMade)) == 5
        assert bot.kills == []
        bot.finish()


def test_the_minute_in_which_a_link_broke_and_came_back_has_all_its_prices() -> None:
    peak = 12 + 5
    with Stack(setups={}, moves={peak: 7, peak + 1: -7}) as bot:
        bot.minute(1, 4)
        bot.sim.arm("F-42", seconds=1.0, farms=0)
        bot.settle(lambda: downs(bot) == 1)
        unheard(bot, 3)
        back(bot)
        bot.minute(4)
        bars = [e.bar for e in bot.of(BarClosed) if not e.warmup]
        assert [b.open_time for b in bars] == [START + n * MINUTE for n in range(4)]
        assert bars[1].n_sub in (8, 9), "what came by itself; a subscription takes a moment"
        assert bars[1].high == PRICE + 7
        assert bars[1].volume == 12 * 11
        assert [b.n_sub for b in bars[2:]] == [12, 12]
        asked = [e.message for e in bot.sim.received if e.kind == "reqHistoricalData"]
        assert [m.text("barSizeSetting") for m in asked].count("5 secs") == 1
        assert bot.kills == []
        bot.finish()
