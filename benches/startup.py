"""Start-up: `tradebot --help` against `freqtrade --version`, whole process, wall time.

usage:  python benches/startup.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import peers


def wall(*command: str) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Interleave the rounds, print the ratio."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=9)
    a = ap.parse_args()
    ours = str(Path(sys.executable).with_name("tradebot"))
    env = peers.peer_python("freqtrade")
    help_, version, bare = [], [], []
    for _ in range(a.rounds):
        help_.append(wall(ours, "--help"))
        bare.append(wall(sys.executable, "-c", "pass"))
        if env is not None:
            version.append(wall(str(env.with_name("freqtrade")), "--version"))
    print(peers.machine())
    rows = {
        "tradebot --help, ms": peers.spread([1000 * x for x in help_], "{:.0f}"),
        "python -c pass, ms": peers.spread([1000 * x for x in bare], "{:.0f}"),
    }
    if version:
        rows["freqtrade --version, ms"] = peers.spread([1000 * x for x in version], "{:.0f}")
        rows["help against freqtrade --version"] = peers.ratio(help_, version)
    print(peers.table(rows))


if __name__ == "__main__":
    main()
