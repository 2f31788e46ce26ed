"""What `tradebot checklist` does: goes through every item, and says whether all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from application.cli.checking import Grade, Item, local_items
from application.cli.output import ExitCode, give
from application.container import RunContainer
from application.settings import Adapter, load_settings

_MARKS: Final = {Grade.PASS: "ok  ", Grade.WARN: "WARN", Grade.FAIL: "FAIL"}


def check(options: Mapping[str, object], as_json: bool) -> ExitCode:
    """Go through the list. Errors: BadInput for settings that are none."""
    items: list[Item] = []
    for item in _items(options):
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


def _items(options: Mapping[str, object]) -> Iterator[Item]:
    settings = load_settings(options)
    container = RunContainer(settings=settings)
    yield from local_items(container, settings, container.clock().now())
    if settings.adapter is Adapter.FAKE:
        yield Item("gateway", Grade.PASS, "the fake broker needs none")
