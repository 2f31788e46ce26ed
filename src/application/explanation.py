"""Why a decision was made, as one object: nothing but recorded numbers, and how they add up.

Pure: it takes payloads as they stand in the record. Sums worked out here stand beside the
recorded values that they must equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from domain.beliefs import BeliefModel
from domain.frame import BELIEF_NAMES
from domain.units import q9

Payload = Mapping[str, Any]
NAMES: Final = {
    "f1": "VWAP reversion (F1)", "f2": "failed break (F2)", "f3": "sweep (F3)",
    "f4": "momentum (F4)", "f5": "tradeability (F5)", "f6": "crowding (F6)",
}  # fmt: skip


class Step(NamedTuple):
    """One minute of a trade: `time` its close in nanoseconds, prices in ticks, `thesis` T of the
    trade's side, `stop` the working stop after it, `net` the open result in ticks at the close.
    """

    time: int
    close: int
    action: str
    reason: str
    thesis: float
    stop: int
    gain: int


@dataclass(slots=True)
class TradeTold:
    """What became of an entry: payloads as recorded, None or empty where there is none."""

    intent: Payload | None = None
    permit: Payload | None = None
    refused: bool = False
    orders: list[tuple[str, int, Payload]] = field(default_factory=list)
    fills: list[Payload] = field(default_factory=list)
    opened: Payload | None = None
    steps: list[Step] = field(default_factory=list)
    managed: list[tuple[int, Payload]] = field(default_factory=list)
    closed: Payload | None = None
    attributed: list[Payload] = field(default_factory=list)
    learned: list[tuple[str, Payload]] = field(default_factory=list)

    @property
    def told(self) -> bool:
        """True if there was an intent at all."""
        return self.intent is not None


class Record(NamedTuple):
    """Everything recorded about one decision; `at` is its time in nanoseconds.

    `law` is the law's memory in force, `model` the beliefs contract of then, None if it is not at
    hand. `trade` belongs to the decision itself, `shadows` are those it began, by template;
    `held` is the decision whose trade was open.
    """

    at: int
    decision: Payload
    signals: Payload
    beliefs: Payload
    law: Payload
    config: Payload
    model: BeliefModel | None
    trade: TradeTold
    shadows: Mapping[str, TradeTold]
    held: str | None


def explanation(r: Record) -> dict[str, Any]:
    """The whole of it, ready for JSON; see the fields of events.md for what is recorded."""
    d = r.decision
    return {
        "decision_id": d["decision_id"],
        "t_d": d["t_d"],
        "action": d["action"],
        "reason": d["reason"],
        "text": d["text"],
        "in_trade": r.held,
        "template": d["template"],
        "side": d["side"],
        "tier": d["tier"],
        "regime": d["regime"],
        "phase": d["phase"],
        "dvs_bp": d["dvs_bp"],
        "eqs_bp": d["eqs_bp"],
        "theta_parts": d["theta_parts"],
        "gates": d["gates"],
        "candidates": [_candidate(c) for c in d["candidates"]],
        "counterfactual": d["counterfactual"],
        "beliefs": beliefs(r.signals, r.beliefs, r.model),
        "thesis_long": r.beliefs.get("T"),
        "law": dict(r.law),
        "trade": _trade(r.trade) if r.trade.told else None,
        "shadow": {template: _trade(told) for template, told in r.shadows.items()},
        "config_hash": d["config_hash"],
    }


def _candidate(c: Payload) -> dict[str, Any]:
    """The recorded candidate, and its score added up again from its parts."""
    told = dict(c)
    if c["score"] is not None:
        told["score_added_up"] = q9(c["edge"] - c["uncertainty"] - c["cost"])
        told["edge_added_up"] = q9(c["p_lb"] * c["b"] - (1.0 - c["p_lb"]))
        told["surplus"] = q9(c["score"] - c["theta"])
    return told


def beliefs(signals: Payload, values: Payload, model: BeliefModel | None) -> list[dict[str, Any]]:
    """The eleven beliefs with what each signal contributed, the weightiest first.

    `evidence_added_up` is the sum of the contributions: the recorded evidence. Without the
    contract of then there are no contributions.
    """
    told = []
    for k, name in enumerate(BELIEF_NAMES if values else ()):
        terms = [] if model is None else _contributions(signals, model, k)
        told.append(
            {
                "name": name,
                "belief": NAMES[name[:2]],
                "ready": bool(values["ready"] >> k & 1),
                "evidence": values["e"][k],
                "evidence_added_up": q9(sum(t["contribution"] for t in terms)) if terms else None,
                "coverage": values["cov"][k],
                "lraw": values["lraw"][k],
                "likelihood": values["l"][k],
                "stability": values["st"][k],
                "effective": values["eff"][k],
                "signals": terms,
            }
        )
    return told


def _contributions(signals: Payload, model: BeliefModel, k: int) -> list[dict[str, Any]]:
    sided = model.sided[k]
    values: Sequence[float | None] = signals["values"]
    reliability: Sequence[float] = signals["reliability"]
    long, short = model.contributions(tuple(values))
    phi = short if sided.side < 0 else long
    heard = sum(term.size * reliability[term.at] for term in sided.terms)
    told = [
        {
            "signal": f"S{term.at + 1}",
            "weight": term.weight,
            "value": values[term.at],
            "reliability": reliability[term.at],
            "says": q9(phi[term.at]),
            "contribution": (
                term.weight * reliability[term.at] * phi[term.at] / heard if heard else 0.0
            ),
        }
        for term in sided.terms
    ]
    return sorted(told, key=lambda t: (-abs(t["weight"]), int(t["signal"][1:])))


def _trade(told: TradeTold) -> dict[str, Any]:
    return {
        "intent": told.intent,
        "permit": told.permit,
        "refused": told.refused,
        "fills": told.fills,
        "opened": told.opened,
        "bars": [step._asdict() for step in told.steps],
        "managed": [payload for _, payload in told.managed],
        "closed": told.closed,
        "attribution": told.attributed,
        "learning": [{"event": kind} | dict(payload) for kind, payload in told.learned],
    }
