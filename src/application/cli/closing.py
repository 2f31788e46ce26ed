"""The closing summary of a run, for a trader to read."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table

from application.cli.ending import Ending
from application.cli.screen import console
from application.cli.words import clock, day_and_clock, price, side, signed
from application.desk import Desk
from application.settings import Adapter, Settings
from application.summary import RunSummary
from domain.contract_set import Contracts
from domain.law.state import Halt
from domain.narrative import SENTENCES

REASONS_SHOWN: Final = 8


def print_summary(
    settings: Settings, contracts: Contracts, desk: Desk, summary: RunSummary, end: Ending
) -> None:
    """Trades, result, why bars were skipped, the law's budget, the record, how to go on."""
    out = console(on_stderr=False)
    fake = settings.adapter is Adapter.FAKE
    what = "synthetic " if end.synthetic else "recorded " if fake else ""
    where = "the fake broker" if fake else settings.adapter.value
    out.print()
    out.print(
        f"{settings.run_mode.value} on {where}: {summary.sessions} {what}"
        f"session{'' if summary.sessions == 1 else 's'} of {settings.symbol}, "
        f"{summary.bars} bars, {summary.decisions} decisions",
        style="bold",
    )
    _trades(out, desk, summary)
    _skips(out, summary)
    _law(out, contracts, desk, summary, end)
    _record(out, settings, end)


def _trades(out: Console, desk: Desk, summary: RunSummary) -> None:
    out.print()
    if not summary.closed:
        out.print("No trade. That is a result too: nothing was good enough.")
    else:
        table = _table("opened", "side", "template", "in", "out", "by", "minutes", "net USD", "R")
        for opened, closed in summary.closed:
            table.add_row(
                day_and_clock(opened.at),
                side(closed.side),
                opened.key.template,
                price(closed.entry_price, desk.instrument),
                price(closed.exit_price, desk.instrument),
                closed.exit_reason,
                f"{closed.duration_s / 60:.0f}",
                signed(closed.net),
                f"{closed.r_net:+.2f}",
            )
        out.print(table)
    style = "green" if summary.net.units > 0 else "red" if summary.net.units < 0 else ""
    out.print(
        f"P&L after fees: {signed(summary.net)} USD (gross {signed(summary.gross)}, "
        f"fees {summary.fees.cents()}); {summary.wins} won, {summary.losses} lost",
        style=style,
    )


def _skips(out: Console, summary: RunSummary) -> None:
    skipped = sum(summary.skips.values())
    if not skipped:
        return
    out.print()
    out.print(f"Why {skipped} of {summary.decisions} bars were skipped:")
    table = _table("bars", "reason", "in plain English")
    for reason, count in summary.skips.most_common(REASONS_SHOWN):
        if reason.startswith("PERMIT_REFUSED_"):
            plain = "the law refused the permit"
        else:
            plain = SENTENCES.get(reason, "")
        table.add_row(str(count), reason, plain)
    out.print(table)
    seen = ", ".join(f"{name} {n}" for name, n in sorted(summary.candidates.items()))
    out.print(f"Setups seen: {seen or 'none'}")


def _law(out: Console, contracts: Contracts, desk: Desk, summary: RunSummary, end: Ending) -> None:
    law, state = contracts.constitution, desk.law
    day = state.session_date.isoformat() if state.session_date else "no session"
    out.print()
    out.print(f"Law budget used on {day}:")
    table = _table("what", "used", "of")
    table.add_row("trades", str(state.trades_today), str(law.max_trades_per_day))
    for name, halt, limit in (
        ("loss of the day, USD", Halt.DAY, law.max_daily_loss),
        ("loss of the week, USD", Halt.WEEK, law.max_weekly_loss),
        ("loss of the month, USD", Halt.MONTH, law.max_monthly_loss),
    ):
        table.add_row(name, state.realised_loss(halt).cents(), limit.cents())
    table.add_row("largest open risk, USD", summary.max_open_risk.cents(), law.max_risk.cents())
    out.print(table)
    out.print(
        f"Violations {end.violations}, permits refused {sum(summary.refusals.values())}, "
        f"position {end.position}, working orders {end.working_orders}"
    )
    if summary.kill is not None:
        trigger, detail, at = summary.kill
        text = f"The kill switch was pulled at {clock(at)} New York by {trigger}: {detail}"
        out.print(text, style="bold red")


def _record(out: Console, settings: Settings, end: Ending) -> None:
    db = "" if end.store_is_default else f" --db {end.store}"
    out.print()
    out.print(f"Recorded: {end.events} events in {end.store}", soft_wrap=True)
    if end.kept is not None:
        out.print(f"The run before it: {end.kept}", soft_wrap=True)
    out.print(f"Chain head: {end.chain_head}", soft_wrap=True)
    out.print(f"Took {end.wall_seconds:.1f} s with the {settings.engine.value} engine")
    out.print()
    out.print("Next:")
    out.print(f"  tradebot db verify{db}", soft_wrap=True)
    out.print(f"  tradebot db export{db} --out events.jsonl", soft_wrap=True)
    if end.synthetic:
        out.print("  tradebot run --bars YOUR_DAY.csv     bars of your own")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name)
    return table
