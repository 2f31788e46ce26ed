"""Children, rounds and ratios: every figure is taken in a process of its own, rounds are
interleaved, and a ratio is taken round by round before its median, so that it keeps its
meaning on a shared machine.

The peers' own scripts are looked for in `TRADEBOT_PEERS` (default `../shared/bench/peers`
beside the checkout), their environments in `PEER_ENVS` (see the README there).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("TRADEBOT_PEERS", HERE.parents[1] / "shared" / "bench" / "peers"))
ENVS = Path(os.environ.get("PEER_ENVS", ".venvs"))


def peer_python(env: str) -> Path | None:
    """The interpreter of a peer's environment, or None where it is not installed."""
    path = (ENVS / env / "bin" / "python").absolute()
    return path if path.exists() and PEERS.exists() else None


def child(python: Path | str, script: Path, *args: str) -> dict[str, float]:
    """Run a script in a process of its own; its last line of output is a JSON object."""
    quiet = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    started = time.perf_counter()
    done = subprocess.run(
        [str(python), "-W", "ignore", str(script), *args],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | quiet | {"PYTHONHASHSEED": "0"},
    )
    if done.returncode or not done.stdout.strip():
        sys.stderr.write(done.stderr[-2000:])
        raise SystemExit(f"{script.name} {' '.join(args)}: exit {done.returncode}")
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    figures["wall_s"] = time.perf_counter() - started
    return figures


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Median, smallest and largest of the ratios taken round by round."""
    rows = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(rows):.2f}x ({min(rows):.2f}-{max(rows):.2f})"


def spread(values: Sequence[float], form: str = "{:,.2f}") -> str:
    """Median, smallest and largest."""
    parts = (statistics.median(values), min(values), max(values))
    return "{} ({}-{})".format(*(form.format(v) for v in parts))


def table(rows: Mapping[str, str]) -> str:
    """Two columns in Markdown."""
    return "\n".join(
        ["| figure | value |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]
    )


def machine() -> str:
    """The machine line that every figure stands beside."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "?")
    load = os.getloadavg()[0]
    return (
        f"{cpu}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def resident_mb() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
