"""Binding a store to its adapter, account and mode, for ever (events.md 5)."""

from __future__ import annotations

from sqlalchemy import select

from adapters.store.connect import in_words, parse_url, shown, writer
from adapters.store.migrate import HEAD, revision
from adapters.store.tables import STORE
from ports.errors import StoreFailure


def bind(url: str, adapter: str, account: str, mode: str) -> str:
    """Write down whose the store at `url` is, where that is still open, and give its id. `mode`
    empty leaves it open; what is bound already stays, whatever is asked.

    The caller holds the store's lock, and has judged whether the store may serve them.
    Errors: StoreFailure if there is no store, or it refuses.
    """
    parts = parse_url(url)
    with in_words(parts):
        engine = writer(parts)
        try:
            with engine.begin() as connection:
                row = None
                if revision(connection) == HEAD:
                    c = STORE.c
                    columns = (c.adapter, c.account, c.mode, c.store_id)
                    row = connection.execute(select(*columns)).first()
                if row is None:
                    raise StoreFailure(f"event store {shown(parts)}: there is no store to bind")
                after = (row.adapter or adapter, row.account or account, row.mode or mode)
                if after != tuple(row)[:3]:
                    names = ("adapter", "account", "mode")
                    values = dict(zip(names, after, strict=True))
                    connection.execute(STORE.update().values(values))
                return str(row.store_id)
        finally:
            engine.dispose()
