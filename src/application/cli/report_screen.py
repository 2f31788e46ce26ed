"""The report on a terminal, or as plain lines where there is none."""

from __future__ import annotations

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from adapters.report.tables import Table, tables
from application.cli.screen import console
from ports.report import Report

PLAIN_WIDTH = 200
"""In a pipe nothing is cut off to fit a window."""


def show(report: Report) -> None:
    """Print every table of every mode."""
    out = console(on_stderr=False)
    if not out.is_terminal:
        out.width = PLAIN_WIDTH
    out.print(f"{report.symbol}, {report.store}: {report.events} events", soft_wrap=True)
    if not report.chapters:
        out.print("no run yet")
    for chapter in report.chapters:
        for table in tables(chapter, report.tick_size):
            out.print()
            out.print(Text(table.title, style="bold"))
            out.print(_drawn(table))
            if table.note:
                out.print(Text(table.note, style="dim"))


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, show_header=any(table.columns), pad_edge=False)
    for name in table.columns:
        drawn.add_column(Text(name), overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
