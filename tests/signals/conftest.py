"""Engine parameters as the contracts give them, for MES."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapters.engine.reference import ReferenceEngine
from domain.belief_parameters import (
    BeliefParameters,
    BeliefTable,
    EngineParameters,
    PhaseFactors,
)
from domain.frame import BarInput, Frame
from domain.signals.parameters import (
    Centre,
    RegimeParameters,
    ShockParameters,
    SignalParameters,
)

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SHOCK = ShockParameters(
    range_multiple=4.0, volume_z=2.5, body_multiple=3.0, body_floor=0.5, window=60, min_changes=15
)


def _number(name: str) -> int:
    return int(name.removeprefix("S"))


def _belief(raw: dict) -> BeliefParameters:
    weights = {_number(name): weight for name, weight in raw["weights"].items()}
    return BeliefParameters(**{**raw, "phase": PhaseFactors(**raw["phase"]), "weights": weights})


def _load() -> EngineParameters:
    signals = yaml.safe_load((CONTRACTS / "signals.yaml").read_text())
    beliefs = yaml.safe_load((CONTRACTS / "beliefs.yaml").read_text())
    assert signals.pop("version") == beliefs.pop("version") == 1
    table = {
        name: _belief(value) if isinstance(value, dict) else value
        for name, value in beliefs.items()
    }
    return EngineParameters(
        signals=SignalParameters(**signals["parameters"]),
        centres={_number(name): Centre(**c) for name, c in signals["centres"].items()},
        shock=SHOCK,
        regime=RegimeParameters(**signals["regime"]),
        beliefs=BeliefTable(**table),
        round_grid_ticks=40,
        typical_spread_ticks=1,
        tick_value=1.25,
        fee_per_side=0.62,
        friction_pessimism=1.25,
        max_risk_usd=15.0,
    )


@pytest.fixture(scope="session")
def parameters() -> EngineParameters:
    """MES with the shipped contracts."""
    return _load()


@pytest.fixture(scope="session")
def play(parameters):
    """A function that plays a tape through a fresh reference engine."""

    def run(bars: list[BarInput]) -> list[Frame]:
        engine = ReferenceEngine(parameters)
        return [engine.update(bar) for bar in bars]

    return run
