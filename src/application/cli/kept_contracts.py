"""The rules that a live run was begun with, contract files and templates from outside, at hand when
it has to be ended under them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adapters.contracts.kept import find, keep
from adapters.store.reading import reading
from adapters.strategies import kept
from application.cli.adopting import left_open
from application.cli.live_end import warn
from application.cli.standing import places_of
from application.container import RunContainer, store_url
from application.settings import Settings
from domain.contract_set import STRATEGIES
from ports.errors import BadInput


def keep_contracts(settings: Settings, container: RunContainer, guard: Path) -> None:
    """Copy the rules of this run beside its guard file; a failure is told, no more."""
    contracts = container.contracts()
    try:
        keep(guard.parent, settings.contracts, contracts.hashes)
        for outside in contracts.outside:
            kept.keep(guard.parent, outside.loaded)
    except (OSError, BadInput) as error:
        warn(f"the rules of this run could not be kept beside {guard}: {error}")


class Then(NamedTuple):
    """Settings that name the rules of a run, and what they made."""

    settings: Settings
    container: RunContainer


def of_then(settings: Settings, container: RunContainer) -> Then | None:
    """What the last run of the store can be ended with under the rules of then, if it was not
    ended, they are others now, and they were kept; None otherwise.

    Errors: BadInput for a template of then that is not what it was and was not kept;
    StoreFailure, DivergedError for a record that cannot be read.
    """
    url = store_url(settings)
    with reading(url) as found:
        hashes = None if found is None else left_open(found, container.contracts())
        if found is None or hashes is None:
            return None
        who = found.identity
    digests = {n.removeprefix(STRATEGIES): d for n, d in hashes.items() if n.startswith(STRATEGIES)}
    for where in places_of(url, who, settings.state_dir):
        folder = None if where.guard is None else find(where.guard.parent, hashes)
        if where.guard is not None and folder is not None:
            then = settings.model_copy(update={
                "contracts": folder, "strategies": tuple(digests),})  # fmt: skip
            with kept.found_first(where.guard.parent, digests.values()):
                anew = RunContainer(settings=then)
                anew.contracts()
            return Then(then, anew)
    return None
