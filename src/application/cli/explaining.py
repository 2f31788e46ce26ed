"""What `tradebot explain` does: find a decision in the record, and all that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.wire.law_state import instant
from adapters.wire.times import rfc3339
from adapters.wire.trades_v1 import fields_of
from application.cli.output import ExitCode, give
from application.cli.stored import stored
from application.container import RunContainer
from application.explanation import Payload, Record, Step, TradeTold, explanation
from application.explanation_text import in_words as in_english
from application.settings import load_settings
from domain.beliefs import BeliefModel
from domain.contract_set import Contracts
from domain.units import MINUTE, q9
from ports.errors import BadInput, StoreDamaged
from ports.journal import Stored, Told

_LEARNED: Final = frozenset(
    {"LearningUpdated", "StrategyQuarantined", "StrategyThrottled", "StrategyReEnabled"}
)
_CONTRACTS: Final = ("beliefs.yaml", "signals.yaml")
"""What the contributions of signals are worked out from."""


def explain_command(
    options: Mapping[str, object], decision_id: str | None, last: bool, as_json: bool
) -> ExitCode:
    """Explain one decision, and its trade if it made one; see cli.md.

    Errors: BadInput for a decision that is not in the record; StoreFailure if there is no store,
    or it cannot be read.
    """
    if last is (decision_id is not None):
        raise BadInput("arguments", "DECISION_ID", "name one decision, or ask for --last")
    settings = load_settings(options)
    with stored(settings) as (store, _):
        record = recorded(store, decision_id, RunContainer(settings=settings).house())
    if as_json:
        give(json.dumps(explanation(record), indent=2))
    else:
        give(in_english(record))
    return ExitCode.DONE


def recorded(store: Told, decision_id: str | None, contracts: Contracts) -> Record:
    """Everything that the record says about a decision, the last one if None is named.

    `contracts` are those at hand; what they add is left out if they are not the record's.
    """
    if decision_id is None:
        row = store.last("DecisionMade")
    else:
        row = store.keyed("DecisionMade", decision_id)
    if row is None:
        what = "holds no decision yet" if decision_id is None else f"holds no {decision_id}"
        raise BadInput("arguments", "DECISION_ID", f"the store {what}")
    try:
        return _record(store, row, contracts)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreDamaged(f"decision of seq {row.seq} cannot be read: {error!r}") from error


def _record(store: Told, row: Stored, contracts: Contracts) -> Record:
    decision: dict[str, Any] = fields_of(row)
    minute = rfc3339(instant(str(decision["t_d"])) - MINUTE)
    config = _fields(store.before("ConfigLoaded", row.seq))
    trade, shadows = _followed(store, row)
    return Record(
        row.ts_event,
        decision,
        _fields(store.keyed("SignalsComputed", minute)),
        _fields(store.keyed("BeliefsComputed", minute)),
        _fields(store.before("LawStateChanged", row.seq)),
        config,
        _model(config, contracts),
        trade,
        shadows,
        _held(store, row),
    )


def _fields(row: Stored | None) -> dict[str, Any]:
    return {} if row is None else dict(fields_of(row))


def _model(config: Payload, contracts: Contracts) -> BeliefModel | None:
    """The beliefs contract, if the one at hand is the one of the record."""
    files, instrument = config.get("files", {}), config.get("instrument", {})
    if any(files.get(name) != contracts.hashes[name] for name in _CONTRACTS):
        return None
    known = contracts.instruments.get(instrument.get("symbol", ""))
    return None if known is None else BeliefModel.of(contracts.engine_parameters(known))


def _held(store: Told, row: Stored) -> str | None:
    """The decision whose trade was open when `row` was decided."""
    opened = store.before("TradeOpened", row.seq)
    if opened is None:
        return None
    closed = store.keyed("TradeClosed", opened.correlation)
    return opened.correlation if closed is None or closed.seq > row.seq else None


def _followed(store: Told, row: Stored) -> tuple[TradeTold, dict[str, TradeTold]]:
    """The trade that the decision `row` began, and its shadows."""
    name = str(fields_of(row)["decision_id"])
    trade, shadows = TradeTold(), dict[str, TradeTold]()
    if store.keyed("OrderIntentCreated", name) is None and not _shadowed(store, row):
        return trade, shadows
    rows = store.between(row.seq, _end(store, row))
    for each in rows:
        if each.correlation == name:
            _take(each, trade, shadows)
        elif each.type in _LEARNED and fields_of(each).get("cause") == name:
            _learned(each, trade, shadows)
    for template, told in [("", trade), *shadows.items()]:
        told.intent = told.intent or trade.intent  # what OBSERVE follows is not intended twice
        told.steps = _steps(rows, told, shadow=bool(template))
    return trade, shadows


def _shadowed(store: Told, row: Stored) -> bool:
    following = store.between(row.seq + 1, row.seq + 8)
    return any(r.type == "OrderIntentCreated" and r.ts_event == row.ts_event for r in following)


def _end(store: Told, row: Stored) -> int:
    """The last event of the decision's session, or of the record."""
    closed = store.keyed("SessionClosed", row.session_date)
    return store.tip().seq if closed is None or closed.seq < row.seq else closed.seq


def _take(row: Stored, trade: TradeTold, shadows: dict[str, TradeTold]) -> None:
    p: dict[str, Any] = fields_of(row)
    match row.type:
        case "OrderIntentCreated":
            told = shadows.setdefault(p["template"], TradeTold()) if p["shadow"] else trade
            told.intent = p
        case "PermitGranted" | "PermitRefused":
            trade.permit, trade.refused = p, row.type == "PermitRefused"
        case "OrderSubmitting" | "OrderStateChanged" | "CommandIssued" | "OrderEvent":
            trade.orders.append((row.type, row.ts_event, p))
        case "Fill":
            trade.fills.append(p)
        case "TradeOpened":
            trade.opened = p
        case "TradeManaged":
            trade.managed.append((row.ts_event, p))
        case "TradeClosed":
            trade.closed = p
        case "ShadowOpened":
            shadows.setdefault(p["key"]["template"], TradeTold()).opened = p
        case "ShadowClosed":
            shadows.setdefault(p["template"], TradeTold()).closed = p
        case "TradeAttributed":
            (shadows[p["template"]] if p["shadow"] else trade).attributed.append(p)
        case "LearningUpdated":
            trade.learned.append((row.type, p))
        case _:
            pass


def _learned(row: Stored, trade: TradeTold, shadows: dict[str, TradeTold]) -> None:
    """A change of status that the close of the trade, or of a shadow, brought about."""
    p: dict[str, Any] = fields_of(row)
    template = str(p["name"]).partition("|")[0]
    own = row.type != "StrategyReEnabled" or template not in shadows
    (trade if own else shadows[template]).learned.append((row.type, p))


def _steps(rows: Sequence[Stored], told: TradeTold, *, shadow: bool) -> list[Step]:
    """What happened minute by minute from the entry to the exit."""
    opened, closed = told.opened, told.closed
    if opened is None:
        return []
    entered = instant(str(opened["entry_time"]))
    left = rows[-1].ts_event if closed is None else instant(str(closed["exit_time"]))
    moves: dict[int, int] = {
        at: p["new_stop"] for at, p in told.managed if p["action"] == "TIGHTEN"
    }
    side, entry, stop = opened["side"], opened["entry_price"], opened["stop_price"]
    steps: list[Step] = []
    close, thesis = 0, float("nan")
    for row in rows:
        if row.type == "BarClosed":
            close = int(str(fields_of(row)["close"]))
        elif row.type == "BeliefsComputed":
            long = float(str(fields_of(row)["T"]))
            thesis = long if side > 0 else q9(1.0 - long)
        elif row.type == "DecisionMade" and entered < row.ts_event <= left:
            d: dict[str, Any] = fields_of(row)
            if row.ts_event in moves:
                stop = moves[row.ts_event]
            action, reason = ("", "") if shadow else (d["action"], d["reason"])
            gain = side * (close - entry)
            steps.append(Step(row.ts_event, close, action, reason, thesis, stop, gain))
    return steps
