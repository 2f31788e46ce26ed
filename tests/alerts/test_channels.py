"""Channels that hang, fail or fill up cost the caller nothing and are counted."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from adapters.notify import channels
from adapters.notify.channels import WAITING, ChannelNotifier
from adapters.notify.mailbox import Mailbox
from application.secrets import load_secrets
from domain.alarm import Level
from ports.errors import BadInput
from web_service import service


def test_a_message_reaches_log_console_and_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service() as (address, bodies):
        notifier = ChannelNotifier(
            tmp_path / "bot.log", [f"json://{address}/token"], f"http://{address}/alive"
        )
        notifier.send(Level.CALL, "PAPER MES: CALL kill", "KILL MANUAL: a person")
        notifier.beat()
        notifier.close()
    told = [json.loads(body) for body in bodies if body.startswith(b"{")]
    assert [(t["title"], t["message"], t["type"]) for t in told] == [
        ("PAPER MES: CALL kill", "KILL MANUAL: a person", "failure")
    ]
    assert b"/alive" in bodies
    assert "CALL PAPER MES: CALL kill: KILL MANUAL" in (tmp_path / "bot.log").read_text()
    assert "KILL MANUAL" in capsys.readouterr().err
    assert notifier.dropped == 0


def test_a_refusing_service_is_counted_and_named_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(status=500) as (address, _):
        notifier = ChannelNotifier(tmp_path / "bot.log", [f"json://{address}/canary-secret"])
        notifier.send(Level.NOTE, "a", "b")
        notifier.close()
    assert notifier.dropped == 1
    said = capsys.readouterr()
    assert "canary-secret" not in said.out + said.err + (tmp_path / "bot.log").read_text()


def test_an_address_that_is_none_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="alert address 2 of 2") as refused:
        ChannelNotifier(tmp_path / "bot.log", ["json://127.0.0.1/x", "canary-secret"])
    assert "canary" not in str(refused.value)


def test_a_hanging_sink_costs_the_caller_nothing_and_drops_are_counted() -> None:
    stuck = threading.Event()

    def hang(_: int) -> bool:
        return stuck.wait(60)

    box = Mailbox(hang, 10, "hanging")
    begun = time.monotonic()
    for number in range(1000):
        box.put(number)
    box.close(0.05)
    assert time.monotonic() - begun < 5
    assert box.lost >= 989
    stuck.set()


def test_a_raising_sink_is_counted_and_goes_on() -> None:
    seen: list[int] = []

    def fussy(number: int) -> bool:
        seen.append(number)
        if number % 2:
            raise OSError("disk full")
        return True

    box = Mailbox(fussy, 10, "fussy")
    for number in range(6):
        box.put(number)
    box.close(5)
    assert seen == [0, 1, 2, 3, 4, 5]
    assert box.lost == 3


def test_a_full_disk_under_the_log_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(channels, "LOG_BYTES", 0)  # a device cannot be rotated
    notifier = ChannelNotifier(full)
    notifier.send(Level.CALL, "a", "b")
    notifier.close()
    assert notifier.dropped == 1


def test_logs_rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "LOG_BYTES", 2_000)
    monkeypatch.setattr(channels, "WAITING", 10 * WAITING)
    notifier = ChannelNotifier(tmp_path / "bot.log")
    for number in range(600):
        notifier.send(Level.NOTE, "day", f"message {number} " + "x" * 50)
    notifier.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) == channels.LOG_FILES
    assert all(file.stat().st_size <= 2_000 for file in files)


def test_secrets_come_from_an_owners_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('alert_urls = "json://127.0.0.1/a json://127.0.0.1/b"\n')
    file.chmod(0o600)
    named = {"TRADEBOT_SECRETS_FILE": str(file)}
    secrets = load_secrets(named)
    assert secrets.services == ("json://127.0.0.1/a", "json://127.0.0.1/b")
    assert "127.0.0.1" not in repr(secrets)
    assert load_secrets(named | {"TRADEBOT_ALERT_URLS": "json://x"}).services == ("json://x",)
    assert load_secrets({}).services == ()


@pytest.mark.parametrize(
    ("text", "mode", "word"),
    [
        ('alert_urls = "canary"', 0o644, "chmod 600"),
        ('alert_urls = "canary"', 0o620, "chmod 600"),
        ('alert_url = "canary"', 0o600, "alert_url"),
        ("alert_urls = canary", 0o600, "is not TOML"),
        ("alert_urls = 12345", 0o600, "alert_urls"),
    ],
)
def test_a_bad_secrets_file_is_refused_without_its_values(
    text: str, mode: int, word: str, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(BadInput, match=word) as refused:
        load_secrets({"TRADEBOT_SECRETS_FILE": str(file)})
    assert "canary" not in str(refused.value)
    assert "12345" not in str(refused.value)
