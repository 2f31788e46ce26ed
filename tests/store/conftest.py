"""Every test of a store that asks for `backend` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.backends import Backend, PostgresBackend, SqliteBackend


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Where the stores of one test stand."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path)
    return PostgresBackend(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Backend:
    """Where the stores of one module's tests stand."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path_factory.mktemp("shared"))
    return PostgresBackend(request.getfixturevalue("postgres"))
