"""What learning decided, in plain English: fixed sentences, the numbers from the evidence."""

from __future__ import annotations

from typing import Final

from domain.learning import Status
from domain.reliability import Change
from domain.track_record import Metrics

_WHY: Final = {
    "CONSECUTIVE_LOSSES": "{losses_in_a_row} losses in a row",
    "NEGATIVE_EXPECTANCY": "the mean of its last {n} trades is {expectancy} USD",
    "LOW_WIN_RATE": "it won {wins} of {decided} decided trades ({win_rate})",
    "WIN_RATE_RECOVERED": "its last {n} trades give no reason to charge more ({win_rate} won)",
    "SHADOW_WINS": "{wins_in_a_row} shadow trades in a row won",
    "SHADOW_EXPECTANCY": "the mean of {n} shadow trades is {expectancy} USD",
}
_WHAT: Final = {
    Status.QUARANTINED: "{name} is quarantined: {why}. It trades in shadow until it earns its way "
    "back, not before the next session.",
    Status.THROTTLED_HEAVY: "{name} is charged {multiplier:g} times the friction: {why}.",
    Status.THROTTLED_MILD: "{name} is charged {multiplier:g} times the friction: {why}.",
    Status.ACTIVE: "{name} is charged the plain friction again: {why}.",
}
_BACK: Final = "{name} trades again: {why}. Its statistics begin anew."


def tell(change: Change) -> str:
    """The sentences of one change."""
    m = change.metrics
    rate = "none" if m.win_rate is None else f"{100.0 * m.win_rate:.1f}%"
    why = _WHY[change.reason].format(
        losses_in_a_row=m.consecutive_losses,
        wins_in_a_row=m.consecutive_wins,
        n=m.n,
        wins=m.wins,
        decided=m.wins + m.losses,
        win_rate=rate,
        expectancy=_expectancy(m),
    )
    what = _BACK if change.before is Status.QUARANTINED else _WHAT[change.after]
    return what.format(name=change.name, multiplier=change.multiplier, why=why)


def _expectancy(m: Metrics) -> str:
    return "none" if m.expectancy is None else f"{float(m.expectancy):+.2f}"
