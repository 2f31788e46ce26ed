"""A million seconds under faults: `make soak`, or `python tests/soak.py --steps 1000000`.

Each world is one morning with a setup a minute. In those of an even seed faults and deaths are
spread over it at random, in those of an odd one they crowd behind each entry. The invariants are
those of `execution_world`. Prints what was covered, naming the seed of each world that breaks a
rule; ends with 1 if one did.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from adapters.fake.faults import LASTING, Fault, FaultKind, Plan, random_plan
from domain.units import SECOND
from execution_world import OPEN, PEOPLE, World

LENGTH_S = 1_600
CROWDED_S = 150
"""How long after an entry is sent what is crowded strikes; half of it in the first quarter."""


def world(seed: int) -> World:
    """The world of `seed`: prices, sides and faults."""
    rng = random.Random(seed)
    faults = rng.choice((1, 2, 4, 8, 14))
    plan = random_plan(seed, OPEN + 420 * SECOND, OPEN + 1_500 * SECOND, faults)
    plan = Plan() if seed % 2 else plan
    sides = {minute: rng.choice((1, -1)) for minute in range(7, 26)}
    return World(seed, plan, sides, wild=rng.choice((1, 2, 3)))


def rng_of(seed: int) -> random.Random:
    """Where the process dies in the world of `seed`."""
    return random.Random(-seed)


def run(here: World, rng: random.Random, crowded: bool) -> None:
    """A morning in which the process dies now and then, between two turns or inside one."""
    deaths = 0 if crowded else rng.choice((0, 0, 1, 3, 6))
    seconds = {rng.randrange(400, LENGTH_S) for _ in range(deaths)}
    kinds = [k for k in FaultKind if k not in PEOPLE or rng.random() < 0.3]
    entries = 0
    for second in range(LENGTH_S):
        if second in seconds:
            if rng.random() < 0.5:
                here.restart()
            else:
                here.fuse.at = here.fuse.points + rng.randrange(1, 12)
        here.second()
        if crowded and here.entries > entries:
            entries = here.entries
            crowd(here, rng, kinds)
            deaths = rng.choice((0, 0, 1, 2, 4))
            seconds |= {second + 1 + int(_soon(rng)) for _ in range(deaths)}


def crowd(here: World, rng: random.Random, kinds: list[FaultKind]) -> None:
    """Add faults that strike in the time of the trade that may just begin."""
    for _ in range(rng.choice((1, 2, 3, 5, 8))):
        kind = rng.choice(kinds)
        seconds = rng.choice((1, 8, 45, 70)) if kind in LASTING else 0
        here.plan.add(Fault(kind, here.now + int(_soon(rng) * SECOND), seconds))


def _soon(rng: random.Random) -> float:
    return CROWDED_S * rng.random() ** 2


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
            run(here, rng_of(seed), seed % 2 == 1)
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
