"""Proof that a store is whole: the chain recomputed from its first event (events.md 4)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL, Engine, select

from adapters.store.canonical import genesis
from adapters.store.chain import HASH, SEQ, Tip, fault
from adapters.store.connect import in_words, parse_url, reader
from adapters.store.migrate import revision
from adapters.store.rows import PAGE, stored_rows
from adapters.store.tables import STORE
from ports.errors import StoreFailure


@dataclass(frozen=True, slots=True)
class Verification:
    """How far a store verifies.

    `count` and `head` are of the good part; `first_bad` is the seq of the first event
    that is missing or does not fit, None if all do, and `reason` then is empty.
    """

    count: int
    head: str
    first_bad: int | None
    reason: str

    @property
    def sound(self) -> bool:
        """True if nothing is wrong."""
        return self.first_bad is None


def verify(url: str) -> Verification:
    """Recompute the hash chain, the numbering and the row checks of the store at `url`.

    It is opened read-only. A tail that was cut off cannot be seen from inside: compare
    `count` and `head` with what was noted outside.

    Errors: StoreFailure if there is no store or it cannot be read at all.
    """
    parts = parse_url(url)
    with in_words(parts):
        engine = reader(parts)
        tip = _genesis(engine)
    try:
        try:
            with in_words(parts):
                return _walk(engine, tip, PAGE)
        except StoreFailure:
            # Some row of a page cannot be read: only row by row it gets its number.
            return _walk_slowly(engine, parts, tip)
    finally:
        engine.dispose()


def _walk(engine: Engine, tip: Tip, page_rows: int) -> Verification:
    for row in stored_rows(engine, tip.seq, page_rows):
        reason = fault(row, tip)
        if reason:
            return Verification(tip.seq, tip.head, tip.seq + 1, reason)
        tip = Tip(row[SEQ], row[HASH] or tip.head)
    return Verification(tip.seq, tip.head, None, "")


def _walk_slowly(engine: Engine, url: URL, tip: Tip) -> Verification:
    rows = stored_rows(engine, tip.seq, 1)
    while True:
        try:
            with in_words(url):
                row = next(rows, None)
        except StoreFailure as error:
            return Verification(tip.seq, tip.head, tip.seq + 1, str(error))
        reason = fault(row, tip) if row else ""
        if reason or row is None:
            bad = tip.seq + 1 if reason else None
            return Verification(tip.seq, tip.head, bad, reason)
        tip = Tip(row[SEQ], row[HASH] or tip.head)


def _genesis(engine: Engine) -> Tip:
    """The end of the empty log of a store.

    Errors: StoreFailure if the database is no store of this revision.
    """
    with engine.connect() as connection:
        if revision(connection) is None:
            raise StoreFailure("the database is empty: no event store")
        bound = connection.execute(select(STORE.c.symbol, STORE.c.config_hash)).first()
    if bound is None:
        raise StoreFailure("the event store has no genesis record")
    return Tip(0, genesis(str(bound.symbol), str(bound.config_hash)))
