"""How far a run looks back before it begins, and what it does where an answer does not come."""

from __future__ import annotations

import pytest

from application.cli.live_start import NOTHING_LEFT, WarmUp
from domain.bar import Bar
from domain.units import DAY, MINUTE, UtcNanos
from live_market import OPEN, Stage
from market_builders import PRICE
from ports.errors import BrokerDown
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


@pytest.mark.parametrize(("failures", "found"), [(1, 1), (2, 0)])
def test_an_answer_that_does_not_come_is_asked_for_once_more(
    failures: int, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    day_before(stage, 1)
    answer, left = stage.market.history, [failures]

    def history(since: UtcNanos, until: UtcNanos) -> tuple[Bar, ...]:
        if left[0]:
            left[0] -= 1
            raise BrokerDown("pacing")
        return answer(since, until)

    monkeypatch.setattr(stage.market, "history", history)
    it = warm(stage)
    it.begin(OPEN, 20, lambda: True)
    assert it.sessions == found
