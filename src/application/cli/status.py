"""What `tradebot status` says: first whether it can trade now, and if not why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.clock.system import SystemClock
from adapters.store.connect import shown
from application.cli.health import blind, connection
from application.cli.output import ExitCode, give, say
from application.cli.standing import Payload, Standing, standing, why_not
from application.container import RunContainer, store_url
from application.settings import Adapter, Settings, load_settings
from domain.contract_set import Contracts
from domain.law.state import Halt, LawState, StreakState, limit_of
from domain.learning import Status
from domain.units import SECOND, ZERO, Money, UtcNanos
from ports.errors import GuardFailure, StoreFailure


def status_command(given: Mapping[str, object], as_json: bool, health: bool) -> ExitCode:
    """Say where the store's run stands; see cli.md. `health` makes the exit code the answer.

    Errors: BadInput; StoreFailure or GuardFailure for what cannot be read.
    """
    settings = load_settings(given)
    try:
        found = standing(store_url(settings), settings.state_dir)
    except (StoreFailure, GuardFailure) as error:
        if not health or as_json:
            raise
        give(f"CANNOT TRADE: {error}")
        return ExitCode.UNREACHABLE
    contracts = RunContainer(settings=settings).house()
    facts = _facts(found, contracts, settings)
    if as_json:
        give(json.dumps(facts, indent=2))
    else:
        give("\n".join(_lines(facts)))
    return _health(found, settings) if health else ExitCode.DONE


def _health(found: Standing, settings: Settings) -> ExitCode:
    if found.latch is not None or found.ordered is not None:
        say("kill latched")
        return ExitCode.KILLED
    started = found.recorded is not None and bool(found.recorded.started)
    if found.process is None or not started:
        say("blind: no process runs on this store")
        return ExitCode.UNREACHABLE
    why = blind(found, settings, SystemClock().now())
    if why is not None:
        say(f"blind: {why}")
        return ExitCode.UNREACHABLE
    return ExitCode.DONE


def _facts(found: Standing, contracts: Contracts, settings: Settings) -> dict[str, object]:
    recorded, latch = found.recorded, found.latch
    law = (recorded.law if recorded else None) or LawState()
    trades, usd = _left(law, contracts)
    why = why_not(found, trades, "" if latch is None else time_of(latch.at))
    started: Payload = recorded.started if recorded else {}
    position: Payload = recorded.position if recorded else {}
    who = recorded.identity if recorded else None
    adapter = str(started.get("adapter") or (who and who.adapter) or settings.adapter.value)
    t = contracts.templates
    learned = dict(recorded.learning) if recorded else {}
    return {
        "can_trade": why is None,
        "why_not": why,
        "store": shown(found.url),
        "process": found.process,
        "mode": started.get("mode") or (who and who.mode) or settings.run_mode.value,
        "adapter": adapter,
        "account": masked(str(started.get("account") or ""), adapter),
        "run_id": started.get("run_id"),
        "ended": recorded.stopped.get("how") if recorded else None,
        "connection": "simulated" if adapter == Adapter.FAKE else connection(found),
        "position": position.get("qty", 0),
        "average_entry": position.get("average_entry") if position.get("qty") else None,
        "working_orders": dict(recorded.orders) if recorded else {},
        "law": {
            "session": None if law.session_date is None else law.session_date.isoformat(),
            "trades_left": trades,
            "usd_left": usd.cents(),
            "streak": law.streak,
            "streak_state": law.streak_state.value,
            "halts": [halt.value for halt in law.halts],
            "statement_difference": None if law.statement is None else law.statement.cents(),
        },
        "kill": {
            "state": law.kill_state.value,
            "trigger": None if latch is None else latch.trigger,
            "detail": None if latch is None else latch.detail,
            "at": None if latch is None else time_of(latch.at),
            "ordered": found.ordered,
            "reset_pending": law.reset_pending,
        },
        "learning": {
            name: learned.pop(name, Status.ACTIVE.value) if template.enabled else "DISABLED"
            for name, template in (("K1", t.k1), ("K2", t.k2), ("K3", t.k3), ("K4", t.k4))
        }
        | learned,
        "events": recorded.seq if recorded else 0,
        "chain_head": recorded.head if recorded else None,
    }


def _left(law: LawState, contracts: Contracts) -> tuple[int, Money]:
    """Trades and USD that the law leaves for today."""
    limits = contracts.constitution
    most = limits.max_trades_per_day
    if law.streak_state is StreakState.PROBATION:
        most = min(most, limits.probation_trades_per_day)
    usd = min(limit_of(halt, limits) - law.realised_loss(halt) for halt in Halt)
    closed = law.streak_state is StreakState.LOCKED or bool(law.halts)
    trades = 0 if closed else max(0, most - law.trades_today)
    return trades, max(usd, ZERO)


def _lines(facts: dict[str, object]) -> list[str]:
    """The facts as a trader reads them, the answer first."""
    law, kill = facts["law"], facts["kill"]
    orders = facts["working_orders"]
    if not (isinstance(law, dict) and isinstance(kill, dict) and isinstance(orders, dict)):
        raise TypeError("law, kill and orders are tables")
    working = ", ".join(f"{ref} {state}" for ref, state in orders.items())
    why = facts["why_not"]
    first = "CAN TRADE" if why is None else f"CANNOT TRADE: {why}"
    at = "" if facts["average_entry"] is None else f" at {facts['average_entry']} ticks"
    ended = "" if facts["ended"] is None else f", ended: {facts['ended']}"
    halts = ", ".join(law["halts"]) or "none"
    pulled = "" if kill["trigger"] is None else f", {kill['trigger']} at {kill['at']}"
    rows = (
        ("mode", f"{facts['mode']} on {facts['adapter']}, account {facts['account'] or 'unknown'}"),
        ("process", f"{facts['process'] or 'none'}"),
        ("run", f"{facts['run_id'] or 'none yet'}{ended}"),
        ("position", f"{facts['position']}{at}"),
        ("working orders", working or "none"),
        ("law budget left", f"{law['trades_left']} trades, {law['usd_left']} USD"),
        ("kill switch", f"{kill['state']}{pulled}"),
        ("session", str(law["session"] or "none yet")),
        ("streak", f"{law['streak']} losses, {law['streak_state']}"),
        ("halts", halts),
        ("store", str(facts["store"])),
        ("last event", f"seq {facts['events']}, chain head {facts['chain_head'] or 'none'}"),
    )
    return [first, *(f"{name:16} {text}" for name, text in rows)]


def masked(account: str, adapter: str) -> str:
    """An account id as it may be shown; the fake broker's hides nobody."""
    if adapter == Adapter.FAKE or len(account) < 5:
        return account
    return f"{account[:2]}…{account[-2:]}"


def time_of(t: UtcNanos) -> str:
    """`2013-10-07T15:00:00Z`."""
    return f"{datetime.fromtimestamp(t // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
