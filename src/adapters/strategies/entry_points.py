"""Load the templates that were named from the entry points of installed packages.

A package that nobody named is not imported: an entry point is looked up by its name, and its code
runs only then. What runs is code of a person's own choice in this process; the house holds it to
its rules by what it takes of its answers, not by locking it in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from domain.contract_set import ContractConflictError, Contracts, digest
from domain.strategies.outside import NAME, Loaded, Outside, admitted
from domain.strategies.own import OwnStrategy
from ports.errors import BadInput

METHODS: Final = ("detect", "plan_entry", "plan_management", "plan_exit")
GROUP: Final = "tradebot.strategies"
"""The group of entry points: name, and a class that is called with the stop rule."""


def with_strategies(house: Contracts, names: tuple[str, ...]) -> Contracts:
    """`house` with the templates from outside of these names.

    Errors: BadInput for one that is not installed, cannot be loaded, or is looser than the house
    allows; the message says which and why.
    """
    loaded = tuple(_outside(name, house) for name in names)
    try:
        return house.with_outside(loaded)
    except ContractConflictError as error:
        first = error.conflicts[0]
        reason = f"{first.contract}: {'.'.join(str(p) for p in first.place)} {first.reason}"
        raise BadInput("settings", "strategies", reason) from None


def _outside(name: str, house: Contracts) -> Outside:
    point = entry_point(name)
    try:
        strategy = point.load()(replace(house.templates.stop))
        missing = [method for method in METHODS if not callable(getattr(strategy, method, None))]
        if missing:
            raise TypeError(f"it makes no strategy: {', '.join(missing)} missing")
        parameters = digest(strategy.parameters)
        dist = point.dist
        told = ("", "") if dist is None else (str(dist.name), str(dist.version))
        loaded = Loaded(name, *told, source_hash(point), parameters)
        return admitted(loaded, strategy, getattr(strategy, "tiers", OwnStrategy.tiers))
    except (Exception, SystemExit) as error:
        reason = f"{name} ({point.value}) cannot be loaded: {type(error).__name__}: {error}"
        raise BadInput("settings", "strategies", reason) from error


def entry_point(name: str) -> EntryPoint:
    """The one installed entry point of that name, not loaded yet. Errors: BadInput."""
    if NAME.fullmatch(name) is None:
        reason = (
            f"{name!r} is no name of a template from outside: 2 to 16 capitals, digits or _, and "
            "K0 to K5 are the house's"
        )
        raise BadInput("settings", "strategies", reason)
    every = entry_points(group=GROUP)
    found = [point for point in every if point.name == name]
    if not found:
        known = ", ".join(sorted({point.name for point in every})) or "none"
        reason = f"no installed package offers {name}; there are {known}"
        raise BadInput("settings", "strategies", reason)
    if len(found) > 1:
        places = ", ".join(sorted(point.value for point in found))
        raise BadInput("settings", "strategies", f"{name} is offered more than once: {places}")
    return found[0]


def source_hash(point: EntryPoint) -> str:
    """SHA-256, hex, over the files of the module, or of the whole package, that holds `point`;
    what it imports of other packages is not part of it.

    Errors: ValueError if it has no files.
    """
    whole = sha256()
    for name, path in files_of(point.module.partition(".")[0]):
        content = path.read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def files_of(module: str) -> Iterator[tuple[str, Path]]:
    """Every file of a top-level module or package, by its name in it, in order.

    Errors: ValueError if it has none.
    """
    found = PathFinder.find_spec(module)
    if found is None:
        raise ValueError(f"{module} has no files")
    if found.submodule_search_locations is None:
        path = Path(str(found.origin))
        yield path.name, path
        return
    for place in sorted(found.submodule_search_locations):
        root = Path(place)
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix(), path
