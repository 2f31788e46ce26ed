"""The tables of a report, for the terminal and for the page. Every title names the mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from domain.shuffling import Found
from domain.track_record import Metrics
from domain.units import SECOND, Money, UtcNanos
from ports.report import Book, Chapter, Group, TradeLine

NOTHING: Final = "–"
"""Stands where a figure is undefined."""


class Table(NamedTuple):
    """`anchor` names the part of the page that it belongs to."""

    anchor: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables(chapter: Chapter, tick_size: float) -> list[Table]:
    """Everything a chapter holds; a table without rows is left out, but those of the trades."""
    mode = chapter.mode
    found = [_overview(chapter)]
    found += _of_book(chapter.real, mode, tick_size)
    if chapter.shadow.trades:
        found += _of_book(chapter.shadow, f"{mode} SHADOW", tick_size)
        found.append(_gate_costs(chapter))
    if chapter.null:
        found.append(_null(chapter))
    found += [
        _counted("decisions", f"{mode}: decisions", ("action", "decisions"), chapter.actions),
        _counted("decisions", f"{mode}: why it skipped", ("reason", "decisions"), chapter.skips),
        _counted("law", f"{mode}: refused by the law", ("article", "orders"), chapter.refusals),
        _law(chapter),
        _kills(chapter),
        _execution(chapter),
        _penalties(chapter),
        _statuses(chapter),
        _changes(chapter),
        _warnings(chapter),
    ]
    return [table for table in found if table.rows]


def _overview(chapter: Chapter) -> Table:
    period = f"{stamp(chapter.first_bar)} to {stamp(chapter.last_bar)}"
    rows = (
        ("adapter", chapter.adapter or NOTHING),
        ("account", chapter.account or NOTHING),
        ("runs", str(chapter.runs)),
        ("bars", f"{chapter.bars}, {period}"),
        ("sessions", str(len(chapter.sessions))),
        ("decisions", str(chapter.decisions)),
        ("entries", str(chapter.entries)),
        ("closed trades", str(len(chapter.real.trades))),
        ("shadow trades", str(len(chapter.shadow.trades))),
    )
    return Table("overview", f"{chapter.mode}: what was run", ("", ""), rows)


def _of_book(book: Book, name: str, tick_size: float) -> list[Table]:
    metrics = Group("all", book.metrics)
    shadow = name.endswith("SHADOW")
    part = "shadow" if shadow else "trades"
    rows = [_metrics_row(group) for group in (metrics, *book.templates)]
    sums = ("USD", book.gross.cents(), book.fees.cents(), book.net.cents())
    found = [
        Table(part, f"{name}: result", ("", "gross", "fees", "net"), (sums,)),
        Table(part, f"{name}: metrics", _METRICS, tuple(rows), _INTERVALS),
        Table(
            part,
            f"{name}: trades",
            (*_TRADE, *(("why no order",) if shadow else ())),
            tuple(_trade_row(trade, tick_size) for trade in book.trades),
            "Times UTC; MAE, MFE and slippage in ticks; slippage in brackets was expected.",
        ),
    ]
    if book.categories:
        kinds = tuple((t, f"{c} {CATEGORIES.get(c, '')}", str(n)) for t, c, n in book.categories)
        heading = ("template", "category", "trades")
        found.append(Table(part, f"{name}: attribution", heading, kinds))
    if book.calibration:
        found += [_calibration(book, name, part), _recalibration(book, name, part)]
    return found


CATEGORIES: Final = {
    "A0": "success", "A1": "wrong model", "A2": "wrong timing", "A3": "noise stop",
    "A4": "wrong expression", "A5": "regime shift", "A6": "event shock", "A7": "data quality",
    "A8": "execution failure", "A9": "undetermined",
}  # fmt: skip
"""Names of attribution.md."""

_INTERVALS: Final = "Intervals of 95 %: Wilson's for the win rate, Student's for the mean result."
_METRICS: Final = (
    "", "n", "W/L/F", "win rate", "interval", "mean net", "interval", "mean R", "profit factor",
    "Sharpe", "max drawdown",
)  # fmt: skip
_TRADE: Final = (
    "decision", "template", "side", "entry", "at", "exit", "at", "by", "minutes", "net", "R",
    "MAE", "MFE", "slip in", "slip out", "category",
)  # fmt: skip


def _metrics_row(group: Group) -> tuple[str, ...]:
    m: Metrics = group.metrics
    return (
        group.name,
        str(m.n),
        f"{m.wins}/{m.losses}/{m.flats}",
        number(m.win_rate),
        _interval(m.win_rate_interval),
        _money(m.expectancy),
        _interval(m.expectancy_interval),
        number(m.expectancy_r),
        number(m.profit_factor),
        number(m.sharpe),
        _money(m.max_drawdown),
    )


def _trade_row(trade: TradeLine, tick_size: float) -> tuple[str, ...]:
    expected = "" if trade.slip_expected is None else f" ({number(trade.slip_expected)})"
    why = (trade.why,) if trade.why else ()
    return (
        trade.decision_id,
        trade.template,
        "long" if trade.side > 0 else "short",
        f"{trade.entry_price * tick_size:.2f}",
        stamp(trade.entry_time)[11:],
        f"{trade.exit_price * tick_size:.2f}",
        stamp(trade.exit_time)[11:],
        trade.exit_reason,
        f"{trade.duration_s / 60:.1f}",
        trade.net.cents(),
        number(trade.r_net),
        str(trade.mae),
        str(trade.mfe),
        f"{trade.slip_entry}{expected}",
        str(trade.slip_exit),
        trade.category or NOTHING,
        *why,
    )


def _calibration(book: Book, name: str, part: str) -> Table:
    columns = (
        "template", "n", "gap", "Brier", "= unreliability", "- resolution", "+ uncertainty",
        "+ within", "ECE", "lower bound", "covered", "score error", "claimed and came, by band",
    )  # fmt: skip
    rows = []
    for template, c in book.calibration:
        bands = ", ".join(f"{b.low:.1f}: {b.prior:.2f}/{b.success:.2f} (n {b.n})" for b in c.bands)
        parts = (c.unreliability, c.resolution, c.uncertainty, c.within, c.expected_error)
        figures = (f"{c.gap:+.3f}", *(f"{part:.3f}" for part in (c.brier, *parts, c.lower_bound)))
        covered = "yes" if c.covered else "no"
        rows.append((template, str(c.n), *figures, covered, f"{c.score_error:+.3f}", bands))
    note = (
        "Gap: mean success less mean p0; below 0 the beliefs claim too much. ECE: mean distance of "
        "a band from honesty. Covered: mean success reached the mean lower bound."
    )
    return Table(part, f"{name}: calibration", columns, tuple(rows), note)


def _gate_costs(chapter: Chapter) -> Table:
    rows = tuple(_metrics_row(group) for group in chapter.shadow_reasons)
    title = f"{chapter.mode} SHADOW: what each reason not to trade has cost or saved"
    note = (
        "Net of simulated trades that the reasons kept out; below 0 they saved money. What each "
        "gate alone kept out: tradebot research gates. " + _INTERVALS
    )
    return Table("shadow", title, ("reasons", *_METRICS[1:]), rows, note)


def _null(chapter: Chapter) -> Table:
    def told(found: Found) -> str:
        return f"{number(found.mean_r)} ({found.trades})"

    most = max(len(null.shuffled) for null in chapter.null)
    rows = tuple((n.template, told(n.real), *map(told, n.shuffled)) for n in chapter.null)
    columns = ("template", "as it was", *(f"shuffled {n + 1}" for n in range(most)))
    note = (
        "Mean gross R and trades of all candidates that every gate lets pass, followed to their "
        "end by the contracts of now, and the same with each session's minutes in another order. "
        "A template that is not better than its shuffled one has shown nothing."
    )
    return Table("shadow", f"{chapter.mode}: the templates against chance", columns, rows, note)


def _recalibration(book: Book, name: str, part: str) -> Table:
    rows = tuple(
        (
            template,
            str(p.n),
            f"{p.gap:+.3f}",
            _interval(p.gap_interval),
            f"{p.exponent:.2f}",
            f"{p.wanted:.3f}",
            f"{p.proposed:.2f}",
            f"{p.brier:.3f}",
            f"{p.brier_proposed:.3f}",
            NOTHING if p.min_belief is None else f"{p.min_belief:.3f}",
            NOTHING if p.min_belief_proposed is None else f"{p.min_belief_proposed:.3f}",
            PROPOSALS[p.reason],
        )
        for template, p in book.proposals
    )
    columns = (
        "template", "n", "gap", "interval", "exponent", "best fit", "proposed", "Brier",
        "with it", "min_belief", "proposed", "why",
    )  # fmt: skip
    note = (
        "Proposed, never applied: a person edits a contract, which gives a new config hash. At "
        "most one step of 0.05 a week, the exponent within 0 to 1.5. No contract names the "
        "exponent; min_belief is a contract's number, raised to ask of a belief what it asks "
        "today, never lowered. The best fit is judged by the trades it was found on."
    )
    return Table(part, f"{name}: recalibration, proposed only", columns, rows, note)


PROPOSALS: Final = {
    "LESS": "claims too much", "MORE": "claims too little", "HONEST": "fits already",
    "TOO_FEW": "too few to tell", "UNCLEAR": "the gap may be chance",
    "UNMENDED": "no exponent mends it",
}  # fmt: skip
"""Why a proposal is what it is."""


def _counted(
    anchor: str, title: str, columns: tuple[str, str], counts: Iterable[tuple[str, int]]
) -> Table:
    return Table(anchor, title, columns, tuple((name, str(n)) for name, n in counts))


def _law(chapter: Chapter) -> Table:
    rows = tuple(
        (
            line.session,
            str(line.trades),
            line.net.cents(),
            line.worst_loss.cents(),
            NOTHING if line.budget_left is None else line.budget_left.cents(),
            ", ".join(line.halts) or "none",
        )
        for line in chapter.law
    )
    columns = ("session", "trades", "net", "largest loss of the day", "USD left at close", "halts")
    return Table("law", f"{chapter.mode}: law budget", columns, rows)


def _kills(chapter: Chapter) -> Table:
    rows = tuple((stamp(kill.at), kill.trigger, kill.detail) for kill in chapter.kills)
    return Table("law", f"{chapter.mode}: kill switch", ("UTC", "trigger", "detail"), rows)


def _execution(chapter: Chapter) -> Table:
    e, trades = chapter.execution, chapter.real.trades
    m = chapter.real.metrics
    rows = [
        ("fills", str(e.fills)),
        ("mean slippage in, ticks", number(m.slip_entry)),
        ("mean slippage out, ticks", number(m.slip_exit)),
        ("worst slippage in / out, ticks", _worst(trades)),
        ("trades with rejects", str(sum(t.rejects > 0 for t in trades))),
        ("trades with partial fills", str(sum(t.partial for t in trades))),
        ("trades with an incident", str(sum(t.incident for t in trades))),
        ("lowest data validity (DVS)", _share(e.lowest_dvs_bp)),
        ("lowest execution quality (EQS)", _share(e.lowest_eqs_bp)),
    ]
    rows += [(f"broker said {kind}", str(n)) for kind, n in e.order_events]
    rows += [(f"incident {kind}", str(n)) for kind, n in e.incidents]
    title = f"{chapter.mode}: execution quality"
    return Table("execution", title, ("", ""), tuple(rows))


def _penalties(chapter: Chapter) -> Table:
    title = f"{chapter.mode}: what data and execution quality were marked down for"
    return _counted("execution", title, ("penalty", "assessments"), chapter.execution.penalties)


def _statuses(chapter: Chapter) -> Table:
    rows = tuple((name, status, number(m)) for name, status, m in chapter.statuses)
    columns = ("key or template", "status", "cost multiplier")
    return Table("learning", f"{chapter.mode}: learning states", columns, rows)


def _changes(chapter: Chapter) -> Table:
    rows = tuple(
        (stamp(c.at), c.name, c.before, c.after, c.reason, c.text) for c in chapter.changes
    )
    columns = ("UTC", "key or template", "from", "to", "reason", "in words")
    return Table("learning", f"{chapter.mode}: changes of status", columns, rows)


def _warnings(chapter: Chapter) -> Table:
    rows = tuple((stamp(at), name, text) for at, name, text in chapter.warnings)
    return Table(
        "learning", f"{chapter.mode}: calibration warnings", ("UTC", "template", "what"), rows
    )


# ---- single figures


def stamp(at: UtcNanos | None) -> str:
    """`2013-10-07 15:00`, UTC."""
    return NOTHING if at is None else f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M}"


def number(value: float | None) -> str:
    """Two decimals."""
    return NOTHING if value is None else f"{value:.2f}"


def _money(amount: Money | None) -> str:
    return NOTHING if amount is None else amount.cents()


def _interval(ends: tuple[float, float] | None) -> str:
    return NOTHING if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"


def _share(basis_points: int | None) -> str:
    return NOTHING if basis_points is None else f"{basis_points / 10_000:.4f}"


def _worst(trades: Sequence[TradeLine]) -> str:
    if not trades:
        return NOTHING
    return f"{max(t.slip_entry for t in trades)} / {max(t.slip_exit for t in trades)}"
