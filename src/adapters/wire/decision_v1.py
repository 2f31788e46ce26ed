"""The wire form of the decision record, and of the frame it was made from."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from adapters.wire.times import rfc3339
from domain.candidate import Candidate
from domain.counterfactual import Counterfactual
from domain.decision import DecisionRecord
from domain.frame import Frame, Regime, beliefs_hash, signals_hash
from domain.gates import GateResult
from domain.narrative import tell
from domain.score import ThetaParts
from ports.journal import JsonValue

REGIMES = tuple(r.name.lower() for r in Regime)


_Known = dict[int, tuple[GateResult, dict[str, JsonValue]]]
_KEEP: Final = 4096


class GateForms:
    """The wire form of gates, made once for answers that are shared between bars.

    Most gates give the same answer, the same object, bar after bar; it is looked up by
    identity, and kept alive so that the identity stays its own.
    """

    def __init__(self) -> None:
        self._known: _Known = {}

    def __call__(self, g: GateResult) -> dict[str, JsonValue]:
        """One gate's answer; equal answers may share a dictionary, which nobody changes."""
        found = self._known.get(id(g))
        if found is not None:
            return found[1]
        form: dict[str, JsonValue] = {
            "candidate": g.candidate,
            "cmp": g.cmp,
            "id": g.id,
            "layer": g.layer,
            "margin": g.margin,
            "pass": g.passed,
            "threshold": g.threshold,
            "value": g.value,
        }
        if g.candidate is None:
            if len(self._known) >= _KEEP:
                self._known.clear()
            self._known[id(g)] = (g, form)
        return form


def theta(parts: ThetaParts) -> dict[str, JsonValue]:
    """The parts of the threshold."""
    return parts._asdict()


def candidate(c: Candidate) -> dict[str, JsonValue]:
    """One candidate with its plan and score; null where it has none."""
    plan, score = c.plan, c.score
    need = plan.need if plan else c.rejection.need if c.rejection else None
    row: dict[str, JsonValue] = {
        "template": c.template,
        "side": c.side,
        "detected_level": c.setup.level,
        "need": need,
        "stop": plan.stop if plan else None,
        "target": plan.target if plan else None,
        "entry_type": plan.entry_type.value if plan else None,
        "trigger": plan.trigger if plan else None,
        "limit": plan.limit if plan else None,
        "eff": c.effective,
        "st": c.stability,
        "T": c.thesis,
        "theta": c.theta_total,
        "failed": [g.id for g in c.failed],
    }
    for name in _SCORE:
        row[name] = getattr(score, name) if score else None
    return row


_SCORE = (
    "b", "p0", "a_d", "b_d", "p_lb", "edge", "uncertainty", "friction", "multiplier", "cost",
    "score",
)  # fmt: skip


def counterfactual(c: Counterfactual | None) -> dict[str, JsonValue] | None:
    """The counterfactual, or null."""
    return None if c is None else c._asdict()


def decision(record: DecisionRecord, config_hash: str, gate: GateForms) -> dict[str, JsonValue]:
    """The whole record; `gate` gives the gates their form."""
    frame = record.frame
    return {
        "decision_id": record.decision_id,
        "t_d": rfc3339(record.t_d),
        "action": record.action.value,
        "reason": record.reason,
        "side": record.side,
        "template": record.template,
        "tier": record.tier,
        "regime": REGIMES[record.regime],
        "phase": int(record.phase),
        "dvs_bp": record.dvs_bp,
        "eqs_bp": record.eqs_bp,
        "f5_eff": record.f5_eff,
        "theta_parts": theta(record.theta),
        "candidates": [candidate(c) for c in record.candidates],
        "gates": [*map(gate, record.gates)],
        "counterfactual": counterfactual(record.counterfactual),
        "text": tell(record),
        "signals_hash": signals_hash(frame),
        "beliefs_hash": beliefs_hash(frame),
        "config_hash": config_hash,
    }


@lru_cache(maxsize=512)
def reliability(ready: int, fallback: int) -> tuple[float, ...]:
    """The 35 reliabilities of the two bit masks."""
    return tuple((0.5 if fallback >> k & 1 else 1.0) if ready >> k & 1 else 0.0 for k in range(35))


def signals(frame: Frame) -> dict[str, JsonValue]:
    """The 35 signals and what decisions read beside them; NaN becomes null."""
    return {
        "a14": frame.a14,
        "bars_in_session": frame.bars_in_session,
        "dev": frame.dev,
        "er20": frame.er20,
        "levels": frame.levels,
        "p30": frame.p30,
        "ready": frame.ready,
        "regime": REGIMES[frame.regime],
        "regime_raw": REGIMES[frame.regime_raw],
        "reliability": reliability(frame.ready, frame.fallback),
        "shock": frame.shock,
        "slip": frame.slip,
        "slip_model": frame.slip_model,
        "spread": frame.spread,
        "tr": frame.tr,
        "values": frame.values,
    }


def beliefs(frame: Frame) -> dict[str, JsonValue]:
    """The eleven belief values in the order of `domain.frame.BELIEF_NAMES`, and T(+1)."""
    return {
        "T": frame.thesis,
        "cov": frame.coverage,
        "e": frame.evidence,
        "eff": frame.effective,
        "l": frame.likelihood,
        "lraw": frame.lraw,
        "ready": frame.belief_ready,
        "st": frame.stability,
    }
