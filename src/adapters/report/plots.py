"""The plots of a report as SVG, by Matplotlib without a screen. Every title names the mode."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from domain.units import SECOND, ZERO, UtcNanos
from ports.report import Book, Chapter, SessionChart, TradeLine

LONG: Final = "#0b6e4f"
SHORT: Final = "#b3261e"
INK: Final = "#334155"
BLUE: Final = "#1d4ed8"
GREY: Final = "#94a3b8"
AMBER: Final = "#b45309"
WIDTH: Final = 11.0
MOST_REASONS: Final = 15
_BELIEFS: Final = (("F1", (0, 1)), ("F2", (2, 3)), ("F3", (4, 5)), ("F4", (6, 7)), ("F6", (9, 10)))
"""Places of the long and the short side in the order of `domain.frame`."""
_F5: Final = 8
_LINES: Final = ("#1d4ed8", "#b45309", "#0b6e4f", "#7c3aed", "#db2777")

_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "tradebot",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e2e8f0",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def equity(book: Book, name: str) -> str:
    """Net result and drawdown after each trade, from 0."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        first = book.trades[0].entry_time
        times = [_day(first), *(_day(point.at) for point in book.curve)]
        net = [0.0, *(float(point.net) for point in book.curve)]
        fall = [0.0, *(-float(point.drawdown) for point in book.curve)]
        top.step(times, net, where="post", color=BLUE, linewidth=1.6)
        top.plot(times[1:], net[1:], "o", color=BLUE, markersize=4)
        top.axhline(0.0, color=GREY, linewidth=0.8)
        top.set_title(f"{name}: net result of closed trades, USD")
        below.fill_between(times, fall, step="post", color=SHORT, alpha=0.25)
        below.step(times, fall, where="post", color=SHORT, linewidth=1.2)
        below.set_title(f"{name}: drawdown, USD")
        _time_axis(below)
        return _svg(figure)


def skips(chapter: Chapter) -> str:
    """Decisions by the reason not to trade."""
    shown = chapter.skips[:MOST_REASONS][::-1]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 0.9 + 0.3 * len(shown)), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh([name for name, _ in shown], [n for _, n in shown], color=BLUE, height=0.6)
        axes.bar_label(bars, padding=3, fontsize=9)
        axes.grid(axis="y", visible=False)
        axes.set_title(f"{chapter.mode}: why it skipped, decisions")
        return _svg(figure)


def budget(chapter: Chapter) -> str:
    """What the law left at the close of each session, and the largest loss in it."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
        axes = figure.subplots()
        places = range(len(chapter.law))
        left = [float(line.budget_left or ZERO) for line in chapter.law]
        axes.bar(places, left, color=GREY, width=0.5, label="left at the close")
        worst = [-float(line.worst_loss) for line in chapter.law]
        axes.bar(places, worst, color=SHORT, width=0.5, label="largest loss of the day")
        axes.axhline(0.0, color=INK, linewidth=0.8)
        step = max(1, len(chapter.law) // 10)
        names = [line.session for line in chapter.law][::step]
        axes.set_xticks(list(places)[::step], names)
        axes.set_xlim(-0.75, max(len(chapter.law), 4) - 0.25)
        axes.grid(axis="x", visible=False)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        axes.set_title(f"{chapter.mode}: law budget of the day, USD")
        return _svg(figure)


def calibration(book: Book, name: str) -> str:
    """What p0 claimed against what came, by template; the size of a point is its trades."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.4, 4.4), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.0, linestyle="--", label="honest")
        for place, (template, each) in enumerate(book.calibration):
            axes.scatter(
                [b.prior for b in each.bands], [b.success for b in each.bands],
                s=[30.0 + 12.0 * b.n for b in each.bands], color=_LINES[place % len(_LINES)],
                alpha=0.7, label=f"{template}, n {each.n}",
            )  # fmt: skip
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.05, 1.05), xlabel="claimed: p0", ylabel="came")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        axes.set_title(f"{name}: calibration")
        return _svg(figure)


def learning(chapter: Chapter) -> str:
    """The status of each key and template over time."""
    order = ("QUARANTINED", "THROTTLED_HEAVY", "THROTTLED_MILD", "ACTIVE")
    names = sorted({change.name for change in chapter.changes})
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 1.2 + 0.9 * len(names)), layout="constrained")
        rows = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        ends = [at for at in (chapter.first_bar, chapter.last_bar) if at is not None]
        for axes, name in zip(rows, names, strict=True):
            changes = [change for change in chapter.changes if change.name == name]
            times = [*ends[:1], *(c.at for c in changes), *ends[1:]]
            states = [c.after for c in changes]
            levels = [*([changes[0].before] if ends else []), *states]
            levels += states[-1:] if len(ends) > 1 else []
            known = [order.index(s) if s in order else 3 for s in levels]
            axes.step([_day(t) for t in times], known, where="post", color=BLUE, linewidth=1.6)
            axes.set_yticks(range(4), [s.replace("_", " ").lower() for s in order], fontsize=8)
            axes.set_ylim(-0.4, 3.4)
            axes.set_title(f"{chapter.mode}: status of {name}")
        _time_axis(rows[-1])
        return _svg(figure)


def session(chart: SessionChart, chapter: Chapter, tick_size: float) -> str:
    """One session: prices with trades, and below them the beliefs of either side."""
    real = [t for t in chapter.real.trades if t.session == chart.session]
    shadow = [t for t in chapter.shadow.trades if t.session == chart.session]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 8.2), layout="constrained")
        price, longs, shorts = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1.2, 1.2])
        times = [_day(minute.at) for minute in chart.minutes]
        low = [minute.low * tick_size for minute in chart.minutes]
        high = [minute.high * tick_size for minute in chart.minutes]
        close = [minute.close * tick_size for minute in chart.minutes]
        price.fill_between(times, low, high, color=GREY, alpha=0.45, linewidth=0)
        price.plot(times, close, color=INK, linewidth=0.9)
        for trade in real:
            _draw(price, trade, tick_size, faint=False)
        for trade in shadow:
            _draw(price, trade, tick_size, faint=True)
        _key(price, bool(shadow))
        price.set_title(f"{chapter.mode}: {chart.session}, price, entries, exits, stops, targets")
        _beliefs(longs, chart, 0, f"{chapter.mode}: {chart.session}, long beliefs and F5")
        _beliefs(shorts, chart, 1, f"{chapter.mode}: {chart.session}, short beliefs and F5")
        _time_axis(shorts)
        return _svg(figure)


def _draw(axes: Axes, trade: TradeLine, tick_size: float, *, faint: bool) -> None:
    colour, alpha = (LONG if trade.side > 0 else SHORT), (0.4 if faint else 1.0)
    start, end = _day(trade.entry_time), _day(trade.exit_time)
    into, out = trade.entry_price * tick_size, trade.exit_price * tick_size
    axes.plot([start, end], [into, out], color=colour, linewidth=1.3, linestyle=":", alpha=alpha)
    marker = "^" if trade.side > 0 else "v"
    face = "white" if faint else colour
    axes.plot(start, into, marker, color=colour, markerfacecolor=face, markersize=9, zorder=5)
    axes.plot(end, out, "s", color=colour, markerfacecolor=face, markersize=6, zorder=5)
    if trade.stops:
        at = [*(_day(t) for t, _ in trade.stops), end]
        stops = [p * tick_size for _, p in trade.stops]
        axes.step(at, [*stops, stops[-1]], where="post", color=SHORT, linewidth=1.2, alpha=alpha)
    if trade.target_price is not None:
        target = trade.target_price * tick_size
        axes.plot([start, end], [target, target], color=LONG, linewidth=1.2, alpha=alpha)
    label = f"{trade.template} {trade.net.cents()}{' shadow' if faint else ''}"
    axes.annotate(
        label, (end, out), xytext=(8, 4), textcoords="offset points", fontsize=9, color=colour,
        bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
    )  # fmt: skip


def _key(axes: Axes, shadow: bool) -> None:
    """What the marks mean, without a trade of each kind being there."""
    axes.plot([], [], "^", color=LONG, label="long entry")
    axes.plot([], [], "v", color=SHORT, label="short entry")
    axes.plot([], [], "s", color=INK, label="exit")
    axes.plot([], [], color=SHORT, label="stop")
    axes.plot([], [], color=LONG, label="target")
    if shadow:
        axes.plot([], [], "^", color=INK, markerfacecolor="white", label="hollow: shadow")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _beliefs(axes: Axes, chart: SessionChart, side: int, title: str) -> None:
    times = [_day(at) for at, _ in chart.beliefs]
    for (name, places), colour in zip(_BELIEFS, _LINES, strict=True):
        values = [eff[places[side]] for _, eff in chart.beliefs]
        axes.plot(times, values, color=colour, linewidth=1.0, label=name)
    stress = [eff[_F5] for _, eff in chart.beliefs]
    axes.plot(times, stress, color=GREY, linewidth=1.0, linestyle="--", label="F5")
    axes.set_ylim(0.0, 1.0)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), ncols=1)


def _time_axis(axes: Axes) -> None:
    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel("UTC", fontsize=8, color=INK)


def _day(at: UtcNanos) -> float:
    """A time as Matplotlib counts them: days since 1970."""
    return at / (86_400 * SECOND)


def _svg(figure: Figure) -> str:
    """The drawing alone, to be put into a page."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
