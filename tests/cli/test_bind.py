"""`tradebot db bind`: a human act, checked before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from program import tradebot

REASON = "the disk was replaced"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--mode", "PAPER", "--reason", REASON], "--account"),
        (["--account", "DU1", "--reason", REASON], "--mode"),
        (["--account", "DU1", "--mode", "PAPER"], "--reason"),
        (["--account", "DU1", "--mode", "PAPER", "--reason", REASON], "fake broker has no account"),
        (["--account", "DU1", "--mode", "PAPER", "--reason", "a b c d e f g h i"], "10 characters"),
        (["--account", "DU1", "--mode", "BOTH", "--reason", REASON], "mode"),
        (["--adapter", "ibkr", "--account", "DU1", "--mode", "OBSERVE", "--reason", REASON],
         "OBSERVE needs no binding"),
        (["--adapter", "ibkr", "--account", " ", "--mode", "PAPER", "--reason", REASON],
         "account"),
        (["--adapter", "ibkr", "--account", "U1", "--mode", "LIVE", "--reason", REASON],
         "at a terminal"),
        (["--adapter", "ibkr", "--account", "DU1", "--mode", "PAPER", "--reason", REASON,
          "--week-loss", "-5"], "without its sign"),
        (["--adapter", "ibkr", "--account", "DU1", "--mode", "PAPER", "--reason", REASON,
          "--month-loss", "much"], "--month-loss"),
        (["--adapter", "tradovate", "--account", "DU1", "--mode", "PAPER", "--reason", REASON],
         "not part of this version"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said_and_nothing_touched(
    words: list[str], says: str, tmp_path: Path
) -> None:
    done = tradebot(tmp_path, "db", "bind", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("account", "says"), [("DU1234567", "cannot be reached"), ("U1234567", "no paper account")]
)
def test_without_the_broker_s_answer_nothing_is_bound(
    account: str, says: str, tmp_path: Path
) -> None:
    done = tradebot(
        tmp_path, "db", "bind", "--adapter", "ibkr", "--account", account, "--mode", "PAPER",
        "--reason", REASON, "--db", "sqlite:///s.db", "--port", 1,
    )  # fmt: skip
    assert (done.code, done.out) == (4, "")
    assert says in done.err
    assert "1234567" not in done.err
    assert not (tmp_path / "s.db").exists()
