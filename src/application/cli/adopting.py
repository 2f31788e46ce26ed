"""Take over a store whose run was made under other contracts, and ended in order.

What was decided under them cannot be decided again, so it is taken as it is recorded: the law's
memory, the account, the session that was closed last; its bars warm the signals. The books are
rebuilt of its results, and judged by the contracts of now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from typing import Final, Protocol

from adapters.store.canonical import DOMAIN, chain_hash, envelope, genesis
from adapters.store.reading import StoreReading
from adapters.wire.codec import Codec
from adapters.wire.decode_v1 import input_of
from adapters.wire.law_state import law_state
from application.cli.recorded import fields_of, other_contracts, other_strategy
from application.cli.relearning import Relearning
from application.day import TradingDay
from application.runner import Place
from domain.contract_set import STRATEGIES, Contracts
from domain.event import AccountSnapshot, BarClosed, BarRejected, Event
from domain.law.state import LawState
from domain.units import ZERO, Money
from ports.errors import BadInput
from ports.journal import Stored
from ports.recording import Difference, DivergedError


class Balances(Protocol):
    """A broker that is told what was in the account when its record begins."""

    def balance(self, cash: Money) -> None: ...


_TOLD: Final = frozenset({"BarClosed", "AccountSnapshot", "BarRejected"})


def last_under_others(store: StoreReading, contracts: Contracts) -> int:
    """The seq of the last event before the process that began under `contracts`; 0 if all of the
    record was made under them.

    Errors: BadInput for a run under other contracts that did not end in order.
    """
    other = other_contracts(store, contracts, last=True)
    if other is None:
        return 0
    name, session, was, now, seq = other
    edge = next((r.seq - 1 for r in store.of_type("RunStarted") if r.seq > seq), store.tip().seq)
    if not any(seq < row.seq <= edge for row in store.of_type("RunStopped")):
        if name.startswith(STRATEGIES):
            reason = f"it was not ended, and {other_strategy(store, name, session, now)}"
            raise BadInput("settings", "db", reason)
        reason = (
            f"the session of {session} was not ended, and its {name} was another one ({was}, now "
            f"{now}): end it with the contracts of then, or name a new store"
        )
        raise BadInput("settings", "db", reason)
    return edge


def adopted(
    store: StoreReading, edge: int, core: TradingDay, recalling: Balances, codec: Codec
) -> Place:
    """Bring `core`, broker and `codec` to where the events up to `edge` have left them; where a
    run stands then. Errors: DivergedError for a damaged record.
    """
    place, law, closed, session, net, opening = Place(), LawState(), "", "", ZERO, None
    books = Relearning(core.desk.lessons)
    for row in takewhile(lambda r: r.seq <= edge, _sound(store)):
        session = row.session_date or session
        books.take(row)
        match _taken(row):
            case BarClosed() as event:
                core.warm_up(event.bar)
                place = place._replace(now=event.bar.close_time)
            case AccountSnapshot() as snapshot:
                opening = opening or snapshot.equity
                place = place._replace(account=snapshot)
            case BarRejected():
                place = place._replace(rejected=place.rejected + 1)
            case _ if row.type == "LawStateChanged":
                law = law_state(fields_of(row))
            case _ if row.type == "SessionClosed":
                closed = row.session_date
            case _ if row.type == "TradeClosed":
                net = net + Money.parse(str(fields_of(row)["net"]))
            case _:
                pass
    core.adopt(law, date.fromisoformat(closed) if closed else None, place.account)
    codec.stand_in(session)
    if opening is not None:
        recalling.balance(opening + net)
    return place


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
