"""The composition root: which object gets which, for one simulated run.

Constructors take what they need; nothing else looks anything up. Adapters are imported
inside the factories, so that a run loads no library that it does not use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dependency_injector import containers, providers

from application.binding import Owner, bound_after, taken_by
from application.day import TradingDay
from application.desk import RunFacts
from application.playback import GivenBars
from application.refusals import KillLatchedError
from application.runner import Observer, SimulatedRun
from application.settings import Adapter, Settings
from application.summary import RunSummary
from domain.bar import Bar
from domain.contract_set import Contracts
from domain.instrument import Instrument
from domain.session import Session
from domain.units import DAY, SECOND, UtcNanos
from ports.bars import BarItem, RecordedBars
from ports.broker import SimulatedBroker
from ports.calendar import Calendar
from ports.clock import Clock
from ports.engine import Engine
from ports.errors import BadInput, StoreFailure
from ports.event_log import EventLog
from ports.guard import KillNote

if TYPE_CHECKING:
    from adapters.clock.system import SystemClock
    from adapters.fake.broker import FakeBroker
    from adapters.store.opening import WriteLock
    from adapters.wire.log import JournalLog

DEFAULT_STORE: Final = "sqlite:///var/tradebot.db"
SYNTHETIC_NOON: Final = datetime(2025, 6, 11, 17, tzinfo=UTC)
"""Inside the session that is traded when no bars are named; those before it warm the signals."""
WARMUP_SESSIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Feed:
    """What a run is fed: minutes of the past, then minutes to trade; `synthetic` if made up."""

    warmup: Sequence[Bar]
    bars: RecordedBars
    synthetic: bool


class Store:
    """An event store open for this run; `kept` is where the one before it went, if anywhere,
    `note` how an operator kills from outside. `log` may be replaced by one that wraps `journal`.
    """

    def __init__(
        self,
        url: str,
        store_id: str,
        journal: JournalLog,
        lock: WriteLock,
        kept: Path | None,
        note: KillNote,
    ) -> None:
        self.url = url
        self.store_id = store_id
        self.journal = journal
        self.log: EventLog = journal
        self.recorded = journal.count
        """Events that the store held when it was opened."""
        self.kept = kept
        self.note = note
        self.kill_recorded = False
        """Set it once an operator's kill is committed: `close` makes it durable, then takes the
        order away."""
        self._lock = lock

    def close(self) -> None:
        """Commit, close, and let another process have it."""
        try:
            self.log.close()
            if self.kill_recorded:
                self.note.remove()
        finally:
            self._lock.release()


def _house(settings: Settings) -> Contracts:
    from adapters.contracts.loader import load_contracts

    return load_contracts(settings.contracts).tightest()


def _contracts(house: Contracts, settings: Settings) -> Contracts:
    """The contracts with the templates from outside that were named, if any."""
    if not settings.strategies:
        return house
    from adapters.strategies.entry_points import with_strategies

    return with_strategies(house, settings.strategies)


def _instrument(contracts: Contracts, settings: Settings) -> Instrument:
    found = contracts.instruments.get(settings.symbol)
    if found is None:
        known = ", ".join(sorted(contracts.instruments))
        raise BadInput(
            "settings", "symbol", f"no instrument {settings.symbol!r}; there are {known}"
        )
    return found


def _calendar(instrument: Instrument) -> Calendar:
    from adapters.calendar.sessions import ExchangeCalendars
    from adapters.calendar.year_store import YearStore

    rth, venue = instrument.rth_calendar, instrument.venue_calendar
    try:
        kept = YearStore(Path.home() / ".cache" / "tradebot", rth, venue)
    except RuntimeError:  # no home folder: work the sessions out anew
        return ExchangeCalendars(rth, venue)
    return ExchangeCalendars(rth, venue, kept)


def _clock() -> SystemClock:
    from adapters.clock.system import SystemClock

    return SystemClock()


def _feed(
    settings: Settings, contracts: Contracts, instrument: Instrument, calendar: Calendar
) -> Feed:
    """Read everything that will be played, so that nothing is traded on half a file."""
    if not settings.bars:
        if settings.warmup:
            raise BadInput("settings", "warmup", "needs --bars: synthetic days bring their own")
        return _synthetic(settings, instrument, calendar)
    from adapters.bars.reader import read_bars

    aggregation = contracts.quality.aggregation
    bars = read_bars(settings.bars, instrument, aggregation, settings.bad_bars)
    warmup: list[Bar] = []
    if settings.warmup:
        past = read_bars(settings.warmup, instrument, aggregation, settings.bad_bars)
        warmup = [item.bar for item in past]
        first = next(iter(bars), None)
        if first is not None and warmup and first.bar.open_time <= warmup[-1].open_time:
            reason = "must end before the bars to trade begin"
            raise BadInput(str(settings.warmup[-1]), "", reason)
    return Feed(warmup, bars, synthetic=False)


def _synthetic(settings: Settings, instrument: Instrument, calendar: Calendar) -> Feed:
    from adapters.bars.synthetic import synthetic_days

    sessions: list[Session] = []
    noon = int(SYNTHETIC_NOON.timestamp()) * SECOND
    while len(sessions) <= WARMUP_SESSIONS:
        session = calendar.session_at(noon)
        if session is not None:
            sessions.insert(0, session)
        noon -= DAY
    *before, day = synthetic_days(settings.seed, instrument, sessions)
    items = tuple(BarItem(bar, (), ()) for bar in day)
    return Feed([bar for bars in before for bar in bars], GivenBars(items), synthetic=True)


def _config_hash(contracts: Contracts, settings: Settings) -> str:
    """Over the contracts and the settings that change decisions, and over nothing else."""
    return contracts.config_hash(
        {
            "mode": settings.run_mode.value,
            "symbol": settings.symbol,
            "equity": str(settings.equity),
            "seed": settings.seed,
        }
    )


def _rust(contracts: Contracts, instrument: Instrument) -> Engine:
    from adapters.engine.rust import RustEngine

    return RustEngine(contracts.engine_parameters(instrument))


def _reference(contracts: Contracts, instrument: Instrument) -> Engine:
    from adapters.engine.reference import ReferenceEngine

    return ReferenceEngine(contracts.engine_parameters(instrument))


def _fake_broker(contracts: Contracts, instrument: Instrument, settings: Settings) -> FakeBroker:
    from adapters.fake.broker import FakeBroker

    return FakeBroker(instrument, contracts.execution, settings.equity, settings.seed)


def store_url(settings: Settings) -> str:
    """The store that was named, or the default one of adapter and mode."""
    if settings.db is not None:
        return settings.db
    if settings.adapter is Adapter.FAKE:
        return DEFAULT_STORE
    name = f"{settings.adapter.value}-{settings.run_mode.value}".lower()
    return f"sqlite:///var/tradebot-{name}.db"


def owner_of(settings: Settings) -> Owner:
    """Whose store and guard this run needs. The fake broker has one account."""
    from adapters.guard.places import account_digest

    adapter = settings.adapter.value
    named = settings.account or settings.confirm_live
    account = account_digest(adapter, named or adapter)
    return Owner(adapter, account, settings.run_mode.value)


def _store(settings: Settings, instrument: Instrument, config_hash: str, clock: Clock) -> Store:
    """Open the run's store: the default one begun afresh, a named one as it is.

    Errors: KillLatchedError if the store holds a latch, or a kill file stands beside it; BadInput
    for a store that is another's; StoreFailure if it is held by another
    process, or cannot be read or written.
    """
    from adapters.guard.kill_file import KillFile
    from adapters.guard.places import Whose, places
    from adapters.store.connect import shown
    from adapters.store.identity import bind
    from adapters.store.journal import open_journal
    from adapters.store.opening import file_of, keep_previous, lock
    from adapters.wire.log import TOGETHER, JournalLog

    url = store_url(settings)
    try:
        path = file_of(url)
    except StoreFailure as error:
        raise BadInput("settings", "db", str(error)) from None
    owner = owner_of(settings)
    note = KillFile(places(Whose(*owner), path, shown(url), settings.state_dir).kill)
    held = lock(url, clock.now())
    try:
        _refuse_unfit(url, settings, owner, note)
        kept = keep_previous(path) if settings.db is None and path is not None else None
        journal = open_journal(url, instrument.symbol, config_hash, clock, background=True)
        try:
            store_id = bind(url, *bound_after(Owner(), owner))
        except BaseException:
            journal.close()
            raise
    except BaseException:
        held.release()
        raise
    log = JournalLog(journal, config_hash, TOGETHER)
    return Store(url, store_id, log, held, kept, note)


def _refuse_unfit(url: str, settings: Settings, owner: Owner, note: KillNote) -> None:
    """Refuse a store that is latched or another's."""
    from adapters.store.connect import shown
    from adapters.store.reading import reading

    words = note.read()
    if words is not None:
        raise KillLatchedError(f"a kill was ordered beside {shown(url)}: {words}")
    with reading(url) as found:
        if found is None:
            return
        latch = found.latch()
        waits = settings.db is not None and (found.law() or {}).get("reset_pending") is True
        if latch is not None and not waits:  # else it observes until its next session
            raise KillLatchedError(_latched(shown(url), latch.trigger))
        who, last = found.identity, found.tip().seq
    reason = taken_by(Owner(who.adapter, who.account, who.mode), owner, last)
    if reason:
        raise BadInput("settings", "db", f"{shown(url)}: {reason}")


def _latched(store: str, trigger: str) -> str:
    return (
        f"{store} holds a kill latch by {trigger}: look at what happened (tradebot status), then "
        f"lift it with `tradebot reset --trigger {trigger} --reason TEXT`"
    )


def _core(
    settings: Settings,
    contracts: Contracts,
    instrument: Instrument,
    engine: Engine,
    calendar: Calendar,
    config_hash: str,
) -> TradingDay:
    account = settings.adapter.name
    facts = RunFacts(settings.run_mode.value, account, instrument.symbol, live=False)
    return TradingDay(contracts, instrument, facts, engine, calendar, config_hash)


def _run(
    core: TradingDay,
    broker: SimulatedBroker,
    store: Store,
    contracts: Contracts,
    settings: Settings,
    observe: Observer,
) -> SimulatedRun:
    sub_bar: UtcNanos = contracts.quality.aggregation.sub_bar
    paced = settings.speed is not None
    return SimulatedRun(core, broker, store.log, observe, sub_bar, at_once=paced)


def _adapter_name(settings: Settings) -> str:
    return settings.adapter.value


def _engine_name(settings: Settings) -> str:
    return settings.engine.value


class RunContainer(containers.DeclarativeContainer):
    """Everything a simulated run is made of; give it the `settings`, ask it for the rest.

    `run` takes one more argument, `observe`: who is told of every batch of events. `house` are
    the contracts alone, for whoever only reads: no code from outside is loaded for them.
    """

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(_clock)
    house = providers.Singleton(_house, settings)
    contracts = providers.Singleton(_contracts, house, settings)
    instrument = providers.Singleton(_instrument, contracts, settings)
    calendar = providers.Singleton(_calendar, instrument)
    feed = providers.Singleton(_feed, settings, contracts, instrument, calendar)
    config_hash = providers.Singleton(_config_hash, contracts, settings)
    engine = providers.Selector(
        providers.Callable(_engine_name, settings),
        rust=providers.Singleton(_rust, contracts, instrument),
        reference=providers.Singleton(_reference, contracts, instrument),
    )
    broker = providers.Selector(
        providers.Callable(_adapter_name, settings),
        **{Adapter.FAKE: providers.Singleton(_fake_broker, contracts, instrument, settings)},
    )
    store = providers.Singleton(_store, settings, instrument, config_hash, clock)
    core = providers.Singleton(
        _core, settings, contracts, instrument, engine, calendar, config_hash
    )
    summary = providers.Singleton(RunSummary, instrument)
    run = providers.Factory(_run, core, broker, store, contracts, settings)
