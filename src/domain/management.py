"""Rules while in a trade, as pure functions (management.md).

The order of the rules is the page's; the first exit wins, and of several tightenings
the tightest is taken. Nothing here can loosen a stop: a `Tighten` that does not move it
towards profit is dropped here, whoever asked.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.frame import Frame
from domain.law.constitution import Constitution
from domain.management_parameters import ManagementParameters
from domain.units import MINUTE, Side, Ticks, UtcNanos, q9


class Hold(NamedTuple):
    """Leave everything as it is."""


class Tighten(NamedTuple):
    """Move the stop to `price`, for the reason `rule`; only ever towards profit."""

    price: Ticks
    rule: str


class ExitTrade(NamedTuple):
    """Leave at the market, for `reason`."""

    reason: str
    rule: str


HOLD: Final = Hold()


class TradeView(NamedTuple):
    """An open trade as its rules see it; prices in ticks.

    `entry` is the actual fill, `stop0` the initial distance from the worst entry,
    `stop_price` the working stop. `bars_closed` counts bars that opened after the fill's
    minute. `moved_to_entry` and `locked` are the two once-only moves.
    """

    template: str
    side: Side
    entry: Ticks
    entry_time: UtcNanos
    stop0: Ticks
    stop_price: Ticks
    target_price: Ticks
    a_entry: float
    theta_t: float
    level: Ticks | None
    time_stop_min: int
    bad: int
    dvs_run: int
    eqs_tightened: bool
    bars_closed: int
    moved_to_entry: bool
    locked: bool


class BarFacts(NamedTuple):
    """What the bar rules read at a decision: the close, its time, the frame, quality."""

    close: Ticks
    time: UtcNanos
    frame: Frame
    dvs_bp: int
    eqs_bp: int


class Plan(NamedTuple):
    """One bar's management: what to do, by which rule, and the carried counters."""

    action: Hold | Tighten | ExitTrade
    bad: int
    dvs_run: int
    eqs_tightened: bool
    moved_to_entry: bool
    locked: bool


class Lines(NamedTuple):
    """The law's lines a trade is held against: quality in basis points, hard time in minutes."""

    dvs_hold_bp: int
    dvs_kill_bp: int
    eqs_hold_bp: int
    eqs_kill_bp: int
    max_minutes: int

    @classmethod
    def of(cls, law: Constitution) -> Lines:
        """The lines of a constitution."""
        return cls(
            law.dvs_hold_bp,
            law.dvs_kill_bp,
            law.eqs_hold_bp,
            law.eqs_kill_bp,
            law.max_minutes_in_trade,
        )


def structure_lost(
    closes: tuple[Ticks, ...], trade: TradeView, p: ManagementParameters
) -> Hold | ExitTrade:
    """K2, K3: the last closes all `structure_ticks` or more beyond the structure level."""
    if trade.level is None or len(closes) < p.structure_closes:
        return HOLD
    for close in closes[-p.structure_closes :]:
        if trade.side * (trade.level - close) < p.structure_ticks:
            return HOLD
    return ExitTrade("STRUCTURE_LOST", "structure")


def lock_profit(close: Ticks, trade: TradeView, p: ManagementParameters) -> Hold | Tighten:
    """K4: at `lock_num/lock_den` R, rounded up, lock half an R, once."""
    gain = trade.side * (close - trade.entry)
    if trade.locked or gain < -(-trade.stop0 * p.lock_num // p.lock_den):
        return HOLD
    return Tighten(trade.entry + trade.side * -(-trade.stop0 // 2), "lock")


def held_for(trade: TradeView, now: UtcNanos, minutes: int) -> bool:
    """True once the trade is `minutes` old, counted from the entry fill."""
    return now - trade.entry_time >= minutes * MINUTE


def thesis_count(trade: TradeView, frame: Frame, margin: float) -> int:
    """The thesis counter after this decision: hysteresis between theta_T and theta_T + margin."""
    if not (frame.belief_is_ready(6) and frame.belief_is_ready(7)):  # F4, both sides
        return trade.bad
    thesis = frame.thesis if trade.side > 0 else q9(1.0 - frame.thesis)
    if thesis < trade.theta_t:
        return trade.bad + 1
    return 0 if thesis >= q9(trade.theta_t + margin) else trade.bad


def plan_bar(
    trade: TradeView,
    facts: BarFacts,
    template: tuple[Hold | ExitTrade, Hold | Tighten],
    lines: Lines,
    p: ManagementParameters,
) -> Plan:
    """Evaluate the bar rules in the page's order; `template` is the template's own exit and move.

    The first exit wins. Rules 7 to 12 (thesis and everything after it) run only on bars that
    opened after the fill's minute.
    """
    dvs_run = trade.dvs_run + 1 if facts.dvs_bp < lines.dvs_hold_bp else 0
    eqs_low = facts.eqs_bp < lines.eqs_hold_bp
    early = trade.bars_closed < 1
    bad = trade.bad if early else thesis_count(trade, facts.frame, p.thesis_margin)
    exit_ = _first_exit(trade, facts, template[0], lines, p, dvs_run, bad, early)
    moves: list[Tighten] = []
    if exit_ is None:
        half = facts.close - trade.side * max(p.tighten_min_ticks, -(-trade.stop0 // 2))
        if dvs_run == 1:
            moves.append(Tighten(half, "dvs_hold"))
        if eqs_low and not trade.eqs_tightened:
            moves.append(Tighten(half, "eqs_hold"))
        if not early:
            moves.extend(_late_moves(trade, facts, template[1], p, half))
    done = {m.rule for m in moves}
    return Plan(
        exit_ or _tightest(trade, facts.close, moves),
        bad,
        dvs_run,
        trade.eqs_tightened or "eqs_hold" in done,
        trade.moved_to_entry or "break_even" in done,
        trade.locked or "lock" in done,
    )


def doubtful_stop(
    trade: TradeView, last: Ticks, p: ManagementParameters
) -> Hold | Tighten | ExitTrade:
    """Rule 5 at its first breach, between two bars: the stop half as far from the `last` price."""
    half = last - trade.side * max(p.tighten_min_ticks, -(-trade.stop0 // 2))
    return _tightest(trade, last, [Tighten(half, "dvs_hold")])


def _first_exit(
    trade: TradeView,
    facts: BarFacts,
    template: Hold | ExitTrade,
    lines: Lines,
    p: ManagementParameters,
    dvs_run: int,
    bad: int,
    early: bool,
) -> ExitTrade | None:
    if held_for(trade, facts.time, lines.max_minutes):
        return ExitTrade("HARD_TIME", "hard_time")
    if facts.dvs_bp < lines.dvs_kill_bp or facts.eqs_bp < lines.eqs_kill_bp:
        return ExitTrade("KILL", "quality_kill")
    if dvs_run >= p.dvs_hold_decisions:
        return ExitTrade("DVS_HOLD", "dvs_hold")
    if early:
        return None
    if bad >= p.thesis_bad_bars:
        return ExitTrade("THESIS_INVALID", "thesis")
    if isinstance(template, ExitTrade):
        return template
    if held_for(trade, facts.time, trade.time_stop_min):
        return ExitTrade("TIME_STOP", "time_stop")
    if q9(facts.frame.a14 / trade.a_entry) >= q9(p.volatility_exit):
        return ExitTrade("VOL_EXIT", "volatility")
    return None


def _late_moves(
    trade: TradeView,
    facts: BarFacts,
    template: Hold | Tighten,
    p: ManagementParameters,
    half: Ticks,
) -> list[Tighten]:
    moves: list[Tighten] = []
    if q9(facts.frame.a14 / trade.a_entry) >= q9(p.volatility_tighten):
        moves.append(Tighten(half, "volatility"))
    if not trade.moved_to_entry and trade.side * (facts.close - trade.entry) >= trade.stop0:
        moves.append(Tighten(trade.entry, "break_even"))
    if isinstance(template, Tighten):
        moves.append(template)
    return moves


def _tightest(trade: TradeView, close: Ticks, moves: list[Tighten]) -> Hold | Tighten | ExitTrade:
    """The tightest move that really tightens; an exit if the market stands at it already."""
    better = [m for m in moves if trade.side * (m.price - trade.stop_price) > 0]
    if not better:
        return HOLD
    best = max(better, key=lambda m: trade.side * m.price)
    if trade.side * (close - best.price) < 1:
        return ExitTrade("VOL_EXIT" if best.rule == "volatility" else "STOP", best.rule)
    return best
