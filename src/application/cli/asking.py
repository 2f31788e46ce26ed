"""Ask a live store's broker whether all of ours is flat and gone; nothing here can send an order.

And keep the guard file in step with what a person has lifted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.guard.file import open_guard
from adapters.guard.places import Whose, account_digest, places
from adapters.ibkr.accounts import check_kind
from adapters.store.connect import parse_url, shown
from adapters.store.opening import file_of
from adapters.store.reading import StoreReading
from adapters.wire.log import JournalLog
from application.cli.live_gateway import gateway_of
from application.cli.live_start import Known
from application.container import RunContainer
from application.day import TradingDay
from application.settings import Adapter, Mode, Settings
from domain.execution.truth import BrokerTruth
from domain.units import UtcNanos
from ports.broker import BrokerToday
from ports.errors import BadInput, BrokerDown

READS: Final = 3
NO_TAG: Final = "0000"
"""For who asks on behalf of no store: nothing at the broker counts as this one's own."""


def refuse_unless_flat(settings: Settings, store: StoreReading, core: TradingDay) -> None:
    """Read the broker until two reads agree, and hold them against the record.

    Errors: BadInput where something is open there, or both disagree; BrokerDown, BrokerRefused.
    """
    known = Known()
    known.read(store)
    observing = settings.model_copy(update={"adapter": Adapter.IBKR, "mode": Mode.OBSERVE})
    container = RunContainer(settings=observing)
    gateway = gateway_of(observing, container, store.identity.store_id[:4], known)
    try:
        gateway.market.open()
        if account_digest("ibkr", gateway.account()) != store.identity.account:
            raise BadInput("settings", "account", "the gateway has another account")
        truth = gateway.broker.read(gateway.market.now())
        for _ in range(READS):
            again = gateway.broker.read(gateway.market.now())
            if truth.agrees(again):
                break
            truth = again
        else:
            raise BrokerDown("the broker's answers do not agree with one another")
    finally:
        gateway.market.close()
    reason = _open_there(truth, core)
    if reason:
        raise BadInput("settings", "db", f"{shown_of(settings)}: {reason}")


def ask_today(settings: Settings) -> BrokerToday:
    """What the executions of today say at the broker, once two reads agree.

    Errors: BrokerRefused if the account is not there or not of the mode's kind, BrokerDown.
    """
    account = settings.account or ""
    check_kind(settings.run_mode.value, account)
    observing = settings.model_copy(update={"mode": Mode.OBSERVE})
    gateway = gateway_of(observing, RunContainer(settings=observing), NO_TAG, Known())
    try:
        gateway.market.open()
        before = gateway.today()
        for _ in range(READS):
            again = gateway.today()
            if again == before:
                return again
            before = again
    finally:
        gateway.market.close()
    raise BrokerDown("the broker's answers do not agree with one another")


def shown_of(settings: Settings) -> str:
    """The store's address without a password."""
    return shown(parse_url(settings.db or "")) if settings.db else "the store"


def _open_there(truth: BrokerTruth, core: TradingDay) -> str:
    if truth.position:
        return f"position {truth.position} at the broker"
    if truth.orders:
        return f"{len(truth.orders)} orders work at the broker: {truth.orders[0].order_ref}"
    missed = [f.exec_id for f in truth.executions if not core.desk.seen(f.exec_id)]
    closed = core.open_session is None
    if missed and not closed:
        return "the broker knows executions that the record lacks: `tradebot run` reconciles them"
    return ""


@contextmanager
def guard_in_step(
    settings: Settings, store: StoreReading, core: TradingDay, log: JournalLog, at: UtcNanos
) -> Iterator[None]:
    """Hold the guard file, and write into it what the law remembers once the act is recorded.

    Errors: GuardFailure if a run holds it, or it cannot be trusted or written.
    """
    who, url = store.identity, settings.db or ""
    path: Path | None = file_of(url)
    whose = Whose(who.adapter, who.account, who.mode or settings.run_mode.value)
    where = places(whose, path, shown(parse_url(url)), settings.state_dir)
    if where.guard is None:
        yield
        return
    guard = open_guard(where.guard, at)
    try:
        state = guard.read()
        yield
        if state is not None and state.store_id == who.store_id:
            law = core.desk.law
            latch = state.latch if law.killed else None
            guard.write(replace(state, law=law, latch=latch, seq=log.count, head=log.head))
    finally:
        guard.close()
