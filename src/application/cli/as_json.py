"""`run --json`: the summary as one object (cli.md)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from application.cli.ending import Ending
from application.settings import Settings
from application.summary import RunSummary
from domain.contract_set import Contracts
from domain.learning import Status
from domain.units import SECOND, UtcNanos


def summary_object(
    settings: Settings, contracts: Contracts, summary: RunSummary, end: Ending
) -> dict[str, object]:
    """The keys of cli.md in their order, then `candidates`: setups seen, by template.

    Money is a decimal string. All but `engine`, `run_id` and `wall_seconds` is the same for
    the same bars, contracts, seed and settings.
    """
    kill = summary.kill
    t = contracts.templates
    return {
        "run_id": end.run_id,
        "adapter": settings.adapter.value,
        "mode": settings.run_mode.value,
        "symbol": settings.symbol,
        "first_bar": _time(summary.first_bar),
        "last_bar": _time(summary.last_bar),
        "rows": end.rows,
        "bars": summary.bars,
        "bars_rejected": end.bars_rejected,
        "sessions": summary.sessions,
        "decisions": summary.decisions,
        "decisions_by_action": _counts(summary.actions),
        "skips_by_reason": _counts(summary.skips),
        "entries": summary.entries,
        "trades": summary.trades,
        "wins": summary.wins,
        "losses": summary.losses,
        "gross_pnl_usd": summary.gross.cents(),
        "fees_usd": summary.fees.cents(),
        "net_pnl_usd": summary.net.cents(),
        "max_open_risk_usd": summary.max_open_risk.cents(),
        "max_daily_loss_usd": summary.max_daily_loss.cents(),
        "law": {"violations": end.violations, "refusals": sum(summary.refusals.values())},
        "kill": None
        if kill is None
        else {"trigger": kill[0], "detail": kill[1], "at": _time(kill[2])},
        "position": end.position,
        "working_orders": end.working_orders,
        "learning": {
            name: end.learning.get(name, Status.ACTIVE).value if template.enabled else "DISABLED"
            for name, template in (
                ("K1", t.k1),
                ("K2", t.k2),
                ("K3", t.k3),
                ("K4", t.k4),
                *((each.name, each.parameters) for each in contracts.outside),
            )
        },
        "shadow_trades": summary.shadows,
        "constitution_sha256": contracts.constitution_hash,
        "engine": settings.engine.value,
        "events": end.events,
        "chain_head": end.chain_head,
        "wall_seconds": round(end.wall_seconds, 3),
        "candidates": dict(sorted(summary.candidates.items())),
    }


def _counts(counter: Counter[str]) -> dict[str, int]:
    """Most frequent first, equals by name."""
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _time(t: UtcNanos | None) -> str | None:
    return None if t is None else f"{datetime.fromtimestamp(t // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
