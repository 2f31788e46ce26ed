"""Secrets and account ids through every command and failing start: no output shows one (H47)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from application.cli.usage import USAGE
from postgres_server import Server
from program import tradebot

ACCOUNT = "DU7654321"
CANARIES = ("CanaryInAlertUrl", "CanaryInHeartbeat", "CanaryInPassword", ACCOUNT)
SECRETS = {
    "TRADEBOT_ALERT_URLS": "json://someone:CanaryInAlertUrl@127.0.0.1:9/",
    "TRADEBOT_HEARTBEAT_URL": "http://127.0.0.1:9/CanaryInHeartbeat",
}
SERVER = "postgresql+psycopg://bot:CanaryInPassword@127.0.0.1:1/none"
GATEWAY = ("--adapter", "ibkr", "--mode", "PAPER", "--account", ACCOUNT, "--port", "1")
REASON = ("--reason", "the canary has to stay in")
ON_A_SERVER = {
    "run": (), "replay": (), "explain": ("--last",), "journal": (), "report": (), "status": (),
    "kill": REASON, "reset": ("--trigger", "MANUAL", *REASON), "ack": ("month", *REASON),
    "db verify": (), "db export": (), "db backup": ("--to", "copy.db"), "db upgrade": (),
    "db bind": (*GATEWAY, *REASON),
    "research gates": (), "research null": (), "checklist": GATEWAY,
}  # fmt: skip
ELSEWHERE = {
    "run": GATEWAY, "checklist": GATEWAY,
    "research backfill": (
        "--from", "2013-10-05", "--to", "2013-10-07", "--out", "b", "--port", "1",
    ),
    "signals": ("none.csv", "--out", "s.csv"), "gateway-sim": ("--bars", "none.csv"),
}  # fmt: skip
"""Commands without a store, or with the default one."""


def shown(folder: Path, said: str) -> list[str]:
    """The canaries in what was said, and in every file that was left."""
    texts = [said, *(p.read_bytes().decode("utf-8", "replace") for p in folder.rglob("*")
                     if p.is_file())]  # fmt: skip
    return [canary for canary in CANARIES if any(canary in text for text in texts)]


def test_no_command_is_left_out() -> None:
    listed = set(re.findall(r"^  ([a-z-]+(?: [a-z]+)?)  ", USAGE.partition("Options")[0], re.M))
    assert listed - {"run"} <= {*ON_A_SERVER, *ELSEWHERE}


@pytest.mark.parametrize("command", ON_A_SERVER)
def test_on_a_server_that_does_not_answer(command: str, tmp_path: Path) -> None:
    words = (*command.split(), *ON_A_SERVER[command], "--db", SERVER)
    done = tradebot(tmp_path, *words, **SECRETS)
    assert done.code != 0, done.out
    assert shown(tmp_path, done.out + done.err) == []


@pytest.mark.parametrize("command", ELSEWHERE)
def test_on_a_gateway_or_a_file_that_is_not_there(command: str, tmp_path: Path) -> None:
    done = tradebot(tmp_path, *command.split(), *ELSEWHERE[command], **SECRETS)
    assert done.code != 0, done.out
    assert shown(tmp_path, done.out + done.err) == []


LIFE = (
    ("run", "--max-bars", "60", "--json"), ("status", "--health"), ("status", "--json"),
    ("replay", "--json"), ("db", "verify", "--json"), ("db", "export", "--out", "events.jsonl"),
    ("report", "--html", "page.html"), ("journal",), ("explain", "--last"), ("research", "gates"),
    ("db", "backup", "copy.db"), ("kill", *REASON), ("status",), ("run",), ("checklist",),
    ("reset", "--trigger", "WRONG", *REASON), ("ack", "month", *REASON), ("db", "upgrade"),
)  # fmt: skip
"""The days of a store, one command after the other; the last ones are refused."""


def test_a_whole_run_and_what_is_made_of_it(tmp_path: Path) -> None:
    done = [tradebot(tmp_path, *words, **SECRETS) for words in LIFE]
    assert (tmp_path / "page.html").exists()
    assert shown(tmp_path, "".join(each.out + each.err for each in done)) == []


def test_the_same_on_a_server_whose_address_holds_a_password(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.url()
    user = url.partition("://")[2].partition("@")[0]
    url = url.replace(f"{user}@", f"{user}:CanaryInPassword@", 1)
    done = [tradebot(tmp_path, *words, "--db", url, **SECRETS) for words in LIFE]
    assert done[0].code == 0, done[0].err
    assert (tmp_path / "page.html").exists()
    assert shown(tmp_path, "".join(each.out + each.err for each in done)) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"TRADEBOT_ALERT_URLS": "CanaryInAlertUrl"},
        {"TRADEBOT_HEARTBEAT_URL": "no-scheme/CanaryInHeartbeat"},
        {"TRADEBOT_DB": "nonsense://bot:CanaryInPassword@x/y"},
        {"TRADEBOT_DB": "CanaryInPassword"},
        {"TRADEBOT_CanaryInPassword": "1"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_a_setting_that_cannot_be_meant(variables: dict[str, str], tmp_path: Path) -> None:
    done = tradebot(tmp_path, "run", "--max-bars", "2", **variables)
    values = [v for v in variables.values() if "Canary" in v]
    assert not any("Canary" in v and "Canary" in done.out + done.err for v in values), done.err
