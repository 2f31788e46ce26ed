"""Run the product and the second reading on the same bars, and say where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from adapters.calendar.sessions import ExchangeCalendars
from adapters.fake.broker import FakeBroker
from adapters.store.memory import MemoryJournal
from adapters.wire.log import JournalLog
from application.day import TradingDay
from application.desk import RunFacts
from application.runner import SimulatedRun
from bar_files import contracts
from changing import replace
from domain.units import Money
from oracle.second_desk import play
from oracle.second_reading import Row, nanos
from ports.bars import BarItem
from ports.engine import Engine

CONFIG = "c" * 64
TOLERANCE = 2.1e-9  # both sides are rounded to the 1e-9 grid; the Beta quantile ends at 1e-10


calendar = cache(ExchangeCalendars)


class StoppedClock:
    def now(self) -> int:
        return 0


class Compared(NamedTuple):
    """What was compared, so that a test can see that it was not nothing."""

    differences: list[str]
    mine: Row
    decisions: int
    trades: int


def compare(
    items: Sequence[BarItem],
    engine: Engine,
    symbol: str = "MES",
    equity: str = "10000",
    streaks: Mapping[str, int] | None = None,
) -> Compared:
    """Play `items` through the core, export, read a second time, compare field by field.

    `streaks`: losses in a row after which a key and a template are quarantined, if others.
    """
    events = recorded(items, engine, symbol, equity, streaks)
    instrument = contracts().instruments[symbol]
    facts = {
        "symbol": symbol, "equity": Decimal(equity), "fee": Decimal(str(instrument.fee_per_side)),
        "tick_value": Decimal(str(instrument.tick_value)),
        "margin": Decimal(str(instrument.initial_margin)),
        "typical_spread": instrument.typical_spread_ticks,
        "band": (instrument.price_band.low, instrument.price_band.high), "streaks": streaks,
    }  # fmt: skip
    pieces = {
        i.bar.open_time: [
            {"t": p.open_time, "o": p.open, "h": p.high, "l": p.low, "c": p.close}
            for p in i.sub_bars
        ]
        for i in items
        if i.sub_bars
    }
    mine = play(events, facts, pieces)
    told: list[str] = []
    decisions = _of(events, "DecisionMade")
    for p in decisions:
        told += [f"{p['decision_id']} {d}" for d in decision(p, mine["decisions"])]
    for p in _of(events, "OrderIntentCreated"):
        if p["shadow"]:
            continue
        told += [f"{p['decision_id']} intent {d}" for d in intent(p, mine["intents"])]
    told += law(events, mine) + trades(events, mine) + lessons(events, mine)
    return Compared(told, mine, len(decisions), len(mine["trades"]))


def recorded(
    items: Iterable[BarItem],
    engine: Engine,
    symbol: str,
    equity: str,
    streaks: Mapping[str, int] | None = None,
) -> list[Row]:
    """The events of one run, as their exported form."""
    c = contracts()
    if streaks is not None:
        key = replace(c.learning.key, quarantine_losses=streaks["key"])
        template = replace(c.learning.template, quarantine_losses=streaks["template"])
        c = replace(c, learning=replace(c.learning, key=key, template=template))
    instrument = c.instruments[symbol]
    core = TradingDay(
        c, instrument, RunFacts("PAPER", "SIM", symbol, False), engine,
        calendar(instrument.rth_calendar, instrument.venue_calendar), CONFIG,
    )  # fmt: skip
    journal = MemoryJournal(symbol, CONFIG, StoppedClock())
    broker = FakeBroker(instrument, c.execution, Money.parse(equity))
    run = SimulatedRun(core, broker, JournalLog(journal, CONFIG))
    run.play(items, None, None)
    run.finish((), flatten=False)
    return [
        {"type": row.type, "session_date": row.session_date, "payload": json.loads(row.payload)}
        for row in journal.read()
    ]


def _of(events: Iterable[Row], kind: str) -> list[Row]:
    return [e["payload"] for e in events if e["type"] == kind]


def near(a: Any, b: Any) -> bool:
    if isinstance(b, Decimal):
        return Decimal(a) == b  # money is a string in events
    if a is None or b is None or isinstance(a, str | bool) or isinstance(b, str | bool):
        return bool(a == b)
    return abs(float(a) - float(b)) <= TOLERANCE * max(1.0, abs(float(a)))


def unequal(theirs: Mapping[str, Any], mine: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    return [f"{k}: {theirs[k]} not {mine[k]}" for k in keys if not near(theirs[k], mine[k])]


def decision(p: Row, all_mine: Mapping[str, Row]) -> list[str]:
    """Every field of one decision record, candidates, gates and counterfactual included."""
    m = all_mine.get(p["decision_id"])
    if m is None:
        return ["not decided by the second reading"]
    out = unequal(p, m, (
        "action", "reason", "side", "template", "tier", "regime", "phase", "dvs_bp", "eqs_bp",
        "f5_eff",
    ))  # fmt: skip
    out += unequal(p["theta_parts"], m["theta_parts"], p["theta_parts"])
    if (p["counterfactual"] is None) != (m["counterfactual"] is None):
        out.append(f"counterfactual: {p['counterfactual']} not {m['counterfactual']}")
    elif m["counterfactual"] is not None:
        out += unequal(p["counterfactual"], m["counterfactual"], m["counterfactual"])
    theirs = {f"{c['template']}{c['side']:+d}": c for c in p["candidates"]}
    mine = {f"{c['template']}{c['side']:+d}": c for c in m["candidates"]}
    if list(theirs) != list(mine):
        return [*out, f"candidates: {list(theirs)} not {list(mine)}"]
    gates = {(g["id"], None): g for g in m["gates"]}
    for who, c in mine.items():
        out += [f"{who} {d}" for d in candidate(theirs[who], c)]
        gates |= {(g["id"], who): g for g in c["gates"]}
    if [(g["id"], g["candidate"]) for g in p["gates"]] != list(gates):
        return [*out, "other gates, or another order of them"]
    for g in p["gates"]:
        own = gates[g["id"], g["candidate"]]
        named = f"gate {g['id']} {g['candidate'] or ''}"
        out += [f"{named} {d}" for d in unequal(g, own, ("value", "cmp", "threshold", "pass"))]
    return out


def candidate(theirs: Row, mine: Row) -> list[str]:
    plan, score = mine["plan"], mine["score"]
    out = unequal(theirs, mine, ("eff", "st", "T", "theta"))
    out += unequal(theirs, plan, ("need", "stop", "target"))
    if theirs["detected_level"] != mine["level"]:
        out.append(f"level: {theirs['detected_level']} not {mine['level']}")
    if plan["rejected"] is None:
        out += unequal(theirs, plan, ("entry_type", "trigger", "limit"))
    parts = (
        "b", "p0", "p_lb", "edge", "uncertainty", "friction", "multiplier", "cost", "score",
        "a_d", "b_d",
    )  # fmt: skip
    out += unequal(theirs, score or dict.fromkeys(parts), parts)
    if theirs["failed"] != mine["failed"]:
        out.append(f"failed: {theirs['failed']} not {mine['failed']}")
    return out


def intent(p: Row, all_mine: Mapping[str, Row]) -> list[str]:
    m = all_mine.get(p["decision_id"])
    if m is None:
        return ["not made by the second reading"]
    out = unequal(p, m, (
        "template", "side", "qty", "entry_type", "trigger", "limit", "stop_price",
        "target_price", "stop", "target", "time_stop_min", "theta_t", "level", "a14", "p0",
        "edge", "slip_est",
    ))  # fmt: skip
    if nanos(p["expires_at"]) != m["deadline"] or p["key"] != m["key"]:
        out.append("deadline or learning key")
    return out


def law(events: Iterable[Row], mine: Row) -> list[str]:
    """The law's memory as it stood at each decision, and what our own fills did to S26 and EQS."""
    out: list[str] = []
    state: Row = {}
    slip: float | None = None
    for e in events:
        p = e["payload"]
        if e["type"] == "LawStateChanged":
            state = p | {"last_entry": p["last_entry"] and nanos(p["last_entry"])}
        elif e["type"] == "SignalsComputed":
            slip = p["slip"]
        elif e["type"] == "DecisionMade":
            name = p["decision_id"]
            own = mine["law"][name]
            found = unequal(state, own, (
                "trades_today", "last_entry", "streak", "streak_state", "kill_trigger",
                "realised_day", "realised_week", "realised_month",
            ))  # fmt: skip
            if sorted(state["halts"]) != own["halts"]:
                found.append(f"halts: {state['halts']} not {own['halts']}")
            if slip is not None and not near(slip, mine["slip"][name]):
                found.append(f"slip: {slip} not {mine['slip'][name]}")
            if p["eqs_bp"] != mine["eqs"][name]:
                found.append(f"own EQS: {p['eqs_bp']} not {mine['eqs'][name]}")
            out += [f"{name} law {d}" for d in found]
    return out


def lessons(events: Sequence[Row], mine: Row) -> list[str]:
    """Scores, metrics, standings after each trade, and every change of status."""
    out: list[str] = []
    attributed = [p for p in _of(events, "TradeAttributed") if p["stage"] == "scores"]
    updated = _of(events, "LearningUpdated")
    live = [p["decision_id"] for p in attributed if not p["shadow"]]
    if [p["decision_id"] for p in updated] != live:
        out.append("not one attribution and one update a trade")
    if {_who(p) for p in attributed} != set(mine["scores"]):
        out.append(f"scored {[_who(p) for p in attributed]} not {list(mine['scores'])}")
    for p in attributed:
        own = mine["scores"].get(_who(p), {})
        out += [f"{p['decision_id']} scores {d}" for d in unequal(p, own, own)]
    finals = {
        _who(p): {"category": p["category"], "truncated": p["truncated"]}
        for p in _of(events, "TradeAttributed")
        if p["stage"] == "final"
    }
    if finals != mine["final"]:
        out.append(f"categories {finals} not {mine['final']}")
    out += shadow_trades(events, mine)
    for p in updated:
        own = mine["learned"][p["decision_id"]]
        found = unequal(p, own, ("status", "multiplier"))
        found += [] if p["key"] == own["key"] else [f"key {p['key']} not {own['key']}"]
        for level, numbers in own["metrics"].items():
            told = p["metrics"][level]
            for name, value in numbers.items():
                if isinstance(value, Decimal):
                    value = value.quantize(Decimal("0.0001"))
                if not near(told[name], value):
                    found.append(f"{level} {name}: {told[name]} not {value}")
        out += [f"{p['decision_id']} lesson {d}" for d in found]
    kinds = ("StrategyQuarantined", "StrategyThrottled", "StrategyReEnabled")
    told = [
        (e["type"], e["payload"]["name"], e["payload"]["status"])
        for e in events
        if e["type"] in kinds
    ]
    if told != [change[:3] for change in mine["changes"]]:
        out.append(f"changes: {told} not {mine['changes']}")
    return out


def _who(p: Row) -> Any:
    return (p["decision_id"], p["template"]) if p["shadow"] else p["decision_id"]


def shadow_trades(events: Iterable[Row], mine: Row) -> list[str]:
    """Every field of every shadow trade."""
    closed = _of(events, "ShadowClosed")
    out = []
    if len(closed) != len(mine["shadows"]):
        out.append(f"{len(closed)} shadow trades not {len(mine['shadows'])}")
    for theirs, trade in zip(closed, mine["shadows"], strict=False):
        told = theirs | {"exit_time": nanos(theirs["exit_time"])}
        out += [f"{theirs['decision_id']} shadow {d}" for d in unequal(told, trade, trade)]
    return out


def trades(events: Sequence[Row], mine: Row) -> list[str]:
    """Every fill, and every field of every closed trade."""
    fills = [
        (f["role"] if f["role"] == "E" else "X", nanos(f["time"]), f["price"])
        for f in _of(events, "Fill")
    ]
    own = [fill[1:] for fill in mine["fills"]]
    out = [] if fills == own else [f"fills: {fills} not {own}"]
    closed = _of(events, "TradeClosed")
    if len(closed) != len(mine["trades"]):
        out.append(f"{len(closed)} trades not {len(mine['trades'])}")
    for theirs, trade in zip(closed, mine["trades"], strict=False):
        told = theirs | {"exit_time": nanos(theirs["exit_time"])}
        out += [f"{theirs['decision_id']} trade {d}" for d in unequal(told, trade, trade)]
    return out
