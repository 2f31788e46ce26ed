"""From recorded events to the figures of a report: a fold, one chapter a mode.

A started run says which mode the events after it belong to; a closed trade says it itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from application.reporting.books import Judging, book, groups
from domain.units import SECOND, ZERO, Money, UtcNanos
from ports.report import (
    Chapter,
    Execution,
    Kill,
    LawLine,
    Minute,
    SessionChart,
    StatusChange,
    TradeLine,
)

MODES: Final = ("LIVE", "PAPER", "OBSERVE")
UNKNOWN: Final = "UNKNOWN"
"""The mode of events that no started run precedes."""

Fields = Mapping[str, Any]


class Entry(NamedTuple):
    """One recorded event with its payload read."""

    type: str
    session: str
    at: UtcNanos
    fields: Fields


class _Open(NamedTuple):
    """How a trade began."""

    template: str
    qty: int
    target_price: int
    stops: list[tuple[UtcNanos, int]]


class _Pages:
    """What is gathered of one mode."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.adapter = self.account = ""
        self.runs = self.bars = self.decisions = self.entries = self.fills = 0
        self.assessments = 0
        self.first_bar: UtcNanos | None = None
        self.last_bar: UtcNanos | None = None
        self.sessions: dict[str, None] = {}
        self.actions: Counter[str] = Counter()
        self.skips: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.orders: Counter[str] = Counter()
        self.incidents: Counter[str] = Counter()
        self.penalties: Counter[str] = Counter()
        self.lowest: dict[str, int] = {}
        self.real: list[TradeLine] = []
        self.shadow: list[TradeLine] = []
        self.worst: dict[str, Money] = defaultdict(lambda: ZERO)
        self.halts: dict[str, dict[str, None]] = defaultdict(dict)
        self.closed: dict[str, Fields] = {}
        self.kills: list[Kill] = []
        self.statuses: dict[str, tuple[str, float]] = {}
        self.changes: list[StatusChange] = []
        self.warnings: list[tuple[UtcNanos, str, str]] = []
        self.charts: dict[str, SessionChart] = {}

    def chart(self, session: str) -> SessionChart:
        """The chart of a session, begun if there is none."""
        return self.charts.setdefault(session, SessionChart(session))


class Folding:
    """Call it with each event in order of seq, then ask for `chapters`."""

    def __init__(self) -> None:
        self.tick_size = 0.25
        self._mode = UNKNOWN
        self._pages: dict[str, _Pages] = {}
        self._openings: dict[tuple[str, str], _Open] = {}
        self._expected: dict[str, float] = {}
        self._templates: dict[str, str] = {}
        self._scores: dict[tuple[str, str, bool], Fields] = {}
        self._of = self._folds()

    @property
    def types(self) -> frozenset[str]:
        """The types of events that matter here."""
        return frozenset(self._of)

    def __call__(self, entry: Entry) -> None:
        """Fold one event.

        Errors: KeyError, TypeError or ValueError for a payload that is not of its type.
        """
        take = self._of.get(entry.type)
        if take is not None:
            take(entry)

    def _folds(self) -> Mapping[str, Callable[[Entry], None]]:
        changes = ("StrategyQuarantined", "StrategyThrottled", "StrategyReEnabled")
        return {
            "RunStarted": self._started,
            "ConfigLoaded": self._config,
            "SessionOpened": self._session_opened,
            "SessionClosed": self._session_closed,
            "BarClosed": self._bar,
            "BeliefsComputed": self._beliefs,
            "QualityAssessed": self._quality,
            "ExecutionIncident": self._incident,
            "DecisionMade": self._decision,
            "OrderIntentCreated": self._intent,
            "PermitRefused": self._refused,
            "OrderEvent": self._order,
            "Fill": self._fill,
            "TradeOpened": self._opened,
            "ShadowOpened": self._shadow_opened,
            "TradeManaged": self._managed,
            "TradeClosed": self._trade_closed,
            "ShadowClosed": self._shadow_closed,
            "TradeAttributed": self._attributed,
            "LawStateChanged": self._law,
            "KillTriggered": self._kill,
            "LearningUpdated": self._learned,
            "CalibrationWarning": self._warned,
        } | dict.fromkeys(changes, self._changed)

    def _page(self, mode: str | None = None) -> _Pages:
        name = mode or self._mode
        if name not in self._pages:
            self._pages[name] = _Pages(name)
        return self._pages[name]

    # ---- runs, sessions, bars

    def _started(self, entry: Entry) -> None:
        self._mode = str(entry.fields["mode"])
        page = self._page()
        page.runs += 1
        page.adapter, page.account = str(entry.fields["adapter"]), str(entry.fields["account"])

    def _config(self, entry: Entry) -> None:
        self.tick_size = float(entry.fields["instrument"]["tick_size"])

    def _session_opened(self, entry: Entry) -> None:
        self._page().sessions[entry.session] = None

    def _session_closed(self, entry: Entry) -> None:
        self._page().closed[entry.session] = entry.fields

    def _bar(self, entry: Entry) -> None:
        f = entry.fields
        if not f["rth"] or f["warmup"]:
            return
        page, at = self._page(), instant(f["open_time"])
        page.bars += 1
        page.first_bar = at if page.first_bar is None else page.first_bar
        page.last_bar = at
        page.chart(entry.session).minutes.append(Minute(at, f["high"], f["low"], f["close"]))

    def _beliefs(self, entry: Entry) -> None:
        values = tuple(float("nan") if v is None else float(v) for v in entry.fields["eff"])
        self._page().chart(entry.session).beliefs.append((entry.at, values))

    def _quality(self, entry: Entry) -> None:
        page = self._page()
        page.assessments += 1
        for name in ("dvs_bp", "eqs_bp"):
            page.lowest[name] = min(page.lowest.get(name, 10_000), entry.fields[name])
        page.penalties.update(p["id"] for p in entry.fields["penalties"] if p["bp"])

    def _incident(self, entry: Entry) -> None:
        self._page().incidents[entry.fields["kind"]] += 1

    # ---- decisions and orders

    def _decision(self, entry: Entry) -> None:
        page, action = self._page(), entry.fields["action"]
        page.decisions += 1
        page.actions[action] += 1
        if action == "SKIP":
            page.skips[entry.fields["reason"]] += 1

    def _intent(self, entry: Entry) -> None:
        decision = entry.fields["decision_id"]
        self._expected[decision] = float(entry.fields["slip_est"])
        self._templates[decision] = entry.fields["template"]

    def _refused(self, entry: Entry) -> None:
        failed = [c["id"] for c in entry.fields["checks"] if not c["pass"]]
        reason = entry.fields.get("reason") or (failed[0] if failed else UNKNOWN)
        self._page().refusals[str(reason)] += 1

    def _order(self, entry: Entry) -> None:
        self._page().orders[entry.fields["kind"]] += 1

    def _fill(self, entry: Entry) -> None:
        self._page().fills += 1

    # ---- trades

    def _opened(self, entry: Entry) -> None:
        self._page().entries += 1
        self._begin(entry, "")

    def _shadow_opened(self, entry: Entry) -> None:
        self._begin(entry, entry.fields["key"]["template"])

    def _begin(self, entry: Entry, shadow: str) -> None:
        f = entry.fields
        began = (instant(f["entry_time"]), f["stop_price"])
        found = _Open(f["key"]["template"], f["qty"], f["target_price"], [began])
        self._openings[f["decision_id"], shadow] = found

    def _managed(self, entry: Entry) -> None:
        f = entry.fields
        opening = self._openings.get((f["decision_id"], ""))
        new = f["new_stop"]
        if opening is not None and new is not None and new != opening.stops[-1][1]:
            opening.stops.append((entry.at, new))

    def _trade_closed(self, entry: Entry) -> None:
        opening = self._openings.get((entry.fields["decision_id"], ""))
        page = self._page(str(entry.fields["mode"]))
        page.real.append(self._line(entry, opening, ""))

    def _shadow_closed(self, entry: Entry) -> None:
        name = entry.fields["template"]
        opening = self._openings.get((entry.fields["decision_id"], name))
        self._page().shadow.append(self._line(entry, opening, name))

    def _line(self, entry: Entry, opening: _Open | None, shadow: str) -> TradeLine:
        f = entry.fields
        decision = f["decision_id"]
        template = opening.template if opening else self._templates.get(decision, shadow)
        ended = instant(f["exit_time"])
        began = opening.stops[0][0] if opening else ended - f["duration_s"] * SECOND
        return TradeLine(
            decision_id=decision,
            session=entry.session,
            template=template or UNKNOWN,
            side=f["side"],
            qty=opening.qty if opening else None,
            entry_time=began,
            entry_price=f["entry_price"],
            exit_time=ended,
            exit_price=f["exit_price"],
            exit_reason=f["exit_reason"],
            target_price=opening.target_price if opening else None,
            stops=tuple(opening.stops) if opening else (),
            gross=Money.parse(f["gross"]),
            fees=Money.parse(f["fees"]),
            net=Money.parse(f["net"]),
            slip_expected=self._expected.get(decision),
            category=None,
            luck=None,
            execution=None,
            why=f["why"] if shadow else "",
            **{name: f[name] for name in _SAME},
        )

    def _attributed(self, entry: Entry) -> None:
        f = entry.fields
        shadow = f["template"] if f.get("shadow") else ""
        known = self._scores.get((f["decision_id"], shadow, bool(shadow)), {})
        if known.get("stage") != "final":
            self._scores[f["decision_id"], shadow, bool(shadow)] = f

    # ---- law and learning

    def _law(self, entry: Entry) -> None:
        f, page = entry.fields, self._page()
        session = f["session_date"] or entry.session
        page.worst[session] = max(page.worst[session], -Money.parse(f["realised_day"]), ZERO)
        page.halts[session].update(dict.fromkeys(f["halts"]))

    def _kill(self, entry: Entry) -> None:
        f = entry.fields
        self._page().kills.append(Kill(entry.at, str(f["trigger"]), str(f["detail"])))

    def _learned(self, entry: Entry) -> None:
        f = entry.fields
        statuses = self._page().statuses
        if "status_of" in f:
            statuses[f["template"]] = (f["status_of"]["template"], 1.0)
            statuses[_key(f["key"])] = (f["status_of"]["key"], f["multiplier"])
        else:
            statuses[_key(f["key"])] = (f["status"], f["multiplier"])

    def _changed(self, entry: Entry) -> None:
        f, page = entry.fields, self._page()
        page.statuses[f["name"]] = (f["status"], f["multiplier"])
        change = StatusChange(
            entry.at, f["name"], f["before"], f["status"], f["reason"], f.get("text", "")
        )
        page.changes.append(change)

    def _warned(self, entry: Entry) -> None:
        f = entry.fields
        text = f"gap {f['gap']} over {f['n']} trades, Brier {f['brier']}"
        self._page().warnings.append((entry.at, f["name"], text))

    # ---- the end

    def chapters(self, judging: Judging, most_charts: int) -> tuple[Chapter, ...]:
        """One chapter a mode; `judging` as in `book`. Charts are of the last `most_charts`
        sessions that traded or, if none did, of the last sessions."""
        known = [mode for mode in MODES if mode in self._pages]
        others = sorted(set(self._pages) - set(known))
        return tuple(self._chapter(self._pages[m], judging, most_charts) for m in known + others)

    def _chapter(self, page: _Pages, judging: Judging, most_charts: int) -> Chapter:
        sessions = tuple(page.sessions)
        real = [self._scored(trade, "") for trade in page.real]
        shadow = [self._scored(trade, trade.template) for trade in page.shadow]
        numbers = {session: number for number, session in enumerate(sessions)}
        traded = {trade.session for trade in (*real, *shadow)}
        charts = [chart for name, chart in page.charts.items() if name in traded]
        charts = charts or [chart for chart in page.charts.values() if chart.minutes]
        return Chapter(
            page.mode, page.adapter, page.account, page.runs, sessions, page.bars,
            page.first_bar, page.last_bar, page.decisions, counts(page.actions),
            counts(page.skips), counts(page.refusals), page.entries,
            book(real, sessions, judging), book(shadow, sessions, judging),
            groups(shadow, [trade.why for trade in shadow], numbers),
            _law_lines(page), _execution(page), tuple(page.kills),
            tuple((name, *page.statuses[name]) for name in sorted(page.statuses)),
            tuple(page.changes), tuple(page.warnings), tuple(charts[-most_charts:]),
        )  # fmt: skip

    def _scored(self, trade: TradeLine, shadow: str) -> TradeLine:
        found = self._scores.get((trade.decision_id, shadow, bool(shadow)))
        if found is None:
            return trade
        return trade._replace(
            category=found["category"], luck=found["luck"], execution=found["execution"]
        )


_SAME: Final = (
    "r_gross", "r_net", "b", "p0", "edge", "mae", "mfe", "slip_entry", "slip_exit", "duration_s",
    "rejects", "partial", "incident",
)  # fmt: skip
"""Fields of a closed trade that the report takes over as they are."""


def counts(counter: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Most frequent first, equals by name."""
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def instant(text: str) -> UtcNanos:
    """A recorded time, which has microseconds.

    Errors: ValueError if it is none.
    """
    at = datetime.fromisoformat(text)
    whole = int(at.replace(microsecond=0).astimezone(UTC).timestamp())
    return whole * SECOND + at.microsecond * (SECOND // 1_000_000)


def _key(fields: Fields) -> str:
    return f"{fields['template']}|{fields['regime']}|{fields['tod']}"


def _law_lines(page: _Pages) -> tuple[LawLine, ...]:
    lines = []
    for session in page.sessions:
        trades = [t for t in page.real if t.session == session]
        closed = page.closed.get(session)
        left = None if closed is None else Money.parse(closed["budget_left"])
        net = sum((t.net for t in trades), start=ZERO)
        halts = tuple(page.halts.get(session, ()))
        worst = page.worst.get(session, ZERO)
        lines.append(LawLine(session, len(trades), net, worst, left, halts))
    return tuple(lines)


def _execution(page: _Pages) -> Execution:
    return Execution(
        page.fills, counts(page.orders), counts(page.incidents), counts(page.penalties),
        page.assessments, page.lowest.get("dvs_bp"), page.lowest.get("eqs_bp"),
    )  # fmt: skip
