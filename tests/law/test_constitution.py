"""What the law's own numbers must agree on among themselves, whoever makes them."""

from __future__ import annotations

import pytest

from changing import replace
from market_builders import rules

LAW = rules().law


def test_the_least_stop_may_be_the_largest_and_not_more() -> None:
    most = LAW.max_stop_ticks
    assert replace(LAW, min_stop_ticks=most).min_stop_ticks == most
    with pytest.raises(ValueError, match=r"^min_stop_ticks must not exceed max_stop_ticks$"):
        replace(LAW, min_stop_ticks=most, max_stop_ticks=most - 1)


@pytest.mark.parametrize("score", ["dvs", "eqs"])
def test_the_gates_of_a_score_may_be_equal_and_not_out_of_order(score: str) -> None:
    def gates(kill: int, hold: int, entry: int) -> None:
        replace(
            LAW,
            **{f"{score}_kill_bp": kill, f"{score}_hold_bp": hold, f"{score}_entry_bp": entry},
        )

    gates(10_000, 10_000, 10_000)
    for kill, hold, entry in ((9_000, 8_999, 9_500), (8_000, 9_501, 9_500), (8_000, 9_000, 10_001)):
        with pytest.raises(ValueError, match=f"^{score}: kill <= hold <= entry <= 10000"):
            gates(kill, hold, entry)
