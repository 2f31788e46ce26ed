"""The wire form of what supervision and people add to the record."""

from __future__ import annotations

from adapters.wire import versions
from adapters.wire.law_state import law_fields
from adapters.wire.times import rfc3339
from domain import event as e
from domain.execution.truth import BrokerTruth, OpenOrder
from domain.orders import Fill
from domain.statement import NO_STATEMENT, Difference, Statement
from domain.units import Money
from ports.journal import JsonValue

Payload = dict[str, JsonValue]


def form(event: e.Event) -> tuple[str, Payload]:
    """Natural key and payload of one event of supervision."""
    at = rfc3339(event.at)
    match event:
        case e.ConnectionChanged():
            return at, {"reason": event.reason, "up": event.up}
        case e.ReconcileStarted():
            return str(event.number), {"number": event.number, "truth": truth(event.truth)}
        case e.ReconcileCompleted():
            return str(event.number), {
                "clean": event.clean, "number": event.number, "rows": list(event.rows),
            }  # fmt: skip
        case e.OperatorCommand():
            return f"{at}|{event.command}", {
                "arguments": event.arguments, "command": event.command, "who": event.who,
            }  # fmt: skip
        case e.KillStep():
            return f"{event.trigger}|{event.step}|{event.number}|{at}", {
                "number": event.number, "step": event.step, "trigger": event.trigger,
            }  # fmt: skip
        case e.KillReset():
            return at, {"reason": event.reason, "trigger": event.trigger, "who": event.who}
        case e.StoreBound():
            return at, {
                "account": event.account, "counters": law_fields(event.state), "mode": event.mode,
                "reason": event.reason, "who": event.who,
            }  # fmt: skip
        case e.FeeReported():
            return f"{event.exec_id}|{event.fee}", {
                "exec_id": event.exec_id, "fee": str(event.fee),
            }  # fmt: skip
        case e.StrategyFaulted():
            return f"{event.template}|{at}", {
                "detail": event.detail, "method": event.method, "template": event.template,
            }  # fmt: skip
        case e.StatementDiffers():
            return str(event.number), {
                "differences": [_difference(each) for each in event.differences],
                "gain": str(event.gain), "loss": str(event.loss), "number": event.number,
                "observe": event.observe,
            }  # fmt: skip
        case e.IntentExpired():
            return event.decision_id, {"decision_id": event.decision_id, "reason": event.reason}
        case _:
            raise TypeError(f"not an event of supervision: {type(event).__name__}")


def version(event: e.Event) -> int:
    """The version of the payload that `form` gives."""
    match event:
        case e.ReconcileStarted():
            return versions.version("ReconcileStarted", event.truth.statement != NO_STATEMENT)
        case e.StoreBound():
            return versions.version("StoreBound", event.state.statement is not None)
        case _:
            return 1


def host(event: e.HostState) -> Payload:
    """What the host is like."""
    days, hours = event.days, event.hours
    return {
        "days": None if days is None else [day.isoformat() for day in days],
        "hindered": list(event.hindered),
        "hours": None if hours is None else [[rfc3339(a), rfc3339(b)] for a, b in hours],
        "jump": event.jump,
        "skew_ns": event.skew,
        "unfit": list(event.unfit),
    }


def late(event: e.LateSubBar) -> Payload:
    """A piece of a minute that was dropped."""
    return {
        "cause": event.cause, "minute": rfc3339(event.minute), "opens": rfc3339(event.opens),
    }  # fmt: skip


def truth(t: BrokerTruth) -> Payload:
    """A whole read of the broker; a statement only where there is one."""
    later: Payload = {} if t.statement == NO_STATEMENT else {"statement": _statement(t.statement)}
    return later | {
        "at": rfc3339(t.at),
        "done": [{"filled": d.filled, "how": d.how.value, "order_ref": d.order_ref}
                 for d in t.done],
        "entries_today": t.entries_today,
        "executions": [_fill(f) for f in t.executions],
        "healthy_since": rfc3339(t.healthy_since),
        "orders": [_order(o) for o in t.orders],
        "position": t.position,
    }  # fmt: skip


def _fill(f: Fill) -> Payload:
    return {
        "exec_id": f.exec_id, "order_ref": f.order_ref, "perm_id": f.perm_id, "price": f.price,
        "qty": f.qty, "role": f.role.value, "side": f.side, "time": rfc3339(f.time),
    }  # fmt: skip


def _statement(s: Statement) -> Payload:
    return {
        "lines": [{"exec_id": line.exec_id, "fee": _money(line.fee), "result": _money(line.result)}
                  for line in s.lines],
        "others": [_fill(f) for f in s.others],
    }  # fmt: skip


def _difference(d: Difference) -> Payload:
    return {"exec_id": d.exec_id, "ours": str(d.ours), "theirs": str(d.theirs), "what": d.what}


def _money(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)


def _order(o: OpenOrder) -> Payload:
    return {
        "filled": o.filled, "held": o.held, "order_ref": o.order_ref, "ours": o.ours,
        "perm_id": o.perm_id, "price": o.price, "qty": o.qty, "unknown": o.unknown,
    }  # fmt: skip
