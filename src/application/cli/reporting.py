"""What `tradebot report` does: read the store, fold, show."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from adapters.store.reading import StoreReading
from adapters.wire.trades_v1 import fields_of
from application.cli.null import nulls
from application.cli.output import ExitCode, give, say
from application.cli.status import masked
from application.cli.stored import stored
from application.container import RunContainer
from application.reporting.as_json import report_object
from application.reporting.books import Judging
from application.reporting.fold import Entry, Folding
from application.reporting.returns import daily_returns
from application.settings import load_settings
from domain.contract_set import Contracts
from domain.recalibration import Terms
from domain.shuffling import Null
from domain.units import Money
from ports.errors import BadInput, StoreDamaged
from ports.report import Report

LEAST_SESSIONS: Final = 5
"""Daily returns of fewer say nothing."""
CHARTS: Final = 20
"""Sessions that are drawn at most, the last ones that traded."""


class Wanted(NamedTuple):
    """What a report is to be: pages to write, one JSON object, how many shuffles beside it."""

    html: str | None
    tearsheet: str | None
    as_json: bool
    shuffles: int | None


def report_command(options: Mapping[str, object], wanted: Wanted) -> ExitCode:
    """Show the report of a store; see cli.md. With `shuffles` its days are played again, in
    so many other orders.

    Errors: BadInput for a file that cannot be written; StoreFailure if there is no store, or it
    cannot be read.
    """
    settings = load_settings(options)
    judging = _judging(RunContainer(settings=settings).contracts())
    with stored(settings) as (store, name):
        found = folded(store, name, judging)
        if wanted.shuffles is not None:
            found = _with_null(found, nulls(store, settings, wanted.shuffles))
        equity = _first_equity(store)
    if wanted.html is not None:
        from adapters.report.page import page

        _write(Path(wanted.html), page(found))
        say(f"{wanted.html}: written")
    if wanted.tearsheet is not None:
        _write(Path(wanted.tearsheet), _sheet(found, equity))
        say(f"{wanted.tearsheet}: written")
    if wanted.as_json:
        give(json.dumps(report_object(found), indent=2))
    elif wanted.html is None and wanted.tearsheet is None:
        from application.cli.report_screen import show

        show(found)
    return ExitCode.DONE


def _first_equity(store: StoreReading) -> Money | None:
    """What the account held when the record began."""
    rows = store.of_type("AccountSnapshot")
    return next((Money.parse(str(fields_of(row)["equity"])) for row in rows), None)


def _sheet(report: Report, equity: Money | None) -> str:
    """The tearsheet of the mode that matters most, of those that have traded."""
    from adapters.report.tearsheet import tearsheet

    chapter = next((each for each in report.chapters if each.real.trades), None)
    if chapter is None or equity is None or len(chapter.sessions) < LEAST_SESSIONS:
        reason = f"a mode with trades and {LEAST_SESSIONS} sessions is needed"
        raise BadInput("command line", "--tearsheet", reason)
    try:
        results = [(trade.session, trade.net) for trade in chapter.real.trades]
        days = daily_returns(chapter.sessions, results, equity)
    except ValueError as error:
        raise BadInput("command line", "--tearsheet", str(error)) from None
    return tearsheet(f"{report.symbol} {chapter.mode}", days)


def _with_null(report: Report, null: Mapping[str, tuple[Null, ...]]) -> Report:
    chapters = (each._replace(null=null.get(each.mode, ())) for each in report.chapters)
    return report._replace(chapters=tuple(chapters))


def _judging(contracts: Contracts) -> Judging:
    """By the contracts of now, whatever a run was made under."""
    learning, score, k = contracts.learning, contracts.decision.score, contracts.templates
    own = {"K1": k.k1, "K2": k.k2, "K3": k.k3, "K4": k.k4}
    return Judging(
        learning.calibration_window,
        Terms(learning.calibration_min_trades, score.p0_min, score.p0_max),
        {name: template.min_belief for name, template in own.items()},
    )


def folded(store: StoreReading, name: str, judging: Judging) -> Report:
    """The figures of a store; accounts are masked. Errors: StoreFailure for a bad event."""
    folding, tip = Folding(), store.tip()
    for row in store.of_types(folding.types):
        try:
            folding(Entry(row.type, row.session_date, row.ts_event, fields_of(row)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreDamaged(f"{row.type} of seq {row.seq} cannot be read: {error!r}") from error
    chapters = tuple(
        chapter._replace(account=masked(chapter.account, chapter.adapter))
        for chapter in folding.chapters(judging, CHARTS)
    )
    return Report(name, store.identity.symbol, folding.tick_size, tip.seq, tip.head, chapters)


def _write(path: Path, text: str) -> None:
    """The whole page or none: a reader never sees half of one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadInput(str(path), "", f"cannot be written: {error.strerror}") from None
