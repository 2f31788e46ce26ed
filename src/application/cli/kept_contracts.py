"""The contract files that a live run was begun with, at hand when it has to be ended under them."""

from __future__ import annotations

from pathlib import Path

from adapters.contracts.kept import find, keep
from adapters.store.reading import reading
from application.cli.adopting import left_open
from application.cli.live_end import warn
from application.cli.standing import places_of
from application.container import RunContainer, store_url
from application.settings import Settings


def keep_contracts(settings: Settings, container: RunContainer, guard: Path) -> None:
    """Copy the contract files of this run beside its guard file; a failure is told, no more."""
    try:
        keep(guard.parent, settings.contracts, container.contracts().hashes)
    except OSError as error:
        warn(f"the contract files could not be kept beside {guard}: {error.strerror}")


def of_then(settings: Settings, container: RunContainer) -> Settings | None:
    """Settings that end at once the last run of the store under the contracts of then, if it was
    not ended, they are others now, and they were kept; None otherwise.

    Errors: StoreFailure, DivergedError for a record that cannot be read.
    """
    url = store_url(settings)
    with reading(url) as found:
        hashes = None if found is None else left_open(found, container.contracts())
        if found is None or hashes is None:
            return None
        who = found.identity
    for where in places_of(url, who, settings.state_dir):
        folder = None if where.guard is None else find(where.guard.parent, hashes)
        if folder is not None:
            return settings.model_copy(update={"contracts": folder, "until": 0})
    return None
