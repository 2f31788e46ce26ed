"""Where a store's run stands: read without its lock, while it writes or long after it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from adapters.guard.file import read_guard
from adapters.guard.kill_file import KillFile
from adapters.guard.places import Places, Whose, places
from adapters.store.connect import parse_url, shown
from adapters.store.opening import file_of, holder
from adapters.store.reading import Identity, StoreReading, reading
from adapters.wire.law_state import law_state
from application.cli.hindering import hindrance
from application.cli.recorded import fields_of
from application.settings import Adapter, Mode
from domain.law.state import Halt, LawState, StreakState
from domain.units import ZERO
from ports.errors import BadInput, StoreDamaged, StoreFailure
from ports.guard import Latch
from ports.journal import JsonValue, Stored
from ports.recording import DivergedError

_OVER: Final = frozenset({"FILLED", "CANCELED", "REJECTED", "ERROR", "FAILED"})
"""States in which an order does nothing any more."""

_DECIDED: Final = ("StrategyQuarantined", "StrategyThrottled", "StrategyReEnabled")

Payload = dict[str, JsonValue]


class Recorded(NamedTuple):
    """What a store says. Payloads are empty where there is no such event; `orders` are the
    references and states of what still works, `learning` the keys and templates of another status
    than ACTIVE, `hindered` says what beside the law keeps a live run from entering."""

    identity: Identity
    seq: int
    head: str
    latch: Latch | None
    law: LawState | None
    started: Payload
    stopped: Payload
    position: Payload
    orders: tuple[tuple[str, str], ...]
    learning: tuple[tuple[str, str], ...]
    hindered: str = ""


class Standing(NamedTuple):
    """`process` writes the store, None if none does; `ordered` is the text of a kill file that
    nothing has recorded yet; `recorded` is None where there is no store."""

    url: str
    process: str | None
    ordered: str | None
    guarded: Latch | None
    recorded: Recorded | None

    @property
    def latch(self) -> Latch | None:
        """What latched the kill switch, wherever it is remembered."""
        return (self.recorded.latch if self.recorded else None) or self.guarded


def store_of(url: str) -> Path | None:
    """The file of the store at `url`, None on a server.

    Errors: BadInput for what is no store's URL.
    """
    try:
        return file_of(url)
    except StoreFailure as error:
        raise BadInput("settings", "db", str(error)) from None


def standing(url: str, state_dir: Path | None) -> Standing:
    """Look at the store at `url`, its lock, and the kill files of whose it is.

    Errors: BadInput for a URL that is none; StoreFailure or GuardFailure for what is there and
    cannot be read.
    """
    store_of(url)
    process = holder(url)
    with reading(url) as found:
        recorded = None if found is None else _recorded(found)
    ordered, guarded = None, None
    for where in places_of(url, recorded.identity if recorded else None, state_dir):
        ordered = ordered or KillFile(where.kill).read()
        if where.guard is not None and guarded is None:
            state = read_guard(where.guard)
            guarded = None if state is None else state.latch
    return Standing(url, process, ordered, guarded, recorded)


def places_of(url: str, who: Identity | None, state_dir: Path | None) -> Iterator[Places]:
    """Where guard and kill files of the store at `url` stand: of the broker account and the
    modes it serves, or of the fake broker where it serves no account yet."""
    path, name = store_of(url), shown(parse_url(url))
    adapter = (who.adapter if who else "") or Adapter.FAKE.value
    account = who.account if who else ""
    modes = [Mode.PAPER] if adapter == Adapter.FAKE else list(Mode)
    if who is not None and who.mode:
        modes = [mode for mode in modes if mode in (who.mode, Mode.OBSERVE)] or modes
    for mode in modes:
        yield places(Whose(adapter, account, mode.value), path, name, state_dir)


def _recorded(store: StoreReading) -> Recorded:
    tip, law = store.tip(), store.law()
    started, stopped = store.last("RunStarted"), store.last("RunStopped")
    if started is not None and stopped is not None and stopped.seq < started.seq:
        stopped = None
    try:
        return Recorded(
            store.identity,
            tip.seq,
            tip.head,
            store.latch(),
            None if law is None else law_state(law),
            _payload(started),
            _payload(stopped),
            _payload(store.last("PositionChanged")),
            tuple(_working(store)),
            tuple(_learned(store)),
            _hindered(store, started),
        )
    except (DivergedError, ValueError) as error:
        raise StoreDamaged(f"the record cannot be read: {error}") from error


def _hindered(store: StoreReading, started: Stored | None) -> str:
    """A simulated run has neither link nor host that could fail."""
    if started is None or fields_of(started).get("adapter") in (None, Adapter.FAKE.value):
        return ""
    return hindrance(store, started.seq)


def _payload(row: Stored | None) -> Payload:
    return {} if row is None else fields_of(row)


def _learned(store: StoreReading) -> Iterator[tuple[str, str]]:
    """What learning has decided last about each key and template, where it is not ACTIVE."""
    rows = sorted(row for kind in _DECIDED for row in store.of_type(kind))
    last = {str(p["name"]): str(p["status"]) for p in map(fields_of, rows)}
    return ((name, status) for name, status in sorted(last.items()) if status != "ACTIVE")


def _working(store: StoreReading) -> Iterator[tuple[str, str]]:
    """Orders of the last session that may still do something; none outlives its session."""
    opened = store.last("SessionOpened")
    states: dict[str, str] = {}
    for row in store.of_type("OrderStateChanged", 0 if opened is None else opened.seq):
        fields = fields_of(row)
        states[str(fields.get("order_ref"))] = str(fields.get("to"))
    return ((ref, state) for ref, state in states.items() if state not in _OVER)


def what_may_be_open(standing: Standing) -> str:
    """What of ours may still stand at the broker, in words; empty if nothing can."""
    recorded = standing.recorded
    qty = recorded.position.get("qty") if recorded else None
    if qty:
        return f"position {qty}"
    if recorded is not None and recorded.orders:
        return f"{len(recorded.orders)} orders"
    if standing.latch is not None or standing.ordered is not None:
        return "a kill that may not be complete"
    return ""


def why_not(standing: Standing, trades_left: int, at: str) -> str | None:
    """The first reason why nothing can be entered now, None if something can.

    `trades_left` of today's law, `at` the latch's time in words.
    """
    latch, law = standing.latch, standing.recorded.law if standing.recorded else None
    if latch is not None:
        waits = "; its reset waits for the next session" if law and law.reset_pending else ""
        return f"kill latched by {latch.trigger} at {at}: {latch.detail}{waits}"
    if standing.ordered is not None:
        return f"a kill was ordered and is not recorded yet: {standing.ordered}"
    if standing.process is None:
        return "no process runs on this store"
    if standing.recorded is None or not standing.recorded.started:
        return "the run has not begun yet"
    if standing.recorded.started.get("mode") == Mode.OBSERVE:
        return "OBSERVE sends no orders"
    forbidden = None if law is None else _law_forbids(law, trades_left)
    return forbidden or standing.recorded.hindered or None


def _law_forbids(law: LawState, trades_left: int) -> str | None:
    if law.statement is not None:
        less = f" by a loss of {law.statement.cents()} USD" if law.statement > ZERO else ""
        return f"the broker's statement differs{less}, unacknowledged (tradebot ack statement)"
    if law.halts:
        return f"{' and '.join(halt.value for halt in law.halts)}{_unacknowledged(law)}"
    if law.streak_state is StreakState.LOCKED:
        return f"locked after {law.streak} losses in a row"
    if law.muted is not None:
        return f"the condition of {law.muted}, reset last, still holds"
    if law.resting:
        return "observing after a reset, until a decision with clean gates"
    return "today's trades are used up" if trades_left <= 0 else None


def _unacknowledged(law: LawState) -> str:
    waits = Halt.MONTH in law.halts and not law.month_acknowledged
    return ", the month unacknowledged (tradebot ack month)" if waits else ""
