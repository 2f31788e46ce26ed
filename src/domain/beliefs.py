"""The beliefs F1 to F6 (beliefs.md): from signals to evidence, likelihood and effect.

`BeliefState` is what is carried from bar to bar inside a session, unrounded;
`assess` is one step of the pipeline for all eleven values. The numbered steps are
those of beliefs.md 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from domain.belief_parameters import BeliefParameters, BeliefTable, EngineParameters
from domain.frame import CATEGORICAL, F5, ODD, SIGNALS, belief_index
from domain.signals.parameters import Centre
from domain.signals.windows import clamp
from domain.transcendental import sigma

FULL_SCALE_BP = 10_000.0


class Term(NamedTuple):
    """One weighted signal of a belief; `at` is the signal number minus 1."""

    at: int
    weight: float
    size: float


class Sided(NamedTuple):
    """One of the eleven: a belief seen from a side, ready to be evaluated."""

    side: int
    parameters: BeliefParameters
    phase: tuple[float, ...]
    terms: tuple[Term, ...]
    full: float  # the sum of absolute weights


class BeliefState(NamedTuple):
    """Likelihood and stability of the eleven, in the order of BELIEF_NAMES."""

    likelihood: tuple[float, ...]
    stability: tuple[float, ...]


class Surroundings(NamedTuple):
    """What makes a belief applicable: phase of the bar's open, quality in basis points."""

    phase: int
    dvs_bp: int
    eqs_bp: int


class Belief(NamedTuple):
    """One belief value after a bar; `lraw` is None and `effective` 0 where it is not ready."""

    evidence: float
    coverage: float
    ready: bool
    lraw: float | None
    likelihood: float
    stability: float
    effective: float


@dataclass(frozen=True, slots=True)
class BeliefModel:
    """The beliefs contract, laid out for evaluation."""

    table: BeliefTable
    centres: dict[int, Centre]
    sided: tuple[Sided, ...]

    @classmethod
    def of(cls, ep: EngineParameters) -> BeliefModel:
        """Lay out the eleven belief values of a contract."""
        sided: list[Sided] = []
        for number, parameters in enumerate(ep.beliefs.all(), start=1):
            terms = tuple(
                Term(n - 1, parameters.weights[n], abs(parameters.weights[n]))
                for n in sorted(parameters.weights)
            )
            full = 0.0
            for term in terms:
                full += term.size
            sides = (0,) if belief_index(number, 0) == F5 else (1, -1)
            phase = parameters.phase.table()
            sided.extend(Sided(side, parameters, phase, terms, full) for side in sides)
        return cls(ep.beliefs, ep.centres, tuple(sided))

    def session_start(self) -> BeliefState:
        """Likelihoods at zero evidence, stabilities at rest."""
        at_rest = tuple(sigma(s.parameters.b) for s in self.sided)
        return BeliefState(at_rest, (0.0,) * len(at_rest))

    def contributions(self, values: tuple[float | None, ...]) -> tuple[list[float], list[float]]:
        """Step 1: what each signal says for the long and for the short side; 0 if not ready."""
        long, short = [0.0] * SIGNALS, [0.0] * SIGNALS
        for at, x in enumerate(values):
            number = at + 1
            if x is None or number in CATEGORICAL:
                continue
            if number in ODD:
                long[at], short[at] = x, -x
            elif (centre := self.centres.get(number)) is not None:
                phi = clamp((x - centre.centre) / centre.scale, -1.0, 1.0)
                long[at] = short[at] = phi
        return long, short

    def assess(
        self,
        state: BeliefState,
        values: tuple[float | None, ...],
        reliability: list[float],
        around: Surroundings,
    ) -> tuple[BeliefState, list[Belief]]:
        """One bar: raw signal values and reliabilities in, eleven beliefs and the new state out."""
        long, short = self.contributions(values)
        beliefs = []
        for k, sided in enumerate(self.sided):
            evidence, coverage = weigh(sided, short if sided.side < 0 else long, reliability)
            previous = (state.likelihood[k], state.stability[k])
            beliefs.append(self._conclude(sided, evidence, coverage, previous, around))
        after = BeliefState(
            tuple(b.likelihood for b in beliefs), tuple(b.stability for b in beliefs)
        )
        return after, beliefs

    def _conclude(
        self,
        sided: Sided,
        evidence: float,
        coverage: float,
        previous: tuple[float, float],
        around: Surroundings,
    ) -> Belief:
        """Steps 3 to 9 for one belief value; `previous` is its likelihood and stability."""
        t, p = self.table, sided.parameters
        before, unrest = previous
        if coverage < t.coverage_min - t.coverage_tolerance:
            return Belief(evidence, coverage, False, None, before, unrest, 0.0)
        lraw = sigma(p.a * evidence + p.b)
        likelihood = (1.0 - p.decay) * lraw + p.decay * before
        alpha = t.stability_alpha
        stability = alpha * abs(likelihood - before) + (1.0 - alpha) * unrest
        effective = likelihood * applicability(sided, around) * self._reliability(coverage)
        return Belief(evidence, coverage, True, lraw, likelihood, stability, effective)

    def _reliability(self, coverage: float) -> float:
        """Step 8: 1 at full coverage, the floor at the least coverage."""
        t = self.table
        share = (1.0 - t.reliability_floor) * (coverage - t.coverage_min) / (1.0 - t.coverage_min)
        return min(1.0, t.reliability_floor + share)


def weigh(sided: Sided, phi: list[float], reliability: list[float]) -> tuple[float, float]:
    """Step 2: evidence in [-1, 1] and coverage in [0, 1], summed in ascending signal number."""
    said = 0.0
    heard = 0.0
    for at, weight, size in sided.terms:
        r = reliability[at]
        if r > 0.0:
            said += weight * r * phi[at]
            heard += size * r
    return (said / heard if heard > 0.0 else 0.0), heard / sided.full


def applicability(sided: Sided, around: Surroundings) -> float:
    """Step 7: the phase factor, less where data or execution are below the belief's needs."""
    p = sided.parameters
    dvs = min(1.0, around.dvs_bp / FULL_SCALE_BP / p.dvs_min)
    eqs = min(1.0, around.eqs_bp / FULL_SCALE_BP / p.eqs_min)
    return sided.phase[around.phase] * dvs * eqs


def thesis(state: BeliefState) -> float:
    """T(+1): whether the market moves with a long position, 0.5 neutral (beliefs.md 5)."""
    with_me = state.likelihood[belief_index(4, 1)]
    against_me = state.likelihood[belief_index(4, -1)]
    return (1.0 + with_me - against_me) / 2.0
