"""The reference engine: the domain's signals, regime and beliefs behind the engine port.

It is the executable specification, in plain Python; a faster engine has to agree
with it bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from adapters.engine.reference_state import decode_state, encode_state, parameter_digest
from domain.belief_parameters import EngineParameters
from domain.beliefs import Belief, BeliefModel, BeliefState, Surroundings, thesis
from domain.candidate import Rules
from domain.decision import decide
from domain.frame import BarInput, Frame, Probe
from domain.regime import SESSION_START, Held, hold, raw_regime
from domain.session import Phase
from domain.signals.cost import friction_spread
from domain.signals.shared import Quantities, Stream
from domain.signals.vector import SignalVector, signal_vector
from domain.units import DAY, MINUTE, Ticks, q9
from ports.decider import Decider
from ports.errors import EngineError

NAN = math.nan
MAX_PRICE = 2**31
MAX_VOLUME = 2**40
"""Beyond any market: below these, no sum of the engine leaves 128 bits."""
MAX_TICKS = 1e6
FULL_SCALE_BP = 10_000
_MINUTES = DAY // MINUTE
_PHASES = frozenset(int(phase) for phase in Phase)


@dataclass(slots=True)
class EngineState:
    """Everything that the next frame depends on, besides the next bar."""

    stream: Stream
    held: Held
    beliefs: BeliefState


class ReferenceEngine:
    """One stream of accepted RTH bars in, one frame a bar out (ports.engine.Engine).

    The first bar ever starts a session, whether it says so or not.
    """

    name = "reference"

    def __init__(self, parameters: EngineParameters) -> None:
        self._parameters = parameters
        self._model = BeliefModel.of(parameters)
        self._state = EngineState(
            Stream.start(parameters.signals), SESSION_START, self._model.session_start()
        )

    def probe(
        self, open_: Ticks, high: Ticks, low: Ticks, close: Ticks, volume: int, session_start: bool
    ) -> Probe:
        """Look at the next bar without consuming it; EngineError if it is impossible."""
        bar = BarInput(open_, high, low, close, volume, 0, 0, session_start, None, 0, 0, 0.0)
        _refuse_impossible(bar)
        before = self._state.stream.before(bar, self._parameters)
        return Probe(before.tr, _q9(before.atr_long), before.shock)

    def update(self, bar: BarInput) -> Frame:
        """Consume one bar; EngineError, and nothing changed, if it is impossible."""
        _refuse_impossible(bar)
        state, ep = self._state, self._parameters
        starts = bar.session_start or state.stream.session is None
        q = state.stream.observe(bar, ep)
        signals = signal_vector(q, ep)
        x = signals.values
        raw = raw_regime(q.ratio, q.er20, x[3], x[4], ep.regime)
        state.held = hold(SESSION_START if starts else state.held, raw, ep.regime)
        state.beliefs, beliefs = self._model.assess(
            self._model.session_start() if starts else state.beliefs,
            x,
            signals.reliability(ep.signals.fallback_reliability),
            Surroundings(bar.phase, bar.dvs_bp, bar.eqs_bp),
        )
        return self._frame(q, signals, int(raw), beliefs)

    def calm(self, bar: BarInput, multiple: float, floor: float) -> Frame | None:
        """Every bar is looked at first."""
        return None

    def decider(self, rules: Rules) -> Decider:
        """`domain.decision.decide` under `rules`."""
        return partial(decide, rules=rules)

    def snapshot(self) -> bytes:
        """The whole state as versioned, checksummed JSON; floats are kept exactly."""
        return encode_state(self._state, parameter_digest(self._parameters))

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot of this engine with the same parameters; EngineError otherwise."""
        self._state = decode_state(EngineState, state, parameter_digest(self._parameters))

    def _frame(
        self, q: Quantities, signals: SignalVector, raw: int, beliefs: list[Belief]
    ) -> Frame:
        """Everything recorded, on the 1e-9 grid."""
        slip = signals.slip
        return Frame(
            values=tuple(map(_q9, signals.values)),
            ready=_bits(x is not None for x in signals.values),
            fallback=sum(1 << (number - 1) for number in signals.fallback),
            regime=int(self._state.held.regime),
            regime_raw=raw,
            er20=_q9(q.er20),
            a14=_q9(q.a14),
            tr=q.before.tr,
            p30=_q9(q.before.p30),
            dev=_q9(q.dev),
            spread=q9(friction_spread(q, self._parameters)),
            slip=NAN if slip is None else q9(slip.expected),
            slip_model=NAN if slip is None else q9(slip.model),
            shock=q.before.shock,
            bars_in_session=q.i,
            levels=q.levels,
            evidence=tuple(q9(b.evidence) for b in beliefs),
            lraw=tuple(_q9(b.lraw) for b in beliefs),
            likelihood=tuple(q9(b.likelihood) for b in beliefs),
            stability=tuple(q9(b.stability) for b in beliefs),
            effective=tuple(q9(b.effective) for b in beliefs),
            coverage=tuple(q9(b.coverage) for b in beliefs),
            belief_ready=_bits(b.ready for b in beliefs),
            thesis=q9(thesis(self._state.beliefs)),
        )


def _q9(x: float | None) -> float:
    return NAN if x is None else q9(x)


def _bits(flags: Iterable[bool]) -> int:
    """Flag k as bit k."""
    bits = 0
    for k, flag in enumerate(flags):
        bits |= flag << k
    return bits


def _refuse_impossible(bar: BarInput) -> None:
    """Raise EngineError for a bar that cannot have been traded."""
    if not (bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high):
        raise EngineError(
            f"open {bar.open} or close {bar.close} outside low {bar.low} .. high {bar.high}"
        )
    if not -MAX_PRICE < bar.low <= bar.high < MAX_PRICE:
        raise EngineError(f"price beyond {MAX_PRICE} ticks: {bar.low} .. {bar.high}")
    if not 0 <= bar.volume <= MAX_VOLUME:
        raise EngineError(f"volume {bar.volume} outside 0 .. {MAX_VOLUME}")
    if not 0 <= bar.minute < _MINUTES:
        raise EngineError(f"minute {bar.minute} outside the session")
    if bar.phase not in _PHASES:
        raise EngineError(f"no such phase: {bar.phase}")
    for name, bp in (("DVS", bar.dvs_bp), ("EQS", bar.eqs_bp)):
        if not 0 <= bp <= FULL_SCALE_BP:
            raise EngineError(f"{name} {bp} outside 0 .. {FULL_SCALE_BP}")
    if bar.spread is not None and not 0.0 <= bar.spread <= MAX_TICKS:
        raise EngineError(f"spread {bar.spread} is no spread in ticks")
    if not 0.0 <= bar.realised_slip <= MAX_TICKS:
        raise EngineError(f"realised slip {bar.realised_slip} is no slippage in ticks")
