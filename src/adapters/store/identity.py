"""Binding a store to its adapter, account and mode, for ever (events.md 5)."""

from __future__ import annotations

from sqlalchemy import select

from adapters.store.connect import in_words, parse_url, shown, writer
from adapters.store.migrate import HEAD, revision
from adapters.store.tables import STORE
from ports.errors import StoreFailure


def bind(url: str, adapter: str, account: str, mode: str) -> None:
    """Write down whose the store at `url` is, where that is still open. `mode` empty leaves it
    open; what is bound already stays, whatever is asked.

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
                    row = connection.execute(select(c.adapter, c.account, c.mode)).first()
                if row is None:
                    raise StoreFailure(f"event store {shown(parts)}: there is no store to bind")
                after = (row.adapter or adapter, row.account or account, row.mode or mode)
                if after != tuple(row):
                    names = ("adapter", "account", "mode")
                    values = dict(zip(names, after, strict=True))
                    connection.execute(STORE.update().values(values))
        finally:
            engine.dispose()
