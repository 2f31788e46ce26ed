"""A second reading of the specification: shadow trades and what came after a trade
(learning.md 4, execution.md 8, attribution.md 2).

A shadow has a desk of its own, on which the second reading's own rules play; only the law, the
realised slippage and the incidents of the real one are kept away from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from oracle.second_learning import HOME
from oracle.second_management import manage
from oracle.second_reading import MINUTE, TEMPLATES, TOD, Row, q9, windows

SECONDS = 1_000_000_000
FORGIVEN = {
    "learning", "flat", "trades_today", "spacing", "streak", "daily_loss", "weekly_loss",
    "monthly_loss", "budget",
}  # fmt: skip


def consider(name: str, record: Row, session: Row, desk: Row) -> None:
    """decision.md 7, last paragraph."""
    above = [g["id"] for g in record["gates"] if not g["pass"]]
    fit: dict[str, list[Row]] = {}
    for c in record["candidates"]:
        failed = above + [g["id"] for g in c["gates"] if not g["pass"]]
        if c["known"]["status"] == "QUARANTINED" and set(failed) <= FORGIVEN:
            fit.setdefault(c["template"], []).append(c)
    for template, both in fit.items():
        if len(both) == 1 and template not in desk["shadows"]:
            desk["shadows"][template] = work(name, both[0], record, session, desk)


def work(name: str, c: Row, record: Row, session: Row, desk: Row) -> Row:
    p, s, bar = c["plan"], c["side"], desk["seen"][-1]
    starts = [a for a, _ in windows(session["open"], session["close"]) if a > bar["t_d"]]
    return {
        "id": name, "template": c["template"], "side": s, "entry_type": p["entry_type"],
        "trigger": p["trigger"], "limit": p["limit"], "stop_price": p["limit"] - s * p["stop"],
        "target_price": p["limit"] + s * p["target"], "stop0": p["stop"], "target": p["target"],
        "decided": bar["t_d"], "deadline": min([bar["t_d"] + 90 * SECONDS, *starts]),
        "time_stop_min": TEMPLATES[c["template"]][2], "theta_t": TEMPLATES[c["template"]][3],
        "level": c["level"], "a14": bar["sig"]["a14"], "p0": c["score"]["p0"],
        "edge": c["score"]["edge"], "slip_est": bar["sig"]["slip"], "triggered": False,
        "key": {
            "template": c["template"], "regime": bar["sig"]["regime"], "tod": TOD[record["phase"]],
        },
        "spread": spread(bar, desk), "f": None,
    }  # fmt: skip


def spread(bar: Row, desk: Row) -> float:
    typical = desk["facts"]["typical_spread"]
    return float(typical if bar["quoted"] is None else max(1.0, bar["quoted"]))


def fills(bar: Row, session: Row, desk: Row, end: Callable[[Row], None]) -> None:
    """The fills and the timers of one minute, before its step; `desk["seen"]` ends before it."""
    for template in sorted(desk["shadows"]):
        held = desk["shadows"][template]
        if desk["seen"][-1]["t_d"] < bar["t"]:
            clock(held, bar["t"], desk["seen"][-1]["c"], session, desk)
        if template in desk["shadows"] and play(held, bar, desk, end):
            del desk["shadows"][template]
        if template in desk["shadows"]:
            clock(held, bar["t_d"], bar["c"], session, desk)


def clock(held: Row, until: int, price: int, session: Row, desk: Row) -> None:
    eod = session["close"] - 5 * MINUTE
    if held["f"] is None:
        if min(held["deadline"], eod) <= until:
            del desk["shadows"][held["template"]]
    elif held["exit"] is None:
        due, why = min((eod, "EOD"), (held["time"] + 60 * MINUTE, "HARD_TIME"))
        if due <= until:
            held |= {"exit": why, "sent_at": price}


def play(held: Row, bar: Row, desk: Row, end: Callable[[Row], None]) -> bool:
    """True if the shadow is over."""
    s, fresh = held["side"], held["f"] is None
    low, high = (bar["l"], bar["h"]) if s > 0 else (-bar["h"], -bar["l"])
    opened = s * bar["o"]  # prices seen from the trade's side: up is good
    if fresh:
        price = entry(held, bar, low, high, opened)
        if price is None:
            return False
        held |= {
            "f": price, "time": bar["t"], "fill_minute": bar["t"], "stop": held["stop_price"],
            "bad": 0, "mae": 0, "mfe": 0, "exit": None, "dvs_run": 0, "eqs_done": False,
            "even": False, "locked": False, "t_exit": None, "regime_exit": None, "min_dvs": None,
            "min_eqs": None, "ratio": None, "shock": False, "sent_at": None,
            "slip_entry": 0 if held["trigger"] is None else max(0, s * (price - held["trigger"])),
        }  # fmt: skip
    before = desk["seen"][-1]
    stop, target = s * held["stop"], s * held["target_price"]
    if held["exit"] is not None:
        close(held, bar["o"] - s * half_spread(before, desk), held["exit"], bar["t"], desk, end)
    elif low <= stop:
        worst = stop if fresh else min(stop, opened)
        why = "BE_STOP" if stop >= s * held["f"] else "STOP"
        price = s * (worst - math.ceil(before["sig"]["slip_model"]))
        close(held, price, why, bar["t"], desk, end)
    elif not fresh and high > target:
        close(held, held["target_price"], "TARGET", bar["t"], desk, end)
    else:
        return False
    return True


def entry(held: Row, bar: Row, low: int, high: int, opened: int) -> int | None:
    s = held["side"]
    if bar["t_d"] > held["deadline"]:
        return None
    limit = s * held["limit"]
    if held["trigger"] is None or held["triggered"]:
        return held["limit"] if low < limit else None
    trigger = s * held["trigger"]
    if high < trigger:
        return None
    held["triggered"] = True
    price = max(opened, trigger) + 1
    if price <= limit:
        return s * price
    return held["limit"] if low <= limit else None


def half_spread(before: Row, desk: Row) -> int:
    return math.ceil(q9(0.5 * spread(before, desk)))


def close(held: Row, price: int, why: str, t: int, desk: Row, end: Callable[[Row], None]) -> None:
    s, facts = held["side"], desk["facts"]
    gain = s * (price - held["f"])
    from_ = {"STOP": held["stop"], "BE_STOP": held["stop"], "TARGET": price}.get(why)
    slip = max(0, s * ((held["sent_at"] if from_ is None else from_) - price))
    gross, fees = gain * facts["tick_value"], 2 * facts["fee"]
    end({
        "decision_id": held["id"], "template": held["template"], "side": s,
        "entry_price": held["f"], "exit_price": price, "exit_time": t, "exit_reason": why,
        "gross": gross, "fees": fees, "net": gross - fees, "r_gross": q9(gain / held["stop0"]),
        "r_net": q9(float(gross - fees) / (held["stop0"] * float(facts["tick_value"]))),
        "b": q9(held["target"] / held["stop0"]), "p0": held["p0"], "edge": held["edge"],
        "mae": max(held["mae"], -gain), "mfe": max(held["mfe"], gain),
        "slip_entry": held["slip_entry"], "slip_exit": slip,
        "duration_s": (t - held["time"]) // SECONDS, "t_exit": held["t_exit"],
        "min_dvs_bp": held["min_dvs"], "min_eqs_bp": held["min_eqs"],
        "max_atr_ratio": held["ratio"], "shock": held["shock"],
        "regime_exit": held["regime_exit"], "be_moved": s * (held["stop"] - held["f"]) >= 0,
        "mode": "SHADOW", "held": held,
    })  # fmt: skip


def managed(bar: Row, session: Row, desk: Row) -> None:
    """The bar rules, after the fills and the clock; `desk["seen"]` ends with the bar."""
    for template in sorted(desk["shadows"]):
        held = desk["shadows"][template]
        if held["f"] is None:
            far = q9(4 * max(held["a14"], 1.0))
            if desk["law"]["kill"] is not None or abs(bar["c"] - held["limit"]) > far:
                del desk["shadows"][template]
            continue
        if bar["t"] > held["fill_minute"]:
            for price in (bar["h"], bar["l"]):
                gain = held["side"] * (price - held["f"])
                held["mae"], held["mfe"] = max(held["mae"], -gain), max(held["mfe"], gain)
        apart = desk | {"position": held}
        manage(bar, session, apart)


def over(session: Row, desk: Row, end: Callable[[Row], None]) -> None:
    """The session is over."""
    last = desk["seen"][-1]
    for template in sorted(desk["shadows"]):
        held = desk["shadows"][template]
        clock(held, session["close"], last["c"], session, desk)
        if held["f"] is not None:
            close(
                held,
                last["c"] - held["side"] * half_spread(last, desk),
                held["exit"],
                session["close"],
                desk,
                end,
            )
    desk["shadows"] = {}


# ---------------------------------------------------------------------------- afterwards


def category(trade: Row, held: Row, scored: Row, bars: list[Row], kill: str | None) -> Row:
    """attribution.md 2; `bars` are the minutes of the session from the exit bar on."""
    s, stop0 = held["side"], held["stop0"]
    exit_bar = trade["exit_time"] // MINUTE * MINUTE
    later = [b for b in bars if b["t"] > exit_bar][:30]
    at = [b for b in bars if b["t"] == exit_bar]
    why, net = trade["exit_reason"], trade["net"]
    ups = [s * (b["h"] if s > 0 else b["l"]) for b in later]
    downs = [s * (b["l"] if s > 0 else b["h"]) for b in later]
    code = "A9"
    if trade.get("incident") or scored["execution"] < 0.5:
        code = "A8"
    elif (trade["min_dvs_bp"] or 10_000) < 6000 or why == "DVS_HOLD" or kill == "DVS_KILL":
        code = "A7"
    elif net > Decimal(0):
        code = "A0"
    elif trade["shock"] or (why in ("STOP", "BE_STOP", "TARGET") and at and at[0]["sig"]["shock"]):
        code = "A6"
    elif (
        (
            trade["regime_exit"] not in (None, held["key"]["regime"])
            and trade["regime_exit"] not in HOME[held["template"]]
        )
        or (trade["max_atr_ratio"] or 0) >= 1.8
        or why == "VOL_EXIT"
    ):
        code = "A5"
    elif trade["mfe"] >= 0.6 * held["target"] - 1e-12:
        code = "A4"
    elif why in ("STOP", "BE_STOP") and spared(ups[:15], downs[:15], held):
        code = "A3"
    elif any(up >= s * held["f"] + stop0 for up in ups):
        code = "A2"
    elif why in ("STOP", "THESIS_INVALID", "STRUCTURE_LOST") and trade["mfe"] < 0.5 * stop0:
        code = "A1"
    return {"category": code, "truncated": len(later) < 30}


def spared(ups: list[int], downs: list[int], held: Row) -> bool:
    s = held["side"]
    for up, down in zip(ups, downs, strict=True):
        if s * held["stop"] - down > held["stop0"] / 2:
            return False
        if up >= s * held["target_price"]:
            return True
    return False
