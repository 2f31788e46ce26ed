"""Real ES sessions: no surprises in shape, and typical values where the specification saw them."""

from __future__ import annotations

import csv
import gzip
import math
import os
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bar_strategies import FULL_DAY, map_prices, phase_at
from domain.frame import F5, ODD, SIGNALS, BarInput, Regime
from domain.units import q9

DATA = Path(os.environ.get("TRADEBOT_DATA", Path(__file__).resolve().parents[2] / "../shared/data"))
FILES = sorted(DATA.glob("ES_1m_*.csv.gz")) if DATA.is_dir() else []
NEW_YORK = ZoneInfo("America/New_York")
TICK = Decimal("0.25")
SMOKE = {
    1: (-0.54, 0.22, 0.60), 3: (0.21, 0.29, 0.44), 4: (0.30, 0.46, 0.71),
    5: (-0.33, 0.00, 0.41), 11: (-0.74, 0.00, 0.75), 12: (-0.38, 0.00, 0.40),
    13: (-0.34, -0.09, 0.46), 15: (0.22, 0.50, 0.74), 20: (0.16, 0.43, 0.88),
    25: (0.00, 0.02, 0.39), 33: (-0.35, 0.00, 0.40), 34: (0.19, 0.36, 0.66),
}  # fmt: skip
pytestmark = pytest.mark.skipif(not FILES, reason=f"no real bars in {DATA}")


def rth(path: Path) -> list[BarInput]:
    """The regular minutes of one file, without quotes."""
    bars: list[BarInput] = []
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            local = datetime.fromisoformat(row["ts"]).astimezone(NEW_YORK)
            minute = (local - local.replace(hour=9, minute=30)) // timedelta(minutes=1)
            if 0 <= minute < FULL_DAY:
                o, h, low, c = (
                    int(Decimal(row[k]) / TICK) for k in ("open", "high", "low", "close")
                )
                phase = phase_at(minute, FULL_DAY)
                bars.append(
                    BarInput(
                        o, h, low, c, int(row["volume"]),
                        phase, minute, not bars, None, 10_000, 10_000, 0.0,
                    )
                )  # fmt: skip
    return bars


@pytest.fixture(scope="module")
def tape() -> list[BarInput]:
    return [bar for path in FILES for bar in rth(path)]


@pytest.fixture(scope="module")
def frames(tape, play):
    return play(tape)


def test_every_session_is_whole(tape):
    assert len(tape) == FULL_DAY * len(FILES)


@pytest.mark.parametrize("number", sorted(SMOKE))
def test_typical_values(frames, number):
    x = np.array([f.values[number - 1] for f in frames])
    got = np.nanquantile(x, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(got, SMOKE[number], atol=0.15)


def test_sparse_signals_are_sparse(frames):
    def share(number: int) -> float:
        x = np.array([f.values[number - 1] for f in frames])
        return float(np.mean(x[~np.isnan(x)] != 0))

    assert 0.005 < share(17) < 0.04
    assert 0.01 < share(18) < 0.06
    assert 0.12 < share(31) < 0.30


def test_regimes_and_noise_have_the_known_mix(frames):
    held = np.array([f.regime for f in frames])
    mix = {regime: float(np.mean(held == regime)) for regime in Regime}
    assert 0.50 < mix[Regime.RANGE] < 0.75
    assert 0.08 < mix[Regime.CHOPPY] < 0.30
    assert 0.07 < mix[Regime.TRENDING] < 0.25
    assert mix[Regime.VOLATILE] < 0.08
    assert 0.02 < mix[Regime.UNKNOWN] < 0.04
    tradeable = np.array([f.effective[F5] for f in frames if f.belief_is_ready(F5)])
    assert 0.66 < float(np.median(tradeable)) < 0.80


def test_real_sessions_mirror_bit_for_bit(tape, frames, play):
    for frame, mirror in zip(frames, play(map_prices(tape, lambda x: 13_600 - x)), strict=True):
        for number in range(1, SIGNALS + 1):
            x, y = frame.values[number - 1], mirror.values[number - 1]
            expected = q9(-x) if number in ODD else x
            assert y.hex() == expected.hex() or (math.isnan(x) and math.isnan(y)), f"S{number}"
        assert mirror.likelihood[F5] == frame.likelihood[F5]
        assert mirror.likelihood[0:8:2] == frame.likelihood[1:8:2]
        assert mirror.likelihood[1:8:2] == frame.likelihood[0:8:2]
        assert mirror.likelihood[9:] == frame.likelihood[:8:-1]
        assert mirror.regime == frame.regime
