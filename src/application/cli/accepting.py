"""Whether a LIVE run is the one that a person last said yes to: contracts, code and account."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from adapters.store.reading import reading
from application.cli.checking import Grade
from application.cli.recorded import fields_of
from application.container import RunContainer, owner_of, store_url
from application.settings import Mode, Settings
from application.version import version
from domain.contract_set import Contracts
from ports.journal import JsonValue

DIGITS: Final = 12
_SHOWN: Final = 12
Fields = dict[str, JsonValue]


def same_as_last(container: RunContainer, settings: Settings) -> tuple[Grade, str]:
    """Hold this run against the last LIVE run of its store; what differs must be accepted.

    Errors: StoreFailure, DivergedError for a record that cannot be read.
    """
    with reading(store_url(settings)) as found:
        if found is None:
            return Grade.PASS, "the first one on this store"
        rows = found.of_type("RunStarted")
        runs = [p for p in map(fields_of, rows) if p.get("mode") == Mode.LIVE.value]
        loaded = found.last("ConfigLoaded")
        files = {} if loaded is None else fields_of(loaded).get("files")
    if not runs:
        return Grade.PASS, "the first one on this store"
    now = {
        "config_hash": container.config_hash(),
        "code_version": version(),
        "account": owner_of(settings).account,
    }
    changed = [
        f"{name} {_short(runs[-1].get(name))} is now {_short(value)}"
        for name, value in now.items()
        if runs[-1].get(name) != value
    ]
    if not changed:
        return Grade.PASS, "contracts, code version and account as they were"
    changed += _changed_files(files if isinstance(files, dict) else {}, container.contracts())
    wanted = sha256("|".join(now.values()).encode()).hexdigest()[:DIGITS]
    if settings.accept_config == wanted:
        return Grade.PASS, f"accepted as {wanted}: {'; '.join(changed)}"
    return Grade.FAIL, f"{'; '.join(changed)}: accept it with --accept-config {wanted}"


def _changed_files(was: Fields, contracts: Contracts) -> Iterator[str]:
    """The contract files of the last session that are not those of now."""
    for name in sorted(was.keys() | contracts.hashes.keys()):
        before, after = was.get(name), contracts.hashes.get(name)
        if before != after:
            yield f"{name} {_short(before)} is now {_short(after)}"


def _short(value: JsonValue) -> str:
    return "none" if value is None else str(value)[:_SHOWN]
