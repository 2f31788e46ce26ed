"""What a refusal means depends on what was asked for: bars are traded on, quotes are not."""

from __future__ import annotations

import pytest

from adapters.ibkr.feed import Feed
from adapters.ibkr.records import ApiError
from adapters.ibkr.settings import GatewaySettings
from adapters.ibkr.timekeeping import RunClock
from domain.units import SECOND
from market_builders import mes
from ports.market import Trouble

TEXT = "Invalid Real-time Query: pacing violation"


@pytest.mark.parametrize(("about", "troubled"), [("bars", True), ("", True), ("quotes", False)])
def test_420_forbids_entries_unless_it_is_about_quotes(about: str, troubled: bool) -> None:
    feed = Feed(GatewaySettings(mes(), "PAPER", "ab12", lambda ref: True), RunClock("host"))
    feed.error(ApiError(7, 420, TEXT, about), 1_709_650_000 * SECOND)
    assert feed.lasting(Trouble.RATE) is troubled
