"""The kill file: its being there is the order, whatever is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.guard.kill_file import NO_REASON, KillFile
from ports.errors import GuardFailure


def test_an_order_is_read_until_it_is_taken_away(tmp_path: Path) -> None:
    note = KillFile(tmp_path / "deep" / "x.kill")
    assert note.read() is None
    note.remove()
    note.place("the news, é ✓")
    note.place("a second order")
    assert note.read() == "the news, é ✓", "the first reason stands"
    assert note.path.stat().st_mode & 0o777 == 0o600
    note.remove()
    note.remove()
    assert note.read() is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", NO_REASON),
        (b" \n\0", NO_REASON),
        (b"now\n", "now"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 5000, "x" * 1000),
    ],
)
def test_any_content_counts(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.kill"
    path.write_bytes(content)
    assert KillFile(path).read() == reason


@pytest.mark.parametrize("kind", ["folder", "dangling link", "pipe"])
def test_whatever_stands_there_counts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.kill"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "nowhere")
    assert (KillFile(path).read() or "").startswith(NO_REASON)


def test_what_cannot_be_placed_taken_away_or_looked_at_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GuardFailure, match="kill file"):
        KillFile(tmp_path / "file" / "x.kill").place("now")
    (tmp_path / "x.kill").mkdir()
    with pytest.raises(GuardFailure, match="kill file"):
        KillFile(tmp_path / "x.kill").remove()
    with pytest.raises(GuardFailure, match="File name too long"):
        KillFile(tmp_path / ("x" * 400)).read()
