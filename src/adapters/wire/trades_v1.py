"""Trades and their scores as they are recorded, read back: for whoever folds results alone.

A run never reads these: it works them out again from its inputs and compares.
"""

from __future__ import annotations

from typing import Any

import orjson

from adapters.wire.law_state import instant
from domain.event import TradeAttributed, TradeClosed
from domain.intent import LearningKey
from domain.units import Money, UtcNanos
from ports.journal import JsonValue, Stored


def fields_of(row: Stored) -> dict[str, JsonValue]:
    """The payload of `row`. Errors: ValueError for what is no object."""
    fields = orjson.loads(row.payload)
    if not isinstance(fields, dict):
        raise ValueError(f"{row.type} is no object")
    return fields


def decided(row: Stored) -> tuple[LearningKey, UtcNanos]:
    """Learning key and decision time in the payload of an OrderIntentCreated or ShadowOpened.

    Errors, here and below: ValueError for what is no such payload.
    """
    p = fields_of(row)
    try:
        key = p["key"]
        if not isinstance(key, dict):
            raise TypeError("the key is no object")
        names = (str(key[name]) for name in ("template", "regime", "tod"))
        return LearningKey(*names), instant(str(p["decided_at"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{row.type} cannot be read: {error!r}") from None


def trade_closed(row: Stored) -> TradeClosed:
    """The trade in the payload of a TradeClosed or ShadowClosed."""
    p = fields_of(row)
    try:
        values: dict[str, Any] = {n: p[n] for n in TradeClosed._fields if n != "at"}
        values |= {name: Money.parse(str(p[name])) for name in ("gross", "fees", "net")}
        return TradeClosed(at=instant(str(p["exit_time"])), **values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{row.type} cannot be read: {error!r}") from None


def attributed(row: Stored) -> TradeAttributed:
    """The scores in the payload of a TradeAttributed."""
    p = fields_of(row)
    try:
        values: dict[str, Any] = {n: p[n] for n in TradeAttributed._fields if n != "at"}
        return TradeAttributed(at=row.ts_event, **values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"TradeAttributed cannot be read: {error!r}") from None
