"""A folder of contracts that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

SHIPPED = Path(__file__).resolve().parents[2] / "contracts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped contracts."""
    copy = tmp_path / "contracts"
    copy.mkdir()
    for path in SHIPPED.glob("*.yaml"):
        shutil.copyfile(path, copy / path.name)
    return copy
