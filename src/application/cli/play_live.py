"""What `tradebot run` does with a real broker: connect, remember, reconcile, trade, end flat."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from application.cli.as_json import summary_object
from application.cli.closing import print_summary
from application.cli.ending import Ending
from application.cli.kept_contracts import Then, keep_contracts, of_then
from application.cli.live import LiveLines
from application.cli.live_end import (
    end_of_process,
    interruptible,
    signals,
    warn,
    warn_of_fees,
    what_stays,
)
from application.cli.live_gateway import gateway_of
from application.cli.live_month import entered, is_other_month, look_at_month
from application.cli.live_refusals import confirmed, refuse_impossible
from application.cli.live_start import Known, Memory, remembered
from application.cli.live_store import LOOP_STARTS, LOOP_WINDOW, Bound, LiveStore
from application.cli.live_watch import LiveWatch, waiting
from application.cli.output import ExitCode, give, say
from application.cli.screen import Screen
from application.collector import seldom_collecting
from application.container import RunContainer
from application.expiry import Expiry, new_york_day
from application.host import CHECKLIST, MISMATCH, Fitness
from application.live import LiveRun
from application.live_feed import LiveFeed
from application.live_loop import LiveLoop, Parts
from application.live_time import LiveTime
from application.owed_past import NoMinutes
from application.settings import IbkrClock, Mode, Settings
from application.version import version
from application.warm_up import Wanted, WarmUp
from domain.event import AccountSnapshot, Event, RunStarted, RunStopped
from domain.law.restarts import RestartRules, quiet_until
from domain.units import MINUTE, SECOND, UtcNanos
from ports.errors import BrokerDown, PortError
from ports.market import ContractFacts

if TYPE_CHECKING:
    from adapters.ibkr.gateway import Gateway


def play_live(
    settings: Settings, given: Mapping[str, object], as_json: bool, unfit: Sequence[str] = ()
) -> ExitCode:
    """Run against a real broker; see cli.md. `given` are the options of the command line, `unfit`
    what of the checklist failed: such a run may protect and exit only.

    Errors: BadInput, StoreFailure, GuardFailure, BrokerDown, BrokerRefused.
    """
    refuse_impossible(settings, given)
    container = RunContainer(settings=settings)
    lap = container.clock().lap()
    warn_of_fees(container)
    try:
        with interruptible():
            before = _end_under_rules_of_then(settings, container)
            if before is not None and (before.code or before.ending.position):
                say(before.left or f"position {before.ending.position} is still there")
                return before.code or ExitCode.KILLED
            with ExitStack() as stack:
                live, facts = _connected(container, settings, stack, as_json)
                live.hinder(unfit)
                ended = live.run(facts)
    except KeyboardInterrupt:
        say("interrupted before the run began; what was at the broker is as it was")
        return ExitCode.INTERRUPTED
    end = ended.ending._replace(wall_seconds=container.clock().lap() - lap)
    summary, core = live.summary, live.memory.core
    if as_json:
        give(json.dumps(summary_object(settings, container.contracts(), summary, end), indent=2))
    else:
        print_summary(settings, container.contracts(), core.desk, summary, end)
    if ended.left:
        say(ended.left)
    return ended.code


def _end_under_rules_of_then(settings: Settings, container: RunContainer) -> Ended | None:
    """End the run before this one, flat, under the contracts that it was begun with, if it was
    not ended and they are others now (execution.md 5). None where there is nothing to be ended so.

    Errors: as `play_live`.
    """
    then = of_then(settings, container)
    if then is None:
        return None
    say("the last run was not ended, and the contracts are others now: it is ended under those "
        "of then, and nothing is entered")  # fmt: skip
    with ExitStack() as stack:
        at_once = then.settings.model_copy(update={"until": 0})
        live, facts = _connected(then.container, at_once, stack, as_json=True)
        return live.run(facts)


def finish_kill(settings: Settings) -> Ended:
    """Carry out a kill that was ordered where no process runs: the run begins latched, ends what
    is ours at the broker, and is over.

    Errors: as `play_live`, BrokerDown where the link cannot be had.
    """
    house = settings.model_copy(update={"strategies": ()})  # a broken template stops no kill
    now = Then(house, RunContainer(settings=house))
    then = of_then(*now) or now
    with ExitStack() as stack:
        live, facts = _connected(then.container, then.settings, stack, as_json=True, confirm=False)
        return live.run(facts)


def _connected(
    container: RunContainer,
    settings: Settings,
    stack: ExitStack,
    as_json: bool,
    confirm: bool = True,
) -> tuple[_Live, ContractFacts]:
    """A run whose store and guard are this account's, connected and folded; `stack` ends it.

    A kill that only ends what is ours needs no confirmation.
    """
    store = LiveStore(settings, container)
    stack.callback(store.close)
    known = Known()
    known.read_store(store.url)

    def connect(each: Settings, sealed: bool) -> Gateway:
        made = gateway_of(each, container, store.store_id[:4], known, sealed)
        stack.callback(made.market.close)
        return made

    gateway, facts, over = entered(settings, store.begun, connect)
    account = gateway.account()
    bound = store.bind(confirmed(settings, account) if confirm else account)
    if over:
        settings = settings.model_copy(update={"until": 0})
    live = _Live(container, settings, store, bound, gateway, known, as_json)
    live.over = over
    return live, facts


class Ended(NamedTuple):
    """How the run ended: facts for the summary, the exit code, and what is to be said last."""

    ending: Ending
    code: ExitCode
    left: str


class _Live:
    """One live run from its first event to its last."""

    def __init__(
        self,
        container: RunContainer,
        settings: Settings,
        store: LiveStore,
        bound: Bound,
        gateway: Gateway,
        known: Known,
        as_json: bool,
    ) -> None:
        self._container, self._settings = container, settings
        self._store, self._bound, self._gateway = store, bound, gateway
        self._clock = container.clock()
        self.summary = container.summary()
        self.over = ""
        """The month that has ended with a trade open in the record."""
        self.memory: Memory = remembered(
            container, settings, store, bound.owner.account, self.summary
        )
        core = self.memory.core
        bound.keeper.adopt(store.log, core.desk.law, bound.latch)
        self._time = LiveTime(
            gateway.market, settings.ibkr_clock is IbkrClock.GATEWAY, self.memory.last
        )
        screen = Screen(on_stderr=as_json, total=0)
        self._watch = LiveWatch(container, settings, store, bound, gateway.account(), screen)
        self._lines = LiveLines(container.instrument(), self._watch.line)

        def observe(events: Sequence[Event]) -> None:
            known.recorded(events)
            self.summary(events)
            self._lines(events)
            self._watch(events)

        self._run = LiveRun(
            core, gateway.broker, store.log, bound.note.read, observe, bound.keeper,
            self._time.now, bound.remove_note,
        )  # fmt: skip
        rules = container.contracts().constitution
        quality = container.contracts().quality
        self._fitness = Fitness(
            lambda: store.free_mb(bound.guard_path),
            rules.min_free_disk_mb,
            lambda: bound.keeper.fault,
            (quality.clock_skew_seconds * SECOND, quality.clock_good_samples),
        )
        self._restarts = RestartRules(
            LOOP_STARTS, LOOP_WINDOW, rules.restart_quiet_minutes * MINUTE
        )

    def hinder(self, unfit: Sequence[str]) -> None:
        """Let nothing be entered in this run if something of the checklist failed."""
        if unfit:
            self._fitness.hinder(CHECKLIST, ", ".join(unfit))

    # ---- the run

    def run(self, facts: ContractFacts) -> Ended:
        """Begin, turn until the end, and say how it was."""
        settings, store, core = self._settings, self._store, self.memory.core
        store.journal.grow_log()
        began = self._time.next()
        run_id = f"{datetime.fromtimestamp(began / SECOND, UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        say(f"{settings.run_mode.value} on {settings.adapter.value}, {facts.local_symbol}, "
            f"account {self._watch.account}, store {store.name}")  # fmt: skip
        if facts.doubtful:
            self._watch.month_in_doubt(facts.why, began)
        rule = self._container.contracts().session.roll_business_days
        expiry = Expiry(facts, self._container.calendar(), rule)
        look_at_month(self._fitness, expiry, self.over, new_york_day(began))
        started = RunStarted(
            began, run_id, settings.run_mode.value, settings.adapter.value,
            core.desk.run.account, self._container.config_hash(), version(),
            settings.engine.value, store.store_id, settings.accept_config or "",
            tuple(each.loaded for each in self._container.contracts().outside),
            self.over or facts.local_symbol,
        )  # fmt: skip
        if not self.over and is_other_month(core, facts.local_symbol, began):
            say(f"{facts.local_symbol} after {core.desk.run.contract}: warmed up from its own past")
            self.memory = self.memory._replace(last_bar=None)
        core.started(started.mode, started.config_hash, began, started.contract)
        store.log.append([started])
        keep_contracts(settings, self._container, self._bound.guard_path)
        loop, warm = self._loop(began)
        with signals(loop), seldom_collecting():
            try:
                self._begin(began, warm)
                interrupted, failed = self._turn(loop)
            except KeyboardInterrupt:
                interrupted, failed = True, False
        return self._ended(loop, run_id, interrupted, failed)

    def _begin(self, began: UtcNanos, warm: WarmUp) -> None:
        """Latches first, then the broker, then the past."""
        self._latches(began)
        self._meet_broker()
        warm.begin(self._time.next())
        if warm.owed:
            warn(f"{warm.owed}: nothing is entered until it is there")
        else:
            self._warmed(warm.sessions)

    def _warmed(self, sessions: int) -> None:
        least = self._container.contracts().session.warmup_sessions_min
        if sessions < least and self.memory.last_bar is None:
            warn(f"{sessions} earlier sessions to warm up with, {least} are wanted")

    def _loop(self, began: UtcNanos) -> tuple[LiveLoop, WarmUp]:
        container, core, market = self._container, self.memory.core, self._gateway.market
        aggregation = container.contracts().quality.aggregation
        last_bar, session = self.memory.last_bar, container.contracts().session
        wanted = Wanted(session.warmup_sessions_min, session.warmup_sessions_preferred)
        warm = WarmUp(
            core, self._run, market, container.calendar(), last_bar, self._clock.steady, wanted,
            self._warmed,
        )  # fmt: skip
        feed = LiveFeed(container.instrument(), aggregation, began, last_bar)
        parts = Parts(
            core, self._run, self._gateway.broker, market, self._clock, self._time, feed,
            self._fitness, warm, self._watch.beat, self._watch.item, self._second,
            NoMinutes() if self.over else warm,
        )  # fmt: skip
        self._run.beat = self._watch.beat
        self._fitness.quiet_until = quiet_until(self._bound.starts, began, self._restarts)
        if self._bound.verdict.start.name == "NO_ENTRIES":
            self._fitness.hinder(MISMATCH, self._bound.verdict.reason)
        self._watch.verdict(self._bound.verdict, began)
        return LiveLoop(parts, self._settings.until, self._settings.max_bars), warm

    def _latches(self, now: UtcNanos) -> None:
        """Latches that stand beside the store, and one start too many."""
        bound, store = self._bound, self._store
        if bound.latch is not None and not store.latched and bound.latch.trigger != "MANUAL":
            self._run.latch(bound.latch.trigger, bound.latch.detail, "guard file", now)
        elif bound.latch is not None and not store.latched and bound.note.read() is None:
            self._run.take(self.memory.core.dealing.operator(
                "kill", bound.latch.detail, "guard file", now
            ))  # fmt: skip
        if self._settings.run_mode is not Mode.OBSERVE and bound.too_many_starts(
            store.begun, self._restarts
        ):
            detail = f"{LOOP_STARTS} starts within {LOOP_WINDOW // MINUTE} minutes"
            self._run.latch("RESTART_LOOP", detail, "start", self._time.next())
        self._run.settle()

    def _meet_broker(self) -> None:
        """Reconcile; then end a trade that was opened under other rules (execution.md 5)."""
        core, run = self.memory.core, self._run
        run.take(core.dealing.connection(True, "start", self._time.next()))
        account = self._gateway.broker.account()
        if isinstance(account, AccountSnapshot) and core.desk.account is None:
            run.take(core.dealing.account(account._replace(at=self._time.next())))
        run.settle()
        if core.desk.alive and self.memory.config_hash != self._container.config_hash():
            run.take(core.flatten("OPERATOR", self._time.next()))
            run.settle()

    def _turn(self, loop: LiveLoop) -> tuple[bool, bool]:
        """Turn until the end: whether it was cut short, and whether the loop failed."""
        keeper = self._bound.keeper
        tell, end = end_of_process(
            lambda trigger, detail: keeper.latched(trigger, detail, self._clock.now())
        )
        failed = False
        with self._watch.guarded(tell, end):
            try:
                while not loop.over():
                    try:
                        loop.turn()
                    except KeyboardInterrupt:  # the second signal
                        raise
                    except BaseException as error:  # a panic of native code is no Exception
                        if failed:
                            raise
                        failed = True
                        self._loop_failed(loop, error)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - a second failure: it can only be told
                say(f"the loop failed again: {type(error).__name__}: {error}")
                return True, True
        return False, failed

    def _loop_failed(self, loop: LiveLoop, error: BaseException) -> None:
        """An unhandled exception in the loop: latch, and try the sequence with what still works."""
        detail = f"{type(error).__name__}: {error}"
        self._bound.keeper.latched("LOOP_FAILURE", detail, self._clock.now())
        say(f"KILL LOOP_FAILURE: {detail}")
        self._run.latch("LOOP_FAILURE", detail, "loop", self._time.next())

    def _second(self, now: UtcNanos) -> None:
        states = waiting(self.memory.core.desk) | self._fitness.states
        self._watch.second(now, states, self._run.store_failed)

    # ---- the end

    def _ended(self, loop: LiveLoop, run_id: str, cut: bool, failed: bool) -> Ended:
        core, store, now = self.memory.core, self._store, self._time.next()
        desk = core.desk
        session = core.open_session
        with suppress(PortError):
            if session is not None and now >= session.close and not desk.alive:
                self._run.take(core.end(now))
                self._run.settle()
        killed = desk.law.killed
        how = "killed" if killed else "interrupted" if cut or loop.stop_asked else loop.how
        with suppress(PortError):
            store.log.append([RunStopped(self._time.next(), run_id, how)])
            store.log.commit()
        if not cut:
            self._bound.keeper.end()
        position, working = desk.expected_position, desk.working_orders
        try:
            position, working = self._gateway.broker.position()
        except BrokerDown:
            warn("the broker does not answer: position and orders are as last known")
        self._watch.close(now)
        ending = Ending(
            run_id=run_id, how=how, events=store.log.count, chain_head=store.log.head,
            store=store.url, store_is_default=self._settings.db is None, synthetic=False,
            kept=None, last_seen=self._lines.last_seen, position=position,
            working_orders=working, violations=desk.violations, rows=self._watch.pieces,
            learning=desk.lessons.learning.statuses(),
        )  # fmt: skip
        return self._judged(loop, ending, killed, cut, failed)

    def _judged(
        self, loop: LiveLoop, ending: Ending, killed: bool, cut: bool, failed: bool
    ) -> Ended:
        stays = what_stays(self.memory.core.desk, self._container.instrument())
        if self._run.store_failed is not None:
            say(f"the store refused: {self._run.store_failed}")
        if killed or failed:
            return Ended(ending, ExitCode.KILLED, f"killed; {stays}")
        if cut or loop.stop_asked:
            return Ended(ending, ExitCode.INTERRUPTED, f"interrupted; {stays}")
        return Ended(ending, ExitCode.DONE, "")
