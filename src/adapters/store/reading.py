"""What others read of a store, without its lock: who it is, where it ends, its kill latch and
the law's memory. Also while a run writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, select

from adapters.store.canonical import DOMAIN, genesis
from adapters.store.chain import Tip
from adapters.store.connect import in_words, parse_url, reader
from adapters.store.migrate import revision
from adapters.store.rows import PAGE
from adapters.store.tables import EVENTS, STORE
from domain.units import UtcNanos
from ports.errors import StoreDamaged, StoreFailure
from ports.guard import Latch
from ports.journal import JsonValue, Stored

# Literal types, so that the partial indexes on them serve.
_RESET: Final = "SELECT max(seq) FROM events WHERE type = 'KillReset'"
_TRIGGERED: Final = (
    "SELECT payload, ts_event FROM events WHERE type = 'KillTriggered' AND seq > {after} "
    "ORDER BY seq LIMIT 1"
)
_SNAPSHOT: Final = {
    "sqlite": "BEGIN",
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}
_LAW: Final = (
    "SELECT seq, type, payload, ts_event FROM events "
    "WHERE type IN ('LawStateChanged', 'StoreBound') ORDER BY seq DESC LIMIT 1"
)
_ARMED: Final = "ARMED"
_STORED: Final = tuple(EVENTS.c)[: len(Stored._fields)]


class Identity(NamedTuple):
    """Who a store is. `adapter`, `account` (a digest) and `mode` are empty until a run binds
    them; a store that only OBSERVE has used has no mode.
    """

    store_id: str
    symbol: str
    config_hash: str
    created: UtcNanos
    adapter: str
    account: str
    mode: str


class StoreReading:
    """One look at a store, inside one transaction: what it says hangs together."""

    def __init__(self, connection: Connection, identity: Identity) -> None:
        """See `reading`."""
        self._connection = connection
        self.identity: Final = identity

    def tip(self) -> Tip:
        """Number of the last event, 0 if there is none, and the chain head."""
        last = self._connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0
        return Tip(int(last), self._head(int(last)))

    def head_at(self, seq: int) -> str | None:
        """The chain head once event `seq` was written; None if the store does not reach it."""
        last = self._connection.execute(select(func.max(EVENTS.c.seq))).scalar() or 0
        return self._head(seq) if 0 <= seq <= last else None

    def _head(self, seq: int) -> str:
        query = select(EVENTS.c.hash).where(EVENTS.c.hash != "", EVENTS.c.seq <= seq)
        found = self._connection.execute(query.order_by(EVENTS.c.seq.desc()).limit(1)).scalar()
        return str(found) if found else genesis(self.identity.symbol, self.identity.config_hash)

    def latch(self) -> Latch | None:
        """What latched the kill switch first since the last reset; None if nothing did.

        A reset that still waits for a session leaves the latch, and so does a binding that
        carried one over: the law's memory says so then.
        """
        after = int(self._connection.exec_driver_sql(_RESET).scalar() or 0)
        found = self._connection.exec_driver_sql(_TRIGGERED.format(after=after)).first()
        if found is None:
            return self._remembered_latch(after)
        try:
            payload = _fields(str(found[0]))
        except StoreFailure:
            payload = {}  # the row itself is the latch, whatever it says
        trigger, detail = payload.get("trigger"), payload.get("detail")
        return Latch(str(trigger or "UNKNOWN"), str(detail or ""), int(found[1]))

    def _remembered_latch(self, after: int) -> Latch | None:
        found = self._connection.exec_driver_sql(_LAW).first()
        if found is None or int(found[0]) < after:
            return None
        payload = _counters(str(found[1]), str(found[2]))
        if payload.get("kill_state") == _ARMED:
            return None
        trigger = payload.get("kill_trigger")
        return Latch(str(trigger or "UNKNOWN"), "remembered by the law", int(found[3]))

    def law(self) -> dict[str, JsonValue] | None:
        """The law's memory as it was recorded last: the payload of a LawStateChanged, or the
        counters of a StoreBound; None if there is neither.

        Errors: StoreFailure if it cannot be read.
        """
        found = self._connection.exec_driver_sql(_LAW).first()
        return None if found is None else _counters(str(found[1]), str(found[2]))

    def events(self, after: int = 0) -> Iterator[Stored]:
        """The events after number `after` in order of seq, a page at a time. Errors are the
        driver's."""
        query = select(*_STORED).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq)
        found = self._connection.execute(query, execution_options={"yield_per": PAGE})
        for page in found.partitions():
            for row in page:
                yield Stored(*row)

    def of_types(self, kinds: frozenset[str]) -> Iterator[Stored]:
        """The events of these types in order of seq, a page at a time. Errors are the driver's."""
        after, which = 0, EVENTS.c.type.in_(sorted(kinds))
        while page := self._page(and_(which, EVENTS.c.seq > after), EVENTS.c.seq.asc(), PAGE):
            yield from page
            after = page[-1].seq

    def of_type(self, kind: str, after: int = 0) -> list[Stored]:
        """The events of a rare type, those after the seq `after` in its order."""
        return self._page(and_(EVENTS.c.type == kind, EVENTS.c.seq > after), EVENTS.c.seq.asc())

    def keyed(self, kind: str, key: str) -> Stored | None:
        """The domain event of that type and natural key, None if there is none."""
        c = EVENTS.c
        one = and_(c.type == kind, c.stream == DOMAIN, c.natural_key == key)
        return next(iter(self._page(one, c.seq.asc(), 1)), None)

    def before(self, kind: str, seq: int) -> Stored | None:
        """The last event of a type before number `seq`, None if there is none."""
        earlier = and_(EVENTS.c.type == kind, EVENTS.c.seq < seq)
        return next(iter(self._page(earlier, EVENTS.c.seq.desc(), 1)), None)

    def between(self, first: int, last: int) -> list[Stored]:
        """The events from number `first` to `last`, both included."""
        return self._page(EVENTS.c.seq.between(first, last), EVENTS.c.seq.asc())

    def last(self, kind: str) -> Stored | None:
        """The last event of a type, None if there is none."""
        return next(iter(self._page(EVENTS.c.type == kind, EVENTS.c.seq.desc(), 1)), None)

    def _page(
        self, which: ColumnElement[bool], order: ColumnElement[int], most: int | None = None
    ) -> list[Stored]:
        query = select(*_STORED).where(which).order_by(order).limit(most)
        return [Stored(*row) for row in self._connection.execute(query).all()]


@contextmanager
def reading(url: str) -> Iterator[StoreReading | None]:
    """A look at the store at `url`, read-only; None where there is no store yet.

    Errors: StoreFailure if there is something that cannot be read as a store.
    """
    parts = parse_url(url)
    if parts.get_backend_name() == "sqlite":
        path = Path(str(parts.database))
        if not path.exists() or path.stat().st_size == 0:
            yield None
            return
    with in_words(parts):
        engine = reader(parts)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(_SNAPSHOT[connection.dialect.name])
                identity = _identity(connection)
                yield None if identity is None else StoreReading(connection, identity)
        finally:
            engine.dispose()


def _identity(connection: Connection) -> Identity | None:
    if revision(connection) is None:  # whichever it is: the tables are the same in all
        return None
    c = STORE.c
    query = select(
        c.store_id, c.symbol, c.config_hash, c.created, c.adapter, c.account, c.mode
    ).where(c.id == 1)
    row = connection.execute(query).first()
    return None if row is None else Identity._make(row)


def has_kill_latch(url: str) -> bool:
    """True if the kill switch is latched in the store at `url`; False where there is none yet.

    Errors: StoreFailure if there is something that cannot be read as a store.
    """
    with reading(url) as store:
        return store is not None and store.latch() is not None


def _counters(kind: str, text: str) -> dict[str, JsonValue]:
    payload = _fields(text)
    if kind != "StoreBound":
        return payload
    counters = payload.get("counters")
    if not isinstance(counters, dict):
        raise StoreDamaged("a StoreBound has no counters")
    return counters


def _fields(text: str) -> dict[str, JsonValue]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StoreDamaged(f"a payload is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise StoreDamaged("a payload is no JSON object")
    return value
