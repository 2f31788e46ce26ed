"""What is only followed leaves no trace in the law, in execution quality, slippage or position."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.event import (
    FillReceived,
    OrderSubmitting,
    PositionChanged,
    QualityAssessed,
    ShadowClosed,
    ShadowOpened,
    TradeOpened,
)
from domain.frame import BarInput, Frame
from domain.units import ZERO
from market_builders import beliefs, frame, values
from trading_floor import Floor, ScriptedEngine, walk

SETUP = frame(
    values=values(s1=-0.6, s8=0.5), dev=-30.0, effective=beliefs(0.25, f5=0.75, f1_long=0.78)
)
"""K1 wants to buy."""


class Listening(ScriptedEngine):
    """Also keeps what our own slippage was said to be."""

    def __init__(self, script: dict[int, Frame]) -> None:
        super().__init__(script)
        self.slips: set[float] = set()

    def update(self, bar: BarInput) -> Frame:
        self.slips.add(bar.realised_slip)
        return super().update(bar)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), minutes=st.sets(st.integers(60, 300), min_size=3, max_size=9))
def test_shadow_trades_change_no_fold_of_real_ones(seed: int, minutes: set[int]) -> None:
    engine = Listening(dict.fromkeys(minutes, SETUP))
    floor = Floor(engine, mode="OBSERVE")
    for bar in walk(seed, 1, wild=0.02):
        floor.minute(bar)
        law = floor.core.desk.law
        assert (law.trades_today, law.sent_today, law.streak) == (0, 0, 0)
        assert (law.net_day, law.net_week, law.net_month) == (ZERO, ZERO, ZERO)
        assert floor.core.desk.expected_position == 0
    assume(floor.of(ShadowOpened))  # its limit was reached
    assert len(floor.of(ShadowClosed)) == len(floor.of(ShadowOpened))
    assert {q.eqs_bp for q in floor.of(QualityAssessed)} == {10_000}
    assert engine.slips == {0.0}
    for kind in (OrderSubmitting, FillReceived, PositionChanged, TradeOpened):
        assert floor.of(kind) == []
