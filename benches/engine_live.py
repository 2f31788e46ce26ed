"""One call a bar: our engine beside the peers' streaming indicators, in one run.

usage: PEER_ENVS=DIR python benches/engine_live.py [--rounds 5]
Ours hands out 35 signals and 11 belief values a bar, the peers their bundle of 20. Every figure is
taken in a child process, rounds are interleaved, a ratio is taken round by round.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import indicator_peers as peers

ROW = "rust: update, 46 floats"
FRAME = "rust: engine port, whole frame"
REFERENCE = "reference: engine port, whole frame"
TARGET = 0.30
REFERENCE_BARS = 1_000


def ours(name: str) -> list[float]:
    """ns a bar over every slice of the peers' bars."""
    from engine_bars import columns, parameters, tape

    from adapters.engine.reference import ReferenceEngine
    from adapters.engine.rust import RustEngine, parameters_json
    from rust_core import SignalEngine

    n = peers.SLICE
    bars = tape({k: v[: n * peers.SLICES] for k, v in columns(peers.BATCH).items()})
    take: Callable[..., tuple[object, ...]]
    if name == ROW:
        take = SignalEngine(parameters_json(parameters())).update
    elif name == FRAME:
        take = RustEngine(parameters()).update
    else:
        n = REFERENCE_BARS
        bars, take = bars[: 3 * n], ReferenceEngine(parameters()).update
    figures = []
    gc.collect()
    gc.disable()
    for k in range(0, len(bars), n):
        part = bars[k : k + n]
        start = time.perf_counter()
        for bar in part:
            row = take(bar)
        figures.append((time.perf_counter() - start) / n * 1e9)
    if not row:
        raise SystemExit("the engine gave nothing")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(ours(given.child)))
        return
    peers.require(peers.TALIB)
    nautilus = next(filter(peers.available, peers.NAUTILUS))
    names = [ROW, FRAME, REFERENCE]
    got: dict[str, list[list[float]]] = {}
    for _ in range(given.rounds):
        for peer in (peers.TALIB, nautilus):
            got.setdefault(peer[1], []).append(peers.measured(peer, peers.SLICE))
        for name in names:
            figures = peers.child(Path(sys.executable), Path(__file__), "--child", name)
            got.setdefault(name, []).append(figures)
    print(peers.machine())
    talib = got[peers.TALIB[1]]
    for name, rounds in got.items():
        peers.report(name, rounds, talib, "TA-Lib")
    peers.report(f"{ROW} against Nautilus", got[ROW], got[nautilus[1]], "Nautilus")
    peers.report("reference against rust, engine port", got[REFERENCE], got[FRAME], "rust")
    ratio = median(median(a) / median(b) for a, b in zip(got[ROW], talib, strict=True))
    print(f"target 1d: {ratio:.3f}x of TA-Lib's stream handles, at most {TARGET}x is asked")


if __name__ == "__main__":
    main()
