"""Random faults of the gateway, two or three at a time: `make soak-gateway ARGS="--stories 50"`.

Each story is one trade over a real socket, with faults of the catalogue that strike around its
entry and processes that die. Asserted: at most one contract, a working stop or an exit on its way
within half a minute, and what `gateway_stack.Stack.finish` holds at the end. Prints each story,
by its seed; ends with 1 if one broke a rule.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import suppress
from typing import NamedTuple

from adapters.gateway_sim.catalogue import NAMES
from gateway_stack import FILLS, Stack, wants
from ports.errors import BrokerDown, BrokerRefused

PIECES = 200
NAKED_PIECES = 6
OTHERS = frozenset({"F-35", "F-36", "F-37", "F-38", "F-55"})
"""What others do: who holds what is told by the stories of these faults."""
AT_THE_START = frozenset({"F-29", "F-32", "F-33", "F-42", "F-43", "F-45", "F-46", "F-48", "F-50"})
"""What refuses a start or a whole session, rather than strike in a trade."""
NO_BARS = frozenset({"F-25", "F-26"})
"""On the gateway's clock time stands still without bars, and every patience with it."""
HALF_SENT = frozenset({"F-02", "F-03", "F-53", "F-54"})
"""A socket that breaks inside a bracket: the wire shows half of it."""
KINDS = sorted(NAMES.keys() - OTHERS - AT_THE_START - NO_BARS)
WHEN = (0, 0, 3, 10, 11, 12, 13, 15, 20, 30, 40, 60)
"""Pieces; the entry is sent at the end of the 12th, and fills in the 13th or 14th."""
BACK_S = 8
"""Real seconds that a link is given to come back at the end of a story."""
DEATHS = (12, 13, 14, 15, 16, 20, 25, 40, 60)


class Story(NamedTuple):
    """What will happen, by the number of the piece before which it does."""

    side: int
    moves: dict[int, int]
    faults: list[tuple[int, str]]
    deaths: set[int]


def story_of(seed: int) -> Story:
    """The story of `seed`."""
    rng = random.Random(seed)
    side = rng.choice((1, -1))
    moves = {piece: move * side for piece, move in FILLS.items()}
    for _ in range(6):
        moves[rng.randrange(16, 130)] = rng.choice((-6, -3, -1, 1, 3, 6))
    moves[rng.randrange(60, 140)] = rng.choice((-20, 24))
    number = rng.choice((1, 2, 2, 3))
    faults = sorted((rng.choice(WHEN), rng.choice(KINDS)) for _ in range(number))
    return Story(side, moves, faults, {rng.choice(DEATHS) for _ in range(rng.choice((0, 0, 1, 2)))})


def is_cut_off(bot: Stack) -> bool:
    """True while nothing that is sent reaches the broker: then only what stands there protects."""
    return not bot.core.desk.connected


def play(story: Story) -> str:
    """Play it; what pulled the kill switch, if anything did."""
    with Stack({0: wants(story.side)}, story.moves, minutes=40) as bot:
        naked = 0
        for piece in range(PIECES):
            for at, name in story.faults:
                if at == piece:
                    # A gateway whose every answer lacks the position says that there is none.
                    bot.sim.arm(name, **({"times": 1} if name == "F-57" else {}))
            if piece in story.deaths:
                bot.again()
            bot.play()
            assert abs(bot.position) <= 1
            covered = bot.position == 0 or bot.at_gateway("S") or bot.at_gateway("X")
            naked = 0 if covered or is_cut_off(bot) else naked + 1
            assert naked <= NAKED_PIECES, "a position without a stop"
        held = bot.position != 0 and not is_cut_off(bot)
        assert not held or not bot.core.desk.law.killed, "killed, and open"
        assert not held or bot.at_gateway("S"), "open without a stop"
        with suppress(AssertionError):  # a fault may keep it down for ever: then nothing is known
            bot.settle(lambda: bot.core.desk.connected and bot.core.desk.reconciled, BACK_S)
        half = any(name in HALF_SENT for _, name in story.faults)
        bot.finish(flat=bot.position == 0 and bot.core.desk.connected, whole=not half)
        return " ".join(bot.kills)


def main() -> int:
    """Play stories from a seed on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    broken = refused = 0
    for seed in range(options.seed, options.seed + options.stories):
        story, begun = story_of(seed), time.monotonic()
        try:
            how = play(story) or "no kill"
        except (BrokerDown, BrokerRefused) as error:  # a start that a fault keeps from succeeding
            refused += 1
            how = f"start refused: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be named
            broken += 1
            how = f"BROKEN {type(error).__name__}: {str(error)[:200]}"
        told = ", ".join(f"{name} at {at}" for at, name in story.faults)
        deaths = f"; dies at {sorted(story.deaths)}" if story.deaths else ""
        print(f"{seed}: {told}{deaths}: {how} ({time.monotonic() - begun:.0f} s)", flush=True)
    print(f"{options.stories} stories, {refused} starts refused, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
