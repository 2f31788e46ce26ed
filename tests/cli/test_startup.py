"""Start-up: a command loads what it needs, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from application.cli.commands import app
from application.cli.usage import USAGE
from program import environment

HEAVY = {
    "adapters", "alembic", "dependency_injector", "domain", "exchange_calendars", "matplotlib",
    "numpy", "orjson", "pandas", "ports", "pyarrow", "pydantic", "pydantic_settings", "rich",
    "rust_core", "sqlalchemy", "yaml",
}  # fmt: skip
OF_THE_PARSER = {"pydantic"}
"""What the parser itself loads once it has options to read."""
PROBE = """
import json, sys
sys.argv = ["tradebot", *sys.argv[1:]]
from application.main import main
code = 0
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded_by(folder: Path, *words: str) -> set[str]:
    """Every module in memory when the program ends."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert not code
    return set(modules)


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_what_the_program_is_takes_no_library_at_all(words: str, tmp_path: Path) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(tmp_path, words)}
    assert not loaded & (HEAVY | {"click", "typer"})


def test_the_usage_names_every_command_and_no_other() -> None:
    root = typer.main.get_command(app)
    names = set()
    for name, command in root.commands.items():
        names |= {f"{name} {sub}" for sub in getattr(command, "commands", [])} or {name}
    listed = USAGE.partition("Commands:")[2].partition("Options:")[0]
    told = {line[2:21].strip() for line in listed.splitlines() if line.strip()}
    assert told == names


@pytest.mark.parametrize("words", ["run --help", "signals --help", "db --help", "db verify --help"])
def test_help_on_a_command_takes_no_more_than_the_parser_itself(words: str, tmp_path: Path) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(tmp_path, *words.split())}
    assert not loaded & (HEAVY - OF_THE_PARSER)


def test_a_run_without_files_loads_no_adapter_that_it_does_not_use(tmp_path: Path) -> None:
    words = ("run", "--max-bars", "3", "--json")
    loaded_by(tmp_path, *words)  # on a new machine the sessions are worked out, with pandas, once
    loaded = loaded_by(tmp_path, *words)
    assert "adapters.engine.rust" in loaded
    unused = {
        "adapters.engine.reference", "adapters.signal_table", "adapters.bars.reader", "alembic",
        "matplotlib", "pyarrow",
    }  # fmt: skip
    assert not loaded & unused


@pytest.mark.parametrize(
    "words",
    [
        "run",
        "signals",
        "replay",
        "report",
        "status",
        "kill",
        "reset",
        "ack",
        "db verify",
        "db export",
    ],
)
def test_every_help_has_an_example(words: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "application.main", *words.split(), "--help"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "Example" in done.stdout
    assert f"tradebot {words}" in done.stdout
