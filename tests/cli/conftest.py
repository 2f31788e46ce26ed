"""Runs of the real program that several tests look at; each costs seconds, so it is made once."""

from __future__ import annotations

import pytest

from program import TwoRuns, tradebot


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    """See `program.TwoRuns`."""
    folder = tmp_path_factory.mktemp("two_runs")
    first = tradebot(folder, "--engine", "reference", "--json")
    second = tradebot(folder, "run", "--json")
    return TwoRuns(folder, first, second)
