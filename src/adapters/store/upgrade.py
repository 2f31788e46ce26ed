"""Bringing a store of an older program to this one: locked, and copied first."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL

from adapters.store.backup import copy
from adapters.store.canonical import stamp
from adapters.store.connect import in_words, parse_url, reader, shown, writer
from adapters.store.migrate import HEAD, migrate, revision
from adapters.store.opening import file_of, lock
from domain.units import UtcNanos
from ports.errors import StoreFailure


class Upgraded(NamedTuple):
    """Revisions before and after; `kept` is the copy that was made first, None if there was
    nothing to do.
    """

    before: str
    after: str
    kept: Path | None


def upgrade(url: str, at: UtcNanos) -> Upgraded:
    """Bring the store at `url` to this program's revision, holding the lock of a run.

    Errors: StoreFailure if there is no store, a run has it, a newer program made it, or the
    copy or the upgrade fails; then the store is as it was.
    """
    parts = parse_url(url)
    before = _revision(parts)  # before the lock: nothing is made where there is no store
    held = lock(url, at)
    try:
        if before == HEAD:
            return Upgraded(before, HEAD, None)
        kept = _copy_first(url, before, at)
        _migrate(url)
        return Upgraded(before, HEAD, kept)
    finally:
        held.release()


def _revision(parts: URL) -> str:
    with in_words(parts):
        engine = reader(parts)
        try:
            with engine.connect() as connection:
                before = revision(connection)
        finally:
            engine.dispose()
    if before is None:
        raise StoreFailure(f"event store {shown(parts)}: it is empty, no event store")
    return before


def _copy_first(url: str, before: str, at: UtcNanos) -> Path:
    path = file_of(url)
    day = stamp(at).replace(":", "").replace("-", "").partition(".")[0]
    name = f"{path.name if path else 'tradebot'}.{before}.{day}"
    kept = path.with_name(name) if path else Path(name)
    if kept.exists():
        raise StoreFailure(f"{kept} is in the way of the copy that comes first")
    copy(url, kept)
    return kept


def _migrate(url: str) -> None:
    parts = parse_url(url)
    with in_words(parts):
        engine = writer(parts)
        try:
            with engine.begin() as connection:
                migrate(connection)
        finally:
            engine.dispose()
