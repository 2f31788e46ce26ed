"""The shock signature: a wide, heavy, one-way minute (quality.md 3)."""

from __future__ import annotations

import math

from domain.signals.parameters import ShockParameters
from domain.signals.windows import IntWindow
from domain.units import Ticks


def is_shock(
    tr: Ticks,
    body: Ticks,
    p30: float | None,
    z: float | None,
    changes: IntWindow | None,
    p: ShockParameters,
) -> bool:
    """True if range, volume and body are all extreme against what came before the bar.

    `body` is |close - open|, `p30` is max(ATR30 before the bar, 1), `z` the volume
    z-score; both None while not ready. `changes` are the session's close differences
    up to the previous bar, None at a session start.
    """
    if p30 is None or z is None or changes is None or len(changes.items) < p.min_changes:
        return False
    sd = math.sqrt(changes.variance())
    return (
        tr >= p.range_multiple * p30
        and z > p.volume_z
        and body >= p.body_multiple * max(sd, p.body_floor)
    )
