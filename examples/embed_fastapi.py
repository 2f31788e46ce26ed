"""Decisions and explanations over HTTP: `python examples/embed_fastapi.py`, then POST bars.

One decider, one caller at a time; it listens on this machine only and sends no orders.

    curl -X POST 127.0.0.1:8000/bars -H 'content-type: application/json' -d '[{"open_time":
      "2025-06-11T13:30:00Z", "open": "5950.25", "high": "5951", "low": "5950", "close": "5950.75",
      "volume": 900}]'
    curl 127.0.0.1:8000/decisions/2025-06-11-000-MES
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

from application.embed import BadInput, ClosedBar, Decider, Decision, open_decider


def service(decider: Decider) -> FastAPI:
    """The endpoints around one decider."""
    app = FastAPI(title="tradebot decisions")
    one_at_a_time = Lock()

    @app.post("/warm-up", status_code=204)
    def warm_up(bars: list[ClosedBar]) -> None:
        """Bars of earlier sessions: they decide nothing."""
        with one_at_a_time, refusing(422):
            decider.warm_up(bars)

    @app.post("/bars")
    def decide(bars: list[ClosedBar]) -> list[Decision | None]:
        """The decision of each closed bar, null outside regular hours."""
        with one_at_a_time, refusing(422):
            return [decider.decide(bar) for bar in bars]

    @app.get("/decisions/{decision_id}")
    def explanation(decision_id: str) -> dict[str, Any]:
        """Gates, candidates, beliefs, the law's memory: everything as JSON."""
        with one_at_a_time, refusing(404):
            return decider.explanation(decision_id)

    @app.get("/decisions/{decision_id}/text", response_class=PlainTextResponse)
    def text(decision_id: str) -> str:
        """The same in plain English."""
        with one_at_a_time, refusing(404):
            return decider.explain(decision_id)

    return app


@contextmanager
def refusing(status: int) -> Iterator[None]:
    """Turn a refusal of the decider into an answer of HTTP."""
    try:
        yield
    except BadInput as error:
        raise HTTPException(status, str(error)) from None


def main() -> None:
    """Serve on the loopback address until interrupted."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, default=8000)
    words.add_argument("--symbol", default="MES")
    given = words.parse_args()
    app = service(open_decider(symbol=given.symbol))
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
