"""How a live run begins: what the record remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapters.store.canonical import genesis
from adapters.store.reading import StoreReading, reading
from adapters.wire.recording import StoredRecording
from application.cli.adopting import adopted, last_under_others
from application.cli.live_month import last_bar as last_bar_of_month
from application.cli.live_store import LiveStore
from application.cli.recorded import fields_of, recorded_core
from application.container import RunContainer
from application.day import TradingDay
from application.desk import RunFacts
from application.replay import Step, fold
from application.runner import Observer
from application.settings import Settings
from domain.event import Event, FillReceived, OrderSubmitting
from domain.orders import ref_of
from domain.units import MINUTE, Money, Ticks, UtcNanos
from ports.errors import StoreDamaged, StoreFailure
from ports.recording import DivergedError


class Known:
    """Which order references this store has a record of, when their brackets were sent, and at
    which prices it has booked what was executed."""

    def __init__(self) -> None:
        self._groups: dict[str, UtcNanos] = {}
        self._prices: dict[str, Ticks] = {}

    def __call__(self, order_ref: str) -> bool:
        """True if the reference belongs to a bracket that was recorded."""
        ref = ref_of(order_ref)
        return ref is not None and ref.group in self._groups

    def sent_at(self, order_ref: str) -> UtcNanos:
        """When the bracket of the reference was sent; 0 if it was not."""
        ref = ref_of(order_ref)
        return 0 if ref is None else self._groups.get(ref.group, 0)

    def price_of(self, exec_id: str) -> Ticks | None:
        """The price at which an execution was booked; None if it was not."""
        return self._prices.get(exec_id)

    def read(self, store: StoreReading) -> None:
        """Take what a store has recorded. Errors: StoreFailure for a damaged record."""
        try:
            for row in store.of_type("OrderSubmitting"):
                refs = fields_of(row).get("order_refs")
                for ref in refs if isinstance(refs, list) else ():
                    self._add(str(ref), row.ts_event)
            for row in store.of_type("Fill"):
                fill = fields_of(row)
                self._prices[str(fill["exec_id"])] = int(str(fill["price"]))
        except (DivergedError, KeyError, ValueError) as error:
            raise StoreDamaged(f"the record cannot be read: {error}") from error

    def read_store(self, url: str) -> None:
        """Take what the store at `url` has recorded, if there is one. Errors: StoreFailure."""
        with reading(url) as found:
            if found is not None:
                self.read(found)

    def recorded(self, events: Sequence[Event]) -> None:
        """Take what is being recorded."""
        for event in events:
            if isinstance(event, OrderSubmitting):
                self._add(event.order_ref, event.at)
            elif isinstance(event, FillReceived):
                self._prices[event.fill.exec_id] = event.fill.price

    def _add(self, order_ref: str, at: UtcNanos) -> None:
        ref = ref_of(order_ref)
        if ref is not None:
            self._groups.setdefault(ref.group, at)


class Memory(NamedTuple):
    """The core as the record left it; the time of the last input, the open of the last bar of the
    month that was traded last (None without one), and the config hash of the process before."""

    core: TradingDay
    last: UtcNanos
    last_bar: UtcNanos | None
    config_hash: str


def remembered(
    container: RunContainer, settings: Settings, store: LiveStore, account: str, observe: Observer
) -> Memory:
    """Fold the record of `store` for the account with the digest `account`; `observe` is told of
    the run that is gone on with.

    Errors: StoreFailure if it cannot be rebuilt, BadInput if its contracts are not at hand.
    """
    if not store.recorded:
        core = fresh_core(container, settings, account)
        return Memory(core, 0, None, container.config_hash())
    with reading(store.url) as found:
        if found is None:
            raise StoreFailure(f"{store.name}: there is no store any more")
        try:
            return _folded(container, settings, store, found, observe)
        except DivergedError as error:
            raise StoreDamaged(
                f"{store.name} cannot be gone on with: its run cannot be rebuilt: {error}; "
                "`tradebot replay` shows the difference; a record that is damaged for good is "
                "replaced by `tradebot db bind`"
            ) from error


def fresh_core(container: RunContainer, settings: Settings, account: str) -> TradingDay:
    """A core of a live run before its first event; `account` as it is recorded."""
    instrument = container.instrument()
    facts = RunFacts(settings.run_mode.value, account, instrument.symbol, live=True)
    return TradingDay(
        container.contracts(), instrument, facts, container.engine(), container.calendar(),
        container.config_hash(),
    )  # fmt: skip


def _folded(
    container: RunContainer,
    settings: Settings,
    store: LiveStore,
    found: StoreReading,
    observe: Observer,
) -> Memory:
    who, codec = found.identity, store.log.codec
    stopped, started = found.last("RunStopped"), found.last("RunStarted")
    since = 0 if stopped is None else stopped.seq
    edge = last_under_others(found, container.contracts())
    beginning = genesis(who.symbol, who.config_hash)
    if edge:
        core = fresh_core(container, settings, who.account)
        adopted(found, edge, core, _Recalling(), codec)
        head = found.head_at(edge) or beginning
        recording = StoredRecording(found.events(edge), codec, head, edge)
    else:
        core = recorded_core(found, settings, container)
        recording = StoredRecording(found.events(), codec, beginning)
    last, last_bar = 0, None
    bar_row = last_bar_of_month(found)
    if bar_row is not None:
        last_bar = bar_row.ts_event - MINUTE
        last = bar_row.ts_event
    for step in fold(core, recording):
        if step.seq > since:
            observe(step.outcome.events)
        last = max(last, _time_of(step))
    config = container.config_hash()
    if started is not None:
        config = str(fields_of(started).get("config_hash", config))
    return Memory(core, last, last_bar, config)


def _time_of(step: Step) -> UtcNanos:
    return step.input.at


class _Recalling:
    """Nothing is recalled of a broker that remembers by itself."""

    def balance(self, cash: Money) -> None:
        pass
