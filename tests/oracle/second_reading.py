"""A second reading of the specification: everything after the beliefs, from the text alone.

It shares no code with the product. Input are exported events (dictionaries with `type`,
`session_date`, `ts_event` and `payload`): of them it takes as facts only what lies before the
decision (sessions, bars, quality, signals, beliefs) and computes decisions, law state, fills,
management and closed trades anew. Plain dictionaries, scipy for the Beta quantile.
Page names in comments are those of the specification.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from scipy.stats import beta as beta_distribution

Row = dict[str, Any]

MINUTE, SECOND = 60_000_000_000, 1_000_000_000
F1, F2, F3, F4, F5, F6 = 0, 2, 4, 6, 8, 9
TEMPLATES = {  # belief, max stability, time stop, theta_T
    "K1": (F1, 0.12, 30, 0.18), "K2": (F2, 0.25, 25, 0.30),
    "K3": (F3, 0.25, 20, 0.25), "K4": (F4, 0.12, 40, 0.50),
}  # fmt: skip
TOD = ("pre_market", "opening", "mid_morning", "lunch", "afternoon", "close", "post_rth")


def q9(x: float) -> float:
    """Half to even on the 1e-9 grid."""
    return float(round(x * 1e9)) / 1e9 + 0.0


def nanos(text: str) -> int:
    """RFC 3339 UTC to integer nanoseconds."""
    stamp = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(stamp.timestamp()) * SECOND + stamp.microsecond * 1000


def clamp(x: float, low: float, high: float) -> float:
    return max(low, min(high, x))


def phase_at(t: int, opened: int, closed: int) -> int:
    """instrument-and-session.md 4: evaluate 6, then 5, then 1 to 4."""
    minutes = (t - opened) // MINUTE
    if t >= closed:
        return 6
    if t < opened:
        return 0
    if t >= closed - 60 * MINUTE:
        return 5
    return 1 if minutes < 60 else 2 if minutes < 120 else 3 if minutes < 240 else 4


def windows(opened: int, closed: int) -> list[tuple[int, int]]:
    """The no-entry windows, half-open; FLATTEN includes the close."""
    return [
        (opened, opened + 5 * MINUTE),
        (opened + 120 * MINUTE, min(opened + 240 * MINUTE, closed)),
        (closed - 15 * MINUTE, closed),
        (closed - 5 * MINUTE, closed + 1),
    ]


# ---------------------------------------------------------------------------- facts


def sessions(events: Iterable[Row]) -> Iterator[Row]:
    """Group the facts by session: open, close, and the accepted RTH bars with their snapshot."""
    current: Row | None = None
    for event in events:
        kind, p = event["type"], event["payload"]
        if kind == "SessionOpened":
            if current is not None:
                yield current
            current = {
                "date": event["session_date"], "open": nanos(p["open"]),
                "close": nanos(p["close"]), "bars": [],
            }  # fmt: skip
        elif current is None:
            continue
        elif kind == "BarClosed" and p["rth"] and not p["warmup"]:
            t = nanos(p["open_time"])
            current["bars"].append({
                "t": t, "t_d": t + MINUTE, "o": p["open"], "h": p["high"], "l": p["low"],
                "c": p["close"], "quoted": p["mean_spread_ticks"],
            })  # fmt: skip
        elif kind == "QualityAssessed" and p["cause"] == "bar":
            current["bars"][-1] |= {"dvs": p["dvs_bp"], "eqs": p["eqs_bp"]}
        elif kind == "SignalsComputed":
            current["bars"][-1]["sig"] = p
        elif kind == "BeliefsComputed":
            current["bars"][-1]["bel"] = p
    if current is not None:
        yield current


def x(bar: Row, number: int) -> float | None:
    """Signal S`number`, None while not ready."""
    value: float | None = bar["sig"]["values"][number - 1]
    return value


def belief(bar: Row, base: int, side: int, what: str) -> float:
    value: float = bar["bel"][what][base + (side < 0 and base != F5)]
    return value


def belief_ready(bar: Row, base: int, side: int) -> bool:
    return bool(bar["bel"]["ready"] >> (base + (side < 0 and base != F5)) & 1)


def thesis(bar: Row, side: int) -> float:
    """T(s) of beliefs.md 5; T(-s) = 1 - T(s)."""
    t: float = bar["bel"]["T"]
    return t if side > 0 else q9(1.0 - t)


# ---------------------------------------------------------------------------- templates


def detect(name: str, s: int, bars: list[Row]) -> Row | None:
    """decision.md 2: the setup of template `name` on side `s`, with its structure level."""
    bar, sig = bars[-1], bars[-1]["sig"]
    regime = sig["regime"]
    if sig["bars_in_session"] < 20 or sig["a14"] is None or regime == "unknown":
        return None
    adv = lambda k: adverse(bars, k, s)  # noqa: E731
    wanted = {"K1": (1, 8, 5), "K2": (5,), "K3": (31,), "K4": (6, 22, 5, 12, 33)}[name]
    v = {n: x(bar, n) for n in wanted}
    if any(value is None for value in v.values()):
        return None
    up = {n: s * value for n, value in v.items() if value is not None}
    c, a14 = bar["c"], sig["a14"]
    levels = sig["levels"][:3] if s > 0 else sig["levels"][3:]
    against = regime == "trending" and up.get(5, 0.0) <= -0.4
    if name == "K1":
        fine = up[1] <= -0.5 and up[8] >= 0 and regime != "volatile" and not against
        return {"level": None} if fine else None
    if name == "K2":
        if regime == "volatile" or against:
            return None
        closes = [b["c"] for b in bars[-5:]]
        best: tuple[int, int] | None = None
        for lv in levels:
            if lv is None:
                continue
            extent = s * (lv - adv(4))
            if (
                any(s * (lv - k) >= 1 for k in closes[1:4])
                and s * (closes[0] - lv) >= 0
                and s * (c - lv) >= 1
                and extent >= max(2, q9(0.25 * a14))
                and (best is None or extent > best[0])
            ):
                best = (extent, lv)
        return {"level": best[1]} if best else None
    if name == "K3":
        if up[31] < 0.45 or regime == "choppy":
            return None
        closes = [b["c"] for b in bars[-4:]]
        for lv in levels:
            if (
                lv is not None
                and s * (lv - adv(3)) >= 1
                and s * (c - lv) > 0
                and not any(s * (lv - k) >= 1 for k in closes)
            ):
                return {"level": lv}
        return None
    fine = (
        regime in ("trending", "volatile")
        and (up[6] > 0 or up[22] > 0)
        and up[5] >= 0.20
        and up[12] >= 0.10
        and up[33] < 0.90
    )
    return {"level": None} if fine else None


def adverse(bars: list[Row], k: int, s: int) -> int:
    """The most adverse extreme of the last k bars, the current one included."""
    return min(b["l"] for b in bars[-k:]) if s > 0 else max(b["h"] for b in bars[-k:])


def plan(name: str, s: int, bars: list[Row], cap: int) -> Row:
    """Entry, stop and target in ticks, or `rejected` with the reason."""
    bar = bars[-1]
    favourable = bar["h"] if s > 0 else bar["l"]
    trigger = None
    if name in ("K1", "K2"):
        kind, limit, crossings = "LIMIT", bar["c"], 1
    else:
        kind, trigger, crossings = "STOP-LIMIT", favourable + s, 2
        limit = trigger + 2 * s
    reach, extra = {"K1": (5, 2), "K2": (4, 2), "K3": (4, 2), "K4": (3, 1)}[name]
    need = s * (limit - adverse(bars, reach, s)) + extra
    out: Row = {
        "need": need, "entry_type": kind, "trigger": trigger, "limit": limit,
        "crossings": crossings, "rejected": None, "stop": None, "target": None,
    }  # fmt: skip
    stop = min(max(need, 8), cap)
    if cap < 8 or 2 * need > 3 * cap or bar["sig"]["a14"] > q9(1.25 * cap):
        return out | {"rejected": "STOP_EXCEEDS_RISK_BUDGET"}
    if name == "K1":
        target = min(math.floor(q9(-s * bar["sig"]["dev"])), 2 * stop)
        if target < -(-6 * stop // 5):
            return out | {"rejected": "TARGET_TOO_CLOSE"}
    else:
        target = {"K2": -(-8 * stop // 5), "K3": -(-9 * stop // 5), "K4": 2 * stop}[name]
    return out | {"stop": stop, "target": target}


# ---------------------------------------------------------------------------- score


def modifiers(bar: Row, session: Row) -> Row:
    """The parts of theta that the bar alone gives."""
    t, s3, s4 = bar["t_d"], x(bar, 3), x(bar, 4)
    phase = phase_at(t, session["open"], session["close"])
    weekday = date.fromisoformat(session["date"]).weekday()
    late = t >= session["open"] + 270 * MINUTE
    vol = 0.0 if s3 is None else 0.05 if s3 > 0.5 else -0.01 if s3 < q9(0.7 / 3) else 0.0
    return {
        "base": 0.03,
        "tod": {1: 0.02, 2: -0.01}.get(phase, 0.0),
        "dow": {0: 0.01, 4: 0.03 if late else 0.01}.get(weekday, 0.0),
        "vol": vol,
        "range": 0.0 if s4 is None else 0.03 if s4 > 0.8 else -0.01 if s4 < 0.2 else 0.0,
    }


def conflicted(name: str, s: int, bar: Row) -> bool:
    if belief(bar, F6, s, "l") >= 0.75:
        return True
    against = (F4,) if name != "K4" else (F1, F2, F3)
    return max(belief(bar, f, -s, "l") for f in against) >= 0.60


def theta_of(parts: Row) -> float:
    return q9(clamp(sum(parts.values()), 0.02, 0.40))


def score(cand: Row, bar: Row, facts: Row, known: Row) -> Row:
    """decision.md 4 and 5; `known` are the recorded data and the throttle."""
    tick, fee = float(facts["tick_value"]), float(facts["fee"])
    p, sig = cand["plan"], bar["sig"]
    spread = facts["typical_spread"] if bar["quoted"] is None else max(1.0, bar["quoted"])
    friction = 1.25 * (2 * fee + tick * (0.5 * p["crossings"] * spread + sig["slip"]))
    b = p["target"] / p["stop"]
    level = clamp(cand["eff"], 0.01, 0.99)
    odds = level / (1 - level)
    odds = (1 / b) * (math.sqrt(odds) * math.sqrt(math.sqrt(odds)))
    p0 = clamp(odds / (1 + odds), 0.05, 0.90)
    a_d, b_d, m = known["a_d"], known["b_d"], known["multiplier"]
    p_lb = float(beta_distribution.ppf(0.20, 30 * p0 + a_d, 30 * (1 - p0) + b_d))
    edge = p_lb * b - (1 - p_lb)
    uncertainty = 0.5 * (
        0.30 * (1 - bar["dvs"] / 10000)
        + 0.25 * (1 - bar["eqs"] / 10000)
        + 0.25 * min(1.0, cand["st"] / 0.25)
        + 0.20 * (1 - cand["eff"])
    )
    cost = m * friction / (p["stop"] * tick)
    return {
        "b": q9(b), "p0": q9(p0), "p_lb": q9(p_lb), "edge": q9(edge), "friction": q9(friction),
        "uncertainty": q9(uncertainty), "cost": q9(cost), "multiplier": m, "a_d": q9(a_d),
        "b_d": q9(b_d), "score": q9(edge - uncertainty - cost),
        "share": q9(friction / (p["target"] * tick)),
    }  # fmt: skip
