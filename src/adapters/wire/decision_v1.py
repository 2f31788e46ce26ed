"""The wire form of the decision record, and of the frame it was made from."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from adapters.wire.times import rfc3339
from domain.candidate import Candidate
from domain.counterfactual import Counterfactual
from domain.decision import DecisionRecord
from domain.frame import Frame, Regime
from domain.narrative import tell
from domain.score import Score, ThetaParts
from domain.strategies.interface import EntryPlan
from ports.journal import Encoded, JsonValue
from rust_core import Shape, frame_payloads

REGIMES = tuple(r.name.lower() for r in Regime)


class FrameForm(NamedTuple):
    """What the wire makes of a frame: two payloads and the hashes of `domain.frame`."""

    signals: Encoded
    beliefs: Encoded
    signals_hash: str
    beliefs_hash: str


class FrameForms:
    """The form of the frame at hand, made once for the three events that need it.

    The compiled form; `signals` and `beliefs` below say what it is.
    """

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._form: FrameForm | None = None

    def __call__(self, frame: Frame) -> FrameForm:
        """Errors: ValueError for a frame with a number that has no canonical form."""
        form = self._form
        if frame is not self._frame or form is None:
            form = self._form = FrameForm._make(frame_payloads(frame))
            self._frame = frame
        return form


_GATE: Final = Shape(
    ("id", "layer", "candidate", "value", "cmp", "threshold", "pass", "margin", "", ""),
    shared="candidate",
)
"""GateResult by place; those of the whole market are shared between bars, and made once."""
_THETA: Final = Shape(ThetaParts._fields)
_COUNTERFACTUAL: Final = Shape(Counterfactual._fields)
_CANDIDATE: Final = Shape(
    (
        "template", "side", "detected_level", "need", "stop", "target", "entry_type", "trigger",
        "limit", "eff", "st", "T", "theta", "failed", "b", "p0", "a_d", "b_d", "p_lb", "edge",
        "uncertainty", "friction", "multiplier", "cost", "score",
    )
)  # fmt: skip
_NO_PLAN: Final = (None,) * 5
_NO_SCORE: Final = (None,) * 11
_DECISION: Final = Shape(
    (
        "decision_id", "t_d", "action", "reason", "side", "template", "tier", "regime", "phase",
        "dvs_bp", "eqs_bp", "f5_eff", "theta_parts", "candidates", "gates", "counterfactual",
        "text", "signals_hash", "beliefs_hash", "config_hash",
    ),
    one={"theta_parts": _THETA, "counterfactual": _COUNTERFACTUAL},
    many={"gates": _GATE, "candidates": _CANDIDATE},
)  # fmt: skip


def _plan(p: EntryPlan | None) -> tuple[JsonValue, ...]:
    return _NO_PLAN if p is None else (p.stop, p.target, p.entry_type.value, p.trigger, p.limit)


def _score(s: Score | None) -> tuple[JsonValue, ...]:
    if s is None:
        return _NO_SCORE
    return (
        s.b, s.p0, s.a_d, s.b_d, s.p_lb, s.edge, s.uncertainty, s.friction, s.multiplier, s.cost,
        s.score,
    )  # fmt: skip


def _candidate(c: Candidate) -> tuple[JsonValue, ...]:
    """One candidate with its plan and score, in the places of its shape; None where it has none."""
    plan = c.plan
    need = plan.need if plan else c.rejection.need if c.rejection else None
    return (
        c.template, c.side, c.setup.level, need, *_plan(plan), c.effective, c.stability, c.thesis,
        c.theta_total, [g.id for g in c.failed], *_score(c.score),
    )  # fmt: skip


def decision(record: DecisionRecord, frame: FrameForm, config_hash: str) -> Encoded:
    """The whole record; `frame` is the form of its frame.

    Errors: ValueError for a number that has no canonical form.
    """
    return _DECISION.encode(
        (
            record.decision_id,
            rfc3339(record.t_d),
            record.action.value,
            record.reason,
            record.side,
            record.template,
            record.tier,
            REGIMES[record.regime],
            int(record.phase),
            record.dvs_bp,
            record.eqs_bp,
            record.f5_eff,
            record.theta,
            tuple(map(_candidate, record.candidates)),
            record.gates,
            record.counterfactual,
            tell(record),
            frame.signals_hash,
            frame.beliefs_hash,
            config_hash,
        )
    )


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
