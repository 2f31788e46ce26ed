"""All contracts of a run, consistent with one another and no looser than the law.

Some limits stand in two files, as a number of the law and as a number of the page that uses
it: the windows, the quality gates, the least stop. Each is held to the law's ceiling, and the
tighter of the two holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from domain.belief_parameters import BeliefTable, EngineParameters
from domain.decision_parameters import DecisionParameters, TemplateTable
from domain.frame import CATEGORICAL, ODD, SIGNALS
from domain.instrument import Instrument
from domain.law.constitution import Constitution, check_ceiling, check_tier
from domain.management_parameters import (
    ExecutionParameters,
    LearningParameters,
    ManagementParameters,
)
from domain.quality_parameters import QualityParameters
from domain.session import SessionParameters
from domain.signals.parameters import Centre, RegimeParameters, ShockParameters, SignalParameters
from domain.strategies.outside import Outside
from domain.units import Money

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"]

TEMPLATES = ("k1", "k2", "k3", "k4")
STRATEGIES = "strategies/"
"""Before the name of a template from outside, where its hash stands among those of files."""
WINDOWS = ("opening_block_minutes", "last_entry_minutes", "flatten_minutes")
GATES = ("dvs_entry", "dvs_hold", "dvs_kill", "eqs_entry", "eqs_hold", "eqs_kill")
EVEN = frozenset(range(1, SIGNALS + 1)) - ODD - CATEGORICAL


class Conflict(NamedTuple):
    """What is wrong with a number only in the light of the law or of another contract.

    `contract` is the file's name without its ending, `place` the keys that lead to the number.
    """

    contract: str
    place: tuple[str | int, ...]
    reason: str


class ContractConflictError(ValueError):
    """Contracts that do not go together, or are looser than the law; `conflicts` is not empty."""

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("; ".join(f"{c.contract}: {c.reason}" for c in conflicts))
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Contracts:
    """The values of every contract file, and the SHA-256 of each file's content by file name;
    and the templates from outside that were let in beside K1 to K5.

    Errors: ContractConflictError for numbers looser than the law's ceilings and for contracts that
    contradict one another.
    """

    instruments: dict[str, Instrument]
    fee_warn_after_days: int
    session: SessionParameters
    constitution: Constitution
    quality: QualityParameters
    shock: ShockParameters
    signals: SignalParameters
    centres: dict[int, Centre]
    regime: RegimeParameters
    beliefs: BeliefTable
    templates: TemplateTable
    decision: DecisionParameters
    management: ManagementParameters
    execution: ExecutionParameters
    learning: LearningParameters
    hashes: dict[str, str]
    outside: tuple[Outside, ...] = ()

    def __post_init__(self) -> None:
        conflicts = (
            *_window_conflicts(self.session),
            *_gate_conflicts(self.quality),
            *_centre_conflicts(self.centres),
            *_template_conflicts(self.templates),
            *_tier_conflicts(self.decision, tuple(o.name for o in self.outside)),
        )
        if conflicts:
            raise ContractConflictError(conflicts)

    def tightest(self) -> Contracts:
        """These contracts, with the tighter value wherever a limit stands in two of them.

        Errors: ContractConflictError if the tighter values contradict one another.
        """
        law, gates, stop = self.constitution, self.quality.gates, self.templates.stop
        windows = {n: max(getattr(law, n), getattr(self.session, n)) for n in WINDOWS}
        lines = {n: max(getattr(law, f"{n}_bp"), getattr(gates, n)) for n in GATES}
        least = max(law.min_stop_ticks, stop.min_ticks)
        try:
            return replace(
                self,
                constitution=replace(
                    law,
                    min_stop_ticks=least,
                    **windows,
                    **{f"{name}_bp": value for name, value in lines.items()},
                ),
                session=replace(self.session, **windows),
                quality=replace(self.quality, gates=replace(gates, **lines)),
                templates=replace(self.templates, stop=replace(stop, min_ticks=least)),
            )
        except ValueError as error:
            reason = f"does not go with the other contracts: {error}"
            raise ContractConflictError((Conflict("constitution", (), reason),)) from None

    def with_outside(self, outside: tuple[Outside, ...]) -> Contracts:
        """These contracts, and `outside` as templates beside the house's: in the tiers each
        names, and with a hash each, so that a record says what it was made with.

        Errors: ContractConflictError for one that is looser than the law or than every template
        of the house.
        """
        conflicts = tuple(_outside_conflicts(outside, self))
        if conflicts:
            raise ContractConflictError(conflicts)
        tiers = tuple(
            replace(tier, templates=tier.templates + tuple(
                o.name for o in outside if tier.name in o.tiers
            ))
            for tier in self.decision.tiers
        )  # fmt: skip
        return replace(
            self,
            outside=outside,
            decision=replace(self.decision, tiers=tiers),
            hashes=self.hashes | {f"{STRATEGIES}{o.name}": o.loaded.digest for o in outside},
        )

    @property
    def constitution_hash(self) -> str:
        """SHA-256 of the constitution file's content."""
        return self.hashes["constitution.yaml"]

    def config_hash(self, settings: Mapping[str, str | int]) -> str:
        """SHA-256 over every contract and the `settings` that change decisions (events.md 1)."""
        return digest({"contracts": dict(self.hashes), "settings": dict(settings)})

    def engine_parameters(self, instrument: Instrument) -> EngineParameters:
        """What an engine for `instrument` is built from."""
        return EngineParameters(
            signals=self.signals,
            centres=self.centres,
            shock=self.shock,
            regime=self.regime,
            beliefs=self.beliefs,
            round_grid_ticks=instrument.round_grid_ticks,
            typical_spread_ticks=instrument.typical_spread_ticks,
            tick_value=float(instrument.tick_value),
            fee_per_side=float(instrument.fee_per_side),
            friction_pessimism=self.decision.friction.pessimism,
            max_risk_usd=float(self.constitution.max_risk),
        )

    def fee_is_stale(self, instrument: Instrument, today: date) -> bool:
        """True if the fee was last confirmed more than `fee_warn_after_days` days ago."""
        return (today - instrument.fee_confirmed).days > self.fee_warn_after_days


def _ceiling(
    contract: str, place: tuple[str | int, ...], name: str, value: int
) -> Iterator[Conflict]:
    try:
        check_ceiling(name, value)
    except ValueError as error:
        yield Conflict(contract, place, str(error))


def _window_conflicts(session: SessionParameters) -> Iterator[Conflict]:
    for name in (*WINDOWS, "lunch_from", "afternoon_from"):
        yield from _ceiling("session", ("parameters", name), name, getattr(session, name))


def _gate_conflicts(quality: QualityParameters) -> Iterator[Conflict]:
    for name in GATES:
        place = ("parameters", "gates", name)
        yield from _ceiling("quality", place, f"{name}_bp", getattr(quality.gates, name))


def _centre_conflicts(centres: dict[int, Centre]) -> Iterator[Conflict]:
    for number in sorted(centres.keys() - EVEN):
        reason = f"names no even signal: S{number}"
        yield Conflict("signals", ("centres", f"S{number}"), reason)
    for number in sorted(EVEN - centres.keys()):
        yield Conflict("signals", ("centres", f"S{number}"), "is missing")


def _template_conflicts(templates: TemplateTable) -> Iterator[Conflict]:
    least = templates.stop.min_ticks
    yield from _ceiling("templates", ("stop", "min_ticks"), "min_stop_ticks", least)
    yield from _ceiling("templates", ("stop", "min_ticks"), "max_stop_ticks", least)
    for name in TEMPLATES:
        k = getattr(templates, name)
        cap, life = k.stop_cap_ticks, k.time_to_live_seconds
        yield from _ceiling("templates", (name, "stop_cap_ticks"), "max_stop_ticks", cap)
        place = (name, "time_to_live_seconds")
        yield from _ceiling("templates", place, "time_to_live_seconds", life)


def _tier_conflicts(decision: DecisionParameters, outside: tuple[str, ...]) -> Iterator[Conflict]:
    known = [*(name.upper() for name in TEMPLATES), *outside]
    for n, tier in enumerate(decision.tiers):
        try:
            check_tier(tier.equity_from, tier.stop_cap_ticks, tier.risk_cap)
        except ValueError as error:
            yield Conflict("decision", ("tiers", n), str(error))
        for k, name in enumerate(tier.templates):
            if name not in known or name in tier.templates[:k]:
                reason = f"names no template, or one twice: {name}; there are {', '.join(known)}"
                yield Conflict("decision", ("tiers", n, "templates", k), reason)


def _outside_conflicts(outside: tuple[Outside, ...], contracts: Contracts) -> Iterator[Conflict]:
    """Templates from outside that cannot be told apart, name no tier or are too loose."""
    tiers = [tier.name for tier in contracts.decision.tiers]
    for n, each in enumerate(outside):
        if any(each.name == other.name for other in outside[:n]):
            yield Conflict(each.name, ("name",), "is named twice")
        if not set(each.tiers) <= set(tiers):
            yield Conflict(each.name, ("tiers",), f"must be some of {', '.join(tiers)}")
        yield from _too_loose(each, contracts.constitution, contracts.templates)


def _too_loose(each: Outside, law: Constitution, house: TemplateTable) -> Iterator[Conflict]:
    """What is looser than the law's ceilings, or than the loosest of the house's templates."""
    own = [getattr(house, name) for name in TEMPLATES]
    p = each.parameters
    for field, ceiling in (
        ("stop_cap_ticks", "max_stop_ticks"),
        ("time_stop_minutes", "max_minutes_in_trade"),
        ("time_to_live_seconds", "time_to_live_seconds"),
    ):
        yield from _ceiling(each.name, (field,), ceiling, getattr(p, field))
    minutes = law.max_minutes_in_trade
    bounds = [
        ("time_stop_minutes", 1, minutes),
        ("stop_lookback", 1, max(k.stop_lookback for k in own)),
        ("stop_limit_offset", 0, max(k.stop_limit_offset for k in own)),
        ("min_belief", min(k.min_belief for k in own), 1.0),
        ("theta_t", min(k.theta_t for k in own), 1.0),
        ("max_stability", 0.0, max(k.max_stability for k in own)),
        ("target_num", Fraction(house.k1.target_num * p.target_den, house.k1.target_den),
         house.k1_rule.target_max_stops * p.target_den),
    ]  # fmt: skip
    for field, least, most in bounds:
        value = getattr(p, field)
        if not least <= value <= most:
            reason = f"must lie in {least}..{most}, got {value}: no looser than the house's own"
            yield Conflict(each.name, (field,), reason)


def digest(value: object) -> str:
    """SHA-256, hex, of a contract value's canonical JSON: layout and comments do not count.

    Errors: TypeError for a value no contract holds.
    """
    text = json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> Json:
    match value:
        case bool() | int() | float() | str():
            return value
        case Money():
            return str(value)
        case Decimal():
            return format(value.normalize(), "f")
        case date():
            return value.isoformat()
        case list() | tuple():
            return [_canonical(item) for item in value]
        case dict():
            return {str(key): _canonical(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {f.name: _canonical(getattr(value, f.name)) for f in fields(value)}
        case _:
            raise TypeError(f"no contract holds a {type(value).__name__}")
