"""Two short days with a restart of the gateway between: nothing is left over, nothing drifts."""

from __future__ import annotations

from week import Week, days_of, wrong_with


def test_a_nightly_restart_leaves_nothing_behind() -> None:
    with Week(days=2, minutes=35) as bot:
        assert wrong_with(bot, list(days_of(bot))) == []
