"""The wire form of what is learned from trades: scores, metrics, standings."""

from __future__ import annotations

from typing import Final, TypeAlias

from adapters.wire import orders_v1
from adapters.wire.times import rfc3339
from domain import event as e
from domain.track_record import Metrics
from ports.journal import JsonValue

Payload = dict[str, JsonValue]

LESSONS: Final = (
    e.TradeAttributed, e.ShadowOpened, e.ShadowClosed, e.LearningUpdated, e.StrategyQuarantined,
    e.StrategyThrottled, e.StrategyReEnabled, e.CalibrationWarning,
)  # fmt: skip
Lesson: TypeAlias = (
    e.TradeAttributed
    | e.ShadowOpened
    | e.ShadowClosed
    | e.LearningUpdated
    | e.StrategyQuarantined
    | e.StrategyThrottled
    | e.StrategyReEnabled
    | e.CalibrationWarning
)


def form(event: Lesson) -> tuple[str, str, Payload]:
    """Natural key, decision and payload of one event."""
    match event:
        case e.TradeAttributed():
            payload: Payload = event._asdict()
            del payload["at"]
            return f"{_name(event)}|{event.stage}", event.decision_id, payload
        case e.ShadowOpened(_, opened, at, why):
            payload = orders_v1.opened(opened) | {"decided_at": rfc3339(at), "why": why}
            return f"{opened.decision_id}|{opened.key.template}", opened.decision_id, payload
        case e.ShadowClosed(_, template, closed, why):
            payload = orders_v1.closed(closed) | {"template": template, "why": why}
            return f"{closed.decision_id}|{template}", closed.decision_id, payload
        case e.LearningUpdated():
            return f"{event.key}|{event.decision_id}", event.decision_id, _updated(event)
        case e.CalibrationWarning(_, name, cause, calibration):
            payload = {"cause": cause, "name": name, **calibration._asdict()}
            payload["bands"] = [band._asdict() for band in calibration.bands]
            return f"{name}|{cause}", "", payload
        case _:
            payload = event._asdict()
            del payload["at"]
            payload["before"] = event.before.value
            payload["status"] = event.status.value
            payload["metrics"] = metrics(event.metrics)
            return f"{event.name}|{event.cause}", "", payload


def _name(event: e.TradeAttributed) -> str:
    """A decision may be followed in shadow by several templates."""
    return f"{event.decision_id}|{event.template}" if event.shadow else event.decision_id


def _updated(event: e.LearningUpdated) -> Payload:
    key = event.key
    return {
        "decision_id": event.decision_id,
        "key": {"regime": key.regime, "template": key.template, "tod": key.tod},
        "metrics": {
            "key": metrics(event.key_metrics),
            "overall": metrics(event.overall_metrics),
            "template": metrics(event.template_metrics),
        },
        "multiplier": event.multiplier,
        "status": event.status.value,
        "status_of": {"key": event.key_status.value, "template": event.template_status.value},
        "template": key.template,
    }


def metrics(m: Metrics) -> Payload:
    """Every metric by its name; null where it is undefined."""
    payload: Payload = m._asdict()
    for name in ("expectancy", "weighted_expectancy", "max_drawdown", "fees"):
        amount = payload[name]
        payload[name] = None if amount is None else str(amount)
    return payload
