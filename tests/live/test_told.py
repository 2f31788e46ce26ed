"""What keeps a live run from trading reaches a person: once, and again when it is over."""

from __future__ import annotations

import json
from pathlib import Path
from time import sleep

import pytest

from adapters.gateway_sim import foreign
from live_rehearsal import GATEWAY, Rehearsal, real_morning
from web_service import service

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])


def said(bodies: list[bytes]) -> list[str]:
    """What was said of somebody else's order."""
    texts = [json.loads(body)["message"] for body in bodies if body.startswith(b"{")]
    return [text for text in texts if "not ours" in text]


def test_an_order_of_somebody_else_is_told_once_and_its_end(tmp_path: Path) -> None:
    day, past = real_morning()
    with service() as (address, bodies), Rehearsal(tmp_path, day[:30], past) as stage:
        core = stage.gw.core
        stage.gw.play(1)
        theirs = stage.gw.call(lambda: foreign.place(core, foreign.PERSON, 1, away=80))
        stage.start(TRADEBOT_ALERT_URLS=f"json://{address}/")
        stage.play(stage.played_to(12))
        stage.wait(lambda: bool(said(bodies)), 10)
        stage.gw.call(lambda: core.broker.drop(theirs))
        for minute in range(13, 25):  # not at once: what lasts 15 minutes is told again
            if len(said(bodies)) > 1:
                break
            stage.play(stage.played_to(minute))
            sleep(0.6)
        stage.wait(lambda: len(said(bodies)) > 1, 10)
        heard = said(bodies)
        assert len(heard) == 2, heard
        first, last = heard
        assert first.startswith("order perm ")
        assert last == f"over: {first}"
