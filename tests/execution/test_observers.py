"""When those who observe a live run are told: no entry waits, and no alert."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain.event import Event
from domain.units import MINUTE, SECOND
from execution_world import World


def test_an_entry_goes_out_before_it_is_told_of_and_a_kill_is_told_before_it_is_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(3, setups={8: 1})
    happened: list[str] = []

    def observe(events: Sequence[Event]) -> None:
        happened.extend(type(event).__name__ for event in events)

    def noted(name: str) -> None:
        really = getattr(world.broker, name)

        def note(*words: object) -> None:
            happened.append(name)
            really(*words)

        monkeypatch.setattr(world.broker, name, note)

    world.live._observe = observe
    noted("submit")
    noted("cancel")
    world.run(9 * MINUTE // SECOND + 1)
    sent = happened.index("submit")
    assert happened.count("OrderSubmitting") == happened.count("submit") == 1
    assert sent < happened.index("PermitGranted") < happened.index("OrderSubmitting")
    recorded = [type(event).__name__ for event in world.memory.events]
    told = [name for name in happened if name not in ("submit", "cancel")]
    assert told == recorded[-len(told) :]
    world.asked = "enough"
    world.second()
    assert happened.index("KillTriggered") < happened.index("cancel")
