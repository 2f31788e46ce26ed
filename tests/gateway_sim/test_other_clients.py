"""The maintained successor of our client library, and the official one, as further opinions.

They need an interpreter of their own (both successors install the same package): the variable
TRADEBOT_ASYNC_PYTHON names it, or `.venv-async` beside `.venv`.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.gateway_sim.bars import MINUTE
from gateway_fixture import OPEN, gateway, minutes

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/gateway_other_clients.py"


def interpreter(library: str) -> str:
    named = os.environ.get("TRADEBOT_ASYNC_PYTHON")
    python = Path(named) if named else ROOT / ".venv-async/bin/python"
    if not python.exists():
        pytest.skip(f"no interpreter for {library}: set TRADEBOT_ASYNC_PYTHON or make .venv-async")
    found = subprocess.run([python, "-c", f"import {library}"], check=False, capture_output=True)
    if found.returncode:
        pytest.skip(f"{python} has no {library}")
    return str(python)


def session(library: str) -> dict[str, Any]:
    """What that client tells of a bracket whose target fills."""
    python = interpreter(library)
    before = minutes(*[6000] * 5, start=OPEN - 5 * MINUTE)
    with (
        gateway(minutes(6000, 6000, 5990, 6020, *[6020] * 60), before) as gw,
        subprocess.Popen(
            [python, str(SCRIPT), library, str(gw.port)], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if any(o.transmitted for o in list(gw.core.broker.orders)):
                gw.play(1)
            time.sleep(0.005)
        process.kill()
        told = process.stdout.read() if process.stdout is not None else ""
    result: dict[str, Any] = json.loads(told)
    return result


@pytest.mark.parametrize(("library", "version"), [("ib_async", 178), ("ibapi", 157)])
def test_another_client_trades_a_bracket(library: str, version: int) -> None:
    told = session(library)
    assert told["version"] == version
    assert told["accounts"] == ["DU1234567"]
    assert told["symbol"] == "MESZ3"
    assert told["history"] == 5
    assert told["bars"]
    assert told["values"]
    assert told["states"] == ["Filled", "Filled", "Cancelled"]
    assert told["fills"] == [1498.75, 1502.5]
    assert told["commission"] == [0.62, 0.62]
    if library == "ib_async":
        assert told["executions"] == 2
        assert told["completed"] == ["r-LMT-BUY", "r-LMT-SELL", "r-STP-SELL"]
        assert told["quote"][1] > told["quote"][0]
