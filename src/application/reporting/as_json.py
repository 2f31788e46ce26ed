"""The report as one object of JSON: money as decimal strings, undefined figures as null."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.shuffling import Null
from domain.track_record import Metrics
from domain.units import SECOND, Money, UtcNanos
from ports.report import Book, Chapter, Report, TradeLine


def report_object(report: Report) -> dict[str, object]:
    """The modes by name; their names of figures are those of `run --json` where it has them."""
    return {
        "store": report.store,
        "symbol": report.symbol,
        "events": report.events,
        "chain_head": report.chain_head,
        "modes": {chapter.mode: _chapter(chapter) for chapter in report.chapters},
    }


def _chapter(chapter: Chapter) -> dict[str, object]:
    e = chapter.execution
    return {
        "adapter": chapter.adapter,
        "account": chapter.account,
        "runs": chapter.runs,
        "first_bar": _time(chapter.first_bar),
        "last_bar": _time(chapter.last_bar),
        "bars": chapter.bars,
        "sessions": len(chapter.sessions),
        "decisions": chapter.decisions,
        "decisions_by_action": dict(chapter.actions),
        "skips_by_reason": dict(chapter.skips),
        "entries": chapter.entries,
        **_book(chapter.real),
        "shadow": _book(chapter.shadow)
        | {"by_reason": {g.name: _metrics(g.metrics) for g in chapter.shadow_reasons}},
        "null": null_object(chapter.null),
        "law": {
            "refusals": dict(chapter.refusals),
            "sessions": [
                {
                    "session": line.session,
                    "trades": line.trades,
                    "net_pnl_usd": line.net.cents(),
                    "worst_loss_usd": line.worst_loss.cents(),
                    "budget_left_usd": _money(line.budget_left),
                    "halts": list(line.halts),
                }
                for line in chapter.law
            ],
        },
        "kills": [
            {"at": _time(kill.at), "trigger": kill.trigger, "detail": kill.detail}
            for kill in chapter.kills
        ],
        "execution": {
            "fills": e.fills,
            "order_events": dict(e.order_events),
            "incidents": dict(e.incidents),
            "penalties": dict(e.penalties),
            "lowest_dvs_bp": e.lowest_dvs_bp,
            "lowest_eqs_bp": e.lowest_eqs_bp,
        },
        "learning": {
            "states": {name: status for name, status, _ in chapter.statuses},
            "changes": [
                {"at": _time(c.at), "name": c.name, "from": c.before, "to": c.after}
                | {"reason": c.reason}
                for c in chapter.changes
            ],
            "calibration_warnings": [
                {"at": _time(at), "name": name, "text": text} for at, name, text in chapter.warnings
            ],
        },
    }


def null_object(null: Sequence[Null]) -> dict[str, object]:
    """By template: the days as they were, and each of the shuffled ones; null where undefined."""
    return {
        each.template: {
            "real": each.real._asdict(),
            "shuffled": [found._asdict() for found in each.shuffled],
        }
        for each in null
    }


def _book(book: Book) -> dict[str, object]:
    return {
        "trades": len(book.trades),
        "wins": book.metrics.wins,
        "losses": book.metrics.losses,
        "gross_pnl_usd": book.gross.cents(),
        "fees_usd": book.fees.cents(),
        "net_pnl_usd": book.net.cents(),
        "metrics": _metrics(book.metrics),
        "templates": {group.name: _metrics(group.metrics) for group in book.templates},
        "attribution": [
            {"template": template, "category": kind, "trades": n}
            for template, kind, n in book.categories
        ],
        "calibration": {
            name: c._asdict() | {"bands": [band._asdict() for band in c.bands]}
            for name, c in book.calibration
        },
        "recalibration": {name: p._asdict() for name, p in book.proposals},
        "curve": [
            {"at": _time(p.at), "net_usd": p.net.cents(), "drawdown_usd": p.drawdown.cents()}
            for p in book.curve
        ],
        "closed": [_trade(trade) for trade in book.trades],
    }


def _trade(trade: TradeLine) -> dict[str, object]:
    fields: dict[str, object] = trade._asdict()
    for name in ("gross", "fees", "net"):
        fields[name] = getattr(trade, name).cents()
    for name in ("entry_time", "exit_time"):
        fields[name] = _time(getattr(trade, name))
    fields["stops"] = [{"at": _time(at), "price": price} for at, price in trade.stops]
    return fields


def _metrics(metrics: Metrics) -> dict[str, object]:
    fields: dict[str, object] = metrics._asdict()
    return {
        name: value.cents() if isinstance(value, Money) else value for name, value in fields.items()
    }


def _money(amount: Money | None) -> str | None:
    return None if amount is None else amount.cents()


def _time(t: UtcNanos | None) -> str | None:
    return None if t is None else f"{datetime.fromtimestamp(t // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
