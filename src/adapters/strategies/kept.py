"""Copies of templates from outside, found again by what they were loaded as.

A run that did not come to its end has to be ended with the templates it was begun with, also
after their package was changed or taken away.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType
from typing import Final

from adapters.strategies.entry_points import GROUP, entry_point, files_of
from domain.strategies.outside import Loaded

KEPT: Final = "strategies"
"""The folder of the copies, beside the guard file."""
_DIGITS: Final = 16
_OWNER_ONLY: Final = 0o700


def keep(beside: Path, loaded: Loaded) -> None:
    """Copy the source of `loaded`, with what names its entry points, into a folder below
    `beside`; once for each content. What it imports of other packages is not copied.

    Errors: OSError; BadInput if it is not installed any more.
    """
    point, folder = entry_point(loaded.name), _folder(beside, loaded.digest)
    if point.dist is None or folder.is_dir():
        return
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    top = point.module.partition(".")[0]
    found = PathFinder.find_spec(top)
    alone = found is None or found.submodule_search_locations is None
    for name, path in files_of(top):
        place = making / name if alone else making / top / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    _describe(making, point.dist)
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        if not folder.is_dir():  # another process may have kept the same one
            raise


def _describe(folder: Path, dist: Distribution) -> None:
    """What an installer writes of a package, as far as a template is found by it."""
    info = folder / f"{dist.name.replace('-', '_')}-{dist.version}.dist-info"
    info.mkdir()
    told = f"Metadata-Version: 2.1\nName: {dist.name}\nVersion: {dist.version}\n"
    (info / "METADATA").write_text(told, encoding="utf-8")
    points = [f"{p.name} = {p.value}" for p in dist.entry_points.select(group=GROUP)]
    lines = "\n".join([f"[{GROUP}]", *points, ""])
    (info / "entry_points.txt").write_text(lines, encoding="utf-8")


@contextmanager
def found_first(beside: Path, digests: Iterable[str]) -> Iterator[None]:
    """Meanwhile the copies of these digests are what is installed; one that was not kept is
    looked for among what is.
    """
    folders = [f for f in (_folder(beside, digest) for digest in digests) if f.is_dir()]
    tops = {entry.stem for f in folders for entry in f.iterdir() if entry.suffix in ("", ".py")}
    path = list(sys.path)
    away = _without(tops)
    sys.path[:0] = [str(f) for f in folders]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        importlib.invalidate_caches()
        _without(tops)
        sys.modules.update(away)


def _without(tops: set[str]) -> dict[str, ModuleType]:
    """Forget the modules of these top-level names; which they were."""
    names = [name for name in sys.modules if name.partition(".")[0] in tops]
    return {name: sys.modules.pop(name) for name in names}


def _folder(beside: Path, digest: str) -> Path:
    return beside / KEPT / digest[:_DIGITS]
