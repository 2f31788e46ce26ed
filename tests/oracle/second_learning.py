"""A second reading of the specification: books, rules, standings (learning.md) and the scores
of a closed trade (attribution.md 1).

The whole history is kept and every answer is worked out from it anew; nothing is folded.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from oracle.second_reading import Row, clamp, q9

WINDOW = {"key": 20, "template": 60}
STREAK = {"key": 2, "template": 4}
LEAST = {"key": 5, "template": 10}
LEAST_RATE = {"key": 10, "template": 20}
ORDER = ("ACTIVE", "THROTTLED_MILD", "THROTTLED_HEAVY", "QUARANTINED")
COST = {"ACTIVE": 1.0, "THROTTLED_MILD": 1.2, "THROTTLED_HEAVY": 1.5, "QUARANTINED": 1.0}
HOME = {
    "K1": ("range", "choppy", "trending"), "K2": ("range", "choppy", "trending"),
    "K3": ("range", "trending", "volatile"), "K4": ("trending", "volatile"),
}  # fmt: skip
KNOWN_EXITS = (
    "KILL", "EOD", "HARD_TIME", "DVS_HOLD", "THESIS_INVALID", "STRUCTURE_LOST", "TIME_STOP",
    "VOL_EXIT", "STOP", "BE_STOP", "TARGET",
)  # fmt: skip


def new_books(streaks: Mapping[str, int] | None = None) -> Row:
    return {
        "streaks": streaks or STREAK,
        "closes": [],
        "days": [],
        "is": {},
        "began": {},
        "restart": {},
        "told": [],
    }


def level(name: str) -> str:
    return "key" if "|" in name else "template"


def of(trade: Row, name: str) -> bool:
    return name in (trade["key"], trade["key"].split("|")[0])


def book(books: Row, name: str, shadow: bool) -> list[Row]:
    """Closes since the last restart of `name`, the last of its window."""
    first = books["restart"].get(name, 0)
    found = [c for c in books["closes"][first:] if of(c, name) and c["shadow"] is shadow]
    return found[-WINDOW[level(name)] :]


def status(books: Row, name: str) -> str:
    found: str = books["is"].get(name, "ACTIVE")
    return found


def streak(trades: list[Row], sign: int) -> int:
    """Flat trades do not count and do not break a run."""
    count = 0
    for trade in [t for t in trades if t["net"] != 0][::-1]:
        if trade["net"] * sign <= 0:
            return count
        count += 1
    return count


def rate(trades: list[Row]) -> Fraction | None:
    won, lost = (sum(t["net"] * sign > 0 for t in trades) for sign in (1, -1))
    return Fraction(won, won + lost) if won + lost else None


def verdict(trades: list[Row], at: str, streaks: Mapping[str, int]) -> tuple[str, str]:
    n, won = len(trades), rate(trades)
    if streak(trades, -1) >= streaks[at]:
        return "QUARANTINED", "CONSECUTIVE_LOSSES"
    if n >= LEAST[at] and sum(t["net"] for t in trades) < 0:
        return "QUARANTINED", "NEGATIVE_EXPECTANCY"
    if won is not None and n >= LEAST_RATE[at] and won < Fraction(2, 5):
        return "QUARANTINED", "LOW_WIN_RATE"
    if won is not None and 3 <= n <= 9 and won < Fraction(3, 10):
        return "THROTTLED_HEAVY", ""
    if won is not None and 3 <= n <= 9 and won < Fraction(2, 5):
        return "THROTTLED_MILD", ""
    return "ACTIVE", ""


def close_live(books: Row, trade: Row) -> None:
    """`trade`: id, key, net (Decimal), r_gross, b, lw, decided, closed."""
    books["closes"].append(trade | {"shadow": False})
    for name in (trade["key"], trade["key"].split("|")[0]):
        was = status(books, name)
        if was == "QUARANTINED":
            continue
        now, why = verdict(book(books, name, False), level(name), books["streaks"])
        books["is"][name] = now
        if now == "QUARANTINED":
            books["began"][name] = (trade["closed"], len(books["days"]))
        if now != was:
            kind = "StrategyQuarantined" if now == "QUARANTINED" else "StrategyThrottled"
            books["told"].append((kind, name, now, why))


def close_shadow(books: Row, trade: Row) -> None:
    books["closes"].append(trade | {"shadow": True})
    for name in (trade["key"], trade["key"].split("|")[0]):
        forgive(books, name)


def open_day(books: Row, day: str) -> None:
    books["days"].append(day)
    for name in list(books["is"]):
        forgive(books, name)


def forgive(books: Row, name: str) -> None:
    if status(books, name) != "QUARANTINED":
        return
    began, day = books["began"][name]
    if day == len(books["days"]):
        return
    later = [t for t in book(books, name, True) if t["decided"] >= began]
    two = streak(later, 1) >= 2
    if two or (len(later) >= 3 and sum(t["net"] for t in later) > 0):
        books["is"][name] = "ACTIVE"
        books["restart"][name] = len(books["closes"])
        why = "SHADOW_WINS" if two else "SHADOW_EXPECTANCY"
        books["told"].append(("StrategyReEnabled", name, "ACTIVE", why))


def standing(books: Row, key: str) -> Row:
    """Status, multiplier and Beta data of a candidate."""
    template = key.split("|")[0]
    both = [status(books, key), status(books, template)]
    whole = books["closes"]
    since = books["restart"]
    mine = [t for t in book(books, key, False) if t in whole[since.get(template, 0) :]]
    others = [
        t
        for t in book(books, template, False)
        if t["key"] != key and t in whole[since.get(t["key"], 0) :]
    ]
    weighted = [(t["lw"], success(t)) for t in mine] + [(t["lw"] / 4, success(t)) for t in others]
    return {
        "status": max(both, key=ORDER.index),
        "multiplier": max(COST[s] for s in both),
        "a_d": sum(w * y for w, y in weighted),
        "b_d": sum(w * (1 - y) for w, y in weighted),
    }


def success(trade: Row) -> float:
    return clamp((trade["r_gross"] + 1) / (trade["b"] + 1), 0.0, 1.0)


# ---------------------------------------------------------------------------- metrics


def metrics(trades: list[Row]) -> Row:
    """The table of learning.md 2, with the standard library's statistics; money in USD."""
    nets = [t["net"] for t in trades]
    won = rate(trades)
    gains, losses = sum(n for n in nets if n > 0), -sum(n for n in nets if n < 0)
    weights = [Decimal(t["lw"]) for t in trades]
    top, deep, total = Decimal(0), Decimal(0), Decimal(0)
    for net in nets:
        total += net
        top = max(top, total)
        deep = max(deep, top - total)
    spread = statistics.stdev(nets) if len(nets) > 1 else 0
    return {
        "n": len(nets), "wins": sum(n > 0 for n in nets), "losses": sum(n < 0 for n in nets),
        "flats": sum(n == 0 for n in nets), "win_rate": None if won is None else float(won),
        "expectancy": statistics.mean(nets) if nets else None,
        "weighted_expectancy": None if not any(weights)
        else sum(w * n for w, n in zip(weights, nets, strict=True)) / sum(weights),
        "consecutive_losses": streak(trades, -1), "consecutive_wins": streak(trades, 1),
        "sharpe": float(statistics.mean(nets) / spread) if spread else None,
        "max_drawdown": deep, "profit_factor": float(gains / losses) if losses else None,
    }  # fmt: skip


# ---------------------------------------------------------------------------- scores


def ramp(v: float, p: float, q: float) -> float:
    return clamp((v - p) / (q - p), 0.0, 1.0)


def scores(trade: Row, intent: Row, facts: Row, lawful: bool = True) -> Row:
    """attribution.md 1; `facts`: tick_value."""
    net = trade["net"]
    if net == 0:
        luck = 0.40
    else:
        how = trade["mae"] / intent["stop"] if net > 0 else trade["mfe"] / intent["target"]
        luck = clamp(0.10 + 0.60 * ramp(how, 0.5, 1.0) + 0.30 * trade["shock"], 0.0, 1.0)
    slips = [trade["slip_entry"]] * (intent["entry_type"] == "STOP-LIMIT")
    slips += [trade["slip_exit"]] * (trade["exit_reason"] != "TARGET")
    slip = statistics.mean(slips) if slips else 0.0
    execution = clamp(
        1
        - 0.5 * ramp(slip, intent["slip_est"], intent["slip_est"] + 2)
        - 0.2 * ramp(intent["spread"], 1, 5)
        - 0.2 * min(1.0, 0.3 * trade["rejects"])
        - 0.1 * trade["partial"]
        - 0.5 * trade["incident"],
        0.0,
        1.0,
    )
    kept = [
        intent["key"]["regime"] in HOME[intent["template"]],
        intent["side"] * (intent["limit"] - trade["entry_price"]) >= 0,
        trade["exit_reason"] in KNOWN_EXITS,
        lawful,
    ]
    risk = float(intent["stop"] * facts["tick_value"])
    return {
        "edge": q9(clamp(trade["edge"], 0.0, 1.0)), "luck": q9(luck), "execution": q9(execution),
        "lw": q9((1 - q9(luck)) * q9(execution)), "process": q9((6 + sum(kept)) / 10),
        "outcome": q9(clamp(0.5 + float(net) / (2 * risk), 0.0, 1.0)),
    }  # fmt: skip
