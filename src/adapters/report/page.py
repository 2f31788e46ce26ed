"""A report as one HTML page: no script, nothing that is loaded from elsewhere."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from adapters.report import plots
from adapters.report.tables import Table, tables
from ports.report import Chapter, Report

_PARTS: Final = (
    ("overview", "overview"),
    ("trades", "trades"),
    ("shadow", "shadow trades"),
    ("sessions", "price and beliefs"),
    ("decisions", "decisions"),
    ("law", "law"),
    ("execution", "execution"),
    ("learning", "learning"),
)
_FIGURE: Final = re.compile(r"[+-]?[0-9][0-9.,:/ %()+-]*|–")
_ID: Final = re.compile(r' id="(?:figure|axes|patch|line2d|text|matplotlib|xtick|ytick)[^"]*"')

_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; color: #0f172a;
  background: #f1f5f9; }
header, main { max-width: 1220px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 24px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 20px; margin: 14px 0 8px; }
h3 { font-size: 16px; margin: 24px 0 8px; }
p { margin: 4px 0; max-width: 80ch; }
.faint { color: #475569; font-size: 13px; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 8px 0; }
a { color: #1d4ed8; }
section.part { background: #fff; border: 1px solid #e2e8f0;
  border-top: 3px solid #1d4ed8; border-radius: 8px;
  padding: 4px 20px 18px; margin: 16px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 4px 10px 4px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e2e8f0; }
th { color: #475569; font-weight: 600; white-space: nowrap; }
td { white-space: nowrap; }
td.words { white-space: normal; min-width: 12ch; max-width: 70ch; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 12px 0; }
svg { max-width: 100%; height: auto; font-family: system-ui, "DejaVu Sans", sans-serif; }
"""


def page(report: Report) -> str:
    """The page; see `ports.report.ReportPage`."""
    modes = ", ".join(chapter.mode for chapter in report.chapters) or "no run yet"
    title = f"tradebot report, {report.symbol}: {modes}"
    apart = "Results of different modes and of shadow trades stand apart; nothing is added up."
    body = "".join(_chapter(chapter, report.tick_size) for chapter in report.chapters)
    links = "".join(
        f'<a href="#{_anchor(chapter, part)}">{escape(chapter.mode)}: {name}</a>'
        for chapter in report.chapters
        for part, name in _PARTS
        if f'id="{_anchor(chapter, part)}"' in body
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n"
        '<link rel="icon" href="data:,">\n'
        f"<style>{_STYLE}</style></head>\n<body><header><h1>{escape(title)}</h1>\n"
        f"<p>{apart} Simulated results are no promise of real ones.</p>\n"
        f'<p class="faint">{escape(report.store)}, {report.events} events, '
        f"chain head {escape(report.chain_head)}</p>\n<nav>{links}</nav></header>\n"
        f"<main>{body}</main></body></html>\n"
    )


def _anchor(chapter: Chapter, part: str) -> str:
    return f"{chapter.mode.lower()}-{part}"


def _chapter(chapter: Chapter, tick_size: float) -> str:
    drawn = _drawings(chapter, tick_size)
    written = tables(chapter, tick_size)
    parts = []
    for part, name in _PARTS:
        inside = [f"<figure>{svg}</figure>" for svg in drawn.get(part, ())]
        inside += [_table(table) for table in written if table.anchor == part]
        if inside:
            heading = f"<h2>{escape(chapter.mode)}: {name}</h2>"
            parts.append(
                f'<section class="part" id="{_anchor(chapter, part)}">'
                f"{heading}{''.join(inside)}</section>\n"
            )
    return "".join(parts)


def _drawings(chapter: Chapter, tick_size: float) -> dict[str, list[str]]:
    """The plots of a chapter by part; what holds nothing is not drawn."""
    mode, found = chapter.mode, dict[str, list[str]]()
    for part, book, name in (
        ("trades", chapter.real, mode),
        ("shadow", chapter.shadow, f"{mode} SHADOW"),
    ):
        if book.trades:
            found[part] = [plots.equity(book, name), plots.calibration(book, name)]
    found["sessions"] = [
        plots.session(chart, chapter, tick_size) for chart in chapter.charts if chart.minutes
    ]
    if chapter.skips:
        found["decisions"] = [plots.skips(chapter)]
    if chapter.law:
        found["law"] = [plots.budget(chapter)]
    if chapter.changes:
        found["learning"] = [plots.learning(chapter)]
    return {part: [_ID.sub("", svg) for svg in each] for part, each in found.items()}


def _table(table: Table) -> str:
    sides = [
        all(_FIGURE.fullmatch(row[column]) for row in table.rows)
        for column in range(len(table.columns))
    ]
    head = ""
    if any(table.columns):
        cells = (
            f"<th{' class=n' if right else ''}>{escape(name)}</th>"
            for name, right in zip(table.columns, sides, strict=True)
        )
        head = f"<thead><tr>{''.join(cells)}</tr></thead>"
    rows = "".join(f"<tr>{_cells(row, sides)}</tr>" for row in table.rows)
    note = f'<p class="faint">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<h3>{escape(table.title)}</h3><div class="scroll"><table>{head}'
        f"<tbody>{rows}</tbody></table></div>{note}\n"
    )


def _cells(row: tuple[str, ...], sides: list[bool]) -> str:
    cells = []
    for text, right in zip(row, sides, strict=True):
        kind = ' class="n"' if right else ' class="words"' if len(text) > WORDS else ""
        cells.append(f"<td{kind}>{escape(text)}</td>")
    return "".join(cells)


WORDS: Final = 40
"""A longer text breaks into lines."""
