"""What `tradebot checklist` does: goes through every item, and says whether all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from adapters.guard.file import read_guard
from adapters.guard.places import Whose, places
from adapters.store.connect import parse_url, shown
from application.cli.accepting import same_as_last
from application.cli.checking import Grade, Item, local_items, looked
from application.cli.experience import experience
from application.cli.output import ExitCode, give, say
from application.cli.standing import standing, store_of, what_may_be_open
from application.container import RunContainer, owner_of, store_url
from application.settings import Adapter, Mode, Settings, load_settings
from ports.errors import BadInput

_NO_STORE: Final = "0000"
"""The tag of references before there is a store."""
_MARKS: Final = {Grade.PASS: "ok  ", Grade.WARN: "WARN", Grade.FAIL: "FAIL"}


def check(options: Mapping[str, object], as_json: bool) -> ExitCode:
    """Go through the list. Errors: BadInput for settings that are none."""
    items: list[Item] = []
    for item in _items(load_settings(options)):
        items.append(item)
        if not as_json:
            give(f"{_MARKS[item.grade]}  {item.name:22} {item.evidence}")
    grades = [item.grade for item in items]
    failed, warned = grades.count(Grade.FAIL), grades.count(Grade.WARN)
    if as_json:
        rows = [item._asdict() | {"grade": item.grade.value} for item in items]
        give(json.dumps({"ready": not failed, "items": rows}, indent=2))
    else:
        give(f"{len(items)} items: {failed} failed, {warned} to look at")
    return ExitCode.CHECK_FAILED if failed else ExitCode.DONE


class Fit(NamedTuple):
    """Whether a LIVE run may begin, and what failed; with something open it may, entries apart."""

    may_begin: bool
    failed: tuple[str, ...]


def fit_for_live(settings: Settings) -> Fit:
    """Go through the list for a LIVE run; each thing that fails is said, on standard error.

    What is or may be open is looked after whatever fails: a run that may enter nothing protects
    it, and ends it. Errors: BadInput while nobody has bound the store; StoreFailure, GuardFailure.
    """
    url = store_url(settings)
    _refuse_unbound(settings, url)
    failed = [item for item in _items(settings) if item.grade is Grade.FAIL]
    left = what_may_be_open(standing(url, settings.state_dir))
    for item in failed:
        say(f"LIVE {'without entries' if left else 'refused'}: {item.name}: {item.evidence}")
    if failed and left:
        say(f"begins all the same, to look after what may be open: {left}")
    return Fit(not failed or bool(left), tuple(item.name for item in failed))


def _refuse_unbound(settings: Settings, url: str) -> None:
    """In LIVE store and guard file begin with a person's act (events.md 5)."""
    path, name = store_of(url), shown(parse_url(url))
    where = places(Whose(*owner_of(settings)), path, name, settings.state_dir)
    if where.guard is None or read_guard(where.guard) is None:
        raise BadInput(
            "settings", "db", f"{name}: no guard file knows it: `tradebot db bind` first"
        )


def _items(settings: Settings) -> Iterator[Item]:
    container = RunContainer(settings=settings)
    yield from local_items(container, settings, container.clock().now())
    if settings.run_mode is Mode.LIVE:
        yield looked("last LIVE run", lambda: same_as_last(container, settings))
        yield looked("experience", lambda: experience(container, settings))
    if settings.adapter is Adapter.FAKE:
        yield Item("gateway", Grade.PASS, "the fake broker needs none")
    elif settings.adapter is Adapter.IBKR:
        yield from _of_gateway(container, settings)
    else:
        name = settings.adapter.value
        yield Item("gateway", Grade.FAIL, f"{name} is not part of this version")


def _of_gateway(container: RunContainer, settings: Settings) -> Iterator[Item]:
    """Ask the gateway, as the run would."""
    from adapters.store.reading import reading
    from application.cli.checking_gateway import gateway_items, paper_list
    from application.cli.live_gateway import gateway_of
    from application.cli.live_start import Known

    known, url, tag = Known(), store_url(settings), _NO_STORE
    with reading(url) as found:
        if found is not None:
            known.read(found)
            tag = found.identity.store_id[:4]
    gateway = gateway_of(settings, container, tag, known)
    recorded = standing(url, settings.state_dir).recorded
    held = 0 if recorded is None else int(str(recorded.position.get("qty", 0)))
    roll_days = container.contracts().session.roll_business_days
    yield from gateway_items(gateway, settings.run_mode, container.calendar(), roll_days, held)
    path = store_of(url)
    beside = Path() if path is None else path.parent
    yield paper_list(settings.state_dir or beside, settings.run_mode)
