"""The decision in plain English: fixed sentences, numbers from the record (decision.md 8)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from domain.candidate import label
from domain.decision import Action, DecisionRecord
from domain.gates import GateResult

MAX_LENGTH: Final = 400

SENTENCES: Final[dict[str, str]] = {
    "ALL_GATES_PASSED": "every gate passed",
    "NO_SETUP": "no template saw its pattern",
    "KILL_SWITCH_ACTIVE": "the kill switch is latched",
    "IN_POSITION": "a position or an entry order is open",
    "MAX_TRADES_REACHED": "the day's trades are used up",
    "COOLDOWN_ACTIVE": "the last entry is too recent",
    "CONSECUTIVE_LOSS_LOCKOUT": "two losses in a row lock entries out",
    "DAILY_LOSS_LIMIT": "the daily loss limit is reached",
    "WEEKLY_LOSS_LIMIT": "the weekly loss limit is reached",
    "MONTHLY_LOSS_LIMIT": "the monthly loss limit is reached",
    "DVS_TOO_LOW": "the data cannot be trusted enough",
    "EQS_TOO_LOW": "execution cannot be trusted enough",
    "SESSION_NOT_TRADABLE": "this is no time of the session to trade in",
    "SESSION_WINDOW_BLOCK": "a no-entry window is in force",
    "VOL_SHOCK_LOCKOUT": "a volatility shock locks entries out",
    "SPREAD_SLIPPAGE_LOCKOUT": "spread or slippage is too high",
    "NEWS_LOCKOUT": "a news-like shock locks entries out",
    "TEMPLATE_NOT_ALLOWED_BY_TIER": "this account size may not trade the template",
    "STOP_EXCEEDS_RISK_BUDGET": "the structure needs a wider stop than the law allows",
    "STRATEGY_FAULT": "the template failed, or answered what cannot be taken",
    "TARGET_TOO_CLOSE": "the target is too close to pay for the risk",
    "RISK_BUDGET_EXHAUSTED": "the risk does not fit the loss budget left",
    "BELIEF_TOO_LOW": "the belief is too weak",
    "STABILITY_NOT_MET": "the belief is still moving too much",
    "THESIS_TOO_WEAK": "momentum stands too much against it",
    "NOISE_VETO": "the market is too noisy",
    "STRATEGY_QUARANTINED": "the template is quarantined in this context",
    "FRICTION_TOO_HIGH": "costs eat too much of the target",
    "EDGE_SCORE_BELOW_THETA": "the score is below its threshold",
    "CONFLICTING_SETUPS": "both sides look good at once",
    "MISSING_REQUIRED_SIGNAL": "something it needs is not known yet",
    "OBSERVE_ONLY": "this run may only observe",
}
_EXITS: Final[dict[str, str]] = {
    "KILL": "the kill switch closes the trade",
    "EOD": "the session is about to end",
    "HARD_TIME": "an hour in a trade is the law's limit",
    "DVS_HOLD": "the data have been doubtful for too long",
    "THESIS_INVALID": "momentum has turned against the trade",
    "STRUCTURE_LOST": "the level it stood on is lost",
    "TIME_STOP": "its time is up",
    "VOL_EXIT": "volatility has outgrown the stop",
    "STOP": "the market stands at the stop",
    "OPERATOR": "the run is being ended",
    "HALT": "a loss limit was reached",
}
GATE_NAMES: Final[dict[str, str]] = {
    "kill": "the kill switch",
    "flat": "what is open",
    "streak": "the losing streak",
    "session": "the session",
    "window": "the no-entry window",
    "vol_shock": "the volatility lockout",
    "execution_danger": "the spread and slippage lockout",
    "news_shock": "the news lockout",
    "tier": "the account size",
    "plan": "its stop and target",
    "learning": "the quarantine",
    "one_side": "the other side",
    "trades_today": "trades today",
    "spacing": "minutes since the last entry",
    "daily_loss": "today's loss",
    "weekly_loss": "this week's loss",
    "monthly_loss": "this month's loss",
    "dvs": "data validity",
    "eqs": "execution quality",
    "budget": "risk in use",
    "belief": "the belief",
    "stability": "the belief's movement",
    "thesis": "the thesis",
    "noise": "tradeability",
    "friction_share": "the share of costs",
    "score": "the score",
}


def tell(record: DecisionRecord) -> str:
    """At most 400 characters: what was done, why, the number against its threshold, the best
    candidate, and what would have flipped it."""
    if record.primary is None and record.counterfactual is None:
        return _short(record.action, record.reason, _deciding_gate(record))
    parts = [_short(record.action, record.reason, _deciding_gate(record))]
    if record.action in (Action.SKIP, Action.ENTER):
        parts += [_candidate(record), _counterfactual(record)]
    text = " ".join(p for p in parts if p)
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


@lru_cache(maxsize=1024)
def _short(action: Action, reason: str, gate: GateResult | None) -> str:
    """What was done and why; most bars say what the bar before them said."""
    return f"{action.value}: {_why(action, reason, gate)}."


def _why(action: Action, reason: str, gate: GateResult | None) -> str:
    if action is Action.EXIT:
        return _EXITS.get(reason, reason)
    if action is Action.MODIFY:
        return "the stop moves towards profit"
    if reason.startswith("PERMIT_REFUSED_"):
        return f"the law refused the permit ({reason.removeprefix('PERMIT_REFUSED_')})"
    sentence = SENTENCES.get(reason, reason)
    return f"{sentence} ({_figures(gate)})" if gate else sentence


def _deciding_gate(record: DecisionRecord) -> GateResult | None:
    """The first failed gate with a number that carries the record's reason."""
    best = record.primary
    own = None if best is None else label(best.template, best.side)
    for g in record.gates:
        if g.passed or g.reason != record.reason or g.value is None:
            continue
        if g.candidate is None or g.candidate == own:
            return g
    return None


def _numbers(value: float, threshold: float, kind: str) -> tuple[str, str]:
    """Both in the gate's unit, with as many digits as it takes to tell them apart."""
    value, threshold = value + 0.0, threshold + 0.0  # there is no minus zero in plain English
    if kind == "usd":
        return f"{value:.2f} USD", f"{threshold:.2f} USD"
    if kind == "count":
        return f"{value:.0f}", f"{threshold:.0f}"
    digits = 4
    while value != threshold and f"{value:.{digits}g}" == f"{threshold:.{digits}g}":
        digits += 1
    return f"{value:.{digits}g}", f"{threshold:.{digits}g}"


def _figures(g: GateResult) -> str:
    name = GATE_NAMES.get(g.id, g.id)
    if g.value is None or g.threshold is None:
        return name
    value, threshold = _numbers(g.value, g.threshold, g.kind)
    return f"{name} {value}, needs {g.cmp} {threshold}"


def _candidate(record: DecisionRecord) -> str:
    c = record.primary
    if c is None:
        return ""
    side = {1: "long", -1: "short", 0: "either side"}[record.side]
    text = f"Best: {c.template} {side}, belief {c.effective:.2f}, thesis {c.thesis:.2f}"
    if c.score is not None:
        text += f", score {c.score.score:+.3f} against {c.theta_total:.3f}"
    if c.plan is not None:
        text += f", stop {c.plan.stop}, target {c.plan.target} ticks"
    return text + "."


def _counterfactual(record: DecisionRecord) -> str:
    c = record.counterfactual
    if c is None:
        return ""
    name = GATE_NAMES.get(c.gate, c.gate)
    if c.value is None or c.threshold is None or c.delta is None:
        return f"It hangs on: {name}."
    kind = next((g.kind for g in record.gates if g.id == c.gate), "")
    value, threshold = _numbers(c.value, c.threshold, kind)
    figures = f"{name} at {value} against {threshold}"
    if record.action is Action.ENTER:
        return f"Closest to refusing: {figures}."
    if c.flips:
        return f"Would have traded with {name} {threshold} instead of {value} ({c.delta:+.4g})."
    return f"Nearest miss: {figures}, and {c.others} more."
