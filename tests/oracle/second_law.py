"""A second reading of the specification: the law's memory and the permit's checks (law.md)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from oracle.second_reading import SECOND, Row, q9, windows

LIMITS = {"daily_loss": Decimal(30), "weekly_loss": Decimal(75), "monthly_loss": Decimal(150)}
HALTS = {"daily_loss": "HALT_DAY", "weekly_loss": "HALT_WEEK", "monthly_loss": "HALT_MONTH"}
TIER_CAP = {"S": (10, Decimal(12)), "A": (14, Decimal(15)), "B": (18, Decimal(15))}


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
    for name, limit in LIMITS.items():
        if lost[name] >= limit:
            law["halts"].add(HALTS[name])


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
        ("IN_DOUBT", not in_doubt(desk["cancelled"], t)),
    ]
    return next((f"PERMIT_REFUSED_{k}" for k, good in checks if not good), None)


def in_doubt(cancelled: int | None, t: int) -> bool:
    """An order is cancelled only provisionally until it can be read again, 10 s after."""
    return cancelled is not None and t - cancelled < 10 * SECOND
