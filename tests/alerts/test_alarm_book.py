"""How often a person is told: begun, again after 15 minutes, hourly, over once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.alarm import FIRST_REPEAT, REPEAT, SETTLED, AlarmBook, Alert, Stage
from domain.units import HOUR, MINUTE, SECOND


def told(flaps: list[tuple[int, bool]], until: int) -> list[Alert]:
    """What is said if one cause comes (True) and goes at given seconds, asked every second."""
    book, out, waiting = AlarmBook(), [], sorted(flaps)
    for second in range(until):
        while waiting and waiting[0][0] <= second:
            _, there = waiting.pop(0)
            if there:
                out += book.begin("link", "the link is down", second * SECOND)
            else:
                book.end("link", second * SECOND)
        out += book.due(second * SECOND)
    return out


def test_what_lasts_is_told_at_once_after_a_quarter_of_an_hour_and_hourly() -> None:
    alerts = told([(0, True)], 2 * 3600)
    assert [a.at for a in alerts] == [0, FIRST_REPEAT, FIRST_REPEAT + REPEAT]
    assert [a.stage for a in alerts] == [Stage.BEGUN, Stage.LASTING, Stage.LASTING]


def test_its_end_is_told_once_when_it_has_stayed_away() -> None:
    alerts = told([(0, True), (60, False)], 3600)
    assert [(a.stage, a.at) for a in alerts] == [
        (Stage.BEGUN, 0), (Stage.OVER, 60 * SECOND + SETTLED),
    ]  # fmt: skip


def test_an_end_of_nothing_is_not_told() -> None:
    assert told([(5, False)], 1000) == []


def test_a_flapping_link_for_an_hour_makes_at_most_five_messages() -> None:
    for period in (2, 30, 200, 400, 700, 1000):
        flaps = [(s, s // period % 2 == 0) for s in range(0, 3600, period)]
        alerts = told(flaps, 3600)
        assert 1 <= len(alerts) <= 5, period


def test_a_count_says_how_often_it_began() -> None:
    alerts = told([(s, s % 20 == 0) for s in range(0, 901, 10)], 901)
    assert [a.stage for a in alerts] == [Stage.BEGUN, Stage.LASTING]
    assert alerts[-1].times == 46


@given(st.lists(st.tuples(st.integers(0, 4000), st.booleans()), max_size=40))
def test_over_is_never_told_without_begun_and_never_twice(flaps: list[tuple[int, bool]]) -> None:
    alerts = told(flaps, 6000)
    believed = False
    for alert in alerts:
        assert believed is (alert.stage is Stage.OVER) or alert.stage is Stage.LASTING
        believed = alert.stage is not Stage.OVER
    last = max((f for f in flaps), default=(0, False), key=lambda f: f[0])
    if not any(there for _, there in flaps):
        assert alerts == []
    elif not any(there for second, there in flaps if second == last[0]):
        assert not believed, "what is gone is not believed for ever"


@given(st.integers(1, 50), st.integers(1, 30))
def test_in_a_day_no_cause_is_told_more_often_than_every_few_minutes(on: int, off: int) -> None:
    period = on + off
    flaps = [(s, s % (60 * period) < 60 * on) for s in range(0, 6 * 3600, 60)]
    alerts = told(flaps, 6 * 3600)
    for first, third in zip(alerts, alerts[2:], strict=False):
        assert third.at - first.at >= 10 * MINUTE
    assert len(alerts) <= 2 + 2 * 6 * HOUR // HOUR + 2
