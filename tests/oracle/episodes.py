"""How often a setup occurs: the count of decisions.md 6, before the law's limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from oracle.against import recorded
from oracle.second_desk import account, lock
from oracle.second_gates import candidates, global_gates
from oracle.second_law import new_law
from oracle.second_learning import new_books
from oracle.second_reading import MINUTE, TEMPLATES, Row, sessions
from ports.bars import BarItem
from ports.engine import Engine

APART = 15 * MINUTE


def episodes(items: Sequence[BarItem], engine: Engine) -> dict[str, tuple[int, ...]]:
    """For each session the episodes of K1 to K4: a candidate that passes everything, counted
    again for its template and side only 15 minutes after it last did.

    Quality counts as perfect. The account behind the signals is too small for a permit, so no
    fill of ours has moved them.
    """
    events = recorded(items, engine, "MES", "1000")
    return {s["date"]: _of_session(s) for s in sessions(events)}


def _of_session(session: Row) -> tuple[int, ...]:
    facts = {
        "tick_value": Decimal("1.25"), "fee": Decimal("0.62"), "equity": Decimal(10_000),
        "typical_spread": 1,
    }  # fmt: skip
    law = new_law() | {"session": session["date"]}
    desk: Row = {
        "facts": facts, "law": law, "entry": None, "position": None, "lockouts": {},
        "entry_cancelled": None, "closed_net": Decimal(0), "books": new_books(),
    }  # fmt: skip
    seen: list[Row] = []
    last: dict[tuple[str, int], int] = {}
    count = dict.fromkeys(TEMPLATES, 0)
    for bar in session["bars"]:
        seen.append(bar | {"dvs": 10_000, "eqs": 10_000})
        lock(seen[-1], session, desk)
        account(seen[-1], desk)
        above = global_gates(seen[-1], session, desk)
        for c in candidates(seen, desk, session):
            if not all(g["pass"] for g in above + c["gates"]):
                continue
            who = (c["template"], c["side"])
            if bar["t_d"] - last.get(who, -APART) >= APART:
                count[c["template"]] += 1
            last[who] = bar["t_d"]
    return tuple(count.values())
