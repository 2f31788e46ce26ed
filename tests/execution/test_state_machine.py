"""Law, supervisor, ledger and a faulty broker together, driven by hypothesis.

The rules are what can happen to a run; the invariants are asserted by the world at every
second (`execution_world`). What a rule breaks is shrunk to the shortest story.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from adapters.fake.faults import LASTING, Fault, FaultKind
from execution_world import World


class Days(RuleBasedStateMachine):
    """One session with a setup a minute from the sixth on."""

    @initialize(seed=st.integers(0, 10_000), side=st.sampled_from((1, -1)))
    def begin(self, seed: int, side: int) -> None:
        self.world = World(seed, setups=dict.fromkeys(range(6, 60), side))
        self.world.run(361)

    @rule(seconds=st.sampled_from((1, 2, 5, 11, 30, 61)))
    def time_passes(self, seconds: int) -> None:
        self.world.run(seconds)

    @rule(move=st.integers(-12, 12))
    def price_jumps(self, move: int) -> None:
        for _ in range(5):
            self.world.second(move)

    @rule(kind=st.sampled_from(sorted(FaultKind, key=lambda k: k.name)), wait=st.integers(0, 5),
          lasts=st.sampled_from((2, 6, 20, 70)))  # fmt: skip
    def something_goes_wrong(self, kind: FaultKind, wait: int, lasts: int) -> None:
        at = self.world.now + wait * 1_000_000_000
        self.world.plan.add(Fault(kind, at, lasts if kind in LASTING else 0))

    @rule(points=st.integers(0, 8))
    def the_process_dies(self, points: int) -> None:
        if points:
            self.world.fuse.at = self.world.fuse.points + points
        else:
            self.world.restart()
        self.world.run(2)

    @rule()
    def the_operator_kills(self) -> None:
        self.world.asked = "enough for today"

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.settle()


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
