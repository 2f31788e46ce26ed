"""What a round trip costs, pessimistically (decision.md 4)."""

from __future__ import annotations


def friction(
    crossings: int,
    slip: float,
    spread: float,
    tick_value: float,
    fee_per_side: float,
    pessimism: float,
) -> float:
    """Friction in USD per contract round trip.

    `crossings` is the number of spread crossings (1 for a limit entry, 2 for a
    stop-limit entry), `slip` and `spread` are in ticks, `tick_value` and
    `fee_per_side` in USD, `pessimism` the factor on the whole.
    """
    return pessimism * (2.0 * fee_per_side + tick_value * (0.5 * crossings * spread + slip))
