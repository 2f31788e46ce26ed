"""How far a run looks back before it begins."""

from __future__ import annotations

from application.cli.live_start import NOTHING_LEFT, WarmUp
from domain.bar import Bar
from domain.units import DAY, MINUTE
from live_market import OPEN, Stage
from market_builders import PRICE
from trading_floor import Weekdays


def warm(stage: Stage) -> WarmUp:
    return WarmUp(stage.core, stage.run, stage.market, Weekdays(), None)


def day_before(stage: Stage, days: int) -> None:
    """The history knows two minutes of the session so many days ago."""
    opens = OPEN - days * DAY
    stage.market.past += [
        Bar(opens + n * MINUTE, PRICE, PRICE + 1, PRICE - 1, PRICE, 9) for n in (0, 1)
    ]


def test_a_history_that_has_ended_is_not_asked_for_more() -> None:
    stage = Stage()
    day_before(stage, 1)
    it = warm(stage)
    it.begin(OPEN, 20, lambda: True)
    assert it.sessions == 1
    assert len(stage.market.asked) == 1 + NOTHING_LEFT


def test_a_hole_in_the_history_is_no_end_of_it() -> None:
    stage = Stage()
    day_before(stage, 1)
    day_before(stage, 6)
    day_before(stage, 5)
    it = warm(stage)
    it.begin(OPEN, 20, lambda: True)
    assert it.sessions == 3
