"""`db bind` as a whole: the program asks the gateway what a lost store would have known."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Self

import pytest

from adapters.gateway_sim.core import Settings
from adapters.gateway_sim.server import GatewaySim
from adapters.guard.file import read_guard
from adapters.guard.places import account_digest, guards_in
from adapters.store.reading import reading
from adapters.wire.law_state import law_state
from application.cli.checking_gateway import PAPER_CHECKS, PAPER_LIST
from domain.law.state import Halt, LawState
from domain.units import MINUTE
from gateway_fixture import ROOT, gateway, minutes, playing, run
from ports.guard import GuardState
from program import Ended, command, environment, tradebot

pytest.importorskip("ib_insync")
LIVE = "U1234567"
DB = "sqlite:///s.db"
REASON = "the disk was replaced"


async def a_lost_trade(gw: GatewaySim) -> None:
    """A bracket of our form, opened and stopped out, by a client that then goes."""
    async with playing(gw) as desk:
        await desk.step()
        ours = "20131008-001-MES-E-0a1b"
        parent, _, loss = desk.send_bracket(1, 6600, 6590, 6640, orderRef=ours)
        await desk.step(48)
        assert desk.states(parent)[-1] == "Filled"
        assert desk.states(loss)[-1] == "Filled"


def bound(folder: Path, gw: GatewaySim, *words: object) -> LawState:
    done = tradebot(
        folder, "db", "bind", "--adapter", "ibkr", "--account", "DU1234567", "--mode", "PAPER",
        "--reason", REASON, "--db", DB, "--port", gw.port, *words, TRADEBOT_IBKR_CLOCK="gateway",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "entries begin with the next session" in done.out
    with reading(f"sqlite:///{folder / 's.db'}") as store:
        assert store is not None
        payload = store.law()
    assert payload is not None
    return law_state(payload)


def test_what_the_broker_knows_of_a_lost_store_is_carried_over(tmp_path: Path) -> None:
    with gateway(minutes(6601, 6600, 6598, 6588, 6588)) as gw:
        run(lambda: a_lost_trade(gw))
        lost = 25_000 - gw.call(lambda: gw.core.broker.account.cash)
        sent = len(gw.received)
        state = bound(tmp_path, gw, "--week-loss", "40")
        asked = [e.message.kind for e in gw.received[sent:]]
        assert "placeOrder" not in asked
        assert "cancelOrder" not in asked
    assert lost > 12
    assert state.trades_today == 1
    assert f"{float(-state.net_day):.2f}" == f"{lost:.2f}"
    assert f"{float(-state.net_week):.2f}" == "40.00"
    assert Halt.DAY in state.halts
    guard = read_guard(next(iter(guards_in(tmp_path))))
    assert guard is not None
    assert guard.law == state


class LiveDesk:
    """A person at a terminal, a live account at a gateway that plays in real time, a channel."""

    def __init__(self, folder: Path) -> None:
        now = time.time_ns() // MINUTE * MINUTE
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.contracts = folder / "contracts"
        shutil.copytree(ROOT / "contracts", self.contracts)
        self.gw = gateway(minutes(*([6601, 6600] * 9), start=now), settings=Settings(account=LIVE))
        self.channel = ThreadingHTTPServer(("127.0.0.1", 0), Channel)
        self._over = Event()

    def __enter__(self) -> Self:
        self.gw.__enter__()
        vars(self.gw.core)["clock"] = time.time_ns  # between two pieces the time goes on
        Thread(target=self._market, daemon=True).start()
        Thread(target=self.channel.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.channel.shutdown()
        self.channel.server_close()
        self.gw.__exit__(None, None, None)

    def _market(self) -> None:
        market = self.gw.core.market
        while not self._over.wait(0.05):
            while market.left and market.now + 5_000_000_000 <= time.time_ns():
                self.gw.play(1)

    @property
    def words(self) -> tuple[object, ...]:
        return ("--adapter", "ibkr", "--mode", "LIVE", "--db", DB, "--port", self.gw.port,
                "--state-dir", self.state, "--contracts", self.contracts)  # fmt: skip

    def piped(self, *words: object) -> Ended:
        return tradebot(self.folder, *words, *self.words)

    @contextmanager
    def typed(self, *words: object, keys: bytes = b"") -> Iterator[subprocess.Popen[str]]:
        """The program at a terminal."""
        address = f"127.0.0.1:{self.channel.server_address[1]}"
        known = environment(
            TRADEBOT_ALERT_URLS=f"json://{address}/", TRADEBOT_HEARTBEAT_URL=f"http://{address}/"
        )
        person, terminal = pty.openpty()
        try:
            with subprocess.Popen(
                command(*words, *self.words), cwd=self.folder, env=known, stdin=terminal,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            ) as process:  # fmt: skip
                os.write(person, keys)
                try:
                    yield process
                finally:
                    process.kill()
        finally:
            os.close(person)
            os.close(terminal)

    def trade_nothing(self) -> None:
        """What is not enabled needs to have shown nothing."""
        templates = self.contracts / "templates.yaml"
        templates.write_text(templates.read_text().replace("enabled: true", "enabled: false"))

    def guard(self) -> GuardState:
        found = read_guard(next(iter(guards_in(self.state))))
        assert found is not None
        return found

    def started(self) -> list[object]:
        """The accounts of the runs that have begun."""
        with reading(f"sqlite:///{self.folder / 's.db'}") as store:
            rows = () if store is None else store.of_type("RunStarted")
            return [json.loads(row.payload)["account"] for row in rows]


class Channel(BaseHTTPRequestHandler):
    """Takes whatever is sent to a person."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_live_begins_bound_confirmed_and_with_nothing_left_to_fail(tmp_path: Path) -> None:
    bind = ("db", "bind", "--account", LIVE, "--reason", REASON, "--week-loss", "0")
    run_it = ("run", "--confirm-live", LIVE)
    with LiveDesk(tmp_path) as desk:
        unbound = desk.piped(*run_it)
        assert unbound.code == 2
        assert "`tradebot db bind` first" in unbound.err
        piped = desk.piped(*bind, "--month-loss", "0")
        assert (piped.code, "at a terminal" in piped.err) == (2, True)
        with desk.typed(*bind, keys=b"10\n") as process:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
        assert "Lost this month" in out
        assert LIVE not in out + err
        assert desk.guard().mode == "LIVE"
        assert float(desk.guard().law.net_month) == -10
        for habit in (("reset", "--trigger", "MANUAL"), ("ack", "month")):
            words = (*habit, "--reason", REASON, "--db", DB, "--state-dir", desk.state)
            script = tradebot(tmp_path, *words)
            assert (script.code, "at a terminal" in script.err) == (2, True), script.err
        with desk.typed(*run_it) as process:
            _, err = process.communicate(timeout=120)
            assert process.returncode == 1
        assert "LIVE refused: paper account" in err
        assert "K1 0 of 20" in err
        assert desk.started() == []
        seen = "".join(f"{name} = 2026-11-20\n" for name in PAPER_CHECKS)
        (desk.state / PAPER_LIST).write_text(seen)
        desk.trade_nothing()
        with desk.typed(*run_it) as process:
            end = time.monotonic() + 120
            while not desk.started() and time.monotonic() < end and process.poll() is None:
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=120)
        assert process.returncode == 130, err
        assert desk.started() == [account_digest("ibkr", LIVE)]
        assert "placeOrder" not in [e.message.kind for e in desk.gw.received]
    shown = tradebot(tmp_path, "status", "--db", DB, "--state-dir", desk.state)
    assert "LIVE on ibkr" in shown.out
    assert tradebot(tmp_path, "replay", "--db", DB, "--contracts", desk.contracts).code == 0
