"""A recorded store, open to be read: what every command that only looks begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from adapters.store.connect import in_words, parse_url, shown
from adapters.store.reading import StoreReading, reading
from application.container import DEFAULT_STORE
from application.settings import Settings
from ports.errors import BadInput, StoreFailure


class Found(NamedTuple):
    """A store, and its address without a password."""

    store: StoreReading
    name: str


@contextmanager
def stored(settings: Settings) -> Iterator[Found]:
    """The store that was named, or the default one; a run may be writing it meanwhile.

    Errors: BadInput for an address that is none; StoreFailure if there is no store, or it cannot
    be read.
    """
    url = settings.db or DEFAULT_STORE
    try:
        parts = parse_url(url)
    except StoreFailure as error:
        raise BadInput("settings", "db", str(error)) from None
    with in_words(parts), reading(url) as store:
        if store is None:
            raise StoreFailure(
                f"event store {shown(parts)}: there is none; `tradebot run --db` makes one, "
                "`--db` names another"
            )
        yield Found(store, shown(parts))
