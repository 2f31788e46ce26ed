"""The loop of a live run on a scripted market: minutes, silence, clocks, troubles, ends."""

from __future__ import annotations

from domain.bar import Bar
from domain.event import (
    AccountSnapshot,
    BarClosed,
    BarRejected,
    DecisionMade,
    ExecutionIncident,
    HostState,
    KillTriggered,
    LateSubBar,
    OrderSubmitting,
    PermitRefused,
    QualityAssessed,
    SessionClosed,
    SessionOpened,
    TradeClosed,
    TradeOpened,
)
from domain.units import MINUTE, SECOND
from execution_world import wants
from live_market import OPEN, Stage, minute, pieces
from market_builders import PRICE
from ports.market import ClockSample, Piece, TradingHours, Trouble, TroubleSeen
from trading_floor import START

FILLED = dict.fromkeys(range(110, 113), -1)
"""A dip after the ninth minute, which fills a limit at its close."""


def test_each_minute_closes_with_its_last_piece_and_is_decided_at_once() -> None:
    stage = Stage()
    stage.market.plan(pieces(OPEN, 600))
    stage.until(minute(11))
    bars = stage.of(BarClosed)
    assert [b.bar.open_time for b in bars] == [minute(n) for n in range(10)]
    assert all(b.bar.n_sub == 12 and b.bar.mean_spread_ticks == 1.0 for b in bars)
    late = [b.bar.received_at - b.bar.close_time for b in bars]
    assert max(late) < SECOND
    assert len(stage.of(DecisionMade)) == 10
    assert all(q.dvs_bp == 10_000 for q in stage.of(QualityAssessed))
    stage.told_again()


def test_a_trade_is_made_and_the_record_can_be_told_again() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 90 * 60, FILLED | {300: 20}))
    stage.until(minute(90))
    assert len(stage.of(OrderSubmitting)) == 1
    assert stage.of(OrderSubmitting)[0].order_ref in stage.broker.sent
    assert len(stage.of(TradeOpened)) == len(stage.of(TradeClosed))
    assert not stage.core.desk.law.killed
    assert [t.exit_reason for t in stage.of(TradeClosed)] == ["TARGET"]
    assert stage.broker._cash - START == stage.core.desk.law.net_day
    stage.told_again()


def test_a_minute_short_of_pieces_closes_by_the_clock_and_late_ones_are_dropped() -> None:
    stage = Stage()
    script = pieces(OPEN, 300)
    held = [one for one in script if isinstance(one[1], Piece)][35]  # the last of minute 2
    script.remove(held)
    late = (held[0] + 4 * SECOND, held[1])
    gone = [
        o for o in script if minute(3) < o[0] < minute(3) + 10 * SECOND and isinstance(o[1], Piece)
    ]
    for one in gone:
        script.remove(one)  # so that no later piece closes the minute
    stage.market.plan([*script, late])
    stage.until(minute(6))
    bars = {b.bar.open_time: b.bar for b in stage.of(BarClosed)}
    assert bars[minute(2)].n_sub == 11
    assert minute(3) + 3 * SECOND <= bars[minute(2)].received_at < minute(3) + 5 * SECOND
    assert [(e.minute, e.cause) for e in stage.of(LateSubBar)] == [(minute(2), "late")]
    stage.told_again()


def test_silence_lowers_the_score_step_by_step_and_kills() -> None:
    stage = Stage()
    stage.market.plan(pieces(OPEN, 300))
    stage.until(minute(5) + 170 * SECOND)
    stale = [q for q in stage.of(QualityAssessed) if q.cause == "stale"]
    assert [(q.dvs_bp, q.staleness_bp) for q in stale] == [(5000, 5000)]
    assert minute(5) + 90 * SECOND < stale[0].at < minute(5) + 93 * SECOND
    assert not stage.core.desk.law.killed
    stage.until(minute(5) + 185 * SECOND)
    assert [k.trigger for k in stage.of(KillTriggered)] == ["DVS_KILL"]
    stage.told_again()


def test_a_feed_that_never_begins_is_silent_from_the_open_on() -> None:
    stage = Stage(start=OPEN - 10 * MINUTE)
    stage.until(OPEN + 179 * SECOND)
    assert not stage.core.desk.law.killed
    stage.until(OPEN + 185 * SECOND)
    assert [k.trigger for k in stage.of(KillTriggered)] == ["DVS_KILL"]
    stage.told_again()


def test_silence_without_a_session_is_nothing() -> None:
    stage = Stage(start=OPEN - 60 * MINUTE)
    stage.until(OPEN - MINUTE)
    assert not stage.of(QualityAssessed)
    stage.told_again()


def test_silence_that_was_judged_in_vain_is_not_remembered() -> None:
    """Only what is recorded is told again, so nothing else may change what comes of it."""
    stage = Stage()
    told = []
    for asked in (False, True):
        core = stage.make_core()
        core.started("PAPER", "", OPEN - MINUTE)
        for n in range(3):
            core.bar(full_bar(n))
        now = minute(6) + 10 * SECOND
        core.started("PAPER", "", now)
        core.dealing.connection(True, "start", now)
        if asked:
            assert not core.surroundings.silence(now + SECOND).events
        core.bar(full_bar(5))  # with two minutes missing before it
        assert core.desk.dvs_bp < 10_000
        told.append(core.surroundings.silence(now + 2 * SECOND).events)
    assert told[0] == told[1]


def full_bar(n: int) -> Bar:
    prices = (PRICE, PRICE, PRICE, PRICE)
    return Bar(minute(n), *prices, 100 + n, PRICE, PRICE + 1, 1.0, 12, minute(n + 1))


def test_a_broken_link_while_flat_kills_nothing_and_costs_execution_quality() -> None:
    from adapters.fake.faults import Fault, FaultKind, Plan

    plan = Plan([Fault(FaultKind.LINK_DOWN, minute(5), 300)])
    stage = Stage(plan=plan)
    script = [o for o in pieces(OPEN, 1200) if not minute(5) <= o[0] < minute(10) + 5 * SECOND]
    stage.market.plan(script)
    stage.until(minute(18))
    assert not stage.of(KillTriggered)
    assert [i.kind for i in stage.of(ExecutionIncident)] == ["CONNECTION_LOST"]
    assert minute(5) + 5 * SECOND < stage.of(ExecutionIncident)[0].at < minute(5) + 8 * SECOND
    assert stage.core.desk.reconciled
    stage.told_again()


def test_a_trouble_forbids_entries_until_it_is_over() -> None:
    stage = Stage({8: wants(1), 12: wants(1)})
    at = minute(3)
    stage.market.plan(pieces(OPEN, 20 * 60))
    stage.market.plan([(at, TroubleSeen(at, Trouble.DELAYED_DATA, True, "delayed"))])
    stage.until(minute(11))
    assert [r.reason for r in stage.of(PermitRefused)] == ["OBSERVE_ONLY"]
    assert not stage.of(OrderSubmitting)
    at = minute(11)
    stage.market.plan([(at, TroubleSeen(at, Trouble.DELAYED_DATA, False, "live again"))])
    stage.until(minute(15))
    assert len(stage.of(OrderSubmitting)) == 1
    stage.told_again()


def test_a_full_disk_and_a_guard_that_cannot_be_written_refuse_the_permit() -> None:
    for spoil in ("free_mb", "guard_fault"):
        stage = Stage({8: wants(1)})
        setattr(stage, spoil, 499 if spoil == "free_mb" else "cannot be written")
        stage.market.plan(pieces(OPEN, 900))
        stage.until(minute(12))
        assert [r.reason for r in stage.of(PermitRefused)] == ["PERMIT_REFUSED_HOST"]
        stage.told_again()


def test_a_clock_that_jumps_asks_the_broker_before_anything_else() -> None:
    stage = Stage()
    stage.market.plan(pieces(OPEN, 900))
    stage.until(minute(5))
    stage.clock.wall += 3 * SECOND
    reads = stage.core.desk.read_at
    stage.until(minute(5) + 10 * SECOND)
    jumps = [h for h in stage.of(HostState) if h.jump]
    assert len(jumps) == 1
    assert "clock jump" in jumps[0].unfit
    assert stage.core.desk.read_at > reads
    assert stage.core.desk.unfit == ()
    stage.told_again()


def test_clocks_apart_cost_trust_and_far_apart_forbid_entries() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 900))
    at = minute(7) + 10 * SECOND
    stage.market.plan([(at, ClockSample(at, at // SECOND * SECOND - 33 * SECOND))])
    stage.until(minute(8) - SECOND)
    assert stage.core.desk.clock_unfit
    stage.until(minute(10))
    assert not stage.core.desk.clock_unfit
    skewed = [q for q in stage.of(QualityAssessed) if q.minute == minute(7)]
    assert ("CLOCK_SKEW", 2500) in skewed[0].penalties
    assert not stage.of(OrderSubmitting)
    stage.told_again()


def test_the_brokers_hours_close_a_day_and_cut_one_that_is_open() -> None:
    day = Stage().core.session_at(OPEN).date
    stage = Stage(start=OPEN - MINUTE)
    stage.market.plan([(OPEN - 50 * SECOND, TradingHours(OPEN, (day,), ()))])
    stage.market.plan(pieces(OPEN, 600))
    stage.until(minute(8))
    assert not stage.of(DecisionMade)
    assert not stage.core.desk.law.killed
    stage.told_again()

    stage = Stage()
    closes = minute(30)
    stage.market.plan(pieces(OPEN, 45 * 60))
    stage.market.plan([(minute(10), TradingHours(OPEN, (day,), ((OPEN, closes),)))])
    stage.until(minute(44))
    assert len(stage.of(DecisionMade)) == 30
    assert [c.at for c in stage.of(SessionClosed)] == [closes]
    stage.told_again()


def test_a_piece_that_is_no_bar_costs_its_minute() -> None:
    stage = Stage()
    script = pieces(OPEN, 300)
    n = next(
        i for i, o in enumerate(script) if isinstance(o[1], Piece) and o[0] > minute(2) + SECOND
    )
    at, piece = script[n]
    script[n] = (at, Piece(piece.sub._replace(on_grid=False), at))
    stage.market.plan(script)
    stage.until(minute(6))
    assert [r.minute for r in stage.of(BarRejected)] == [minute(2)]
    assert len(stage.of(DecisionMade)) == 4
    stage.told_again()


def test_a_start_inside_a_minute_leaves_it_out() -> None:
    stage = Stage(start=OPEN + 17 * SECOND)
    stage.market.plan(o for o in pieces(OPEN, 300) if o[0] > OPEN + 20 * SECOND)
    stage.until(minute(6))
    assert [b.bar.open_time for b in stage.of(BarClosed)] == [minute(n) for n in range(1, 5)]
    assert all(q.dvs_bp == 10_000 for q in stage.of(QualityAssessed) if q.cause != "stale")
    stage.told_again()


def test_an_end_that_is_asked_for_leaves_nothing_open() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 40 * 60, FILLED))
    while not stage.core.desk.expected_position and stage.clock.now() < minute(30):
        stage.loop.turn()
    assert stage.core.desk.expected_position
    stage.loop.stop_asked = True
    began = stage.clock.now()
    stage.until(minute(39))
    assert stage.loop.over()
    assert stage.clock.now() - began <= 11 * SECOND
    assert stage.broker._position == 0
    assert [t.exit_reason for t in stage.of(TradeClosed)] == ["OPERATOR"]
    stage.told_again()


def test_a_kill_file_ends_the_run_flat() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 40 * 60, FILLED))
    while not stage.core.desk.expected_position and stage.clock.now() < minute(30):
        stage.loop.turn()
    stage.kill_file = "out"
    stage.until(minute(39))
    assert stage.loop.how == "killed"
    assert stage.kill_file is None
    assert [(k.trigger, k.detail) for k in stage.of(KillTriggered)] == [("MANUAL", "out")]
    assert stage.broker._position == 0
    stage.told_again()


def test_on_the_gateways_clock_a_day_passes_as_it_would_on_the_hosts() -> None:
    host, gateway = Stage({8: wants(1)}), Stage({8: wants(1)}, gateway=True)
    for stage in (host, gateway):
        stage.market.plan(pieces(OPEN, 60 * 60, FILLED | {300: 20}))
    host.until(minute(61))
    gateway.market.ahead = [(OPEN + n * 100_000, one) for n, (_, one) in
                            enumerate(gateway.market.ahead)]  # fmt: skip
    gateway.until(OPEN + 30 * SECOND)
    decided = [[(e.at, e.record.action, e.record.reason) for e in s.of(DecisionMade)]
               for s in (host, gateway)]  # fmt: skip
    assert len(decided[1]) == 60
    assert decided[0] == decided[1]
    assert [(t.exit_reason, t.net) for t in gateway.of(TradeClosed)] == [
        (t.exit_reason, t.net) for t in host.of(TradeClosed)
    ]
    assert not gateway.core.desk.law.killed
    gateway.told_again()


def test_a_crash_goes_on_where_it_was_with_the_missing_minutes_as_gaps() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 40 * 60, FILLED))
    stage.until(minute(9) + 40 * SECOND)
    held = stage.core.desk.expected_position
    while stage.clock.now() < minute(10) + 50 * SECOND:
        stage.market.wait(10)
        stage.market.drain()
    stage.again()
    stage.until(minute(20))
    assert stage.core.desk.reconciled
    assert len(stage.of(OrderSubmitting)) == 1
    gaps = [q.minute for q in stage.of(QualityAssessed) if q.cause == "gap"]
    assert gaps == [minute(9), minute(10)]
    assert held == 1
    stage.told_again()


def test_only_a_minute_that_something_follows_from_waits_for_the_disk() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 600))
    synced_by: list[tuple[bool, set[type]]] = []
    commit, memory = stage.memory.commit, stage.memory

    def seen(synced: bool = True) -> None:
        synced_by.append((synced, {type(e) for e in memory.events[memory.durable :]}))
        commit(synced)

    memory.commit = seen  # type: ignore[method-assign]
    stage.until(minute(10))
    decided = [(synced, kinds) for synced, kinds in synced_by if DecisionMade in kinds]
    assert len(decided) == 9
    for synced, kinds in decided:
        assert synced is bool(kinds & {OrderSubmitting, SessionOpened})
    assert [synced for synced, _ in decided].count(True) == 2
    others = [kinds for synced, kinds in synced_by if not synced and DecisionMade not in kinds]
    assert all(kinds <= {AccountSnapshot, QualityAssessed} for kinds in others)


def test_account_figures_that_come_with_the_bar_cost_an_entry_no_sync_of_their_own() -> None:
    stage = Stage({8: wants(1)})
    stage.market.plan(pieces(OPEN, 600))
    stage.until(minute(9))
    batches: list[set[type]] = []
    commit, memory = stage.memory.commit, stage.memory

    def counted(synced: bool = True) -> None:
        batches.append({type(event) for event in memory.events[memory.durable :]})
        commit(synced)

    memory.commit = counted  # type: ignore[method-assign]
    stage.until(minute(9) + SECOND)
    sent = next(n for n, batch in enumerate(batches) if OrderSubmitting in batch)
    assert {AccountSnapshot, BarClosed, DecisionMade} <= batches[sent]
    assert not any(batches[:sent])


def test_a_quiet_minute_is_read_once_and_a_difference_twice() -> None:
    stage, reads = Stage(), []
    answer = stage.broker.read
    stage.broker.read = lambda now: (reads.append(now), answer(now))[1]
    stage.market.plan(pieces(OPEN, 600))
    stage.until(minute(10))
    assert 9 <= len(set(reads)) <= 11
    assert len(reads) <= len(set(reads)) + 2  # the first one was confirmed at once
    assert stage.core.desk.reconciled
    stage.told_again()


def test_on_the_gateways_clock_a_quiet_minute_waits_for_the_real_one() -> None:
    stage, reads = Stage({8: wants(1)}, gateway=True), []
    answer = stage.broker.read
    stage.broker.read = lambda now: (reads.append(now), answer(now))[1]
    stage.market.plan(pieces(OPEN, 20 * 60, FILLED))
    stage.until(minute(5))
    assert len(set(reads)) >= 4
    assert [stage.run.too_soon() for _ in range(2)] == [False, True]  # no time between the two
    stage.run.too_soon = lambda: True
    before = len(reads)
    stage.until(minute(8))
    assert len(reads) == before
    stage.until(minute(12))
    assert stage.of(TradeOpened)
    assert len(reads) > before  # something of ours is at stake: nothing is left out
