"""From records back to what the core was told: the inputs of a run (events.md 2, marked I).

Only inputs have a way back. What the core derives from them is worked out again and compared,
never read. Every form here is the inverse of one in the codec, `orders_v1` or `supervision_v1`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, cast

import orjson

from adapters.wire.law_state import instant, law_state
from adapters.wire.versions import readable, upcast
from domain import event as e
from domain.bar import Bar
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.orders import Fill, OrderEvent, OrderEventKind, Role
from domain.statement import Statement, StatementLine
from domain.strategies.outside import Loaded
from domain.units import Money, Side, UtcNanos
from ports.journal import JsonValue, Stored

Fields = dict[str, JsonValue]


def input_of(row: Stored) -> e.Event | None:
    """The input that `row` recorded; None for what the core derives.

    Errors: ValueError for a type that nobody knows, another version, or a payload that is none
    of its type.
    """
    decode = _INPUTS.get(row.type)
    if decode is None and row.type not in KNOWN:
        raise ValueError(f"unknown type {row.type!r}")
    readable(row.type, row.version)
    if decode is None:
        return None
    try:
        fields = orjson.loads(row.payload)
        if not isinstance(fields, dict):
            raise TypeError("not an object")
        return decode(row, upcast(row.type, row.version, fields))
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{row.type} cannot be read: {error!r}") from None


# ---- single values


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value


def _int(value: JsonValue) -> int:
    if type(value) is not int:
        raise TypeError(f"not an integer: {value!r}")
    return value


def _maybe(value: JsonValue) -> int | None:
    return None if value is None else _int(value)


def _bool(value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"not true or false: {value!r}")
    return value


def _float(value: JsonValue) -> float | None:
    if value is None or isinstance(value, float):
        return value
    raise TypeError(f"not a number: {value!r}")


def _side(value: JsonValue) -> Side:
    if value not in (1, -1):
        raise ValueError(f"not a side: {value!r}")
    return cast("Side", value)


def _money(value: JsonValue) -> Money:
    return Money.parse(_text(value))


def _maybe_money(value: JsonValue) -> Money | None:
    return None if value is None else _money(value)


def _time(value: JsonValue) -> UtcNanos:
    return instant(_text(value))


def _rows(value: JsonValue) -> list[Fields]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise TypeError(f"not a list of objects: {value!r}")
    return cast("list[Fields]", value)


# ---- bars


def _bar(row: Stored, p: Fields) -> e.BarClosed:
    received = p["received_at"]
    bar = Bar(
        _time(p["open_time"]),
        _int(p["open"]),
        _int(p["high"]),
        _int(p["low"]),
        _int(p["close"]),
        _int(p["volume"]),
        _maybe(p["bid"]),
        _maybe(p["ask"]),
        _float(p["mean_spread_ticks"]),
        _maybe(p["n_sub"]),
        None if received is None else _time(received),
    )
    # The session's date is the calendar's to say; the core asks it again.
    return e.BarClosed(row.ts_event, None, bar, _bool(p["warmup"]), _bool(p["rth"]))


def _rejected(row: Stored, p: Fields) -> e.BarRejected:
    return e.BarRejected(
        row.ts_event,
        _time(p["minute"]),
        _text(p["kind"]),
        _text(p["where"]),
        _text(p["rule"]),
        _text(p["text"]),
        _int(p["number"]),
    )


# ---- the broker


def _order_event(row: Stored, p: Fields) -> e.OrderReported:
    report = OrderEvent(
        _text(p["order_ref"]),
        Role(p["role"]),
        OrderEventKind(p["kind"]),
        row.ts_event,
        _int(p["sequence"]),
        _int(p["broker_order_id"]),
        _int(p["perm_id"]),
        _text(p["status_text"]),
        _int(p["code"]),
        _int(p["qty"]),
        _int(p["filled"]),
        _maybe(p["price"]),
    )
    return e.OrderReported(row.ts_event, report, row.correlation)


def _execution(p: Fields) -> Fill:
    return Fill(
        _text(p["exec_id"]),
        _text(p["order_ref"]),
        Role(p["role"]),
        _int(p["perm_id"]),
        _side(p["side"]),
        _int(p["qty"]),
        _int(p["price"]),
        _time(p["time"]),
    )


def _fill(row: Stored, p: Fields) -> e.FillReceived:
    return e.FillReceived(row.ts_event, _execution(p), row.correlation)


def _fee(row: Stored, p: Fields) -> e.FeeReported:
    return e.FeeReported(row.ts_event, _text(p["exec_id"]), _money(p["fee"]))


def _account(row: Stored, p: Fields) -> e.AccountSnapshot:
    return e.AccountSnapshot(row.ts_event, _money(p["equity"]), _money(p["available"]))


def _connection(row: Stored, p: Fields) -> e.ConnectionChanged:
    return e.ConnectionChanged(row.ts_event, _bool(p["up"]), _text(p["reason"]))


def _truth(row: Stored, p: Fields) -> e.ReconcileStarted:
    t = p["truth"]
    if not isinstance(t, dict):
        raise TypeError("the broker's truth is no object")
    truth = BrokerTruth(
        _time(t["at"]),
        _int(t["position"]),
        tuple(_open_order(o) for o in _rows(t["orders"])),
        tuple(_execution(f) for f in _rows(t["executions"])),
        tuple(
            DoneOrder(_text(d["order_ref"]), OrderEventKind(d["how"]), _int(d["filled"]))
            for d in _rows(t["done"])
        ),
        _int(t["entries_today"]),
        _time(t["healthy_since"]),
        _statement(t["statement"]),
    )
    return e.ReconcileStarted(row.ts_event, _int(p["number"]), truth)


def _statement(value: JsonValue) -> Statement:
    if not isinstance(value, dict):
        raise TypeError(f"not an object: {value!r}")
    others = tuple(_execution(f) for f in _rows(value["others"]))
    return Statement(tuple(_line(line) for line in _rows(value["lines"])), others)


def _line(p: Fields) -> StatementLine:
    return StatementLine(_text(p["exec_id"]), _maybe_money(p["fee"]), _maybe_money(p["result"]))


def _open_order(o: Fields) -> OpenOrder:
    return OpenOrder(
        _text(o["order_ref"]),
        _bool(o["ours"]),
        _int(o["perm_id"]),
        _int(o["qty"]),
        _int(o["filled"]),
        _maybe(o["price"]),
        _bool(o["held"]),
        _bool(o["unknown"]),
    )


# ---- the clock and people


def _tick(row: Stored, p: Fields) -> e.ClockTick:
    return e.ClockTick(row.ts_event, _maybe(p["price"]), _text(p["cause"]))


def _host(row: Stored, p: Fields) -> e.HostState:
    days, hours, skew = p["days"], p["hours"], p["skew_ns"]
    return e.HostState(
        row.ts_event,
        tuple(_text(each) for each in _list(p["unfit"])),
        tuple(_text(each) for each in _list(p["hindered"])),
        _bool(p["jump"]),
        _maybe(skew),
        None if days is None else tuple(date.fromisoformat(_text(d)) for d in _list(days)),
        None if hours is None else tuple(_span(span) for span in _list(hours)),
    )


def _list(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {value!r}")
    return value


def _span(value: JsonValue) -> tuple[UtcNanos, UtcNanos]:
    opens, closes = _list(value)
    return _time(opens), _time(closes)


def _late(row: Stored, p: Fields) -> e.LateSubBar:
    return e.LateSubBar(row.ts_event, _time(p["opens"]), _time(p["minute"]), _text(p["cause"]))


def _operator(row: Stored, p: Fields) -> e.OperatorCommand:
    return e.OperatorCommand(
        row.ts_event, _text(p["command"]), _text(p["arguments"]), _text(p["who"])
    )


def _reset(row: Stored, p: Fields) -> e.KillReset:
    return e.KillReset(row.ts_event, _text(p["who"]), _text(p["reason"]), _text(p["trigger"]))


def _bound(row: Stored, p: Fields) -> e.StoreBound:
    counters = p["counters"]
    if not isinstance(counters, dict):
        raise TypeError(f"not an object: {counters!r}")
    account, mode, who, reason = (_text(p[n]) for n in ("account", "mode", "who", "reason"))
    return e.StoreBound(row.ts_event, account, mode, law_state(counters), who, reason)


def _started(row: Stored, p: Fields) -> e.RunStarted:
    """What came later is missing in the oldest records."""
    names = ("run_id", "mode", "adapter", "account", "config_hash", "code_version", "engine")
    run_id, mode, adapter, account, config, code, engine = (_text(p[name]) for name in names)
    store, accepted = (_text(p.get(name, "")) for name in ("store_id", "accepted"))
    who = (run_id, mode, adapter, account)
    contract = _text(p.get("contract", ""))
    rest = (store, accepted, strategies_of(p), contract)
    return e.RunStarted(row.ts_event, *who, config, code, engine, *rest)


def strategies_of(p: Fields) -> tuple[Loaded, ...]:
    """The templates from outside that a RunStarted names."""
    rows = _rows(p.get("strategies", []))
    return tuple(Loaded(*(_text(row[name]) for name in Loaded._fields)) for row in rows)


_INPUTS: Final[dict[str, Callable[[Stored, Fields], e.Event]]] = {
    "RunStarted": _started,
    "BarClosed": _bar,
    "BarRejected": _rejected,
    "OrderEvent": _order_event,
    "Fill": _fill,
    "FeeReported": _fee,
    "AccountSnapshot": _account,
    "ConnectionChanged": _connection,
    "ReconcileStarted": _truth,
    "ClockTick": _tick,
    "OperatorCommand": _operator,
    "HostState": _host,
    "LateSubBar": _late,
    "KillReset": _reset,
    "StoreBound": _bound,
}

INPUTS: Final = frozenset(_INPUTS)
"""The types of what a run is told."""

KNOWN: Final = INPUTS | {
    "RunStopped", "ConfigLoaded", "SessionOpened", "SessionClosed",
    "QualityAssessed", "ExecutionIncident", "SignalsComputed", "BeliefsComputed",
    "LockoutStarted", "LockoutEnded", "LawStateChanged", "DecisionMade", "OrderIntentCreated",
    "IntentExpired", "PermitGranted", "PermitRefused", "OrderSubmitting", "OrderStateChanged",
    "CommandIssued", "PositionChanged", "TradeOpened", "TradeManaged", "TradeClosed",
    "KillTriggered", "KillCompleted", "KillStep", "WouldKill", "ReconcileCompleted",
    "ForeignOrder", "IllegalTransition", "TradeAttributed", "LearningUpdated",
    "StrategyQuarantined", "StrategyThrottled", "StrategyReEnabled", "ShadowOpened",
    "ShadowClosed", "CalibrationWarning", "StrategyFaulted",
    "StatementDiffers",
}  # fmt: skip
"""Every type this program writes. Another one stops a fold: what it means cannot be guessed."""
