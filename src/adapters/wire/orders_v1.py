"""The wire form of intents, permits, orders, fills and trades."""

from __future__ import annotations

from adapters.wire.times import rfc3339
from domain import event as e
from domain.intent import OrderIntent
from domain.orders import Fill, OrderEvent
from ports.journal import JsonValue

Payload = dict[str, JsonValue]


def intent(i: OrderIntent) -> Payload:
    """The whole intent and its hash."""
    return {
        "decision_id": i.decision_id,
        "template": i.template,
        "side": i.side,
        "qty": i.qty,
        "entry_type": i.entry_type.value,
        "trigger": i.trigger,
        "limit": i.limit,
        "stop_price": i.stop_price,
        "target_price": i.target_price,
        "stop": i.stop,
        "target": i.target,
        "decided_at": rfc3339(i.decided_at),
        "expires_at": rfc3339(i.expires_at),
        "time_stop_min": i.time_stop_min,
        "theta_t": i.theta_t,
        "level": i.level,
        "a14": i.a14,
        "p0": i.p0,
        "edge": i.edge,
        "slip_est": i.slip_est,
        "spread": i.spread,
        "key": {"regime": i.key.regime, "template": i.key.template, "tod": i.key.tod},
        "shadow": i.shadow,
        "snapshot_hash": i.snapshot_hash,
        "intent_hash": i.hash(),
    }


def permit(event: e.PermitGranted | e.PermitRefused) -> Payload:
    """The law's answer with every check."""
    payload: Payload = {
        "checks": [
            {"id": c.id, "limit": c.limit, "pass": c.passed, "value": c.value} for c in event.checks
        ],
        "decision_id": event.decision_id,
        "intent_hash": event.intent_hash,
    }
    if isinstance(event, e.PermitGranted):
        payload["expires_at"] = rfc3339(event.expires_at)
    else:
        payload["reason"] = event.reason
    return payload


def submitting(event: e.OrderSubmitting) -> Payload:
    """The bracket about to be sent."""
    return {
        "entry_type": event.entry_type,
        "expires_at": rfc3339(event.expires_at),
        "limit": event.limit,
        "order_refs": [event.order_ref, event.stop_ref, event.target_ref],
        "qty": event.qty,
        "side": event.side,
        "stop_price": event.stop_price,
        "target_price": event.target_price,
        "trigger": event.trigger,
    }


def report(r: OrderEvent) -> Payload:
    """A broker's word about an order."""
    return {
        "broker_order_id": r.broker_order_id,
        "code": r.code,
        "filled": r.filled,
        "kind": r.kind.value,
        "order_ref": r.order_ref,
        "perm_id": r.perm_id,
        "price": r.price,
        "qty": r.qty,
        "role": r.role.value,
        "sequence": r.sequence,
        "status_text": r.status_text,
    }


def fill(f: Fill) -> Payload:
    """One execution."""
    return {
        "exec_id": f.exec_id,
        "liquidity": None,
        "order_ref": f.order_ref,
        "perm_id": f.perm_id,
        "price": f.price,
        "qty": f.qty,
        "role": f.role.value,
        "side": f.side,
        "time": rfc3339(f.time),
    }


def position(event: e.PositionChanged) -> Payload:
    """Our expected position."""
    return {
        "average_entry": event.average_entry,
        "cause": event.cause,
        "qty": event.qty,
        "stop_price": event.stop_price,
        "target_price": event.target_price,
        "worst_case": str(event.worst_case),
    }


def opened(event: e.TradeOpened) -> Payload:
    """A trade's beginning."""
    return {
        "a_entry": event.a_entry,
        "b": event.b,
        "decision_id": event.decision_id,
        "entry_price": event.entry_price,
        "entry_time": rfc3339(event.at),
        "key": {"regime": event.key.regime, "template": event.key.template, "tod": event.key.tod},
        "p0": event.p0,
        "qty": event.qty,
        "side": event.side,
        "stop0": event.stop0,
        "stop_price": event.stop_price,
        "target_price": event.target_price,
        "worst_entry": event.worst_entry,
    }


def managed(event: e.TradeManaged) -> Payload:
    """One management action."""
    return {
        "T": event.thesis,
        "action": event.action,
        "bad": event.bad,
        "decision_id": event.decision_id,
        "new_stop": event.new_stop,
        "old_stop": event.old_stop,
        "rule": event.rule,
    }


def closed(event: e.TradeClosed) -> Payload:
    """A trade's end."""
    payload: Payload = event._asdict()
    for name in ("gross", "fees", "net"):
        payload[name] = str(getattr(event, name))
    del payload["at"]
    payload["exit_time"] = rfc3339(event.at)
    return payload
