"""One module of the program touches a client library, and only when a gateway is used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
SEAM = SOURCE / "adapters" / "ibkr" / "ib_api.py"
LIBRARIES = r"(ib_insync|ib_async|eventkit|ibapi|nest_asyncio)"
IMPORTS = re.compile(rf"^\s*(?:from|import)\s+{LIBRARIES}\b", re.MULTILINE)
BY_NAME = re.compile(
    rf"import_module\((?=.*\b{LIBRARIES}\b)|\b{LIBRARIES}\b(?=.*import_module\()", re.DOTALL
)
"""A library's name and an import by name in one file."""


def imports(text: str) -> bool:
    return bool(IMPORTS.search(text) or BY_NAME.search(text))


def test_only_the_seam_imports_a_client_library() -> None:
    assert [p for p in SOURCE.rglob("*.py") if imports(p.read_text(encoding="utf-8"))] == [SEAM]


@pytest.mark.parametrize(
    "text",
    [
        "import ib_insync",
        "from ib_async import IB",
        "    import eventkit as e",
        "NAME = 'ib_async'\nimport_module(NAME)",
    ],
)
def test_an_import_would_be_found(text: str) -> None:
    assert imports(f"x = 1\n{text}\n")


def test_the_patched_loop_is_used_nowhere() -> None:
    for path in (SOURCE / "adapters" / "ibkr").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"patchAsyncio|startLoop|nest_asyncio|\.sleep\(.*ib\b", text), path


@pytest.mark.parametrize(
    "what",
    [
        "import application.main",
        "from application.cli import run",
        "import adapters.ibkr.gateway",
    ],
)
def test_nothing_of_it_is_loaded_before_a_gateway_is_asked_for(what: str) -> None:
    loaded = "ib_insync", "ib_async", "eventkit", "nest_asyncio", "tenacity"
    program = f"{what}\nimport sys\nprint(sorted(set({loaded!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(SOURCE)}, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
