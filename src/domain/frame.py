"""What an engine takes and gives for one bar: the hot-path values of the pipeline.

They are named tuples, not dataclasses: immutable all the same, and four times
cheaper to make, which counts on a path that runs on every bar of a replay.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from domain.units import BasisPoints, Ticks

SIGNALS: Final[int] = 35
SIGNAL_NAMES: Final[tuple[str, ...]] = (
    "vwap_z", "vwap_slope", "atr_14_n", "range_compression", "hhll_trend_strength",
    "breakout_distance_n", "rejection_wick_n", "close_location_value", "gap_from_prev_close_n",
    "distance_from_poc_proxy", "micro_trend_5", "real_body_impulse_n",
    "vol_z", "vol_slope_20", "effort_vs_result", "range_expansion_on_volume", "climax_bar_flag",
    "quiet_bar_flag", "consecutive_high_vol_bars", "participation_expansion_index",
    "session_phase", "opening_range_break", "lunch_void_gate", "close_magnet_index",
    "spread_proxy_tickiness", "slippage_risk_proxy", "dvs", "friction_regime_index",
    "fomo_index", "panic_index", "sweep_reversal_score", "round_number_proximity",
    "late_entry_flag", "auction_efficiency", "herding_score",
)  # fmt: skip
ODD: Final[frozenset[int]] = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 22, 29, 31, 33, 35})
"""Signal numbers whose value is negated by the mirror rule; all others are EVEN."""
CATEGORICAL: Final[frozenset[int]] = frozenset({21})
"""Signal numbers that are codes, never weighted."""

BELIEFS: Final[int] = 11
BELIEF_NAMES: Final[tuple[str, ...]] = (
    "f1_long", "f1_short", "f2_long", "f2_short", "f3_long", "f3_short",
    "f4_long", "f4_short", "f5", "f6_long", "f6_short",
)  # fmt: skip
F5: Final[int] = 8


def belief_index(belief: int, side: int) -> int:
    """Where belief F1..F6 (`belief` 1..6) for `side` +1 or -1 stands in the eleven values."""
    if belief == 5:
        return F5
    return 2 * (belief - 1) + (side < 0) - (belief == 6)


class Regime(IntEnum):
    """Market regime classes (signals.md 5); the learning key is the lower-case name."""

    UNKNOWN = 0
    VOLATILE = 1
    TRENDING = 2
    CHOPPY = 3
    RANGE = 4


class BarInput(NamedTuple):
    """One accepted RTH bar as an engine reads it; prices in ticks.

    `phase` is the phase of the bar's open, `minute` its minutes since the open
    (m0), `spread` the quoted mean spread in ticks or None, `realised_slip` the
    exponential mean of our own adverse slippage in ticks (S26). `dvs_bp` and
    `eqs_bp` are this bar's quality scores.
    """

    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: int
    phase: int
    minute: int
    session_start: bool
    spread: float | None
    dvs_bp: BasisPoints
    eqs_bp: BasisPoints
    realised_slip: float


class Probe(NamedTuple):
    """What quality asks of a bar before the engine consumes it (quality.md 1 and 3).

    `tr` in ticks. `atr_long` is ATR30 before this bar, without the floor of one
    tick, NaN while not ready. `shock` is the shock signature.
    """

    tr: Ticks
    atr_long: float
    shock: bool


class Frame(NamedTuple):
    """Everything the engine knows after one bar; every float is on the q9 grid.

    `values` holds S1..S35 (index number - 1), NaN where not ready; bit number - 1 of
    `ready` says which are, of `fallback` which of the ready ones stand on a fallback
    (reliability 0.5). `a14` is max(ATR14, 1) and `p30` is max(ATR30 before this bar, 1),
    in ticks, NaN while not ready. `dev` is close minus session VWAP in ticks, NaN
    while the VWAP is undefined. `spread` is what friction used, in ticks; `slip` the
    S26 estimate and `slip_model` its model part, in ticks, NaN while S26 is not ready.
    `levels` are the sweep levels (a), (b), (c) of the support side, then of the
    resistance side, None where a level does not exist. The rows of the beliefs have
    eleven values in the order of BELIEF_NAMES; bit k of `belief_ready` belongs to value k,
    `lraw` is NaN where not ready. `thesis` is T(+1).
    """

    values: Sequence[float]
    ready: int
    fallback: int
    regime: int
    regime_raw: int
    er20: float
    a14: float
    tr: Ticks
    p30: float
    dev: float
    spread: float
    slip: float
    slip_model: float
    shock: bool
    bars_in_session: int
    levels: tuple[Ticks | None, ...]
    evidence: Sequence[float]
    lraw: Sequence[float]
    likelihood: Sequence[float]
    stability: Sequence[float]
    effective: Sequence[float]
    coverage: Sequence[float]
    belief_ready: int
    thesis: float

    def is_ready(self, number: int) -> bool:
        """True if signal S`number` is ready."""
        return bool(self.ready >> (number - 1) & 1)

    def reliability(self, number: int, fallback: float = 0.5) -> float:
        """1 ready, `fallback` on a fallback, 0 not ready."""
        if not self.is_ready(number):
            return 0.0
        return fallback if self.fallback >> (number - 1) & 1 else 1.0

    def belief_is_ready(self, index: int) -> bool:
        """True if the belief value at `index` is ready."""
        return bool(self.belief_ready >> index & 1)


def _packed_hash(numbers: Sequence[float], bits: tuple[int, ...]) -> str:
    packed = struct.pack(f"<{len(numbers)}d{len(bits)}q", *numbers, *bits)
    return hashlib.sha256(packed).hexdigest()


def signals_hash(frame: Frame) -> str:
    """SHA-256, hex, of the signal snapshot: the 35 values as little-endian doubles, then the
    ready bits, the fallback bits and the regime as 64-bit integers."""
    return _packed_hash(frame.values, (frame.ready, frame.fallback, frame.regime))


def beliefs_hash(frame: Frame) -> str:
    """SHA-256, hex, of the effective values and stabilities as doubles, then the ready bits."""
    return _packed_hash((*frame.effective, *frame.stability), (frame.belief_ready,))
