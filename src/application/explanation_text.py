"""An explanation as a person reads it: fixed sentences around the recorded numbers.

Numbers that are to be added up are written out to the last recorded digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

from application.explanation import Payload, Record, Step, TradeTold, beliefs
from domain.narrative import GATE_NAMES

_NEW_YORK: Final = ZoneInfo("America/New_York")
_SIDES: Final = {1: "long", -1: "short", 0: "either side"}
_SHOWN: Final = 5
"""Signals of a belief that are told, the weightiest ones."""
_CATEGORIES: Final = {
    "A0": "success", "A1": "wrong model", "A2": "wrong timing", "A3": "noise stop",
    "A4": "wrong expression", "A5": "regime shift", "A6": "event shock", "A7": "data quality",
    "A8": "execution failure", "A9": "undetermined",
}  # fmt: skip


def in_words(r: Record, *, every: bool = False) -> str:
    """The whole explanation, the answer first. `every` tells all signals of a belief, to the last
    recorded digit, and each article of the law with its limit."""
    d = r.decision
    lines = [f"{d['decision_id']}, decided {_clock(r.at)} New York", d["text"]]
    if r.held is not None:
        lines.append(f"The trade of {r.held} was open.")
    parts = (
        ("Gates", _gates(d)),
        ("Candidates", _candidates(d)),
        ("Beliefs", _beliefs(r, every=every)),
        ("Law", chain(_law(r.law), _articles(r.trade.permit if every else None))),
        ("Trade", _trade(r.trade, r.config)),
        *((f"Shadow of {name}", _trade(told, r.config)) for name, told in r.shadows.items()),
    )
    for title, told in parts:
        body = [f"  {line}" for line in told]
        if body:
            lines += ["", title, *body]
    return "\n".join(lines)


def _gates(d: Payload) -> Iterator[str]:
    failed = [g for g in d["gates"] if not g["pass"]]
    for g in failed:
        yield f"FAILED  {_gate(g)}"
    passed = [g for g in d["gates"] if g["pass"]]
    numeric = [g for g in passed if g["value"] is not None]
    for g in numeric:
        yield f"passed  {_gate(g)}"
    plain = [g for g in passed if g["value"] is None]
    for who in dict.fromkeys(g["candidate"] for g in plain):
        names = ", ".join(GATE_NAMES.get(g["id"], g["id"]) for g in plain if g["candidate"] == who)
        yield f"passed  {_of(who)}{names}"
    c = d["counterfactual"]
    if c is not None:
        upper = any(g["id"] == c["gate"] and g["cmp"] in ("<", "<=") for g in d["gates"])
        yield _counterfactual(c, "up to" if upper else "from", entered=d["action"] == "ENTER")


def _gate(g: Payload) -> str:
    name = f"{_of(g['candidate'])}{GATE_NAMES.get(g['id'], g['id'])}"
    if g["value"] is None:
        return (
            name
            if g["threshold"] is None
            else f"{name}: not known, needs {g['cmp']} " + _n(g["threshold"])
        )
    return f"{name} {_n(g['value'])}, needs {g['cmp']} {_n(g['threshold'])}"


def _of(candidate: str | None) -> str:
    if candidate is None:
        return ""
    return f"{candidate[:-2]} {_SIDES[int(candidate[-2:])]}: "


def _counterfactual(c: Payload, way: str, *, entered: bool) -> str:
    """What would have changed the answer; its threshold is the last value that passes."""
    name = GATE_NAMES.get(c["gate"], c["gate"])
    if c["value"] is None:
        return f"It hung on {name}" + (f", and {c['others']} more." if c["others"] else ".")
    figures = f"{name} at {_n(c['value'])} against {_n(c['threshold'])}"
    if entered:
        return (
            f"Closest to refusing: {name} at {_n(c['value'])}, passes {way} {_n(c['threshold'])}."
        )
    if c["flips"]:
        return f"It would have traded with {name} {_n(c['threshold'])} instead of {_n(c['value'])}."
    return f"Nearest miss: {figures}, and {c['others']} more."


def _candidates(d: Payload) -> Iterator[str]:
    for c in d["candidates"]:
        level = "" if c["detected_level"] is None else f" at level {c['detected_level']}"
        yield f"{c['template']} {_SIDES[c['side']]}{level}: " + (
            "passes every gate of its own" if not c["failed"] else f"fails {_names(c['failed'])}"
        )
        if c["stop"] is not None:
            trigger = "" if c["trigger"] is None else f", trigger {c['trigger']}"
            yield (
                f"    {c['entry_type']} at {c['limit']}{trigger}, stop {c['stop']} ticks (needs "
                f"{c['need']}), target {c['target']} ticks"
            )
        if c["score"] is None:
            continue
        yield (
            f"    score {_n(c['score'])} = edge {_n(c['edge'])} - uncertainty "
            f"{_n(c['uncertainty'])} - cost {_n(c['cost'])}; needs {_n(c['theta'])}"
        )
        yield (
            f"    edge {_n(c['edge'])} R: wins {_n(c['p_lb'])} at least (prior {_n(c['p0'])}, "
            f"recorded {_n(c['a_d'])} for and {_n(c['b_d'])} against), {_n(c['b'])} to 1"
        )
        yield (
            f"    cost: {_n(c['friction'])} USD friction times {_n(c['multiplier'])}; belief "
            f"{_n(c['eff'])}, moving {_n(c['st'])}, thesis {_n(c['T'])}"
        )
    parts = d["theta_parts"]
    told = [f"{name} {_n(value)}" for name, value in parts.items() if value]
    if d["candidates"] and told:
        yield f"threshold of the first of them: {', '.join(told)}"


def _names(ids: list[str]) -> str:
    return ", ".join(GATE_NAMES.get(name, name) for name in ids)


def _beliefs(r: Record, *, every: bool) -> Iterator[str]:
    places = 9 if every else 4
    for b in beliefs(r.signals, r.beliefs, r.model):
        side = b["name"].partition("_")[2]
        name = f"{b['belief']}{' ' + side if side else ''}"
        if not b["ready"]:
            yield f"{name}: not ready, coverage {_n(b['coverage'])}"
            continue
        yield (
            f"{name}: {_n(b['effective'])} effective, likelihood {_n(b['likelihood'])}, evidence "
            f"{_n(b['evidence'])}, coverage {_n(b['coverage'])}"
        )
        heard = [t for t in b["signals"] if t["reliability"] > 0.0]
        said = [
            f"{t['signal']} {_signed(t['contribution'], places)} (weight "
            f"{_signed(t['weight'], 2)}, says {_signed(t['says'], 2)})"
            for t in (heard if every else heard[:_SHOWN])
        ]
        if said:
            more = len(heard) - len(said)
            yield f"    {', '.join(said)}{f', and {more} more' if more else ''}"
    if r.beliefs and r.model is None:
        yield "what each signal contributed needs the contracts of then (--contracts)"


def _law(law: Payload) -> Iterator[str]:
    if not law:
        return
    yield (
        f"{law['trades_today']} trades today, net {law['realised_day']} USD today, "
        f"{law['realised_week']} this week, {law['realised_month']} this month"
    )
    halts = ", ".join(law["halts"]) or "none"
    yield (
        f"halts: {halts}; losing streak {law['streak']} ({law['streak_state']}); kill switch "
        f"{law['kill_state']}"
    )


def _articles(permit: Payload | None) -> Iterator[str]:
    for c in () if permit is None else permit["checks"]:
        yield f"{c['id']}: {c['value']}, limit {c['limit']}{'' if c['pass'] else ', BROKEN'}"


# ---- the trade


def _trade(told: TradeTold, config: Payload) -> Iterator[str]:
    if told.intent is None:
        return
    tick = Decimal(config["instrument"]["tick_size"])
    i = told.intent
    yield (
        f"{i['template']} {_SIDES[i['side']]} {i['qty']}, {i['entry_type']} at "
        f"{_price(i['limit'], tick)}, stop {_price(i['stop_price'], tick)}, target "
        f"{_price(i['target_price'], tick)}, as {'|'.join(i['key'][k] for k in _KEY)}"
    )
    if told.refused and told.permit is not None:
        breaches = [c for c in told.permit["checks"] if not c["pass"]]
        for c in breaches:
            yield f"the law refused: {c['id']} {c['value']}, limit {c['limit']}"
    if told.opened is None:
        yield from () if told.refused else ("it did not fill",)
        return
    o = told.opened
    yield f"{_clock_of(o['entry_time'])}  in at {_price(o['entry_price'], tick)}"
    rules = dict(told.managed)
    for step in told.steps:
        yield _minute(step, rules.get(step.time), tick)
    yield from _end(told, tick)


_KEY: Final = ("template", "regime", "tod")


def _minute(step: Step, managed: Payload | None, tick: Decimal) -> str:
    line = (
        f"{_clock(step.time)[-5:]}  {_price(step.close, tick)}, {step.gain:+d} ticks, thesis "
        f"{_n(step.thesis)}, stop {_price(step.stop, tick)}"
    )
    if managed is not None:
        line += f"; {managed['action'].lower()} by the rule {managed['rule']}"
    return line


def _end(told: TradeTold, tick: Decimal) -> Iterator[str]:
    c = told.closed
    if c is None:
        yield "it is open still"
        return
    yield (
        f"{_clock_of(c['exit_time'])}  out at {_price(c['exit_price'], tick)} by "
        f"{c['exit_reason']}: gross {c['gross']}, fees {c['fees']}, net {c['net']} USD "
        f"({_n(c['r_net'])} R) after {c['duration_s']} s"
    )
    yield (
        f"at worst {c['mae']} ticks against it, at best {c['mfe']} for it; slippage "
        f"{c['slip_entry']} in, {c['slip_exit']} out"
    )
    for a in told.attributed:
        if a["stage"] == "final":
            cut = ", the session ended before the look-forward did" if a["truncated"] else ""
            yield f"category {a['category']}, {_CATEGORIES[a['category']]}{cut}"
        else:
            yield (
                f"edge {_n(a['edge'])}, luck {_n(a['luck'])}, execution {_n(a['execution'])}: it "
                f"counts {_n(a['lw'])}; process {_n(a['process'])}, outcome {_n(a['outcome'])}"
            )
    for kind, p in told.learned:
        if kind == "LearningUpdated":
            key = "|".join(p["key"][k] for k in _KEY)
            yield f"{key} is {p['status']}, charged {_n(p['multiplier'])} times"
        else:
            yield p["text"]


# ---- a day's decisions


def decision_line(at: int, decision: Payload) -> str:
    """One decision of a journal: New York time, name, sentence; below it the sum of each score."""
    lines = [f"{_clock(at)[-5:]}  {decision['decision_id']}  {decision['text']}"]
    lines += [
        f"       {c['template']} {_SIDES[c['side']]}: score {_n(c['score'])} = edge "
        f"{_n(c['edge'])} - uncertainty {_n(c['uncertainty'])} - cost "
        f"{_n(c['cost'])}; needs {_n(c['theta'])}"
        for c in decision["candidates"]
        if c["score"] is not None
    ]
    return "\n".join(lines)


# ---- numbers


def _n(value: Any) -> str:
    """A number as it is recorded, without an empty fraction."""
    if isinstance(value, float) and value == int(value) and abs(value) < 1e9:
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0")
    return str(value)


def _signed(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:+.{places}f}"


def _price(ticks: int, tick: Decimal) -> str:
    return f"{ticks * tick:f}"


def _clock(at: int) -> str:
    moment = datetime.fromtimestamp(at // 1_000_000_000, UTC).astimezone(_NEW_YORK)
    return f"{moment:%Y-%m-%d %H:%M}"


def _clock_of(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(_NEW_YORK):%H:%M}"
