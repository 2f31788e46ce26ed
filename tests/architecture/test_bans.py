"""What the core may not do: read a clock, draw lots, look around, log, or give up its types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
EDGES = {"container.py", "embed.py", "main.py", "secrets.py", "settings.py", "version.py"}
"""Files of the application that are no use case: they meet the world on purpose."""
DOMAIN = sorted((SOURCE / "domain").rglob("*.py"))
USE_CASES = sorted(p for p in (SOURCE / "application").glob("*.py") if p.name not in EDGES)
CORE = [*DOMAIN, *USE_CASES]

BANNED = {
    "asyncio", "concurrent", "glob", "locale", "logging", "multiprocessing", "os", "pathlib",
    "platform", "random", "secrets", "shutil", "signal", "socket", "sqlite3", "subprocess", "sys",
    "tempfile", "threading", "time", "uuid", "warnings",
}  # fmt: skip
BANNED_CALLS = {"breakpoint", "eval", "exec", "hash", "id", "input", "open", "print"}
CLOCKS = {"now", "today", "utcnow"}


def named(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(module: ast.Module) -> Iterator[str]:
    """The names of all modules that are imported anywhere in a file."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def offences(module: ast.Module) -> Iterator[str]:
    """What a file of the core does and may not."""
    for name in imported(module):
        if name.partition(".")[0] in BANNED:
            yield f"imports {name}"
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in BANNED_CALLS:
                yield f"line {node.lineno} calls {called.id}"
            if (
                isinstance(called, ast.Attribute)
                and called.attr in CLOCKS
                and isinstance(called.value, ast.Name)
                and called.value.id in ("datetime", "date", "time")
            ):
                yield f"line {node.lineno} reads the clock"
        if isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
            yield "iterates over a set"
        if isinstance(node, ast.Global):
            yield f"line {node.lineno} changes a global"
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno} asserts: that vanishes under -O"


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "frozenset")
    )


def test_the_core_is_found() -> None:
    assert len(DOMAIN) > 30
    assert {"day.py", "enter.py", "runner.py"} <= {p.name for p in USE_CASES}


@pytest.mark.parametrize("path", CORE, ids=named)
def test_the_core_reads_nothing_but_its_arguments(path: Path) -> None:
    assert list(offences(tree(path))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time", "from random import random", "import os.path", "print(1)",
        "datetime.now(UTC)", "for x in {1, 2}: pass", "[x for x in set(y)]", "assert x",
        "def f():\n    import logging",
    ],
)  # fmt: skip
def test_every_ban_can_be_broken(text: str) -> None:
    assert list(offences(ast.parse(text)))


@pytest.mark.parametrize("path", DOMAIN, ids=named)
def test_the_domain_knows_its_types(path: Path) -> None:
    names = {n.id for n in ast.walk(tree(path)) if isinstance(n, ast.Name)}
    assert not names & {"Any", "cast"}
    assert "type: ignore" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", USE_CASES, ids=named)
def test_use_cases_know_ports_and_no_adapter(path: Path) -> None:
    assert not {n for n in imported(tree(path)) if n.partition(".")[0] in ("adapters", "rust_core")}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=named)
def test_no_file_is_a_drawer_for_everything(path: Path) -> None:
    assert path.stem not in {"util", "utils", "helper", "helpers", "common", "misc", "shared_code"}
