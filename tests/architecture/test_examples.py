"""Examples import one module of ours: what they can do, any other program can."""

from __future__ import annotations

import ast
from configparser import ConfigParser
from pathlib import Path

import pytest

from application.cli.output import ExitCode

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
OURS = {"domain", "ports", "application", "adapters", "rust_core"}


def test_the_examples_are_found() -> None:
    assert {"embed_fastapi.py", "own_strategy.py"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_the_one_module(path: Path) -> None:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    assert {n for n in names if n.partition(".")[0] in OURS} <= {"application.embed"}


def test_the_service_is_started_again_after_what_may_pass_by_itself_alone() -> None:
    """cli.md: after exit 4 or a signal only, with 60 s between."""
    unit = ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((ROOT / "examples" / "tradebot.service").read_text(encoding="utf-8"))
    service = unit["Service"]
    assert service["Restart"] == "on-abnormal", "signals, never an exit code"
    assert service["RestartForceExitStatus"].split() == [str(ExitCode.UNREACHABLE.value)]
    assert service["RestartSec"] == "60"
    assert service["SuccessExitStatus"].split() == [str(ExitCode.INTERRUPTED.value)]
    assert unit["Unit"]["StartLimitIntervalSec"] == "0", "RESTART_LOOP must be reached"
