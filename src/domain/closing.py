"""The records of a trade's beginning and end, of a real one and of a shadow alike."""

from __future__ import annotations

from domain.instrument import Instrument
from domain.intent import OrderIntent
from domain.orders import Fill
from domain.outcomes import TradeClosed, TradeOpened
from domain.trade import Group
from domain.units import Ticks, q9


def opening_record(intent: OrderIntent, fill: Fill) -> TradeOpened:
    """The trade that the first execution of an entry begins."""
    return TradeOpened(
        fill.time,
        intent.decision_id,
        intent.side,
        fill.qty,
        fill.price,
        intent.limit,
        intent.stop,
        intent.stop_price,
        intent.target_price,
        intent.a14,
        intent.key,
        intent.p0,
        q9(intent.b),
    )


def closing_record(
    group: Group, last: Fill, reason: str, slip: Ticks, instrument: Instrument, mode: str
) -> TradeClosed:
    """The trade whose last execution is `last`; `slip` is that one's, in ticks."""
    intent, seen, entry = group.intent, group.seen, group.entry or last
    gross, fees = group.result(instrument)
    ticks = intent.side * (last.price - entry.price)
    risk = float(instrument.tick_value * (intent.stop * entry.qty))
    return TradeClosed(
        last.time,
        intent.decision_id,
        intent.side,
        entry.price,
        last.price,
        reason,
        gross,
        fees,
        gross - fees,
        q9(float(gross) / risk),
        q9(float(gross - fees) / risk),
        q9(intent.b),
        intent.p0,
        intent.edge,
        max(seen.mae, -ticks),
        max(seen.mfe, ticks),
        group.slip_entry,
        slip,
        (last.time - entry.time) // 1_000_000_000,
        seen.thesis,
        seen.min_dvs_bp,
        seen.min_eqs_bp,
        seen.max_atr_ratio,
        seen.shock,
        seen.regime,
        group.rejects,
        len(group.orders.entries) > 1 or len(group.orders.exits) > 1,
        group.incident,
        group.stop_beyond_entry,
        mode,
    )
