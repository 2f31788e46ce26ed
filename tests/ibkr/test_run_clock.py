"""The run's time on the host's clock: the latest of host and broker, never back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ibkr.settings import GATEWAY
from adapters.ibkr.timekeeping import LinkTime, RunClock
from domain.units import DAY, SECOND, UtcNanos

START: UtcNanos = 1_709_650_000 * SECOND
HOURS = 2 * 3600 * SECOND


class Host:
    """A wall clock that is `off` from the true time."""

    def __init__(self) -> None:
        self.true, self.off = START, 0

    def now(self) -> UtcNanos:
        return (self.true + self.off) // 1000 * 1000


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 20 * SECOND), st.integers(-HOURS, HOURS), st.booleans()),
        min_size=1, max_size=20,
    )
)  # fmt: skip
def test_after_a_comparison_it_is_never_behind_the_true_time(
    steps: list[tuple[int, int, bool]],
) -> None:
    host, clock, before = Host(), RunClock("host"), 0
    highest = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkTime, "host", staticmethod(host.now))
        for passed, off, is_set in steps:
            host.true += passed
            if is_set:
                host.off = off
            clock.compare(host.now(), host.true // SECOND * SECOND)
            now = clock.now()
            highest = max(highest, host.now(), host.true)
            assert now >= before
            assert now >= host.true - 1.5 * SECOND
            assert now <= highest
            before = now


@pytest.mark.parametrize("apart", [2 * DAY, 400 * DAY])
def test_what_is_days_apart_is_no_clock(apart: int) -> None:
    host, clock = Host(), RunClock("host")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkTime, "host", staticmethod(host.now))
        clock.compare(host.now(), host.true + apart)
        assert clock.now() == host.now()


def test_the_gateways_clock_hears_of_no_host() -> None:
    clock = RunClock(GATEWAY)
    clock.advance(START)
    clock.compare(START - HOURS, START + HOURS)
    assert clock.now() == START
