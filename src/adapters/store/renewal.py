"""Giving a store a new id, the old one kept as it is (`db bind`)."""

from __future__ import annotations

import secrets
from pathlib import Path

from adapters.store.backup import copy
from adapters.store.canonical import stamp
from adapters.store.connect import in_words, parse_url, shown, writer
from adapters.store.migrate import NotOurs
from adapters.store.opening import COMPANIONS, file_of
from adapters.store.tables import STORE
from adapters.store.verify import verify
from domain.units import UtcNanos
from ports.errors import StoreFailure


def set_aside(url: str, at: UtcNanos) -> Path | None:
    """Keep the store at `url` as it is now, beside itself; where, None if there is no store.

    One that verifies is copied, and goes on. One that does not is moved away whole, so that
    a new one begins in its place.
    Errors: StoreFailure if it can be neither copied nor moved, or is no event store of ours.
    """
    path = file_of(url)
    if path is not None and not path.exists():
        return None
    moment = stamp(at).replace(":", "").replace("-", "").partition(".")[0]
    kept = Path(f"{path or 'tradebot'}.bound-{moment}")
    if kept.exists():
        raise StoreFailure(f"{kept} is in the way of the store that is kept")
    if _sound(url):
        copy(url, kept)
        return kept
    if path is None:
        raise StoreFailure(
            f"event store {shown(url)}: it does not verify; leave it as it is, and bind a new "
            "schema: --db postgresql://...?schema=NAME"
        )
    with in_words(parse_url(url)):
        for companion in COMPANIONS:
            rest = path.with_name(path.name + companion)
            if rest.exists():
                rest.replace(kept.with_name(kept.name + companion))
        path.replace(kept)
    return kept


def _sound(url: str) -> bool:
    try:
        return verify(url).sound
    except NotOurs:
        raise
    except StoreFailure:
        return False


def renew(url: str) -> str:
    """Give the store at `url` a new random id, and return it.

    Errors: StoreFailure if it refuses.
    """
    parts = parse_url(url)
    store_id = secrets.token_hex(16)
    with in_words(parts):
        engine = writer(parts)
        try:
            with engine.begin() as connection:
                connection.execute(STORE.update().values(store_id=store_id))
        finally:
            engine.dispose()
    return store_id
