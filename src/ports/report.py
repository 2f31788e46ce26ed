"""What a report shows, and who draws it. All figures are taken from recorded events.

Results of LIVE, PAPER, OBSERVE and of shadow trades are kept apart: there is one `Chapter` for
each mode, its real and its shadow trades are two `Book`s, and nothing is added up over them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from domain.calibration import Calibration
from domain.recalibration import Proposal
from domain.shuffling import Null
from domain.track_record import Metrics
from domain.units import Money, Ticks, UtcNanos


class TradeLine(NamedTuple):
    """One closed trade. Prices and distances in ticks, R in multiples of the initial risk.

    `stops` are the working stop's times and prices, from the entry on; `luck` and `execution`
    are scores of its attribution, None where there is none; `why` says why a shadow
    trade was no real one, empty for a real one. The stop, target and quantity are None if the
    opening is not in the record.
    """

    decision_id: str
    session: str
    template: str
    side: int
    qty: int | None
    entry_time: UtcNanos
    entry_price: Ticks
    exit_time: UtcNanos
    exit_price: Ticks
    exit_reason: str
    target_price: Ticks | None
    stops: tuple[tuple[UtcNanos, Ticks], ...]
    gross: Money
    fees: Money
    net: Money
    r_gross: float
    r_net: float
    b: float
    p0: float
    edge: float
    mae: int
    mfe: int
    slip_entry: int
    slip_exit: int
    slip_expected: float | None
    duration_s: int
    rejects: int
    partial: bool
    incident: bool
    category: str | None
    luck: float | None
    execution: float | None
    why: str


class CurvePoint(NamedTuple):
    """After a trade: the sum of net results so far, and how far it lies below its highest."""

    at: UtcNanos
    net: Money
    drawdown: Money


class Group(NamedTuple):
    """Trades that have something in common: a template, a category, or what refused them."""

    name: str
    metrics: Metrics


class Book(NamedTuple):
    """Closed trades of one kind in the order of their closes, and what they amount to."""

    trades: tuple[TradeLine, ...]
    gross: Money
    fees: Money
    net: Money
    metrics: Metrics
    curve: tuple[CurvePoint, ...]
    templates: tuple[Group, ...]
    categories: tuple[tuple[str, str, int], ...]
    """Template, category of the attribution, how many."""
    calibration: tuple[tuple[str, Calibration], ...]
    """Of each template with a trade, over its last trades (learning.md 6)."""
    proposals: tuple[tuple[str, Proposal], ...]
    """Of all templates together, named `ALL`, as they share the exponent, and of each."""


class StatusChange(NamedTuple):
    """A key or template took another status."""

    at: UtcNanos
    name: str
    before: str
    after: str
    reason: str
    text: str


class LawLine(NamedTuple):
    """What the law's budget came to in a session; `budget_left` None while it has not closed."""

    session: str
    trades: int
    net: Money
    worst_loss: Money
    budget_left: Money | None
    halts: tuple[str, ...]


class Minute(NamedTuple):
    """A bar of regular hours, in ticks."""

    at: UtcNanos
    high: Ticks
    low: Ticks
    close: Ticks


@dataclass(slots=True)
class SessionChart:
    """The prices and beliefs of one session. `beliefs` are (close of the bar, the effective
    values in the order of `domain.frame`, NaN where undefined)."""

    session: str
    minutes: list[Minute] = field(default_factory=list)
    beliefs: list[tuple[UtcNanos, tuple[float, ...]]] = field(default_factory=list)


class Execution(NamedTuple):
    """How well orders and data served, over the sessions of a mode; counts by name."""

    fills: int
    order_events: tuple[tuple[str, int], ...]
    incidents: tuple[tuple[str, int], ...]
    penalties: tuple[tuple[str, int], ...]
    assessments: int
    lowest_dvs_bp: int | None
    lowest_eqs_bp: int | None


class Kill(NamedTuple):
    """A pull of the kill switch."""

    at: UtcNanos
    trigger: str
    detail: str


class Chapter(NamedTuple):
    """Everything about one mode. `law` is empty and the learning parts too where the record holds
    no such event; `shown` are the sessions whose charts are drawn, of all `sessions`."""

    mode: str
    adapter: str
    account: str
    runs: int
    sessions: tuple[str, ...]
    bars: int
    first_bar: UtcNanos | None
    last_bar: UtcNanos | None
    decisions: int
    actions: tuple[tuple[str, int], ...]
    skips: tuple[tuple[str, int], ...]
    refusals: tuple[tuple[str, int], ...]
    entries: int
    real: Book
    shadow: Book
    shadow_reasons: tuple[Group, ...]
    law: tuple[LawLine, ...]
    execution: Execution
    kills: tuple[Kill, ...]
    statuses: tuple[tuple[str, str, float], ...]
    changes: tuple[StatusChange, ...]
    warnings: tuple[tuple[UtcNanos, str, str], ...]
    charts: tuple[SessionChart, ...]
    null: tuple[Null, ...] = ()
    """The templates against chance, if that was asked for."""


class Report(NamedTuple):
    """A store's report. `tick_size` in points; `events` and `chain_head` say up to where."""

    store: str
    symbol: str
    tick_size: float
    events: int
    chain_head: str
    chapters: tuple[Chapter, ...]


class ReportPage(Protocol):
    """Makes a self-contained HTML page."""

    def __call__(self, report: Report) -> str:
        """The page, which loads nothing from elsewhere."""
