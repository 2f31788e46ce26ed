"""What each contract file holds: one pydantic model a file, strict, frozen, no unknown keys."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.contracts.schema import Domain, ExactDecimal, ExactMoney, IsoDate
from domain.belief_parameters import BeliefTable
from domain.decision_parameters import DecisionParameters, TemplateTable
from domain.instrument import Instrument, PriceBand
from domain.law.constitution import Constitution
from domain.management_parameters import (
    ExecutionParameters,
    LearningParameters,
    ManagementParameters,
)
from domain.quality_parameters import QualityParameters
from domain.session import SessionParameters
from domain.signals.parameters import Centre, RegimeParameters, ShockParameters, SignalParameters

_Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,12}\z")]
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,24}\z")]


class Strict(BaseModel):
    """Nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ContractFile(Strict):
    """A contract file. `flat` names the member whose own keys stand at the top of the file."""

    flat: ClassVar[str | None] = None
    version: Annotated[int, Field(ge=1, le=1)]


class InstrumentRow(Strict):
    """One instrument without its fee, which has a file of its own."""

    exchange: _Name
    currency: _Name
    tick_size: ExactDecimal
    tick_value: ExactMoney
    multiplier: ExactDecimal
    initial_margin: ExactMoney
    typical_spread_ticks: int
    round_grid_ticks: int
    price_band: Domain[PriceBand]
    max_minute_volume: int
    rth_calendar: _Name
    venue_calendar: _Name
    live_enabled: bool

    def with_fee(self, symbol: str, fee: FeeRow) -> Instrument:
        """The instrument; ValueError from its own checks."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return Instrument(
            symbol=symbol, fee_per_side=fee.fee_per_side, fee_confirmed=fee.confirmed, **own
        )


class InstrumentsFile(ContractFile):
    """instruments.yaml (instrument-and-session.md 1), by symbol."""

    instruments: dict[_Symbol, InstrumentRow] = Field(min_length=1)


class FeeRow(Strict):
    """All-in fee of one side, and when it was last compared with a broker statement."""

    fee_per_side: ExactMoney
    confirmed: IsoDate


class FeesFile(ContractFile):
    """fees.yaml (instrument-and-session.md 1), by symbol."""

    warn_after_days: Annotated[int, Field(ge=1)]
    fees: dict[_Symbol, FeeRow]


class SessionFile(ContractFile):
    """session.yaml (instrument-and-session.md 4 and 5)."""

    parameters: Domain[SessionParameters]


class ConstitutionFile(ContractFile):
    """constitution.yaml (law.md 1 and 2)."""

    flat = "constitution"
    constitution: Domain[Constitution]


class QualityFile(ContractFile):
    """quality.yaml (quality.md)."""

    parameters: Domain[QualityParameters]
    shock: Domain[ShockParameters]


class SignalsFile(ContractFile):
    """signals.yaml (signals.md)."""

    parameters: Domain[SignalParameters]
    centres: Domain[dict[int, Centre]]
    regime: Domain[RegimeParameters]


class BeliefsFile(ContractFile):
    """beliefs.yaml (beliefs.md)."""

    flat = "beliefs"
    beliefs: Domain[BeliefTable]


class TemplatesFile(ContractFile):
    """templates.yaml (decision.md 2)."""

    flat = "templates"
    templates: Domain[TemplateTable]


class DecisionFile(ContractFile):
    """decision.yaml (decision.md 1, 4 to 8)."""

    flat = "decision"
    decision: Domain[DecisionParameters]


class ManagementFile(ContractFile):
    """management.yaml (management.md)."""

    flat = "management"
    management: Domain[ManagementParameters]


class ExecutionFile(ContractFile):
    """execution.yaml (execution.md 4, 5, 7 and 8)."""

    flat = "execution"
    execution: Domain[ExecutionParameters]


class LearningFile(ContractFile):
    """learning.yaml (learning.md)."""

    flat = "learning"
    learning: Domain[LearningParameters]


FILES: Final[tuple[str, ...]] = (
    "instruments.yaml", "fees.yaml", "session.yaml", "constitution.yaml", "quality.yaml",
    "signals.yaml", "beliefs.yaml", "templates.yaml", "decision.yaml", "management.yaml",
    "execution.yaml", "learning.yaml",
)  # fmt: skip
"""Every contract file there must be; no other may lie beside them."""
