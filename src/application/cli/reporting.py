"""What `tradebot report` does: read the store, fold, show."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

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
from application.settings import load_settings
from domain.contract_set import Contracts
from domain.recalibration import Terms
from domain.shuffling import Null
from ports.errors import BadInput, StoreFailure
from ports.report import Report

CHARTS: Final = 20
"""Sessions that are drawn at most, the last ones that traded."""


def report_command(
    options: Mapping[str, object], html: str | None, as_json: bool, shuffles: int | None
) -> ExitCode:
    """Show the report of a store; see cli.md. With `shuffles` its days are played again, in so
    many other orders.

    Errors: BadInput for a file that cannot be written; StoreFailure if there is no store, or it
    cannot be read.
    """
    settings = load_settings(options)
    judging = _judging(RunContainer(settings=settings).contracts())
    with stored(settings) as (store, name):
        found = folded(store, name, judging)
        if shuffles is not None:
            found = _with_null(found, nulls(store, settings, shuffles))
    if html is not None:
        from adapters.report.page import page

        _write(Path(html), page(found))
        say(f"{html}: written")
    if as_json:
        give(json.dumps(report_object(found), indent=2))
    elif html is None:
        from application.cli.report_screen import show

        show(found)
    return ExitCode.DONE


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
            raise StoreFailure(f"{row.type} of seq {row.seq} cannot be read: {error!r}") from error
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
