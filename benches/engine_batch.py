"""A whole array in one call: our engine beside the peers' fused numba loop, in one run.

usage: PEER_ENVS=DIR python benches/engine_batch.py [--rounds 5]
Ours computes 35 signals, 6 beliefs for both sides and the regime a bar, the loop its bundle of 20.
Both write into memory that is already mapped; the median of 5 warm runs counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import indicator_peers as peers

RUN = "rust: run, rows reused"
FRESH = "rust: run, new rows"
REFERENCE = "reference: engine port, a call a bar"
WARM_RUNS = 5
REFERENCE_BARS = 1_000


def ours(name: str) -> list[float]:
    """ns a bar of each warm run."""
    if name == REFERENCE:
        return reference()
    import numpy as np
    from engine_bars import columns, parameters

    from adapters.engine.rust import parameters_json
    from rust_core import ROW, SignalEngine

    given = columns(peers.BATCH)
    rows = np.zeros((peers.BATCH, ROW)) if name == RUN else None
    text = parameters_json(parameters())
    figures = []
    for _ in range(WARM_RUNS + 1):
        engine = SignalEngine(text)
        start = time.perf_counter()
        engine.run(**given, out=rows)
        figures.append((time.perf_counter() - start) / peers.BATCH * 1e9)
    return figures[1:]


def reference() -> list[float]:
    """ns a bar of the reference engine over slices; a bar costs the same however many there are."""
    from engine_bars import columns, parameters, tape

    from adapters.engine.reference import ReferenceEngine

    n = REFERENCE_BARS
    bars = tape({k: v[: 3 * n] for k, v in columns(peers.BATCH).items()})
    engine = ReferenceEngine(parameters())
    figures = []
    for k in range(0, len(bars), n):
        start = time.perf_counter()
        for bar in bars[k : k + n]:
            engine.update(bar)
        figures.append((time.perf_counter() - start) / n * 1e9)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(ours(given.child)))
        return
    peers.require(peers.NUMBA)
    got: dict[str, list[list[float]]] = {}
    for _ in range(given.rounds):
        got.setdefault(peers.NUMBA[1], []).append(peers.measured(peers.NUMBA, peers.BATCH))
        for name in (RUN, FRESH, REFERENCE):
            figures = peers.child(Path(sys.executable), Path(__file__), "--child", name)
            got.setdefault(name, []).append(figures)
    print(peers.machine())
    for name, rounds in got.items():
        peers.report(name, rounds, got[peers.NUMBA[1]], "numba fused")
    peers.report("reference against rust, rows reused", got[REFERENCE], got[RUN], "rust")


if __name__ == "__main__":
    main()
