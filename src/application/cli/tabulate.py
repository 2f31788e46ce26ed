"""What `tradebot signals` does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from adapters.bars.reader import read_bars
from adapters.signal_table.writer import open_table
from application.cli.output import ExitCode, give, say
from application.container import RunContainer
from application.settings import load_settings
from application.study import Study
from ports.errors import BadInput


def tabulate(given: Mapping[str, object], out: str, as_json: bool) -> ExitCode:
    """Write the table of the bar files in `given` to `out`.

    Errors: BadInput for settings, contracts, bar files, and for a place that cannot be
    written to.
    """
    settings = load_settings(given)
    if not settings.bars:
        raise BadInput("command line", "--bars", "is missing: there is nothing to compute from")
    container = RunContainer(settings=settings)
    contracts, instrument = container.contracts(), container.instrument()
    feed = read_bars(settings.bars, instrument, contracts.quality.aggregation, settings.bad_bars)
    if feed.rejected:
        say(f"warning: {feed.rejected} of {feed.rows} rows are no bars and were dropped")
    rows = Study(container.engine(), contracts, container.calendar())
    written = 0
    with open_table(Path(out)) as table:
        for row in rows.play(feed):
            table.add(row.minute, row.frame, row.dvs_bp)
            written += 1
    if as_json:
        give(json.dumps({"out": out, "rows": written, "engine": settings.engine.value}))
    else:
        give(f"{written} bars of regular hours, {settings.symbol}: {out}")
    return ExitCode.DONE
