"""A second reading of the specification: the rules while in a trade (management.md)."""

from __future__ import annotations

from oracle.second_reading import F4, MINUTE, Row, belief_ready, q9, thesis


def manage(bar: Row, session: Row, desk: Row) -> tuple[str, str]:
    """The rules of management.md, in the order of its table."""
    held, sig = desk["position"], bar["sig"]
    s, c = held["side"], bar["c"]
    ratio = q9(sig["a14"] / held["a14"])
    held |= {
        "t_exit": thesis(bar, s), "regime_exit": sig["regime"],
        "min_dvs": least(held["min_dvs"], bar["dvs"]),
        "min_eqs": least(held["min_eqs"], bar["eqs"]),
        "ratio": ratio if held["ratio"] is None else max(held["ratio"], ratio),
        "shock": held["shock"] or sig["shock"],
    }  # fmt: skip
    tight = c - s * max(4, -(-held["stop0"] // 2))
    wanted: list[tuple[int, str]] = []
    reason = fixed_exit(bar, session, desk)
    held["dvs_run"] = held["dvs_run"] + 1 if bar["dvs"] < 6000 else 0
    if held["dvs_run"] == 1:
        wanted.append((tight, "DVS_HOLD"))
    if held["dvs_run"] >= 3:
        reason = reason or "DVS_HOLD"
    if bar["eqs"] < 6000 and not held["eqs_done"]:
        held["eqs_done"] = True
        wanted.append((tight, "KILL"))
    if bar["t"] > held["fill_minute"]:
        later, more = later_rules(bar, ratio, tight, desk)
        reason, wanted = reason or later, wanted + more
    if reason is not None:
        send_exit(reason, desk)
        return "EXIT", str(held["exit"])
    accepted = [(ns, why) for ns, why in wanted if s * (ns - held["stop"]) > 0]
    if not accepted:
        return "HOLD", "IN_POSITION"
    stop, _ = max(accepted, key=lambda w: s * w[0])
    held["stop"] = stop
    return "MODIFY", "IN_POSITION"


def send_exit(reason: str, desk: Row) -> None:
    """A market order on its way; the first reason stays."""
    held = desk["position"]
    if held["exit"] is None:
        held |= {"exit": reason, "sent_at": desk["seen"][-1]["c"]}


def least(a: int | None, b: int) -> int:
    return b if a is None else min(a, b)


def fixed_exit(bar: Row, session: Row, desk: Row) -> str | None:
    """Rules 1 to 4."""
    held = desk["position"]
    if held["exit"] is not None:
        return str(held["exit"])
    if desk["law"]["kill"] is not None:
        return "KILL"
    if bar["t_d"] >= session["close"] - 5 * MINUTE:
        return "EOD"
    return "HARD_TIME" if bar["t_d"] - held["time"] >= 60 * MINUTE else None


def later_rules(
    bar: Row, ratio: float, tight: int, desk: Row
) -> tuple[str | None, list[tuple[int, str]]]:
    """Rules 7 to 12: the first exit, and the tightenings."""
    held, s, c = desk["position"], desk["position"]["side"], bar["c"]
    kind, stop0, f = held["template"], held["stop0"], held["f"]
    exits: list[str] = []
    wanted: list[tuple[int, str]] = []
    if belief_ready(bar, F4, 1) and belief_ready(bar, F4, -1):
        t = thesis(bar, s)
        if t < held["theta_t"]:
            held["bad"] += 1
        elif t >= q9(held["theta_t"] + 0.05):
            held["bad"] = 0
    if held["bad"] >= 2:
        exits.append("THESIS_INVALID")
    closes = [b["c"] for b in desk["seen"][-2:]]
    if kind in ("K2", "K3") and all(s * (held["level"] - k) >= 2 for k in closes):
        exits.append("STRUCTURE_LOST")
    if bar["t_d"] - held["time"] >= held["time_stop_min"] * MINUTE:
        exits.append("TIME_STOP")
    if ratio >= 2.5:
        exits.append("VOL_EXIT")
    elif ratio >= 1.8:
        wanted.append((tight, "VOL_EXIT"))
    if not held["even"] and s * (c - f) >= stop0:
        held["even"] = True
        wanted.append((f, "even"))
    if kind == "K4" and not held["locked"] and s * (c - f) >= -(-3 * stop0 // 2):
        held["locked"] = True
        wanted.append((f + s * -(-stop0 // 2), "lock"))
    return (exits[0] if exits else None), wanted
