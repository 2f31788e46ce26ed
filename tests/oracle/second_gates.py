"""A second reading of the specification: gates, selection and the record (decision.md 6 to 8)."""

from __future__ import annotations

import math
from decimal import Decimal

from oracle.second_law import HALTS, LIMITS, in_doubt, realised
from oracle.second_learning import standing
from oracle.second_reading import (
    F4,
    F5,
    F6,
    MINUTE,
    TEMPLATES,
    TOD,
    Row,
    belief,
    belief_ready,
    conflicted,
    detect,
    modifiers,
    phase_at,
    plan,
    q9,
    score,
    thesis,
    theta_of,
    windows,
)

TIERS = {
    "S": ("K1", "K2"), "A": ("K1", "K2", "K3"), "B": ("K1", "K2", "K3", "K4"),
}  # fmt: skip
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
    idle = (
        desk["entry"] is None
        and desk["position"] is None
        and not in_doubt(desk["entry_cancelled"], t)
    )
    streak = law["state"] != "LOCKED" and not (law["state"] == "PROBATION" and law["entries"] >= 1)
    out = [
        flag("kill", law["kill"] is None),
        flag("flat", idle),
        gate("trades_today", "<", law["entries"], 2, law["entries"] < 2),
        gate("spacing", ">=", since, 30, since is None or since >= 30),
        flag("streak", streak),
    ]
    for name, limit in LIMITS.items():
        free = lost[name] < limit and HALTS[name] not in law["halts"]
        out.append(gate(name, "<", float(lost[name]), float(limit), free))
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
        flag("learning", cand["known"]["status"] != "QUARANTINED"),
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
            tod = TOD[phase_at(bar["t_d"], session["open"], session["close"])]
            cand["known"] = standing(desk["books"], f"{name}|{bar['sig']['regime']}|{tod}")
            good = cand["plan"]["rejected"] is None
            cand["score"] = score(cand, bar, facts, cand["known"]) if good else None
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
        "template": (main or common or {"template": None})["template"], "chosen": chosen,
        "gates": above,
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
