"""S1 to S12: price structure and volatility (signals.md 3).

Every function takes one bar's shared quantities and returns the signal, None while
it is not ready.
"""

from __future__ import annotations

import math

from domain.signals.parameters import SignalParameters
from domain.signals.shared import Quantities
from domain.signals.windows import clamp


def vwap_z(q: Quantities, p: SignalParameters) -> float | None:
    """S1, odd, [-1, 1]: close against session VWAP in standard deviations.

    Source: VWAP as execution benchmark (Berkowitz, Logue, Noser 1988).
    """
    if q.zv is None or q.i < p.vwap_z_min_bars:
        return None
    return q.zv / p.vwap_z_clip


def vwap_slope(q: Quantities, p: SignalParameters) -> float | None:
    """S2, odd, [-1, 1]: least-squares slope of the session VWAP, in random-walk units."""
    y = q.session.vwap_path
    length = len(y)
    if q.a30 is None or length < p.vwap_slope_min:
        return None
    centre = (length - 1) / 2.0
    total = 0.0
    for k in range(length):
        total += (k - centre) * (y[k] - y[0])
    slope = total / (length * (length * length - 1) / 12.0)
    return clamp(slope * math.sqrt(length) / q.a30, -1.0, 1.0)


def atr_14_n(q: Quantities, p: SignalParameters) -> float | None:
    """S3, even, [0, 1]: ATR14 against what is normal at this time of day; 1/3 is normal.

    Sources: Wilder 1978; intraday seasonality (Andersen and Bollerslev 1997).
    """
    if q.ratio is None:
        return None
    return clamp(q.ratio, 0.0, p.ratio_clip) / p.ratio_clip


def range_compression(q: Quantities, p: SignalParameters) -> float | None:
    """S4, even, [0, 1]: ATR5 against ATR30; low is compressed, 0.5 is equal."""
    if q.atr_short is None or q.a30 is None:
        return None
    return clamp(q.atr_short / q.a30 - p.compression_offset, 0.0, 1.0)


def hhll_trend_strength(q: Quantities, p: SignalParameters) -> float | None:
    """S5, odd, [-1, 1]: share of higher-high-and-low bars minus the lower ones."""
    if q.i < p.structure_min_bars:
        return None
    ups_minus_downs = q.session.structure.total
    ups_plus_downs = q.session.structure.squares
    return ups_minus_downs / max(ups_plus_downs, p.structure_min_count)


def breakout_distance_n(q: Quantities, p: SignalParameters) -> float | None:
    """S6, odd, [-1, 1]: how far the close lies outside the earlier bars. Source: Donchian."""
    if q.a14 is None or q.i < max(p.breakout_min_bars, 2):
        return None
    high = max(q.session.highs[-1 - p.breakout_window : -1])
    low = min(q.session.lows[-1 - p.breakout_window : -1])
    return beyond(q, high, low, p.breakout_clip)


def beyond(q: Quantities, high: int, low: int, clip: float) -> float | None:
    """How far the close lies outside low..high, in A14, clipped and scaled to [-1, 1]."""
    if q.a14 is None:
        return None
    c = q.bar.close
    d = c - high if c > high else c - low if c < low else 0
    return clamp(d / q.a14, -clip, clip) / clip


def rejection_wick_n(q: Quantities) -> float | None:
    """S7, odd, [-1, 1]: lower wick minus upper wick; positive when lows were rejected."""
    bar = q.bar
    lower = min(bar.open, bar.close) - bar.low
    upper = bar.high - max(bar.open, bar.close)
    return (lower - upper) / max(q.before.tr, 1)


def close_location_value(q: Quantities) -> float | None:
    """S8, odd, [-1, 1]: where the close lies in the bar. Source: Chaikin."""
    bar = q.bar
    if bar.high == bar.low:
        return 0.0
    return (2 * bar.close - bar.high - bar.low) / (bar.high - bar.low)


def gap_from_prev_close_n(q: Quantities) -> float | None:
    """S9, odd, [-1, 1]: the part of the session gap that is still open."""
    if q.prior is None:
        return None
    gap = q.session.first_open - q.prior.close
    if gap == 0:
        return 0.0
    size = clamp(gap / max(q.prior.high - q.prior.low, 1), -1.0, 1.0)
    return size * clamp((q.bar.close - q.prior.close) / gap, 0.0, 1.0)


def distance_from_poc_proxy(q: Quantities, p: SignalParameters) -> float | None:
    """S10, odd, [-1, 1]: close against the prior session's final VWAP.

    Source: auction market theory (Steidlmayer; Dalton, Jones, Dalton 1993).
    """
    if q.prior is None or q.prior.m3 is None or q.prior.sd is None or q.a14 is None:
        return None
    dev = ((3 * q.bar.close - q.prior.r3) - q.prior.m3) / 3.0
    return clamp(dev / max(q.prior.sd, q.a14), -p.vwap_z_clip, p.vwap_z_clip) / p.vwap_z_clip


def micro_trend_5(q: Quantities, p: SignalParameters) -> float | None:
    """S11, odd, [-1, 1]: change of the close over five bars, in random-walk units."""
    n = p.micro_trend_bars
    if q.a14 is None or q.i < n + 1:
        return None
    change = q.bar.close - q.session.closes[-1 - n]
    return clamp(change / (q.a14 * math.sqrt(n)), -1.0, 1.0)


def real_body_impulse_n(q: Quantities, p: SignalParameters) -> float | None:
    """S12, odd, [-1, 1]: the bar's body."""
    if q.a14 is None:
        return None
    return clamp((q.bar.close - q.bar.open) / q.a14, -p.body_clip, p.body_clip) / p.body_clip


def structure(q: Quantities, p: SignalParameters) -> tuple[float | None, ...]:
    """S1 to S12 in order."""
    return (
        vwap_z(q, p),
        vwap_slope(q, p),
        atr_14_n(q, p),
        range_compression(q, p),
        hhll_trend_strength(q, p),
        breakout_distance_n(q, p),
        rejection_wick_n(q),
        close_location_value(q),
        gap_from_prev_close_n(q),
        distance_from_poc_proxy(q, p),
        micro_trend_5(q, p),
        real_body_impulse_n(q, p),
    )
