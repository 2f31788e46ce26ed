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
from decimal import Decimal
from typing import Any

from scipy.stats import beta as beta_distribution

Row = dict[str, Any]

MINUTE, SECOND = 60_000_000_000, 1_000_000_000
F1, F2, F3, F4, F5, F6 = 0, 2, 4, 6, 8, 9
TIERS = {
    "S": ("K1", "K2"), "A": ("K1", "K2", "K3"), "B": ("K1", "K2", "K3", "K4"),
}  # fmt: skip
TIER_CAP = {"S": (10, Decimal(12)), "A": (14, Decimal(15)), "B": (18, Decimal(15))}
TEMPLATES = {  # belief, max stability, time stop, theta_T
    "K1": (F1, 0.12, 30, 0.18), "K2": (F2, 0.25, 25, 0.30),
    "K3": (F3, 0.25, 20, 0.25), "K4": (F4, 0.12, 40, 0.50),
}  # fmt: skip
LIMITS = {"daily_loss": Decimal(30), "weekly_loss": Decimal(75), "monthly_loss": Decimal(150)}
SCALE = {
    "trades_today": 1.0, "spacing": 30.0, "daily_loss": 15.0, "weekly_loss": 15.0,
    "monthly_loss": 15.0, "budget": 15.0, "dvs": 0.1, "eqs": 0.1, "belief": 0.1,
    "stability": 0.1, "thesis": 0.1, "noise": 0.1, "friction_share": 0.1, "score": 0.1,
}  # fmt: skip
REASON = {
    "kill": "KILL_SWITCH_ACTIVE", "flat": "IN_POSITION", "trades_today": "MAX_TRADES_REACHED",
    "spacing": "COOLDOWN_ACTIVE", "streak": "CONSECUTIVE_LOSS_LOCKOUT",
    "daily_loss": "DAILY_LOSS_LIMIT", "weekly_loss": "WEEKLY_LOSS_LIMIT",
    "monthly_loss": "MONTHLY_LOSS_LIMIT", "dvs": "DVS_TOO_LOW", "eqs": "EQS_TOO_LOW",
    "session": "SESSION_NOT_TRADABLE", "window": "SESSION_WINDOW_BLOCK",
    "vol_shock": "VOL_SHOCK_LOCKOUT", "execution_danger": "SPREAD_SLIPPAGE_LOCKOUT",
    "news_shock": "NEWS_LOCKOUT", "tier": "TEMPLATE_NOT_ALLOWED_BY_TIER",
    "budget": "RISK_BUDGET_EXHAUSTED", "belief": "BELIEF_TOO_LOW",
    "stability": "STABILITY_NOT_MET", "thesis": "THESIS_TOO_WEAK", "noise": "NOISE_VETO",
    "learning": "STRATEGY_QUARANTINED", "friction_share": "FRICTION_TOO_HIGH",
    "score": "EDGE_SCORE_BELOW_THETA", "one_side": "CONFLICTING_SETUPS",
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


def score(cand: Row, bar: Row, facts: Row) -> Row:
    """decision.md 4 and 5 without recorded data and without a throttle."""
    tick, fee = float(facts["tick_value"]), float(facts["fee"])
    p, sig = cand["plan"], bar["sig"]
    spread = facts["typical_spread"] if bar["quoted"] is None else max(1.0, bar["quoted"])
    friction = 1.25 * (2 * fee + tick * (0.5 * p["crossings"] * spread + sig["slip"]))
    b = p["target"] / p["stop"]
    level = clamp(cand["eff"], 0.01, 0.99)
    odds = level / (1 - level)
    odds = (1 / b) * (math.sqrt(odds) * math.sqrt(math.sqrt(odds)))
    p0 = clamp(odds / (1 + odds), 0.05, 0.90)
    p_lb = float(beta_distribution.ppf(0.20, 30 * p0, 30 * (1 - p0)))
    edge = p_lb * b - (1 - p_lb)
    uncertainty = 0.5 * (
        0.30 * (1 - bar["dvs"] / 10000)
        + 0.25 * (1 - bar["eqs"] / 10000)
        + 0.25 * min(1.0, cand["st"] / 0.25)
        + 0.20 * (1 - cand["eff"])
    )
    cost = friction / (p["stop"] * tick)
    return {
        "b": q9(b), "p0": q9(p0), "p_lb": q9(p_lb), "edge": q9(edge), "friction": q9(friction),
        "uncertainty": q9(uncertainty), "cost": q9(cost), "multiplier": 1.0, "a_d": 0.0,
        "b_d": 0.0, "score": q9(edge - uncertainty - cost),
        "share": q9(friction / (p["target"] * tick)),
    }  # fmt: skip


# ---------------------------------------------------------------------------- gates


def gate(name: str, cmp: str, value: float | None, limit: float | None, passed: bool) -> Row:
    return {"id": name, "cmp": cmp, "value": value, "threshold": limit, "pass": passed}


def flag(name: str, passed: bool) -> Row:
    return gate(name, "is", None, None, passed)


def at_least(name: str, value: float | None, limit: float) -> Row:
    return gate(name, ">=", value, limit, value is not None and value >= limit)


def at_most(name: str, value: float | None, limit: float | None) -> Row:
    return gate(name, "<=", value, limit, None not in (value, limit) and value <= limit)


def global_gates(bar: Row, session: Row, desk: Row) -> list[Row]:
    """Layers 0 to 4."""
    law, t = desk["law"], bar["t_d"]
    since = None if law["last_entry"] is None else q9((t - law["last_entry"]) / MINUTE)
    lost = realised(law)
    inside = any(a <= t < b for a, b in windows(session["open"], session["close"]))
    idle = desk["entry"] is None and desk["position"] is None and not in_doubt(desk, t)
    streak = law["state"] != "LOCKED" and not (law["state"] == "PROBATION" and law["entries"] >= 1)
    out = [
        flag("kill", law["kill"] is None),
        flag("flat", idle),
        gate("trades_today", "<", law["entries"], 2, law["entries"] < 2),
        gate("spacing", ">=", since, 30, since is None or since >= 30),
        flag("streak", streak),
    ]
    for name, halt in (
        ("daily_loss", "HALT_DAY"), ("weekly_loss", "HALT_WEEK"), ("monthly_loss", "HALT_MONTH"),
    ):  # fmt: skip
        free = lost[name] < LIMITS[name] and halt not in law["halts"]
        out.append(gate(name, "<", float(lost[name]), float(LIMITS[name]), free))
    out += [
        at_least("dvs", q9(bar["dvs"] / 10000), 0.80),
        at_least("eqs", q9(bar["eqs"] / 10000), 0.75),
        flag("session", 1 <= phase_at(t, session["open"], session["close"]) <= 5),
        flag("window", not inside),
    ]
    return out + [
        flag(k, t >= desk["lockouts"].get(k, 0))
        for k in ("vol_shock", "execution_danger", "news_shock")
    ]


def in_doubt(desk: Row, t: int) -> bool:
    """law.md 2: an order cancelled only provisionally, until read again 10 s after."""
    return desk["cancelled"] is not None and t - desk["cancelled"] < 10 * SECOND


def candidate_gates(cand: Row, bar: Row, desk: Row) -> list[Row]:
    """Layers 5 to 8, the score gate last but one; `one_side` is appended by `decide`."""
    s, p, name = cand["side"], cand["plan"], cand["template"]
    base, max_st, _, theta_t = TEMPLATES[name]
    ready, good = belief_ready(bar, base, s), p["rejected"] is None
    momentum = belief_ready(bar, F4, 1) and belief_ready(bar, F4, -1)
    tier = desk["tier"]
    used, limit = budget(desk, p["stop"]) if good else (None, None)
    sc = cand["score"]
    return [
        flag("tier", tier is not None and name in TIERS[tier]),
        flag("plan", good),
        at_most("budget", used, limit),
        at_least("belief", cand["eff"] if ready else None, 0.65),
        at_most("stability", cand["st"] if ready else None, max_st),
        at_least("thesis", cand["T"] if momentum else None, q9(theta_t + 0.05)),
        at_least("noise", belief(bar, F5, 1, "eff") if belief_ready(bar, F5, 1) else None, 0.60),
        flag("learning", True),
        gate("friction_share", "<=", sc["share"] if sc else None, 0.30,
             bool(sc) and sc["share"] <= 0.30 and sc["friction"] <= 9.0),
        at_least("score", sc["score"] if sc else None, cand["theta"]),
    ]  # fmt: skip


def worst_case(entry: int, stop: int, side: int, facts: Row) -> Decimal:
    return max(0, side * (entry - stop)) * facts["tick_value"] + 2 * facts["fee"]


def budget(desk: Row, stop: int) -> tuple[float, float]:
    """Used worst case and limit of the period with the least room (tie: day, week, month)."""
    facts, held, work = desk["facts"], desk["position"], desk["entry"]
    used = stop * facts["tick_value"] + 2 * facts["fee"]
    if held is not None:
        used += worst_case(held["f"], held["stop"], held["side"], facts)
    elif work is not None:
        used += worst_case(work["limit"], work["stop_price"], work["side"], facts)
    lost = realised(desk["law"])
    room = [(LIMITS[k] - lost[k] - used, lost[k] + used, LIMITS[k]) for k in LIMITS]
    least = min(room, key=lambda r: r[0])
    return float(least[1]), float(least[2])


def margin_of(g: Row) -> float | None:
    """How far a numeric gate is from failing, below 0 if it failed, over its scale; strict
    limits count to the last passing value."""
    if g["value"] is None or g["id"] not in SCALE:
        return None
    reach = last_passing(g) - g["value"]
    return (reach if g["cmp"] in ("<", "<=") else -reach) / SCALE[g["id"]]


def last_passing(g: Row) -> float:
    if g["cmp"] != "<":
        return float(g["threshold"])
    return g["threshold"] - (1.0 if g["id"] == "trades_today" else 0.01)


def counterfactual(gates: list[Row], entered: bool) -> Row | None:
    """The last paragraph but one of decision.md 8."""
    if entered:
        near = [(m, g) for g in gates if g["pass"] and (m := margin_of(g)) is not None]
        return told(min(near, key=lambda n: n[0])[1], True, 0)
    failed = [g for g in gates if not g["pass"]]
    numeric = [(-m, g) for g in failed if (m := margin_of(g)) is not None]
    alone = len(failed) == 1
    if not numeric:
        return told(failed[0], False, len(failed) - 1)
    return told(min(numeric, key=lambda n: n[0])[1], alone, len(failed) - 1)


def told(g: Row, flips: bool, others: int) -> Row:
    if g["value"] is None:
        return {
            "gate": g["id"], "value": None, "threshold": g["threshold"], "delta": None,
            "flips": flips, "others": others,
        }  # fmt: skip
    limit = last_passing(g)
    return {
        "gate": g["id"], "value": g["value"], "threshold": q9(limit),
        "delta": q9(limit - g["value"]), "flips": flips, "others": others,
    }  # fmt: skip


# ---------------------------------------------------------------------------- one decision


def candidates(bars: list[Row], desk: Row, session: Row) -> list[Row]:
    bar, facts, out = bars[-1], desk["facts"], []
    for name in TEMPLATES:
        for s in (1, -1):
            setup = detect(name, s, bars)
            if setup is None:
                continue
            base = TEMPLATES[name][0]
            cand: Row = {
                "template": name, "side": s, "level": setup["level"],
                "plan": plan(name, s, bars, desk["cap"]), "eff": belief(bar, base, s, "eff"),
                "st": belief(bar, base, s, "st"), "T": thesis(bar, s),
            }  # fmt: skip
            cand["score"] = score(cand, bar, facts) if cand["plan"]["rejected"] is None else None
            crowd = q9(0.20 * max(0.0, belief(bar, F6, s, "l") - 0.5))
            clash = 0.10 if conflicted(name, s, bar) else 0.0
            cand["parts"] = modifiers(bar, session) | {"conflict": clash, "crowd": crowd}
            cand["theta"] = theta_of(cand["parts"])
            cand["gates"] = candidate_gates(cand, bar, desk)
            out.append(cand)
    return out


def lead(cand: Row) -> float:
    return -math.inf if cand["score"] is None else q9(cand["score"]["score"] - cand["theta"])


def passing(cands: list[Row], clear: bool) -> list[Row]:
    return [c for c in cands if clear and all(g["pass"] for g in c["gates"])]


def decide(bars: list[Row], session: Row, desk: Row, managed: tuple[str, str] | None) -> Row:
    """The record of one bar; `managed` is (action, reason) while a position is open."""
    bar = bars[-1]
    above = global_gates(bar, session, desk)
    clear = all(g["pass"] for g in above)
    cands = candidates(bars, desk, session)
    both = passing(cands, clear)
    if len({c["side"] for c in both}) == 2:
        for c in both:
            if c["parts"]["conflict"] == 0.0:
                c["parts"]["conflict"] = 0.10
                c["theta"] = theta_of(c["parts"])
                c["gates"][-1] = at_least("score", c["score"]["score"], c["theta"])
        both = passing(cands, clear)
    torn = len({c["side"] for c in both}) == 2
    for c in cands:
        c["gates"].append(flag("one_side", not (torn and c in both)))
        c["failed"] = [g["id"] for g in c["gates"] if not g["pass"]]
    ranked = passing(cands, clear)
    chosen = min(ranked, key=lambda c: (-lead(c), c["template"])) if ranked else None
    main, common = (chosen, None) if chosen else primary(cands)
    first = next((g for g in above if not g["pass"]), None)
    if managed is not None:
        action, reason = managed
    elif chosen is not None:
        action, reason = "ENTER", "ALL_GATES_PASSED"
    else:
        action = "SKIP"
        if first is not None:
            reason = REASON[first["id"]]
        elif not cands:
            reason = "NO_SETUP"
        else:
            of = main if main is not None else common
            assert of is not None
            reason = candidate_reason(of)
    told_by = None
    if main is not None:
        told_by = counterfactual(above + main["gates"], action == "ENTER")
    parts = main["parts"] if main else modifiers(bar, session) | {"conflict": 0.0, "crowd": 0.0}
    return {
        "t_d": bar["t_d"], "action": action, "reason": reason, "tier": desk["tier"],
        "side": main["side"] if main else 0,
        "template": main["template"] if main else None, "chosen": chosen, "gates": above,
        "candidates": cands, "counterfactual": told_by, "theta_parts": parts,
        "phase": phase_at(bar["t_d"], session["open"], session["close"]),
        "regime": bar["sig"]["regime"], "dvs_bp": bar["dvs"], "eqs_bp": bar["eqs"],
        "f5_eff": belief(bar, F5, 1, "eff") if belief_ready(bar, F5, 1) else None,
    }  # fmt: skip


def primary(cands: list[Row]) -> tuple[Row | None, Row | None]:
    """The candidate whose reason is reported, or None and what both sides of one template
    share."""
    if not cands:
        return None, None
    key = lambda c: (len(c["failed"]), -lead(c), c["template"])  # noqa: E731
    best = min(cands, key=key)
    equal = [c for c in cands if key(c) == key(best)]
    if len(equal) == 1:
        return best, None
    shared = [g for g in best["failed"] if g in equal[1]["failed"]]
    return None, best | {"failed": shared or best["failed"]}


def candidate_reason(cand: Row) -> str:
    name = cand["failed"][0]
    if name == "plan":
        return str(cand["plan"]["rejected"])
    g = next(g for g in cand["gates"] if g["id"] == name)
    if g["cmp"] != "is" and g["value"] is None:
        return "MISSING_REQUIRED_SIGNAL"
    return REASON[name]


# ---------------------------------------------------------------------------- law


def new_law() -> Row:
    return {
        "session": None, "entries": 0, "last_entry": None, "streak": 0, "state": "NORMAL",
        "locked_on": None, "good": 0, "trades": [], "halts": set(), "kill": None, "sent": 0,
    }  # fmt: skip


def week_of(day: str) -> tuple[int, int]:
    return date.fromisoformat(day).isocalendar()[:2]


def nets(law: Row) -> dict[str, Decimal]:
    """The sums of net results of the day, ISO week and month of the current session."""
    day = law["session"]
    same = {
        "daily_loss": lambda d: d == day,
        "weekly_loss": lambda d: week_of(d) == week_of(day),
        "monthly_loss": lambda d: d[:7] == day[:7],
    }
    return {k: sum((n for d, n in law["trades"] if f(d)), Decimal(0)) for k, f in same.items()}


def realised(law: Row) -> dict[str, Decimal]:
    return {k: max(Decimal(0), -v) for k, v in nets(law).items()}


def open_session(law: Row, day: str) -> None:
    before = law["session"]
    law |= {"session": day, "entries": 0, "sent": 0, "good": 0}
    law["halts"].discard("HALT_DAY")
    if before is not None and week_of(before) != week_of(day):
        law["halts"].discard("HALT_WEEK")


def book(law: Row, net: Decimal) -> None:
    """A closed trade: sums, streak, halts."""
    law["trades"].append((law["session"], net))
    if net < 0:
        law["streak"] += 1
        if law["streak"] >= 2:
            law |= {"state": "LOCKED", "locked_on": law["session"], "good": 0}
    elif net > 0:
        law |= {"streak": 0, "state": "NORMAL"}
    lost = realised(law)
    for name, halt in zip(LIMITS, ("HALT_DAY", "HALT_WEEK", "HALT_MONTH"), strict=True):
        if lost[name] >= LIMITS[name]:
            law["halts"].add(halt)


def recover(law: Row, bar: Row) -> None:
    """law.md 1: 30 good decisions in a later session end the lock on probation."""
    if law["state"] != "LOCKED" or law["locked_on"] == law["session"]:
        return
    good = bar["dvs"] >= 8000 and bar["eqs"] >= 7500 and law["kill"] is None
    law["good"] = law["good"] + 1 if good else 0
    if law["good"] >= 30:
        law |= {"state": "PROBATION", "streak": 1, "good": 0}


def refusal(intent: Row, bar: Row, session: Row, desk: Row) -> str | None:
    """The first failing check of a permit that gates have not already answered."""
    facts, law, t = desk["facts"], desk["law"], bar["t_d"]
    stop, target, limit = intent["stop_price"], intent["target_price"], intent["limit"]
    s, anchor = intent["side"], desk["anchor"]
    dollars = intent["stop"] * facts["tick_value"]
    reached = max(abs(p - anchor) * 20 for p in (stop, target, limit)) <= anchor
    low, high = facts["band"]
    checks = [
        ("L2", dollars <= TIER_CAP[desk["tier"]][1]),
        ("L3", 8 <= intent["stop"] <= desk["cap"]),
        ("L19", law["sent"] < 10),
        ("SIDES", s * (limit - stop) > 0 and s * (target - limit) > 0),
        ("PRICE", reached and all(low <= p <= high for p in (stop, target, limit))),
        ("DISTANCE", abs(limit - bar["c"]) <= q9(4 * max(bar["sig"]["a14"], 1.0))),
        ("WINDOW", not any(a <= t < b for a, b in windows(session["open"], session["close"]))),
        ("TTL", t + 90 * SECOND < session["close"]),
        ("MARGIN", desk["equity"] >= facts["margin"] * Decimal("1.5")),
        ("IN_DOUBT", not in_doubt(desk, t)),
    ]
    return next((f"PERMIT_REFUSED_{k}" for k, good in checks if not good), None)
