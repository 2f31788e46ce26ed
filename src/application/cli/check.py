"""What `tradebot checklist` does: goes through every item, and says whether all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from application.cli.checking import Grade, Item, local_items
from application.cli.output import ExitCode, give, say
from application.cli.standing import store_of
from application.container import RunContainer, store_url
from application.settings import Adapter, Settings, load_settings

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


def fit_for_live(settings: Settings) -> bool:
    """True if nothing of the list fails; each thing that does is said, on standard error."""
    failed = [item for item in _items(settings) if item.grade is Grade.FAIL]
    for item in failed:
        say(f"LIVE refused: {item.name}: {item.evidence}")
    return not failed


def _items(settings: Settings) -> Iterator[Item]:
    container = RunContainer(settings=settings)
    yield from local_items(container, settings, container.clock().now())
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
    yield from gateway_items(gateway, settings.run_mode, container.calendar())
    path = store_of(url)
    beside = Path() if path is None else path.parent
    yield paper_list(settings.state_dir or beside, settings.run_mode)
