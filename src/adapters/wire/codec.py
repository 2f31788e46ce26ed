"""From domain events to records: type tag, version, natural key and payload (events.md 2).

The tag and the version are the wire's own; moving a Python class changes nothing on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from adapters.wire import decision_v1, lessons_v1, orders_v1, supervision_v1, versions
from adapters.wire.law_state import law_fields
from adapters.wire.times import rfc3339
from domain import event as e
from domain.units import UtcNanos
from ports.journal import Encoded, JsonValue, Record
from rust_core import Shape, encode, event_id

Payload = dict[str, JsonValue]
DOMAIN: Final = "domain"
_RUN_EVENTS: Final = (
    e.RunStarted, e.RunStopped, e.ConfigLoaded, e.SessionOpened, e.SessionClosed, e.BarRejected,
    e.ExecutionIncident, e.LockoutStarted, e.LockoutEnded, e.LawStateChanged, e.AccountSnapshot,
    e.KillTriggered, e.KillCompleted, e.WouldKill, e.ClockTick, e.ForeignOrder, e.HostState,
    e.LateSubBar,
)  # fmt: skip


class Codec:
    """Turns the events of one run into records.

    It remembers the current session's date, which stands in every envelope, the config hash of
    the run, which every decision carries, and how often another contract month was begun with:
    the past is then told again in that month's prices, minute by minute.
    """

    def __init__(self, config_hash: str) -> None:
        self._session = ""
        self._config_hash = config_hash
        self._contract = ""
        self._rolls = 0
        self._frames = decision_v1.FrameForms()
        self._bars = decision_v1.bar_forms()
        # The five events of every bar are found by their type at once.
        self._each_bar: dict[type, Callable[[Any, str], Record]] = {
            e.BarClosed: self._bar_closed,
            e.QualityAssessed: self._quality,
            e.SignalsComputed: self._signals,
            e.BeliefsComputed: self._beliefs,
            e.DecisionMade: self._made,
        }

    def stand_in(self, session: str) -> None:
        """Go on in the session of that ISO date, as the last event recorded did."""
        self._session = session

    def trades(self, contract: str) -> None:
        """The bars to come are of the month `contract`; empty says nothing."""
        self._rolls += bool(contract and self._contract and contract != self._contract)
        self._contract = contract or self._contract

    def records(self, events: Sequence[e.Event]) -> Sequence[Record]:
        """The records of events that were brought about together: the first is the cause of the
        others.

        Errors: ValueError where one has no canonical form.
        """
        if type(events) is list and not self._rolls:
            bar = self._bars.records(events, self._session, self._config_hash)
            if bar is not None:  # nearly every batch is the five events of a bar
                return cast("Sequence[Record]", bar)
        first = self.record(events[0], "")
        cause = event_id(first.type, first.stream, first.key)
        return [first, *[self.record(event, cause) for event in events[1:]]]

    def record(self, event: e.Event, causation: str) -> Record:
        """The record of one event; `causation` is the id of the event that led to it.

        Errors: ValueError where it has no canonical form.
        """
        form = self._each_bar.get(type(event))
        if form is not None:
            return form(event, causation)
        if isinstance(event, _RUN_EVENTS):
            return self._run_event(event, causation)
        if isinstance(event, lessons_v1.LESSONS):
            key, group, payload = lessons_v1.form(event)
            tag = type(event).__name__
            return self._row(tag, event.at, key, payload, causation, group)
        return self._order_event(event, causation)

    def _bar_closed(self, event: e.BarClosed, causation: str) -> Record:
        key = rfc3339(event.bar.open_time)
        if self._rolls and event.warmup:
            key = f"{key}|{self._rolls}"
        payload = _bar(event)
        return Record("BarClosed", 1, DOMAIN, self._session, event.at, key, payload, causation)

    def _quality(self, event: e.QualityAssessed, causation: str) -> Record:
        key = f"{rfc3339(event.minute)}|{event.cause}"
        payload = _quality(event)
        return Record(
            "QualityAssessed", 1, DOMAIN, self._session, event.at, key, payload, causation
        )

    def _signals(self, event: e.SignalsComputed, causation: str) -> Record:
        at, minute, frame = event
        payload = self._frames(frame).signals
        return Record(
            "SignalsComputed", 1, DOMAIN, self._session, at, rfc3339(minute), payload, causation
        )

    def _beliefs(self, event: e.BeliefsComputed, causation: str) -> Record:
        at, minute, frame = event
        payload = self._frames(frame).beliefs
        return Record(
            "BeliefsComputed", 1, DOMAIN, self._session, at, rfc3339(minute), payload, causation
        )

    def _made(self, event: e.DecisionMade, causation: str) -> Record:
        at, record = event
        frame = self._frames(record.frame)
        payload = self._bars.decision(
            record, frame.signals_hash, frame.beliefs_hash, self._config_hash
        )
        return Record(
            "DecisionMade", 1, DOMAIN, self._session, at, record.decision_id, payload, causation
        )

    def _row(
        self,
        tag: str,
        at: UtcNanos,
        key: str,
        payload: Payload,
        causation: str,
        correlation: str = "",
        stream: str = DOMAIN,
        version: int = 1,
    ) -> Record:
        form = encode(payload)
        return Record(tag, version, stream, self._session, at, key, form, causation, correlation)

    def _run_event(self, event: e.Event, causation: str) -> Record:
        at = event.at
        match event:
            case e.RunStarted():
                self._config_hash = event.config_hash
                self.trades(event.contract)
                return self._row(
                    "RunStarted", at, event.run_id, _started(event), causation, stream="ops"
                )
            case e.RunStopped():
                return self._row(
                    "RunStopped", at, event.run_id, _plain(event), causation, stream="ops"
                )
            case e.ConfigLoaded():
                self._session = event.session.isoformat()
                key = f"{event.config_hash}|{self._session}"
                return self._row("ConfigLoaded", at, key, _config(event), causation)
            case e.SessionOpened():
                self._session = event.session.isoformat()
                return self._row("SessionOpened", at, self._session, _opened(event), causation)
            case e.SessionClosed():
                return self._row("SessionClosed", at, self._session, _closed(event), causation)
            case e.BarRejected():
                key = f"{rfc3339(event.minute)}|{event.number}"
                return self._row("BarRejected", at, key, _rejected(event), causation)
            case e.ExecutionIncident():
                key = f"{event.kind}|{rfc3339(at)}|{event.order_ref}"
                return self._row("ExecutionIncident", at, key, _plain(event), causation)
            case e.LockoutStarted():
                key = f"{event.kind}|{rfc3339(at)}"
                payload = _plain(event) | {"until": rfc3339(event.until)}
                return self._row("LockoutStarted", at, key, payload, causation)
            case e.LockoutEnded():
                key = f"{event.kind}|{rfc3339(at)}"
                return self._row("LockoutEnded", at, key, _plain(event), causation)
            case e.LawStateChanged():
                key = f"{rfc3339(at)}|{event.cause}"
                form = versions.version("LawStateChanged", event.state.statement is not None)
                return self._row("LawStateChanged", at, key, _law(event), causation, version=form)
            case e.AccountSnapshot():
                payload = {"available": str(event.available), "equity": str(event.equity)}
                return self._row("AccountSnapshot", at, rfc3339(at), payload, causation)
            case e.KillTriggered() | e.WouldKill():
                tag = "KillTriggered" if isinstance(event, e.KillTriggered) else "WouldKill"
                key = f"{event.trigger}|{rfc3339(at)}"
                return self._row(tag, at, key, _plain(event), causation)
            case e.KillCompleted():
                key = f"{event.trigger}|{rfc3339(at)}"
                return self._row("KillCompleted", at, key, _plain(event), causation)
            case e.ForeignOrder():
                key = f"{event.order_ref}|{rfc3339(at)}"
                return self._row("ForeignOrder", at, key, _plain(event), causation)
            case e.HostState():
                payload = supervision_v1.host(event)
                return self._row("HostState", at, rfc3339(at), payload, causation, stream="ops")
            case e.LateSubBar():
                key = f"{rfc3339(event.opens)}|{rfc3339(at)}"
                payload = supervision_v1.late(event)
                return self._row("LateSubBar", at, key, payload, causation, stream="ops")
            case e.ClockTick():
                return self._row(
                    "ClockTick", at, f"{rfc3339(at)}|{event.cause}", _plain(event), causation
                )
            case _:
                raise TypeError(f"not an event of the run: {type(event).__name__}")

    def _order_event(self, event: e.Event, causation: str) -> Record:
        at, version = event.at, 1
        match event:
            case e.OrderIntentCreated(_, intent):
                tag, group = "OrderIntentCreated", intent.decision_id
                key = f"{group}|{intent.template}" if intent.shadow else group
                payload = orders_v1.intent(intent)
            case e.PermitGranted() | e.PermitRefused():
                tag, key, group = type(event).__name__, event.decision_id, event.decision_id
                payload = orders_v1.permit(event)
            case e.OrderSubmitting():
                tag, key, group = "OrderSubmitting", event.order_ref, event.decision_id
                payload = orders_v1.submitting(event)
            case e.OrderReported(_, report, group):
                tag = "OrderEvent"
                key = f"{report.order_ref}|{report.kind.value}|{report.sequence}"
                payload = orders_v1.report(report)
            case e.FillReceived(_, fill, group):
                tag, key, payload = "Fill", fill.exec_id, orders_v1.fill(fill)
            case e.OrderStateChanged():
                tag, key, group = (
                    "OrderStateChanged", f"{event.order_ref}|{event.number}", event.decision_id,
                )  # fmt: skip
                payload = {
                    "cause": event.cause, "from": event.before, "order_ref": event.order_ref,
                    "to": event.after,
                }  # fmt: skip
            case e.CommandIssued():
                tag, key, group = (
                    "CommandIssued", f"{event.order_ref}|{event.number}", event.decision_id,
                )  # fmt: skip
                payload = {
                    "command": event.command, "order_ref": event.order_ref,
                    "price": event.price, "reason": event.reason,
                }  # fmt: skip
            case e.PositionChanged():
                tag, key, group = "PositionChanged", event.cause, event.decision_id
                payload = orders_v1.position(event)
            case e.TradeOpened():
                tag, key, group = "TradeOpened", event.decision_id, event.decision_id
                payload = orders_v1.opened(event)
            case e.TradeManaged():
                tag, group = "TradeManaged", event.decision_id
                # A run ended right after a bar may exit at the instant at which it tightened.
                key = f"{event.decision_id}|{rfc3339(at)}|{event.rule}"
                payload = orders_v1.managed(event)
            case e.TradeClosed():
                tag, key, group = "TradeClosed", event.decision_id, event.decision_id
                payload = orders_v1.closed(event)
            case (
                e.ConnectionChanged()
                | e.ReconcileStarted()
                | e.ReconcileCompleted()
                | e.OperatorCommand()
                | e.KillStep()
                | e.KillReset()
                | e.StoreBound()
                | e.FeeReported()
                | e.IntentExpired()
                | e.StrategyFaulted()
                | e.StatementDiffers()
            ):
                tag, group = type(event).__name__, ""
                key, payload = supervision_v1.form(event)
                version = supervision_v1.version(event)
            case e.IllegalTransitionSeen():
                tag, group = "IllegalTransition", ""
                key = f"{event.order_ref}|{event.number}"
                payload = {"detail": event.detail, "order_ref": event.order_ref}
            case _:
                raise TypeError(f"not an event of orders: {type(event).__name__}")
        return self._row(tag, at, key, payload, causation, group, version=version)


def _plain(event: e.Event) -> Payload:
    """Every field but the time, which stands in the envelope."""
    fields: Payload = event._asdict()
    del fields["at"]
    return fields


def _started(event: e.RunStarted) -> Payload:
    """A run without templates from outside does not speak of them, nor of a month without one."""
    payload = _plain(event)
    if not event.contract:
        del payload["contract"]
    if event.strategies:
        payload["strategies"] = [each._asdict() for each in event.strategies]
    else:
        del payload["strategies"]
    return payload


_BAR: Final = Shape(
    (
        "open_time", "open", "high", "low", "close", "volume", "bid", "ask", "mean_spread_ticks",
        "n_sub", "received_at", "warmup", "rth",
    )
)  # fmt: skip


def _bar(event: e.BarClosed) -> Encoded:
    _, _, bar, warmup, rth = event
    opened, first, high, low, last, volume, bid, ask, spread, pieces, received = bar
    at = None if received is None else rfc3339(received)
    return _BAR.encode(
        (
            rfc3339(opened), first, high, low, last, volume, bid, ask, spread, pieces, at, warmup,
            rth,
        )
    )  # fmt: skip


_QUALITY: Final = Shape(
    ("minute", "dvs_bp", "q_bp", "eqs_bp", "penalties", "staleness_bp", "cause"),
    many={"penalties": Shape(("id", "bp"))},
)


def _quality(event: e.QualityAssessed) -> Encoded:
    _, minute, dvs_bp, q_bp, eqs_bp, penalties, staleness_bp, cause = event
    told = tuple([(str(name), bp) for name, bp in penalties]) if penalties else ()
    return _QUALITY.encode((rfc3339(minute), dvs_bp, q_bp, eqs_bp, told, staleness_bp, cause))


def _config(event: e.ConfigLoaded) -> Payload:
    return {
        "config_hash": event.config_hash,
        "constitution_sha256": event.constitution_hash,
        "files": dict(event.hashes),
        "instrument": {
            "fee_per_side": str(event.fee_per_side),
            "symbol": event.symbol,
            "tick_size": event.tick_size,
            "tick_value": str(event.tick_value),
        },
    }


def _opened(event: e.SessionOpened) -> Payload:
    return {
        "close": rfc3339(event.close),
        "early_close": event.early_close,
        "open": rfc3339(event.open),
    }


def _closed(event: e.SessionClosed) -> Payload:
    return {
        "bars": event.bars,
        "budget_left": str(event.budget_left),
        "decisions": event.decisions,
        "high": event.high,
        "last": event.last,
        "low": event.low,
        "net": str(event.net),
        "trades": event.trades,
    }


def _rejected(event: e.BarRejected) -> Payload:
    return {
        "kind": event.kind,
        "minute": rfc3339(event.minute),
        "number": event.number,
        "rule": event.rule,
        "text": event.text,
        "where": event.where,
    }


def _law(event: e.LawStateChanged) -> Payload:
    return law_fields(event.state) | {"cause": event.cause}
