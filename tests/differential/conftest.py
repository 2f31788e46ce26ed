"""Both engines, built from the shipped contracts for MES, and what makes two frames equal."""

from __future__ import annotations

import pytest

from adapters.contracts.loader import load_contracts
from domain.belief_parameters import EngineParameters


@pytest.fixture(scope="session")
def parameters() -> EngineParameters:
    """MES with the shipped contracts."""
    contracts = load_contracts()
    return contracts.engine_parameters(contracts.instruments["MES"])
