"""A template from outside: who it is, and which of its answers the house takes.

Nothing that it says is taken on trust. An answer of another type, on another side, at a price
that is no whole tick, or with a stop or target that the rules do not give is none: it becomes a
`BadAnswer`, and nothing is made of it. What is taken is built anew from checked numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

from domain.decision_parameters import StopRule, TemplateParameters
from domain.instrument import PriceBand
from domain.intent import EntryType
from domain.management import HOLD, ExitTrade, Hold, Tighten
from domain.recent import MarketContext
from domain.strategies.interface import (
    EntryPlan,
    Rejection,
    Setup,
    Strategy,
    bracket,
    rounded_up,
    stop_within,
)
from domain.units import Side, Ticks

NAME: Final = re.compile(r"(?!K[0-5]$)[A-Z][A-Z0-9_]{1,15}")
"""Names of templates from outside: K0 to K5 are the house's."""
DIRECTIONAL: Final = 4
"""Beliefs F1 to F4 speak for a side; F5 is of the whole market, F6 of the crowd."""
FAULT: Final = "STRATEGY_FAULT"
"""Reason of a candidate whose template gave no answer that can be taken."""
TOO_WIDE: Final = "STOP_EXCEEDS_RISK_BUDGET"
_REASONS: Final = frozenset({TOO_WIDE, "TARGET_TOO_CLOSE"})
_EXITS: Final = frozenset({"STRUCTURE_LOST", "THESIS_INVALID"})
_name_of: Final = type.__dict__["__name__"].__get__
OWN: Final = "own"
"""The rule that a template's own exits and moves are recorded under."""


class BadAnswer(ValueError):
    """An answer that the house does not take; the message says why."""


class Fault(NamedTuple):
    """What a template did wrong, in which of its methods."""

    method: str
    detail: str


class Loaded(NamedTuple):
    """Which template from outside a run was begun with: its name, what it was installed from,
    and the SHA-256 of its source and of its parameters."""

    name: str
    distribution: str
    version: str
    source: str
    parameters: str

    @property
    def digest(self) -> str:
        """SHA-256, hex, of all of it."""
        return hashlib.sha256(json.dumps(self).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Outside:
    """A template from outside that was admitted: `parameters` are a copy of its own."""

    loaded: Loaded
    belief: int
    parameters: TemplateParameters
    tiers: tuple[str, ...]
    strategy: Strategy

    @property
    def name(self) -> str:
        """Its name, in the record as among the tiers' templates."""
        return self.loaded.name


def admitted(loaded: Loaded, strategy: Strategy, tiers: object) -> Outside:
    """A template from outside as it describes itself; what it says is copied, so that it cannot
    change later.

    Errors: ValueError for a name, belief, tier or parameter that no template can have.
    """
    name, belief, told = strategy.name, strategy.belief, strategy.parameters
    if type(name) is not str or name != loaded.name or NAME.fullmatch(name) is None:
        raise ValueError(
            f"name must be that of its entry point, {loaded.name}: 2 to 16 capitals, digits or _; "
            "K0 to K5 are the house's"
        )
    if type(belief) is not int or not 1 <= belief <= DIRECTIONAL:
        raise ValueError(f"belief must be 1 to {DIRECTIONAL}, for F1 to F{DIRECTIONAL}")
    if type(tiers) is not tuple or not tiers or any(type(t) is not str for t in tiers):
        raise ValueError('tiers must be a tuple of names, such as ("B",)')
    if type(told) is not TemplateParameters:
        raise ValueError("parameters must be TemplateParameters")
    values = {f.name: getattr(told, f.name) for f in fields(TemplateParameters)}
    for field, value in values.items():
        if type(value) not in (bool, int, float, tuple):
            raise ValueError(f"parameters: {field} is {type_name(value)}")
    if any(type(regime) is not str for regime in told.regimes):
        raise ValueError("parameters: regimes must be names")
    return Outside(loaded, belief, TemplateParameters(**values), tiers, strategy)


class Measure(NamedTuple):
    """What answers are measured by: the rule of stops, the farthest target in stops, the
    farthest entry from the close in ATRs, believable prices."""

    stops: StopRule
    target_stops: int
    distance_atr: float
    band: PriceBand


def setup_of(answer: object, name: str, side: Side, band: PriceBand) -> Setup | None:
    """The setup of an answer to `detect`. Errors: BadAnswer."""
    if answer is None:
        return None
    if type(answer) is not Setup:
        raise BadAnswer(f"answered {type_name(answer)}, not a Setup")
    template, sided, level = answer
    if type(template) is not str or template != name:
        raise BadAnswer("answered for another template")
    if type(sided) is not int or sided != side:
        raise BadAnswer("answered for another side")
    if level is not None:
        _price("level", level, band)
    return Setup(name, side, level)


def plan_of(
    answer: object, ctx: MarketContext, setup: Setup, p: TemplateParameters, by: Measure
) -> EntryPlan | Rejection:
    """The plan of an answer to `plan_entry`: the rule's own stop, a target in its corridor.

    Errors: BadAnswer.
    """
    if type(answer) is Rejection:
        return _rejection(answer, by.band)
    if type(answer) is not EntryPlan:
        raise BadAnswer(f"answered {type_name(answer)}, not an EntryPlan")
    entry_type, trigger, limit, need, stop, target, stop_price, target_price = answer
    for what, price in (("limit", limit), ("stop", stop_price), ("target", target_price)):
        _price(what, price, by.band)
    for what, ticks in (("need", need), ("stop", stop), ("target", target)):
        _distance(what, ticks, by.band)
    side = setup.side
    _check_entry(side, entry_type, trigger, limit, ctx, p, by)
    given = stop_within(need, min(ctx.cap, p.stop_cap_ticks), ctx.frame.a14, by.stops)
    if given is None:
        return Rejection(TOO_WIDE, need)
    if stop != given:
        raise BadAnswer(f"a stop of {stop} ticks, the rule gives {given}")
    least, most = rounded_up(stop, p.target_num, p.target_den), by.target_stops * stop
    if not least <= target <= most:
        raise BadAnswer(f"a target of {target} ticks, not within {least}..{most}")
    plan = bracket(side, (entry_type, trigger, limit), need, stop, target)
    if (plan.stop_price, plan.target_price) != (stop_price, target_price):
        raise BadAnswer("stop and target do not lie where their distances say")
    return plan


def move_of(answer: object, band: PriceBand) -> Hold | Tighten:
    """The move of an answer to `plan_management`. Errors: BadAnswer."""
    if type(answer) is Hold:
        return HOLD
    if type(answer) is not Tighten:
        raise BadAnswer(f"answered {type_name(answer)}, not a Tighten or HOLD")
    _price("stop", answer.price, band)
    return Tighten(answer.price, OWN)


def exit_of(answer: object) -> Hold | ExitTrade:
    """The exit of an answer to `plan_exit`. Errors: BadAnswer."""
    if type(answer) is Hold:
        return HOLD
    if type(answer) is not ExitTrade:
        raise BadAnswer(f"answered {type_name(answer)}, not an ExitTrade or HOLD")
    reason = answer.reason
    if type(reason) is not str or reason not in _EXITS:
        raise BadAnswer("left for a reason that is not a template's")
    return ExitTrade(reason, OWN)


def _rejection(answer: Rejection, band: PriceBand) -> Rejection:
    reason, need = answer
    if type(reason) is not str or reason not in _REASONS:
        raise BadAnswer("rejected for a reason that is not a template's")
    if need is not None:
        _distance("need", need, band)
    return Rejection(reason, need)


def _check_entry(
    side: Side,
    entry_type: object,
    trigger: object,
    limit: Ticks,
    ctx: MarketContext,
    p: TemplateParameters,
    by: Measure,
) -> None:
    """The entry waits on its own side of the market, and near it."""
    if type(entry_type) is not EntryType:
        raise BadAnswer(f"an entry of type {type_name(entry_type)}")
    close = ctx.bar.close
    if abs(limit - close) > by.distance_atr * max(ctx.frame.a14, 1.0):
        raise BadAnswer(f"a limit {abs(limit - close)} ticks from the market")
    if entry_type is EntryType.LIMIT:
        if trigger is not None:
            raise BadAnswer("a LIMIT entry with a trigger")
        if side * (limit - close) > 0:
            raise BadAnswer(f"a limit {side * (limit - close)} ticks worse than the close")
        return
    if type(trigger) is not int:
        raise BadAnswer(f"a trigger of type {type_name(trigger)}")
    _price("trigger", trigger, by.band)
    if side * (trigger - close) < 1:
        raise BadAnswer("a trigger that the market has passed")
    if not 0 <= side * (limit - trigger) <= p.stop_limit_offset:
        raise BadAnswer(f"a limit {side * (limit - trigger)} ticks beyond its trigger")


def _price(what: str, value: object, band: PriceBand) -> None:
    if type(value) is not int:
        raise BadAnswer(f"a {what} that is no whole tick: {type_name(value)}")
    if not band.low <= value <= band.high:
        raise BadAnswer(f"a {what} outside {band.low}..{band.high} ticks")


def _distance(what: str, value: object, band: PriceBand) -> None:
    if type(value) is not int:
        raise BadAnswer(f"a {what} that is no whole number of ticks: {type_name(value)}")
    if not 1 <= value <= band.high:
        raise BadAnswer(f"a {what} outside 1..{band.high} ticks")


def type_name(value: object) -> str:
    """The name of a value's type as a record can hold it, whatever its class says of itself."""
    return plain(str(_name_of(type(value))))


def plain(text: str) -> str:
    """`text` as a record can hold it: printable ASCII, at most 80 characters."""
    return "".join(c if " " <= c <= "~" else "?" for c in str(text)[:80])
