"""Settings: where a value comes from, and what is refused with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from application.settings import FILE, PREFIX, Adapter, Mode, load_settings, unknown_names
from domain.units import Money
from ports.bars import BadBars
from ports.errors import BadInput


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a settings file, an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


def write(text: str) -> None:
    Path(FILE).write_text(text, encoding="utf-8")


def test_defaults_are_those_of_the_specification() -> None:
    s = load_settings({})
    assert (s.adapter, s.run_mode, s.symbol, s.seed) == (Adapter.FAKE, Mode.PAPER, "MES", 7)
    assert (s.host, s.port, s.client_id, s.account) == ("127.0.0.1", 4002, 17, None)
    assert (s.equity, s.speed, s.bars, s.warmup) == (Money.parse("10000"), None, (), ())
    assert (s.db, s.contracts, s.max_bars, s.until) == (None, None, None, None)
    assert s.bad_bars is BadBars.REFUSE


def test_a_real_broker_observes_unless_told_otherwise() -> None:
    assert load_settings({"adapter": "ibkr"}).run_mode is Mode.OBSERVE
    assert load_settings({"adapter": "ibkr", "mode": "paper"}).run_mode is Mode.PAPER


def test_command_line_beats_environment_beats_file_beats_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings({}).seed == 7
    write("seed = 1\nport = 4001\n")
    assert load_settings({}).seed == 1
    monkeypatch.setenv("TRADEBOT_SEED", "2")
    assert load_settings({}).seed == 2
    assert load_settings({"seed": "3"}).seed == 3
    assert load_settings({"seed": "3"}).port == 4001


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEBOT_SEED", "")
    assert load_settings({}).seed == 7


def test_several_files_come_from_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings({"bars": ["a", "b"]}).bars == (Path("a"), Path("b"))
    write('bars = ["c", "d"]')
    assert load_settings({}).bars == (Path("c"), Path("d"))
    monkeypatch.setenv("TRADEBOT_BARS", "e:f")
    assert load_settings({}).bars == (Path("e"), Path("f"))


@pytest.mark.parametrize(
    "text", ["2013-10-07T15:00:00Z", "2013-10-07T11:00:00-04:00", "2013-10-07T15:00"]
)
def test_times_are_instants_and_utc_if_not_said(text: str) -> None:
    assert load_settings({"until": text}).until == 1_381_158_000_000_000_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speed", "0"), ("speed", "-1"), ("speed", "nan"), ("speed", "inf"), ("speed", "fast"),
        ("equity", "0"), ("equity", "-1"), ("equity", "NaN"), ("equity", "1.00001"),
        ("equity", "1e400"), ("equity", "much"), ("max_bars", "0"), ("max_bars", "1.5"),
        ("seed", "-1"), ("seed", "x"), ("port", "0"), ("port", "65536"), ("until", "tomorrow"),
        ("adapter", "bitmex"), ("mode", "YOLO"), ("engine", "c"), ("bad_bars", "ignore"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_naming_source_and_field(
    field: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match=f"command line: --{field.replace('_', '-')}: "):
        load_settings({field: value})
    monkeypatch.setenv(f"TRADEBOT_{field.upper()}", value)
    with pytest.raises(BadInput, match=f"environment: TRADEBOT_{field.upper()}: "):
        load_settings({})
    monkeypatch.delenv(f"TRADEBOT_{field.upper()}")
    write(f'{field} = "{value}"')
    with pytest.raises(BadInput, match=f"tradebot.toml: {field}: "):
        load_settings({})


def test_an_unknown_key_of_the_file_is_refused() -> None:
    write("sed = 1")
    with pytest.raises(BadInput, match=r"tradebot\.toml: sed: unknown key"):
        load_settings({})


@pytest.mark.parametrize("text", ["seed = = 1", "\x00", "seed"])
def test_a_file_that_is_not_toml_is_refused(text: str) -> None:
    write(text)
    with pytest.raises(BadInput, match=r"tradebot\.toml: is not TOML"):
        load_settings({})


@pytest.mark.parametrize(
    ("field", "value"), [("mode", "LIVE"), ("account", "U1"), ("confirm_live", "U1")]
)
def test_what_live_needs_comes_from_the_command_line_alone(
    field: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_settings({field: value})
    write(f'{field} = "{value}"')
    with pytest.raises(BadInput, match="command line alone"):
        load_settings({})
    write("")
    monkeypatch.setenv(f"TRADEBOT_{field.upper()}", value)
    with pytest.raises(BadInput, match="command line alone"):
        load_settings({})


def test_variables_that_only_look_like_settings_are_named() -> None:
    environ = {"TRADEBOT_SPEDD": "1", "TRADEBOT_SPEED": "1", "TRADEBOT_DATA": "x", "PATH": "y"}
    assert unknown_names(environ) == ["TRADEBOT_SPEDD"]
