"""What a demo has shown, judged by its recorded events alone, and by which of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson

from domain.units import Money
from ports.journal import Stored

NOISY_MINUTES: Final = 3
"""Vetoed minutes one after another that make a period."""


class Shown(NamedTuple):
    """One of the things promised: `seq` of the event that proves it, None if nothing does."""

    name: str
    seq: int | None
    evidence: str


class Row(NamedTuple):
    """A stored event, its payload read."""

    seq: int
    type: str
    day: str
    fields: Mapping[str, Any]


def rows_of(events: Iterable[Stored]) -> list[Row]:
    """The rows of a store, in order."""
    return [Row(row.seq, row.type, row.session_date, orjson.loads(row.payload)) for row in events]


def checklist(rows: list[Row]) -> list[Shown]:
    """The eight things of the day in life."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.type, []).append(row)
    return [
        _winner(of), _quarantine(of), _recovery(of), _throttle(of), _noise(of), _volatility(of),
        _link(of), _kill(of),
    ]  # fmt: skip


Found = dict[str, list[Row]]


def _usd(amount: str) -> str:
    return f"{Money.parse(amount).cents()} USD"


def _winner(of: Found) -> Shown:
    entered = {
        row.fields["decision_id"]: row.fields["key"]["template"]
        for row in of.get("TradeOpened", [])
    }
    for row in reversed(of.get("TradeClosed", [])):
        won = float(row.fields["net"]) > 0 and row.fields["exit_reason"] == "TARGET"
        if won and entered.get(row.fields["decision_id"]) == "K1":
            return Shown(
                "a K1 entry that wins", row.seq, f"net {_usd(row.fields['net'])} by TARGET"
            )
    return Shown("a K1 entry that wins", None, "")


def _quarantine(of: Found) -> Shown:
    for row in of.get("StrategyQuarantined", []):
        return Shown("a quarantine", row.seq, f"{row.fields['name']}: {row.fields['reason']}")
    return Shown("a quarantine", None, "")


def _recovery(of: Found) -> Shown:
    for row in of.get("StrategyReEnabled", []):
        shadows = [s.seq for s in of.get("ShadowClosed", []) if s.seq < row.seq]
        if shadows:
            by = ", ".join(str(seq) for seq in shadows)
            text = f"{row.fields['name']}: {row.fields['reason']}, by the shadow trades {by}"
            return Shown("a shadow recovery", row.seq, text)
    return Shown("a shadow recovery", None, "")


def _throttle(of: Found) -> Shown:
    for row in of.get("StrategyThrottled", []):
        if float(row.fields["multiplier"]) > 1:
            text = f"{row.fields['name']}: cost times {row.fields['multiplier']}"
            return Shown("a throttle", row.seq, text)
    return Shown("a throttle", None, "")


def _noise(of: Found) -> Shown:
    run: list[Row] = []
    for row in of.get("DecisionMade", []):
        if row.fields["reason"] == "NOISE_VETO":
            run.append(row)
        elif len(run) >= NOISY_MINUTES:
            break
        else:
            run = []
    if len(run) < NOISY_MINUTES:
        return Shown("a vetoed noise period", None, "")
    text = f"{len(run)} decisions one after another, the last is {run[-1].seq}"
    return Shown("a vetoed noise period", run[0].seq, text)


def _volatility(of: Found) -> Shown:
    for row in of.get("TradeClosed", []):
        if row.fields["exit_reason"] == "VOL_EXIT":
            text = (
                f"net {_usd(row.fields['net'])}, range {row.fields['max_atr_ratio']} times the "
                "entry's"
            )
            return Shown("a volatility exit", row.seq, text)
    return Shown("a volatility exit", None, "")


def _link(of: Found) -> Shown:
    """Down inside a trade, up again, and clean by the first reconciliation after that."""
    name = "a disconnect and reconcile"
    changes = of.get("ConnectionChanged", [])
    for down, up in pairwise(changes):
        opened = sum(row.seq < down.seq for row in of.get("TradeOpened", []))
        closed = sum(row.seq < down.seq for row in of.get("TradeClosed", []))
        if down.fields["up"] or not up.fields["up"] or opened == closed:
            continue
        for row in of.get("ReconcileCompleted", []):
            if row.seq > up.seq:
                if row.fields["clean"]:
                    text = f"down at {down.seq} with a position open, up at {up.seq}, then clean"
                    return Shown(name, row.seq, text)
                break
    return Shown(name, None, "")


def _kill(of: Found) -> Shown:
    for row in of.get("KillTriggered", []):
        done = [d for d in of.get("KillCompleted", []) if d.seq > row.seq and d.fields["flat"]]
        if row.fields["trigger"] == "LOSS_OVERRUN" and done:
            text = f"LOSS_OVERRUN; cancelled, flat and verified at {done[0].seq}"
            return Shown("a kill by daily loss", row.seq, text)
    return Shown("a kill by daily loss", None, "")
