"""Take over a store whose run was made under other contracts, and ended in order.

What was decided under them cannot be decided again, so it is taken as it is recorded: the law's
memory, the account, the session that was closed last; its bars warm the signals. The books are
rebuilt of its results, and judged by the contracts of now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import takewhile
from typing import Final, Protocol

from adapters.store.canonical import DOMAIN, chain_hash, envelope, genesis
from adapters.store.reading import StoreReading
from adapters.wire.codec import Codec
from adapters.wire.decode_v1 import input_of
from adapters.wire.law_state import law_state
from application.cli.recorded import Other, fields_of, other_contracts, other_strategy
from application.cli.relearning import Relearning
from application.day import TradingDay
from application.opening import SessionsBefore
from application.runner import Place
from domain.contract_set import STRATEGIES, Contracts
from domain.event import (
    AccountSnapshot,
    BarClosed,
    Event,
    FeeReported,
    FillReceived,
    ReconcileStarted,
    StoreBound,
)
from domain.law.state import LawState
from domain.units import ZERO, Money
from ports.errors import BadInput
from ports.journal import Stored
from ports.recording import Difference, DivergedError


class Balances(Protocol):
    """A broker that is told what was in the account when its record begins."""

    def balance(self, cash: Money) -> None: ...


_TOLD: Final = frozenset({
    "BarClosed", "AccountSnapshot", "BarRejected", "Fill", "FeeReported", "ReconcileStarted",
    "StoreBound",
})  # fmt: skip


def last_under_others(store: StoreReading, contracts: Contracts) -> int:
    """The seq of the last event before the process that began under `contracts`; 0 if all of the
    record was made under them.

    Errors: BadInput for a run under other contracts that did not end in order.
    """
    other = other_contracts(store, contracts, last=True)
    if other is None:
        return 0
    edge, ended = _last_of(store, other)
    if not ended:
        name, session, was, now, _ = other
        if name.startswith(STRATEGIES):
            reason = f"it was not ended, and {other_strategy(store, name, session, now)}"
            raise BadInput("settings", "db", reason)
        reason = (
            f"the session of {session} was not ended, and its {name} was another one ({was}, now "
            f"{now}): end it with the contracts of then, or name a new store"
        )
        raise BadInput("settings", "db", reason)
    return edge


def _last_of(store: StoreReading, other: Other) -> tuple[int, bool]:
    """The seq of the last event of the processes under `other`, and whether the last of them was
    ended. What goes on with a run that was not ended is under its contracts, whatever else may
    have changed; so is what has the same config hash.
    """
    turns = sorted([*store.of_type("RunStarted"), *store.of_type("RunStopped")], key=_seq)
    config, ended = None, False
    for row in turns:
        if row.type == "RunStopped":
            ended = True
            continue
        begun = fields_of(row).get("config_hash")
        if row.seq > other.seq and ended and begun != config:
            return row.seq - 1, True
        config, ended = begun, False
    return store.tip().seq, ended


def _seq(row: Stored) -> int:
    return row.seq


def left_open(store: StoreReading, contracts: Contracts) -> Mapping[str, str] | None:
    """The hashes of the contracts under which the last run was begun, if it was not ended and
    `contracts` are others; None otherwise. Errors: DivergedError for a damaged record.
    """
    other = other_contracts(store, contracts, last=True)
    if other is None or _last_of(store, other)[1]:
        return None
    rows = (row for row in store.of_type("ConfigLoaded") if row.seq == other.seq)
    files = fields_of(next(rows))["files"]
    return {k: str(v) for k, v in files.items()} if isinstance(files, dict) else None


def adopted(
    store: StoreReading, edge: int, core: TradingDay, recalling: Balances, codec: Codec
) -> Place:
    """Bring `core`, broker and `codec` to where the events up to `edge` have left them; where a
    run stands then. Errors: DivergedError for a damaged record.
    """
    taking = _Adopting(core, codec)
    for row in takewhile(lambda r: r.seq <= edge, _sound(store)):
        taking.row(row)
    core.adopt(taking.law, taking.account, taking.sessions)
    codec.stand_in(taking.session)
    if taking.opening is not None:
        recalling.balance(taking.opening + taking.net)
    return taking.place


class _Adopting:
    """What the rows of a record have left behind, beside what `core` was told of them."""

    def __init__(self, core: TradingDay, codec: Codec) -> None:
        self._core, self._codec = core, codec
        self._books = Relearning(core.desk.lessons)
        self.place = Place()
        self.law = LawState()
        self.session = ""
        self.sessions = SessionsBefore()
        self.opening: Money | None = None
        self.net = ZERO

    @property
    def account(self) -> AccountSnapshot | None:
        return self.place.account

    def row(self, row: Stored) -> None:
        """Take the next row of the record."""
        self.session = row.session_date or self.session
        self._books.take(row)
        told = _taken(row)
        if told is None:
            self._result(row)
        else:
            self._told(told)

    def _told(self, event: Event) -> None:
        core, place = self._core, self.place
        match event:
            case BarClosed():
                core.warm_up(event.bar)
                self.place = place._replace(now=event.bar.close_time)
            case AccountSnapshot():
                self.opening = self.opening or event.equity
                self.place = place._replace(account=event)
            case FillReceived(_, fill):
                core.desk.traded_before(fill)
            case FeeReported(_, exec_id, fee):
                core.desk.fees.reported(exec_id, fee)
            case ReconcileStarted():
                core.desk.reconciliations = event.number
            case StoreBound():
                self.law = event.state
            case _:
                self.place = place._replace(rejected=place.rejected + 1)

    def _result(self, row: Stored) -> None:
        match row.type:
            case "LawStateChanged":
                self.law = law_state(fields_of(row))
            case "RunStarted":
                contract = str(fields_of(row).get("contract", ""))
                self._codec.trades(contract)
                self._core.trades(contract)
            case "SessionOpened":
                self._core.desk.session_begins()
                opened = date.fromisoformat(row.session_date)
                self.sessions = SessionsBefore(self.sessions.closed, opened)
            case "ConfigLoaded":
                loaded = str(fields_of(row)["config_hash"])
                self.sessions = self.sessions._replace(loaded=self.sessions.loaded | {loaded})
            case "SessionClosed":
                self.sessions = SessionsBefore(date.fromisoformat(row.session_date))
            case "TradeClosed":
                self.net = self.net + Money.parse(str(fields_of(row)["net"]))
            case _:
                pass


def _taken(row: Stored) -> Event | None:
    """What `row` told the core, if that is of use under other contracts."""
    if row.type not in _TOLD:
        return None
    try:
        return input_of(row)
    except ValueError as error:
        raise DivergedError(Difference(row.seq, row.type, str(error), row.payload)) from None


def _sound(store: StoreReading) -> Iterator[Stored]:
    """The events of `store`, as long as their chain holds."""
    head = genesis(store.identity.symbol, store.identity.config_hash)
    for row in store.events():
        if row.stream == DOMAIN:
            body = envelope(*row[2:7], row.payload.encode())
            if row.prev_hash != head or row.hash != chain_hash(head, body):
                raise DivergedError(
                    Difference(row.seq, row.type, "the hash chain does not hold", row.payload)
                )
            head = row.hash
        yield row
