"""The front month when none is named: by date, and by volume, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest

from adapters.gateway_sim.bars import Bar as SimBar
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Settings as SimSettings
from adapters.gateway_sim.server import GatewaySim
from adapters.ibkr.contracts import Month, Pinned
from adapters.ibkr.front import propose, volumes
from adapters.ibkr.gateway import open_gateway
from adapters.ibkr.settings import GatewaySettings, Waits
from broker_worlds import LIBRARY, TAG
from domain.units import DAY, MINUTE, SECOND, UtcNanos
from market_builders import PRICE, mes
from ports.market import ContractFacts

QUICK = Waits(connect=1.5, request=0.8, beat=5.0, answer=1.0, open_within=4.0)
NINE_LEFT = datetime(2026, 12, 9, 15, tzinfo=UTC)
EIGHT_LEFT = datetime(2026, 12, 10, 15, tzinfo=UTC)


def at(moment: datetime) -> UtcNanos:
    return int(moment.timestamp()) * SECOND


def bars(start: UtcNanos, count: int) -> list[SimBar]:
    ohlc = (PRICE, PRICE + 2, PRICE - 2, PRICE)
    return [SimBar(start + n * MINUTE, MINUTE, *ohlc, 120) for n in range(count)]


@contextmanager
def gateway(when: datetime, moved: str = "", days_before: int = 3) -> Iterator[GatewaySim]:
    """A gateway in mid-session, with an hour of each of the days before."""
    start = at(when)
    past = [b for d in range(days_before, 0, -1) for b in bars(start - d * DAY, 60)]
    settings = SimSettings(product=Product(moved=moved))
    with GatewaySim(bars(start, 5), past, settings) as sim:
        yield sim


def opened(sim: GatewaySim, month: str | None = None) -> ContractFacts:
    made = open_gateway(
        GatewaySettings(
            mes(), "PAPER", TAG, lambda _: True, port=sim.port, clock="gateway", library=LIBRARY,
            month=month, waits=QUICK,
        )
    )  # fmt: skip
    try:
        return made.market.open()
    finally:
        made.market.close()


def daily(sim: GatewaySim) -> int:
    """How many questions about days the gateway was asked."""
    asked = [e for e in sim.received if e.kind == "reqHistoricalData"]
    return sum(e.fields["barSizeSetting"] == "1 day" for e in asked)


@pytest.mark.parametrize(("when", "month"), [(NINE_LEFT, "MESZ6"), (EIGHT_LEFT, "MESH7")])
def test_date_and_volume_agree(when: datetime, month: str) -> None:
    with gateway(when) as sim:
        found = opened(sim)
    assert found.local_symbol == month
    assert not found.doubtful
    assert "by date, and by the volume" in found.why


def test_volume_moves_on_before_the_date_does() -> None:
    with gateway(NINE_LEFT, moved="MESH7") as sim:
        found = opened(sim)
    assert found.local_symbol == "MESH7"
    assert found.doubtful
    assert "MESH7 7200" in found.why
    assert "by date it would be MESZ6" in found.why


def test_a_month_past_its_roll_is_not_proposed_for_its_volume() -> None:
    with gateway(EIGHT_LEFT, moved="MESZ6") as sim:
        found = opened(sim)
    assert found.local_symbol == "MESH7"
    assert found.doubtful
    assert "past its roll" in found.why


@pytest.mark.parametrize("how", ["refused", "no days", "silent"])
def test_without_volume_the_date_decides_and_says_so(how: str) -> None:
    with gateway(NINE_LEFT, moved="MESH7", days_before=0 if how == "no days" else 3) as sim:
        if how == "refused":
            sim.arm("F-47", what="history")
        if how == "silent":
            sim.arm("F-45", kind="reqHistoricalData")
        found = opened(sim)
    assert found.local_symbol == "MESZ6"
    assert found.doubtful
    assert "volume is not to be had" in found.why


def test_a_named_month_is_asked_nothing_about() -> None:
    with gateway(NINE_LEFT, moved="MESH7") as sim:
        found = opened(sim, "202612")
        assert daily(sim) == 0
    assert (found.local_symbol, found.why, found.doubtful) == ("MESZ6", "", False)


# ---- the rule itself


def month(name: str, last: date) -> Month:
    pinned = Pinned(1, "MES", "CME", "USD", "5", name, "MES", last)
    return Month(pinned, None)  # type: ignore[arg-type]


NEAR, FAR = month("MESZ6", date(2026, 12, 18)), month("MESH7", date(2027, 3, 19))
TODAY = date(2026, 12, 9)


def test_the_last_day_that_both_tell_of_and_that_is_over_counts() -> None:
    near = {date(2026, 12, 7): 10, date(2026, 12, 8): 30, TODAY: 1}
    far = {date(2026, 12, 7): 20, TODAY: 90}
    assert propose((NEAR, FAR), NEAR, [near, far], TODAY).month is FAR
    far[date(2026, 12, 8)] = 30
    assert propose((NEAR, FAR), NEAR, [near, far], TODAY).month is NEAR


@pytest.mark.parametrize("known", [(None, {TODAY: 5}), ({date(2026, 12, 8): 5}, None), ({}, {})])
def test_one_month_alone_says_nothing(known: tuple[dict[date, int] | None, ...]) -> None:
    found = propose((NEAR, FAR), NEAR, known, TODAY)
    assert found.month is NEAR
    assert found.doubtful


def test_bars_of_less_than_a_day_are_added_up() -> None:
    class Raw:
        def __init__(self, when: date, volume: float) -> None:
            self.date, self.volume = when, volume

    day = date(2026, 12, 8)
    raw = [Raw(day, 5.0), Raw(datetime(2026, 12, 8, 15, tzinfo=UTC), 7.0), Raw(day, float("nan"))]
    assert volumes(raw) == {day: 12}
