"""What `tradebot run` does: settings, contracts, bars, store, the run, and what came of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from application.cli.as_json import summary_object
from application.cli.closing import print_summary
from application.cli.ending import Ending
from application.cli.live import LiveLines
from application.cli.live_refusals import refuse_impossible, refuse_live_options
from application.cli.output import ExitCode, give, say
from application.cli.person import who
from application.cli.screen import Screen
from application.collector import seldom_collecting
from application.container import DEFAULT_STORE, Feed, RunContainer, Store
from application.playback import Playback
from application.runner import Observer, SimulatedRun
from application.settings import Adapter, Mode, Settings, load_settings, unknown_names
from application.version import version
from domain.contract_set import Contracts
from domain.event import Event, RunStarted, RunStopped
from domain.instrument import Instrument
from domain.units import SECOND, UtcNanos
from ports.errors import BadInput
from ports.recording import DivergedError


def play(given: Mapping[str, object], as_json: bool) -> ExitCode:
    """Run one session on the fake broker; see cli.md. `given` are the options that were set.

    Errors: BadInput, KillLatchedError, StoreFailure; KeyboardInterrupt before the first bar.
    """
    settings = load_settings(given)
    for name in unknown_names(os.environ):
        say(f"warning: {name} is no setting and has no effect")
    if settings.adapter is not Adapter.FAKE:
        from application.cli.play_live import play_live

        refuse_impossible(settings, given)
        if settings.run_mode is Mode.LIVE:
            from application.cli.check import fit_for_live

            fit = fit_for_live(settings)
            if not fit.may_begin:
                return ExitCode.CHECK_FAILED
            return play_live(settings, given, as_json, fit.failed)
        return play_live(settings, given, as_json)
    _check_possible(settings)
    container = RunContainer(settings=settings)
    clock = container.clock()
    begun = clock.lap()
    contracts, instrument = container.contracts(), container.instrument()
    feed = container.feed()
    core = container.core()
    _warn(contracts, instrument, feed, clock.now())
    store = container.store()
    try:
        ending = _trade(container, settings, feed, store, as_json)
    except DivergedError as error:
        reason = f"its run goes on otherwise than with these bars after its last one: {error}"
        raise BadInput("settings", "db", reason) from error
    finally:
        store.close()
    summary, position = container.summary(), container.broker().position()
    end = ending._replace(
        wall_seconds=clock.lap() - begun,
        position=position.qty,
        working_orders=position.working_orders,
        violations=core.desk.violations,
        rows=feed.bars.rows,
        bars_rejected=feed.bars.rejected,
        learning=core.desk.lessons.learning.statuses(),
    )
    if as_json:
        give(json.dumps(summary_object(settings, contracts, summary, end), indent=2))
    else:
        print_summary(settings, contracts, core.desk, summary, end)
    if end.how == "interrupted":
        say(f"interrupted at the bar of {end.last_seen}; {_position_words(end)}")
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if summary.kill is None else ExitCode.KILLED


def _check_possible(settings: Settings) -> None:
    """Refuse what this version cannot do, before anything is read."""
    if settings.run_mode is Mode.LIVE:
        raise BadInput("settings", "mode", "LIVE needs a real broker; the fake one trades no money")
    refuse_live_options(settings)


def _warn(contracts: Contracts, instrument: Instrument, feed: Feed, now: int) -> None:
    today = datetime.fromtimestamp(now / SECOND, UTC).date()
    if contracts.fee_is_stale(instrument, today):
        say(
            f"warning: the fee of {instrument.symbol} was last confirmed on "
            f"{instrument.fee_confirmed}, more than {contracts.fee_warn_after_days} days ago"
        )
    if feed.bars.rejected:
        say(f"warning: {feed.bars.rejected} of {feed.bars.rows} rows are no bars and were dropped")


def _trade(
    container: RunContainer, settings: Settings, feed: Feed, store: Store, as_json: bool
) -> Ending:
    """Play the feed to its end, or to where it is stopped; everything recorded and flat."""
    clock, summary = container.clock(), container.summary()
    run_id = f"{datetime.fromtimestamp(clock.now() / SECOND, UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    screen = Screen(on_stderr=as_json, total=feed.bars.minutes)
    lines = LiveLines(container.instrument(), screen.line)

    def observe(events: Sequence[Event]) -> None:
        summary(events)
        lines(events)

    run, feed = _begin(container, settings, feed, store, observe)
    log = store.log
    playback = Playback(feed.bars, settings.speed, clock.sleep, screen.progress, store.note.read)
    started = RunStarted(
        clock.now(),
        run_id,
        settings.run_mode.value,
        settings.adapter.value,
        container.core().desk.run.account,
        container.config_hash(),
        version(),
        settings.engine.value,
        store.store_id,
        strategies=tuple(each.loaded for each in container.contracts().outside),
    )
    with screen, _stopping(playback), seldom_collecting():
        container.core().started(started.mode, started.config_hash)
        log.append([started])
        run.warm_up(feed.warmup)
        run.play(playback, settings.max_bars, settings.until)
        killed = _killed(run, playback, store, clock.now())
        run.finish(feed.bars.tail if playback.exhausted else (), flatten=not playback.exhausted)
        killed = killed or _killed(run, playback, store, clock.now())
    how = "killed" if killed else _how(playback)
    log.append([RunStopped(clock.now(), run_id, how)])
    log.commit()
    return Ending(
        run_id=run_id,
        how=how,
        events=log.count,
        chain_head=log.head,
        store=store.url,
        store_is_default=store.url == DEFAULT_STORE,
        synthetic=feed.synthetic,
        kept=store.kept,
        last_seen=lines.last_seen,
    )


def _begin(
    container: RunContainer, settings: Settings, feed: Feed, store: Store, observe: Observer
) -> tuple[SimulatedRun, Feed]:
    """The run, and what of the feed it has not played; a named store's run is gone on with."""
    if not store.recorded:
        return container.run(observe=observe), feed
    from application.cli.going_on import go_on

    return go_on(container, settings, feed, store, observe)


def _how(playback: Playback) -> str:
    if playback.stopped:
        return "interrupted"
    return "end of bars" if playback.exhausted else "stopped"


def _killed(run: SimulatedRun, playback: Playback, store: Store, now: UtcNanos) -> bool:
    """Record a person's kill, if there is one."""
    if not playback.look() or playback.killed is None:
        return False
    run.kill(playback.killed, who(), now)
    store.kill_recorded = True
    return True


@contextmanager
def _stopping(playback: Playback) -> Iterator[None]:
    """INT and TERM end the playback between two bars, the second one the process; USR1 kills."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        if playback.stopped:
            raise KeyboardInterrupt
        playback.stop()

    def killed(_number: int, _frame: FrameType | None) -> None:
        playback.kill("signal USR1")

    before = {s: signal.signal(s, heard) for s in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, killed)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _position_words(end: Ending) -> str:
    if end.position == 0 and end.working_orders == 0:
        return "the position is flat and no order is working"
    return f"position {end.position}, {end.working_orders} orders working"
