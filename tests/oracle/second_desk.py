"""A second reading of the specification: fills, management, law state and closed trades.

The run over the facts that `second_reading` defines; execution.md 8, management.md, law.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal

from oracle import second_shadow as shadows
from oracle.second_gates import decide
from oracle.second_law import TIER_CAP, book, nets, new_law, open_session, recover, refusal
from oracle.second_learning import new_books, open_day
from oracle.second_lessons import learn, shadow_ended
from oracle.second_management import manage, send_exit
from oracle.second_reading import (
    MINUTE,
    SECOND,
    TEMPLATES,
    TOD,
    Row,
    q9,
    sessions,
    windows,
    x,
)

Pieces = Mapping[int, list[Row]]
_PERIODS = ("realised_day", "realised_week", "realised_month")


def play(events: Iterable[Row], facts: Row, pieces: Pieces | None = None) -> Row:
    """Run the second reading over a whole stream.

    `facts`: tick_value, fee, equity, margin (Decimal), typical_spread (ticks), band (low, high),
    symbol. `pieces`: the 5-second sub-bars by open time of their minute (t, o, h, l, c), absent
    for minute files. Returns decisions by id, intents, trades, fills and the law after each bar.
    """
    desk: Row = {
        "facts": facts, "law": new_law(), "entry": None, "position": None, "lockouts": {},
        "cancelled": None, "entry_cancelled": None, "equity": facts["equity"],
        "closed_net": Decimal(0), "anchor": None,
        "incidents": [], "realised_slip": 0.0, "minute0": 0, "pieces": pieces or {},
        "previous_close": None, "books": new_books(facts.get("streaks")), "shadows": {},
        "ended": [],
        "out": {"decisions": {}, "intents": {}, "trades": [], "fills": [], "law": {}, "eqs": {},
                "slip": {}, "stops": {}, "scores": {}, "learned": {}, "shadows": [], "final": {}},
    }  # fmt: skip
    for session in sessions(events):
        play_session(session, desk)
    return dict(desk["out"]) | {"changes": desk["books"]["told"]}


def play_session(session: Row, desk: Row) -> None:
    open_session(desk["law"], session["date"])
    open_day(desk["books"], session["date"])
    desk["lockouts"], desk["session"], desk["seen"] = {}, session, []
    for bar in session["bars"]:
        if not desk["seen"]:
            before = desk["previous_close"]
            desk["anchor"] = bar["o"] if before is None else before
        elif desk["seen"][-1]["t_d"] < bar["t"]:
            timers(desk, bar["t"])
        for piece in desk["pieces"].get(bar["t"], [bar | {"whole": True}]):
            play_piece(piece, bar, desk)
        timers(desk, bar["t_d"] - 1, bar["t_d"])
        if desk["shadows"]:
            shadows.fills(bar, session, desk, lambda trade: shadow_ended(trade, desk))
        desk["seen"].append(bar)
        step(bar, session, desk)
    end_session(session, desk)
    desk["minute0"] += (session["close"] - session["open"]) // MINUTE
    if session["bars"]:
        desk["previous_close"] = session["bars"][-1]["c"]


# ---------------------------------------------------------------------------- fills


def last_minute(desk: Row) -> Row:
    bar: Row = desk["seen"][-1]
    return bar


def play_piece(piece: Row, minute: Row, desk: Row) -> None:
    """One (sub-)bar against the orders that were live before it."""
    length = MINUTE if piece.get("whole") else 5 * SECOND
    work = desk["entry"]
    if work is not None and piece["t"] >= work["decided"]:
        if piece["t"] + length <= work["deadline"]:
            price = entry_price(work, piece)
            if price is not None:
                fill_entry(price, piece, minute, desk)
        if desk["entry"] is not None:
            far = q9(4 * max(desk["entry"]["a14"], 1.0))
            if abs(piece["c"] - desk["entry"]["limit"]) > far:
                cancel_entry(desk, piece["t"] + length)
    held = desk["position"]
    if held is None:
        return
    s, fresh = held["side"], held["fill_piece"] == piece["t"]
    adverse = piece["l"] if s > 0 else piece["h"]
    favour = piece["h"] if s > 0 else piece["l"]
    if held["exit"] is not None:
        close_trade(market_price(piece["o"], s, desk), held["exit"], piece["t"], desk)
    elif s * (held["stop"] - adverse) >= 0:
        from_ = held["stop"]
        if not fresh and s * (held["stop"] - piece["o"]) > 0:
            from_ = piece["o"]
        slip = math.ceil(last_minute(desk)["sig"]["slip_model"])
        reason = "BE_STOP" if s * (held["stop"] - held["f"]) >= 0 else "STOP"
        close_trade(from_ - s * slip, reason, piece["t"], desk)
    elif not fresh and s * (favour - held["target_price"]) >= 1:
        close_trade(held["target_price"], "TARGET", piece["t"], desk)


def seen(held: Row, price: int) -> None:
    gain = held["side"] * (price - held["f"])
    held["mae"], held["mfe"] = max(held["mae"], -gain), max(held["mfe"], gain)


def entry_price(work: Row, piece: Row) -> int | None:
    """The fill price of a working entry on one (sub-)bar, or None."""
    s, limit = work["side"], work["limit"]
    adverse = piece["l"] if s > 0 else piece["h"]
    favour = piece["h"] if s > 0 else piece["l"]
    if work["trigger"] is None or work["triggered"]:
        return int(limit) if s * (limit - adverse) >= 1 else None
    if s * (favour - work["trigger"]) < 0:
        return None
    work["triggered"] = True
    price = (max if s > 0 else min)(piece["o"], work["trigger"]) + s
    if s * (price - limit) <= 0:
        return int(price)
    return int(limit) if s * (limit - adverse) >= 0 else None


def market_price(reference: int, s: int, desk: Row) -> int:
    """A closing market order of a position on side s, adverse by half the spread."""
    quoted = last_minute(desk)["quoted"]
    spread = desk["facts"]["typical_spread"] if quoted is None else max(1.0, quoted)
    return reference - s * math.ceil(q9(0.5 * spread))


def slipped(price: int, reference: int | None, s: int, t: int, desk: Row) -> int:
    """Adverse slippage of one fill (quality.md 2); `s` is the side of the order."""
    if reference is None:
        return 0
    slip = max(0, s * (price - reference))
    estimate = last_minute(desk)["sig"]["slip"]
    if slip > max(2 * estimate, estimate + 1):
        at = desk["minute0"] + (t - desk["session"]["open"]) // MINUTE
        desk["incidents"].append((at, 0.10, 15))
    desk["realised_slip"] += 0.3 * (slip - desk["realised_slip"])
    return slip


def fill_entry(price: int, piece: Row, minute: Row, desk: Row) -> None:
    work, law = desk["entry"], desk["law"]
    s = work["side"]
    desk["entry"] = None
    law["entries"] += 1
    law["last_entry"] = piece["t"]
    desk["position"] = work | {
        "f": price, "time": piece["t"], "fill_piece": piece["t"], "fill_minute": minute["t"],
        "stop": work["stop_price"], "stop0": work["stop"], "bad": 0, "mae": 0, "mfe": 0,
        "exit": None, "dvs_run": 0, "eqs_done": False, "even": False, "locked": False,
        "t_exit": None, "regime_exit": None, "min_dvs": None, "min_eqs": None, "ratio": None,
        "shock": False, "slip_entry": slipped(price, work["trigger"], s, piece["t"], desk),
    }  # fmt: skip
    desk["out"]["fills"].append((work["id"], "E", piece["t"], price))
    overrun(price, piece["t"], desk)


def close_trade(price: int, reason: str, t: int, desk: Row) -> None:
    held, facts = desk["position"], desk["facts"]
    s = held["side"]
    seen(held, price)
    if reason in ("STOP", "BE_STOP"):
        reference: int | None = held["stop"]
    else:
        reference = None if reason == "TARGET" else held["sent_at"]
    slip = slipped(price, reference, -s, t, desk)
    gross, fees = s * (price - held["f"]) * facts["tick_value"], 2 * facts["fee"]
    net = gross - fees
    desk |= {"position": None, "cancelled": t}  # the sibling is cancelled with it
    desk["closed_net"] += net
    desk["out"]["fills"].append((held["id"], "X", t, price))
    desk["out"]["trades"].append({
        "decision_id": held["id"], "side": s, "entry_price": held["f"], "exit_price": price,
        "exit_time": t, "exit_reason": reason, "gross": gross, "fees": fees, "net": net,
        "r_gross": q9(s * (price - held["f"]) / held["stop0"]),
        "r_net": q9(float(net) / (held["stop0"] * float(facts["tick_value"]))),
        "b": q9(held["target"] / held["stop0"]), "p0": held["p0"], "edge": held["edge"],
        "mae": held["mae"], "mfe": held["mfe"], "slip_entry": held["slip_entry"],
        "slip_exit": slip, "duration_s": (t - held["time"]) // SECOND, "t_exit": held["t_exit"],
        "min_dvs_bp": held["min_dvs"], "min_eqs_bp": held["min_eqs"],
        "max_atr_ratio": held["ratio"], "shock": held["shock"],
        "regime_exit": held["regime_exit"],
        "be_moved": s * (held["stop"] - held["f"]) >= 0,
    })  # fmt: skip
    book(desk["law"], net)
    learn(desk["out"]["trades"][-1], held, desk)
    overrun(price, t, desk)


def cancel_entry(desk: Row, t: int) -> None:
    if desk["entry"] is not None:
        desk |= {"entry": None, "entry_cancelled": t, "cancelled": t}


def timers(desk: Row, until: int, ttl_until: int | None = None) -> None:
    """TTL, EOD and HARD_TIME due at or before `until`. At a decision time the last two belong
    to the bar step."""
    work, held = desk["entry"], desk["position"]
    if work is not None and work["deadline"] <= (until if ttl_until is None else ttl_until):
        cancel_entry(desk, work["deadline"])
    if held is not None and held["exit"] is None:
        eod = desk["session"]["close"] - 5 * MINUTE
        due, reason = min((eod, "EOD"), (held["time"] + 60 * MINUTE, "HARD_TIME"))
        if due <= until:
            send_exit(reason, desk)


def end_session(session: Row, desk: Row) -> None:
    """A session without a further bar: the last close, adverse, booked at the close."""
    timers(desk, session["close"])
    cancel_entry(desk, session["close"])
    held = desk["position"]
    if held is not None:
        last = last_minute(desk)
        price = market_price(last["c"], held["side"], desk)
        close_trade(price, held["exit"], session["close"], desk)
    if desk["shadows"]:
        shadows.over(session, desk, lambda trade: shadow_ended(trade, desk))
    for name, trade, own, scored, kill_ in desk["ended"]:
        told = shadows.category(trade, own, scored, session["bars"], kill_)
        desk["out"]["final"][name] = told
    desk["ended"] = []


def overrun(price: int, t: int, desk: Row) -> None:
    """LOSS_OVERRUN at 120% of the daily limit, marked."""
    marked, held = nets(desk["law"])["daily_loss"], desk["position"]
    if held is not None:
        facts = desk["facts"]
        marked += held["side"] * (price - held["f"]) * facts["tick_value"] - 2 * facts["fee"]
    if -marked > Decimal(36):
        kill("LOSS_OVERRUN", desk, t)


def kill(trigger: str, desk: Row, t: int) -> None:
    if desk["law"]["kill"] is None:
        desk["law"]["kill"] = trigger
        cancel_entry(desk, t)
        if desk["position"] is not None:
            send_exit("KILL", desk)


# ---------------------------------------------------------------------------- the bar step


def step(bar: Row, session: Row, desk: Row) -> None:
    t, sig, out = bar["t_d"], bar["sig"], desk["out"]
    name = (
        f"{session['date']}-{(bar['t'] - session['open']) // MINUTE:03d}-{desk['facts']['symbol']}"
    )
    out["eqs"][name] = eqs(bar, desk)
    if sig["slip"] is not None:
        out["slip"][name] = q9(min(4.0, max(sig["slip_model"], desk["realised_slip"])))
    lock(bar, session, desk)
    overrun(bar["c"], t, desk)
    if bar["dvs"] < 3000:
        kill("DVS_KILL", desk, t)
    if bar["eqs"] < 3000:
        kill("EQS_KILL", desk, t)
    recover(desk["law"], bar)
    account(bar, desk)
    if t >= session["close"] - 15 * MINUTE:
        cancel_entry(desk, t)
    managed = None
    if desk["position"] is not None:
        if bar["t"] > desk["position"]["fill_minute"]:  # a replay knows minute bars alone
            seen(desk["position"], bar["h"])
            seen(desk["position"], bar["l"])
        managed = manage(bar, session, desk)
    shadows.managed(bar, session, desk)
    record = decide(desk["seen"], session, desk, managed)
    out["decisions"][name] = record
    if record["action"] == "ENTER":
        enter(name, record, bar, session, desk)
    shadows.consider(name, record, session, desk)
    law = desk["law"]
    out["law"][name] = {
        "trades_today": law["entries"], "last_entry": law["last_entry"],
        "streak": law["streak"], "streak_state": law["state"], "halts": sorted(law["halts"]),
        "sent_today": law["sent"], "kill_trigger": law["kill"],
    } | dict(zip(_PERIODS, nets(law).values(), strict=True))  # fmt: skip
    if desk["position"] is not None:
        out["stops"][name] = desk["position"]["stop"]


def eqs(bar: Row, desk: Row) -> int:
    now = desk["minute0"] + (bar["t"] - desk["session"]["open"]) // MINUTE
    value = 1.0
    for at, p, half in desk["incidents"]:
        weight = p * 2.0 ** (-(now - at) / half)
        value -= weight if weight >= 1e-4 else 0.0
    return math.floor(10000 * min(1.0, max(0.0, value)) + 0.5)


def lock(bar: Row, session: Row, desk: Row) -> None:
    """The three lockouts of decision.md 6."""
    sig, t = bar["sig"], bar["t_d"]
    s3 = x(bar, 3)
    normal = s3 is not None and sig["reliability"][2] == 1.0 and s3 >= 0.85
    jump = (
        sig["p30"] is not None
        and sig["tr"] >= q9(4 * sig["p30"])
        and t > session["open"] + 5 * MINUTE
    )
    danger = (bar["quoted"] is not None and bar["quoted"] >= 3) or (
        sig["slip"] is not None and sig["slip"] >= 3
    )
    for name, on, minutes in (
        ("vol_shock", normal or jump, 60),
        ("execution_danger", danger, 30),
        ("news_shock", sig["shock"], 45),
    ):
        if on:
            desk["lockouts"][name] = t + minutes * MINUTE


def account(bar: Row, desk: Row) -> None:
    """Equity at the last close, and the tier and cap it gives."""
    facts, held = desk["facts"], desk["position"]
    equity = facts["equity"] + desk["closed_net"]
    if held is not None:
        equity += held["side"] * (bar["c"] - held["f"]) * facts["tick_value"] - facts["fee"]
    tier = "S" if equity < 2500 else "A" if equity < 7500 else "B"
    ticks, dollars = TIER_CAP[tier]
    money = int(min(Decimal(15), dollars) // facts["tick_value"])
    desk |= {"equity": equity, "tier": tier, "cap": min(12, ticks, money, 12)}


def spread_of(bar: Row, desk: Row) -> float:
    """The spread that the friction formula used."""
    quoted = bar["quoted"]
    return float(desk["facts"]["typical_spread"] if quoted is None else max(1.0, quoted))


def enter(name: str, record: Row, bar: Row, session: Row, desk: Row) -> None:
    """The intent, its permit, and the working entry."""
    cand = record["chosen"]
    p, s, kind = cand["plan"], cand["side"], cand["template"]
    starts = [a for a, _ in windows(session["open"], session["close"]) if a > bar["t_d"]]
    intent = {
        "id": name, "template": kind, "side": s, "qty": 1, "entry_type": p["entry_type"],
        "trigger": p["trigger"], "limit": p["limit"], "stop_price": p["limit"] - s * p["stop"],
        "target_price": p["limit"] + s * p["target"], "stop": p["stop"], "target": p["target"],
        "decided": bar["t_d"], "deadline": min([bar["t_d"] + 90 * SECOND, *starts]),
        "time_stop_min": TEMPLATES[kind][2], "theta_t": TEMPLATES[kind][3],
        "level": cand["level"], "a14": bar["sig"]["a14"], "p0": cand["score"]["p0"],
        "edge": cand["score"]["edge"], "slip_est": bar["sig"]["slip"],
        "spread": spread_of(bar, desk), "triggered": False,
        "key": {"template": kind, "regime": bar["sig"]["regime"], "tod": TOD[record["phase"]]},
    }  # fmt: skip
    desk["out"]["intents"][name] = intent
    refused = refusal(intent, bar, session, desk)
    if refused is not None:
        record |= {"action": "SKIP", "reason": refused, "counterfactual": None}
        return
    desk["law"]["sent"] += 1
    desk["entry"] = dict(intent)
