"""The example service in a process of its own, asked over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from domain.bar import Bar
from plugins import EXAMPLES
from program import environment
from trading_floor import walk

pytest.importorskip("fastapi", reason="the extra `examples` is not installed")
pytest.importorskip("uvicorn", reason="the extra `examples` is not installed")
BARS = walk(11, 2)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("service")
    words = [sys.executable, EXAMPLES / "embed_fastapi.py", "--port", str(port)]
    with subprocess.Popen(words, cwd=folder, env=environment()) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                assert process.poll() is None
                try:
                    requests.get(f"{url}/openapi.json", timeout=5)
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def told(bar: Bar) -> dict[str, Any]:
    prices = {n: str(Decimal(getattr(bar, n)) / 4) for n in ("open", "high", "low", "close")}
    return {"open_time": bar.open_time // 1_000_000_000, "volume": bar.volume} | prices


def test_it_decides_and_explains(address: str) -> None:
    warm = requests.post(f"{address}/warm-up", json=[told(b) for b in BARS[:390]], timeout=60)
    assert warm.status_code == 204, warm.text
    answer = requests.post(f"{address}/bars", json=[told(b) for b in BARS[390:450]], timeout=60)
    assert answer.status_code == 200, answer.text
    decisions = answer.json()
    assert len(decisions) == 60
    name = decisions[-1]["decision_id"]
    assert name.endswith("-059-MES")
    whole = requests.get(f"{address}/decisions/{name}", timeout=60)
    assert whole.json()["reason"] == decisions[-1]["reason"]
    text = requests.get(f"{address}/decisions/{name}/text", timeout=60)
    assert text.text.startswith(name)
    assert decisions[-1]["text"] in text.text


def test_what_is_wrong_is_said(address: str) -> None:
    assert requests.get(f"{address}/decisions/none", timeout=60).status_code == 404
    late = requests.post(f"{address}/bars", json=[told(BARS[0])], timeout=60)
    assert late.status_code == 422
    assert "not later" in late.json()["detail"]
    odd = told(BARS[600]) | {"close": "5000.1"}
    assert "tick" in requests.post(f"{address}/bars", json=[odd], timeout=60).json()["detail"]
    assert requests.post(f"{address}/bars", json=[{"open": 1}], timeout=60).status_code == 422
