"""Was it right for the right reason? Scores of a closed trade (attribution.md 1).

The scores use what was known at the close and nothing later. The numbers are those of the
formulas, which no contract states.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.intent import EntryType, OrderIntent
from domain.outcomes import TradeClosed
from domain.units import ZERO, q9

_ALWAYS: Final = frozenset({"range", "choppy", "trending", "volatile"})
ALLOWED_REGIMES: Final = {
    "K1": frozenset({"range", "choppy", "trending"}),
    "K2": frozenset({"range", "choppy", "trending"}),
    "K3": frozenset({"range", "trending", "volatile"}),
    "K4": frozenset({"trending", "volatile"}),
}
"""Held regimes in which a template may trade (attribution.md 2)."""

LISTED_EXITS: Final = frozenset({
    "STOP", "BE_STOP", "TARGET", "KILL", "EOD", "HARD_TIME", "DVS_HOLD", "THESIS_INVALID",
    "STRUCTURE_LOST", "TIME_STOP", "VOL_EXIT",
})  # fmt: skip
"""Exits by a rule of management.md; EXTERNAL and OPERATOR are none."""


class Scores(NamedTuple):
    """Each between 0 and 1, on the grid; `lw` is the learning weight."""

    edge: float
    luck: float
    execution: float
    lw: float
    process: float
    outcome: float

    @property
    def combined(self) -> float:
        """Process and outcome together, for reports only."""
        return q9(0.7 * self.process + 0.3 * self.outcome)


def allowed(template: str, regime: str) -> bool:
    """Whether `regime` is one of the template's; a template of the user's own allows every one."""
    return regime in ALLOWED_REGIMES.get(template, _ALWAYS)


def scores(intent: OrderIntent, trade: TradeClosed, risk: float, *, lawful: bool) -> Scores:
    """The scores of a closed trade.

    `risk` is what the initial stop put at stake, in USD; `lawful` is false if the law was
    broken while the trade lived.
    """
    luck, execution = q9(luck_of(intent, trade)), q9(execution_of(intent, trade))
    met = (
        True,  # belief, stability, thesis, DVS, EQS and friction: there is no intent otherwise
        True,
        True,
        allowed(intent.template, intent.key.regime),
        True,
        True,
        True,
        intent.side * (intent.limit - trade.entry_price) >= 0,
        trade.exit_reason in LISTED_EXITS,
        lawful,
    )
    return Scores(
        q9(_share(trade.edge)),
        luck,
        execution,
        q9((1.0 - luck) * execution),
        q9(sum(met) / len(met)),
        q9(_share(0.5 + float(trade.net) / (2.0 * risk))),
    )


def luck_of(intent: OrderIntent, trade: TradeClosed) -> float:
    """How much of the result is accident: a win that nearly died, a loss that nearly won."""
    if trade.net == ZERO:
        return 0.40
    near = trade.mae / intent.stop if trade.net > ZERO else trade.mfe / intent.target
    return _share(0.10 + 0.60 * ramp(near, 0.5, 1.0) + 0.30 * trade.shock)


def execution_of(intent: OrderIntent, trade: TradeClosed) -> float:
    """How well the orders did what was meant of them."""
    slips = []
    if intent.entry_type is EntryType.STOP_LIMIT:
        slips.append(trade.slip_entry)
    if trade.exit_reason != "TARGET":
        slips.append(trade.slip_exit)
    slip = sum(slips) / len(slips) if slips else 0.0
    return _share(
        1.0
        - 0.5 * _share((slip - intent.slip_est) / 2.0)
        - 0.2 * _share((intent.spread - 1.0) / 4.0)
        - 0.2 * min(1.0, 0.3 * trade.rejects)
        - 0.1 * trade.partial
        - 0.5 * trade.incident
    )


def ramp(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, a straight line between."""
    return _share((x - low) / (high - low))


def _share(x: float) -> float:
    return min(max(x, 0.0), 1.0)
