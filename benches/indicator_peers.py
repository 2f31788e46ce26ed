"""The peers that our figures are put beside: found by path, run in their own environment.

`TRADEBOT_PEERS` is the folder of the peer benchmarks (default: ../shared/bench/peers beside the
repository), `PEER_ENVS` the folder of their environments as their set-up script makes them.
Started as a script it is the child: it runs one peer over slices of the bars, or one batch.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("TRADEBOT_PEERS", HERE.parent / "../shared/bench/peers")).resolve()
ENVS = Path(os.environ.get("PEER_ENVS", HERE.parent / ".venvs")).resolve()
TALIB = ("main", "TA-Lib 0.8 stream handles")
NUMBA = ("main", "numba, one fused loop (batch)")
NAUTILUS = (
    ("nautilus-new", "Nautilus 1.231 Rust classes (Python 3.13), completed"),
    ("main", "Nautilus 1.221 Rust classes, completed"),
)
SLICE = 5_000
BATCH = 200_000
SLICES = 20


def machine() -> str:
    """One line that says what the absolute figures hold for."""
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return (
        f"machine: {cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def available(peer: tuple[str, str]) -> bool:
    """True if the peer's environment and scripts are there."""
    return (ENVS / peer[0] / "bin" / "python").exists() and (PEERS / "indicators.py").exists()


def require(peer: tuple[str, str]) -> None:
    """Leave with a reason if the peer is not there."""
    if not available(peer):
        sys.exit(f"no {peer[1]}: set PEER_ENVS (now {ENVS}) and TRADEBOT_PEERS (now {PEERS})")


def measured(peer: tuple[str, str], bars: int) -> list[float]:
    """ns a bar of `peer` over every slice of `bars` bars, in a child of its own environment."""
    return child(ENVS / peer[0] / "bin" / "python", Path(__file__), peer[1], str(bars))


def child(python: Path, script: Path, *arguments: str) -> list[float]:
    """The figures that a child process prints as JSON in its last line."""
    done = subprocess.run(
        [python, script, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TRADEBOT_PEERS": str(PEERS), "PEER_ENVS": str(ENVS)},
    )
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def report(name: str, rounds: list[list[float]], base: list[list[float]], label: str) -> None:
    """Print a line: ns a bar, and the ratio to `base`, each round against its own."""
    middle = [median(r) for r in rounds]
    ratios = [median(a) / median(b) for a, b in zip(rounds, base, strict=True)]
    best = min(map(min, rounds)) / min(map(min, base))
    print(
        f"{name:<46} {median(middle):>10,.0f} ns a bar (best {min(map(min, rounds)):,.0f});"
        f" {median(ratios):.3f}x {label} ({min(ratios):.3f}-{max(ratios):.3f}), best {best:.3f}x"
    )


def _main() -> None:
    name, bars = sys.argv[1], int(sys.argv[2])
    sys.path.insert(0, str(PEERS))
    import bundle
    import common
    import indicators

    _, run, _, _ = indicators.BUNDLES[name]
    whole = common.load_bars(BATCH)
    figures = []
    for k in range(0, BATCH if bars == BATCH else SLICES * bars, bars):
        part = {key: column[k : k + bars].copy() for key, column in whole.items()}
        figures.append(run(part, bundle.rows_of(part))[0])
    print(json.dumps(figures))


if __name__ == "__main__":
    _main()
