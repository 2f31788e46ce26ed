"""The wire form of the decision record, and of the frame it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from adapters.wire.times import rfc3339
from domain import event as e
from domain.candidate import Candidate
from domain.counterfactual import Counterfactual
from domain.decision import Action, DecisionRecord
from domain.frame import Frame, Regime, beliefs_hash, signals_hash
from domain.gates import GateResult
from domain.intent import EntryType
from domain.narrative import GATE_NAMES, MAX_LENGTH, SENTENCES, tell
from domain.score import Score, ThetaParts
from ports.journal import Encoded, JsonValue
from rust_core import BarForms, Shape, frame_payloads

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


_ACTIONS: Final = tuple((action, action.value) for action in Action)
_ENTRY_TYPES: Final = tuple((kind, kind.value) for kind in EntryType)


class Parts(NamedTuple):
    """What a decision is written with: enumerations with their words, the shapes of tuples, and
    what puts a record into words. Gates of the whole market are shared between bars."""

    actions: tuple[tuple[Action, str], ...] = _ACTIONS
    entry_types: tuple[tuple[EntryType, str], ...] = _ENTRY_TYPES
    gate: Shape = Shape(
        ("id", "layer", "candidate", "value", "cmp", "threshold", "pass", "margin", "", ""),
        shared="candidate",
    )
    theta: Shape = Shape(ThetaParts._fields)
    counterfactual: Shape = Shape(Counterfactual._fields)
    tell: Callable[[DecisionRecord], str] = tell
    sentences: Mapping[str, str] = SENTENCES
    gate_names: Mapping[str, str] = GATE_NAMES
    longest: int = MAX_LENGTH


def bar_forms() -> BarForms:
    """What makes the records of bars, and the payloads of decisions: the compiled form of
    `decision` below, and of `adapters.wire.codec` for the five events of a bar."""
    kinds = (e.BarClosed, e.QualityAssessed, e.SignalsComputed, e.BeliefsComputed, e.DecisionMade)
    return BarForms(kinds, Parts())


def _candidate(c: Candidate) -> dict[str, JsonValue]:
    """One candidate with its plan and score; None where it has none."""
    plan, score, rejection = c.plan, c.score, c.rejection
    figures = score or (None,) * len(Score._fields)
    told: dict[str, JsonValue] = dict(zip(Score._fields, figures, strict=True))
    told |= {
        "T": c.thesis,
        "detected_level": c.setup.level,
        "eff": c.effective,
        "entry_type": plan.entry_type.value if plan else None,
        "failed": [g.id for g in c.failed],
        "limit": plan.limit if plan else None,
        "need": plan.need if plan else rejection.need if rejection else None,
        "side": c.side,
        "st": c.stability,
        "stop": plan.stop if plan else None,
        "target": plan.target if plan else None,
        "template": c.template,
        "theta": c.theta_total,
        "trigger": plan.trigger if plan else None,
    }
    return told


def _gate(g: GateResult) -> dict[str, JsonValue]:
    return {
        "candidate": g.candidate, "cmp": g.cmp, "id": g.id, "layer": g.layer, "margin": g.margin,
        "pass": g.passed, "threshold": g.threshold, "value": g.value,
    }  # fmt: skip


def decision(record: DecisionRecord, config_hash: str) -> dict[str, JsonValue]:
    """The payload of a decision record: what `BarForms.decision` makes of it."""
    r, c = record, record.counterfactual
    return {
        "action": r.action.value,
        "beliefs_hash": beliefs_hash(r.frame),
        "candidates": [_candidate(candidate) for candidate in r.candidates],
        "config_hash": config_hash,
        "counterfactual": None if c is None else c._asdict(),
        "decision_id": r.decision_id,
        "dvs_bp": r.dvs_bp,
        "eqs_bp": r.eqs_bp,
        "f5_eff": r.f5_eff,
        "gates": [_gate(g) for g in r.gates],
        "phase": int(r.phase),
        "reason": r.reason,
        "regime": REGIMES[r.regime],
        "side": r.side,
        "signals_hash": signals_hash(r.frame),
        "t_d": rfc3339(r.t_d),
        "template": r.template,
        "text": tell(r),
        "theta_parts": r.theta._asdict(),
        "tier": r.tier,
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
