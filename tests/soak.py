"""A million seconds under faults: `make soak`, or `python tests/soak.py --steps 1000000`.

Each world is one morning with a setup a minute and a random plan of faults; its invariants are
those of `execution_world`. Prints what was covered; ends with 1 at the first world that breaks
a rule, naming the seed that breaks it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from adapters.fake.faults import FaultKind, random_plan
from domain.units import SECOND
from execution_world import OPEN, World

LENGTH_S = 1_600


def world(seed: int) -> World:
    """The world of `seed`: prices, sides and faults."""
    rng = random.Random(seed)
    faults = rng.choice((1, 2, 4, 8, 14))
    plan = random_plan(seed, OPEN + 420 * SECOND, OPEN + 1_500 * SECOND, faults)
    sides = {minute: rng.choice((1, -1)) for minute in range(7, 26)}
    return World(seed, plan, sides, wild=rng.choice((1, 2, 3)))


def rng_of(seed: int) -> random.Random:
    """Where the process dies in the world of `seed`."""
    return random.Random(-seed)


def run(here: World, rng: random.Random) -> None:
    """A morning in which the process dies now and then, between two turns or inside one."""
    deaths = rng.choice((0, 0, 1, 3, 6))
    seconds = sorted(rng.randrange(400, LENGTH_S) for _ in range(deaths))
    for second in range(LENGTH_S):
        if second in seconds:
            if rng.random() < 0.5:
                here.restart()
            else:
                here.fuse.at = here.fuse.points + rng.randrange(1, 12)
        here.second()


def main() -> int:
    """Run worlds until enough steps were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    struck: Counter[str] = Counter()
    kills: Counter[str] = Counter()
    steps = worlds = sent = trades = deaths = 0
    seed, begun, broken = options.seed, time.monotonic(), 0
    while steps < options.steps:
        here = world(seed)
        try:
            run(here, rng_of(seed))
            here.settle()
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be named
            broken += 1
            print(f"seed {seed} at second {here.steps}: {type(error).__name__}: {str(error)[:200]}")
        steps, worlds, seed = steps + here.steps, worlds + 1, seed + 1
        sent += len(here.broker.sent)
        trades += here.trades
        deaths += here.crashes
        struck.update(f.kind.name for f in here.plan.struck)
        kills.update(k.trigger for k in here.kills)
    print(f"{steps:,} steps in {worlds:,} worlds, {time.monotonic() - begun:.0f} s")
    print(f"{sent:,} orders sent, {trades:,} trades opened, {deaths:,} deaths")
    print(f"{sum(struck.values()):,} faults struck")
    for kind in FaultKind:
        print(f"  {struck[kind.name]:6,d}  {kind.value}")
    print("kills: " + ", ".join(f"{name} {n:,}" for name, n in kills.most_common()))
    print(f"worlds that broke a rule: {broken}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
