"""Go on with the run that a named store holds: what was asked for, and what the record says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.fake.broker import FakeBroker
from adapters.fake.recall import Recall
from adapters.store.canonical import genesis
from adapters.store.connect import shown
from adapters.store.reading import StoreReading, reading
from adapters.wire.recording import StoredRecording
from application.cli.adopting import adopted, last_under_others
from application.cli.recorded import fields_of
from application.container import Feed, RunContainer, Store
from application.day import TradingDay
from application.playback import LaterBars
from application.resume import Extent, Resumption, Retraced, ending_begun
from application.runner import Observer, Place, SimulatedRun
from application.settings import Mode, Settings
from domain.units import MINUTE, UtcNanos
from ports.errors import BadInput, StoreDamaged, StoreFailure
from ports.recording import DivergedError, Entry


class Recorded(NamedTuple):
    """What a store says about the run before.

    `extent` is what of it is folded, `last_bar` the open of its last bar, `config_hash` that of
    the process that wrote last, `ended` whether it ended in order.
    """

    extent: Extent
    last_bar: UtcNanos
    config_hash: str
    ended: bool


class Folded(NamedTuple):
    """A run beside its record, and what of the record is to come again."""

    resumption: Resumption
    run: SimulatedRun
    log: Retraced
    rest: Sequence[Entry]


def go_on(
    container: RunContainer, settings: Settings, feed: Feed, store: Store, observe: Observer
) -> tuple[SimulatedRun, Feed]:
    """Bring core, broker and run to where the record of `store` ends; the run, and what of `feed`
    is later than the record.

    Errors: StoreFailure if the record cannot be rebuilt; BadInput if it cannot be gone on with
    under these settings; DivergedError if it goes on otherwise than the run does.
    """
    core = container.core()
    with reading(store.url) as found:
        if found is None:
            raise StoreFailure(f"{shown(store.url)}: there is no store any more")
        try:
            was = _recorded(found)
            same = was.config_hash == container.config_hash()
            extent = was.extent if same else Extent(None, found.tip().seq)
            folded = _folded(container, store, found, extent, observe)
        except DivergedError as error:
            raise StoreDamaged(
                f"{shown(store.url)} cannot be gone on with: its run cannot be rebuilt: {error}; "
                "`tradebot replay` shows the difference; a record that is damaged for good is "
                "left behind by naming a new store"
            ) from error
    if not same and settings.run_mode is Mode.OBSERVE and not core.desk.flat:
        reason = f"{shown(store.url)} holds an open position, which OBSERVE does not touch"
        raise BadInput("settings", "mode", reason)
    run = folded.run
    ending = extent.fold_to is None or ending_begun(folded.rest, core.open_session)
    folded.resumption.take_up()
    if ending and not was.ended:
        run.finish((), flatten=True)
    later = _later(feed, was, core)
    first = next(iter(later.bars), None)
    if folded.log.retracing and first is not None:
        # The minute in which the process died: before a signal or a kill can end the run.
        run.play((first,), settings.max_bars, settings.until)
        later = Feed(later.warmup, LaterBars(feed.bars, run.now - MINUTE), feed.synthetic)
    return run, later


def _folded(
    container: RunContainer, store: Store, found: StoreReading, extent: Extent, observe: Observer
) -> Folded:
    """Fold the record of `found`. Errors: DivergedError."""
    broker = container.broker()
    if not isinstance(broker, FakeBroker):
        raise BadInput(
            "settings", "db", f"{shown(store.url)}: only the fake broker can recall a run"
        )
    recalling, place, codec = Recall(broker), Place(), store.journal.codec
    beginning = genesis(found.identity.symbol, found.identity.config_hash)
    recording = StoredRecording(found.events(), codec, beginning)
    edge = last_under_others(found, container.contracts())
    if edge:
        place = adopted(found, edge, container.core(), recalling, codec)
        head = found.head_at(edge) or beginning
        recording = StoredRecording(found.events(edge), codec, head, edge)
    store.log = log = Retraced(store.journal, recording)
    run = container.run(observe=observe)
    resumption = Resumption(container.core(), run, recalling, place)
    resumption.fold(recording, extent, container.summary())
    rest = recording.rest()
    for entry in rest:  # what is still to be compared must at least be what was written
        fields_of(entry.row)
    log.folded()
    return Folded(resumption, run, log, rest)


def _later(feed: Feed, was: Recorded, core: TradingDay) -> Feed:
    """What of `feed` is not recorded yet."""
    warmup = [bar for bar in feed.warmup if bar.open_time > was.last_bar]
    session = core.open_session
    if session is not None and any(bar.open_time < session.close for bar in warmup):
        reason = f"holds minutes of {session.date}, whose session is being traded"
        raise BadInput("settings", "warmup", reason)
    bars = LaterBars(feed.bars, was.last_bar)
    if was.ended and not bars.minutes:
        bars.tail = ()
    return Feed(warmup, bars, feed.synthetic)


def _recorded(store: StoreReading) -> Recorded:
    """Find out how the run before ended."""
    started, stopped = store.last("RunStarted"), store.last("RunStopped")
    bar = store.last("BarClosed")
    last_bar = -1 if bar is None else bar.ts_event - MINUTE
    config = store.identity.config_hash
    if started is None:
        return Recorded(Extent(None, 0), last_bar, config, ended=True)
    facts = fields_of(started)
    config = str(facts.get("config_hash", config))
    if stopped is not None and stopped.seq > started.seq:
        return Recorded(Extent(None, stopped.seq), last_bar, config, ended=True)
    since = 0 if stopped is None else stopped.seq
    acts = [store.last(kind) for kind in ("KillReset", "OperatorCommand")]
    if max((act.seq for act in acts if act), default=0) > max(started.seq, bar.seq if bar else 0):
        return Recorded(Extent(None, since), last_bar, config, ended=False)  # a person came between
    first = next(row.seq for row in store.of_type("RunStarted") if row.seq > since)
    fold_to = first if bar is None else max(first, bar.seq)
    return Recorded(Extent(fold_to, since), last_bar, config, ended=False)
