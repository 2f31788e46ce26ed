"""A template from a package of its own, in the real program: named, traded, recorded, replayed."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.strategies.entry_points import with_strategies
from application.settings import load_settings
from market_builders import contracts
from plugins import EXAMPLES, installed, written
from ports.errors import BadInput
from program import SOURCE, Ended, tradebot

Call = Callable[..., Ended]
IN_A_DAY = ("run", "--seed", "29", "--strategies", "K6", "--json")


def caller(folder: Path, *packages: Path) -> Call:
    """The program in `folder`, with these packages installed."""
    path = ":".join(str(p) for p in (SOURCE, *packages))
    return lambda *words: tradebot(folder, *words, PYTHONPATH=path)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Ended]:
    """A day with the example: where it was run, where it is installed, how it ended."""
    folder, package = tmp_path_factory.mktemp("day"), tmp_path_factory.mktemp("package")
    installed(package)
    return folder, package, caller(folder, package)(*IN_A_DAY)


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "var" / "tradebot.db")) as store:
        found = store.execute("SELECT payload FROM events WHERE type = ? ORDER BY seq", (kind,))
        return [json.loads(payload) for (payload,) in found]


def test_the_example_is_short() -> None:
    source = (EXAMPLES / "own_strategy" / "own_strategy.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 60


def test_it_is_judged_beside_the_others_and_trades(day: tuple[Path, Path, Ended]) -> None:
    folder, _, ended = day
    assert ended.code == 0, ended.err
    summary = ended.summary
    assert summary["candidates"]["K6"] > 0
    assert summary["learning"] == dict.fromkeys(("K1", "K2", "K3", "K4", "K6"), "ACTIVE")
    assert summary["law"]["violations"] == 0
    own = [
        c for d in rows(folder, "DecisionMade") for c in d["candidates"] if c["template"] == "K6"
    ]
    assert len(own) == summary["candidates"]["K6"]
    assert any(c["score"] is not None and 8 <= c["stop"] <= 12 for c in own)
    (trade, *_) = [t for t in rows(folder, "TradeOpened") if t["key"]["template"] == "K6"]
    assert 8 <= trade["stop0"] <= 12


def test_the_record_says_which_strategy_it_was(day: tuple[Path, Path, Ended]) -> None:
    folder, _, _ = day
    with closing(sqlite3.connect(folder / "var" / "tradebot.db")) as store:
        (first,) = store.execute("SELECT type FROM events WHERE seq = 1").fetchone()
    assert first == "RunStarted"
    (told,) = rows(folder, "RunStarted")[0]["strategies"]
    assert (told["name"], told["distribution"], told["version"]) == ("K6", "own-strategy", "0.1.0")
    assert len(told["source"]) == len(told["parameters"]) == 64
    assert "strategies/K6" in rows(folder, "ConfigLoaded")[0]["files"]


def test_a_replay_needs_the_same_strategy(day: tuple[Path, Path, Ended], tmp_path: Path) -> None:
    folder, package, ended = day
    for words in (("replay", "--strategies", "K6"), ("replay",)):  # the record names it
        done = caller(folder, package)(*words, "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["chain_head_recomputed"] == ended.summary["chain_head"]
    absent = caller(folder)("replay")
    assert absent.code == 2
    assert "no installed package offers K6" in absent.err
    other = installed(tmp_path / "other")
    module = other / "own_strategy.py"
    module.write_text(module.read_text(encoding="utf-8") + "# another word\n", encoding="utf-8")
    differs = caller(folder, other)("replay")
    assert differs.code == 2
    assert "another K6" in differs.err


def test_a_kill_of_its_run_is_lifted_without_naming_it(tmp_path: Path) -> None:
    call = caller(tmp_path, installed(tmp_path / "package"))
    assert call("run", "--strategies", "K6", "--max-bars", "5").code == 0
    assert call("kill", "--reason", "a holiday").code == 0
    lifted = call("reset", "--trigger", "MANUAL", "--reason", "the holiday is over")
    assert lifted.code == 0, lifted.err
    shutil.rmtree(tmp_path / "package")
    gone = call("ack", "statement", "--reason", "looked at it twice")
    assert gone.code == 2
    assert "no installed package offers K6" in gone.err


def test_a_decision_of_its_own_is_explained(day: tuple[Path, Path, Ended]) -> None:
    folder, package, _ = day
    name = next(
        d["decision_id"] for d in rows(folder, "DecisionMade")
        if d["action"] == "ENTER" and d["template"] == "K6"
    )  # fmt: skip
    done = caller(folder, package)("explain", name)
    assert done.code == 0, done.err
    assert "K6" in done.out
    assert "score" in done.out


def test_what_nobody_named_is_not_loaded(tmp_path: Path) -> None:
    source = 'raise SystemExit("imported")\n'
    package = written(tmp_path / "package", source, {"K6": "written:Anything"})
    call = caller(tmp_path, package)
    assert call("--json", "--max-bars", "5").code == 0
    named = call("--strategies", "K6", "--max-bars", "5")
    assert named.code == 2
    assert "K6 (written:Anything) cannot be loaded: SystemExit" in named.err


def here(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    """Install `package` for this process, and forget what was imported of another."""
    monkeypatch.syspath_prepend(package)
    for module in ("written", "own_strategy"):
        monkeypatch.delitem(sys.modules, module, raising=False)


LOOSE = """
from changing import replace
from own_strategy import Pullback

class Loose(Pullback):
    {line}
"""


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("parameters = replace(Pullback.parameters, stop_cap_ticks=13)", "max_stop_ticks"),
        ("parameters = replace(Pullback.parameters, time_stop_minutes=61)", "60"),
        ("parameters = replace(Pullback.parameters, time_to_live_seconds=91)", "90"),
        ("parameters = replace(Pullback.parameters, min_belief=0.1)", "min_belief"),
        ("parameters = replace(Pullback.parameters, max_stability=0.9)", "max_stability"),
        ("parameters = replace(Pullback.parameters, theta_t=0.0)", "theta_t"),
        ("parameters = replace(Pullback.parameters, target_num=20)", "target_num"),
        ("parameters = replace(Pullback.parameters, stop_limit_offset=9)", "stop_limit_offset"),
        ("parameters = 7", "parameters"),
        ("belief = 5", "belief"),
        ("belief = True", "belief"),
        ("name = 'K1'", "name"),
        ("tiers = ('Z',)", "tiers"),
        ("tiers = 'B'", "tiers"),
        ("detect = None", "detect"),
        ("def __init__(self, stops): 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_looser_one_is_refused_with_the_number(
    line: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, written(tmp_path, LOOSE.format(line=line), {"K6": "written:Loose"}))
    monkeypatch.syspath_prepend(EXAMPLES / "own_strategy")
    with pytest.raises(BadInput, match=re.escape(word)) as refused:
        with_strategies(contracts(), ("K6",))
    assert "K6" in str(refused.value)


@pytest.mark.parametrize("name", ["K1", "K4", "K5", "k6", "K6,K6", "A|B", "..", "K6-1"])
def test_a_name_of_the_house_or_none_at_all_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, installed(tmp_path))
    names = load_settings({"strategies": name}).strategies
    with pytest.raises(BadInput, match="strategies"):
        with_strategies(contracts(), names)


def test_two_packages_that_offer_the_same_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(monkeypatch, installed(tmp_path / "a"))
    here(monkeypatch, written(tmp_path / "b", "", {"K6": "written:Other"}))
    with pytest.raises(BadInput, match="more than once: own_strategy:Pullback, written:Other"):
        with_strategies(contracts(), ("K6",))


def test_the_page_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/own-strategy.md shows is a package: its two files, as they stand there."""
    page = (EXAMPLES.parent / "docs" / "own-strategy.md").read_text(encoding="utf-8")
    for name, kind in (("pyproject.toml", "toml"), ("own_strategy.py", "python")):
        (block,) = re.findall(rf"   ```{kind}\n(.*?)   ```", page, flags=re.S)
        (tmp_path / name).write_text(textwrap.dedent(block), encoding="utf-8")
    here(monkeypatch, installed(tmp_path / "site", tmp_path))
    (shown,) = with_strategies(contracts(), ("K6",)).outside
    assert shown.name == "K6"
    assert shown.parameters.stop_cap_ticks == 12
