"""The one thing that other programs import: it decides as a run does, and sends nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from application.embed import BadInput, Bar, ClosedBar, Decider, Decision, open_decider
from plugins import installed
from trading_floor import Floor, real_engine, walk

BARS = walk(11, 2)
FIRST, SECOND = BARS[:390], BARS[390:]


@pytest.fixture(scope="module")
def fed() -> tuple[Decider, list[Decision]]:
    """A decider after a day of warm-up and a day of bars, and what it decided."""
    decider = open_decider()
    decider.warm_up(FIRST)
    found = [decider.decide(bar) for bar in SECOND]
    return decider, [d for d in found if d is not None]


def test_there_is_one_decision_a_bar(fed: tuple[Decider, list[Decision]]) -> None:
    _, decisions = fed
    assert len(decisions) == len(SECOND)
    assert len({d.decision_id for d in decisions}) == len(decisions)
    assert all(d.action == "SKIP" for d in decisions)  # it observes
    assert all(0 < len(d.text) <= 400 for d in decisions)


def test_it_decides_as_a_run_in_observe_does(fed: tuple[Decider, list[Decision]]) -> None:
    decider, decisions = fed
    floor = Floor(real_engine(), mode="OBSERVE")
    for bar in FIRST:
        floor.watch.append(floor.core.warm_up(bar).events)
    floor.play(SECOND)
    names = [f"-{k:03d}-" for k in range(390)]
    run = [floor.decision(k).record for k, _ in enumerate(names)]
    assert [(d.decision_id, d.action, d.reason) for d in decisions] == [
        (r.decision_id, r.action.value, r.reason) for r in run
    ]
    assert decider.last_record is not None
    assert decider.last_record.gates == run[-1].gates


def test_what_it_would_enter_is_a_lawful_bracket() -> None:
    entries = []
    for seed in range(40):
        decider = open_decider()
        for bar in walk(seed, 1):
            decision = decider.decide(bar)
            if decision is not None and decision.would_enter:
                assert decision.reason == "OBSERVE_ONLY"
                entries.append(decision.entry)
        if entries:
            break
    assert entries
    for entry in entries:
        assert entry is not None
        risk = entry.side * (entry.limit - entry.stop)
        assert Decimal(2) <= risk <= Decimal(3)
        assert entry.side * (entry.target - entry.limit) > risk
        assert entry.qty == 1


def test_every_decision_is_explained(fed: tuple[Decider, list[Decision]]) -> None:
    decider, decisions = fed
    for decision in (decisions[0], decisions[100], decisions[-1]):
        text = decider.explain(decision.decision_id)
        assert decision.decision_id in text
        assert decision.text in text
        assert "Gates" in text
        told = decider.explanation(decision.decision_id)
        assert told["reason"] == decision.reason
        assert len(told["beliefs"]) == 11
        assert told["beliefs"][0]["signals"]
    assert decider.explain().startswith(decisions[-1].decision_id)
    with pytest.raises(BadInput, match="1999-01-01"):
        decider.explain("1999-01-01-000-MES")


def test_a_closed_bar_of_prices_is_the_same_as_one_of_ticks() -> None:
    ours, theirs = open_decider(), open_decider()
    for bar in FIRST[:40]:
        seconds = bar.open_time // 1_000_000_000
        told = ClosedBar.model_validate({
            "open_time": seconds, "open": str(Decimal(bar.open) / 4),
            "high": str(Decimal(bar.high) / 4), "low": str(Decimal(bar.low) / 4),
            "close": str(Decimal(bar.close) / 4), "volume": bar.volume,
        })  # fmt: skip
        assert ours.decide(bar) == theirs.decide(told)
    assert ours.head == theirs.head


def test_a_state_that_was_saved_goes_on_as_if_nothing_had_been() -> None:
    one, other = open_decider(), open_decider()
    one.warm_up(FIRST[:200])
    for bar in SECOND[:50]:
        one.decide(bar)
    one.equity("2000")
    one.decide(SECOND[50])
    other.restored(one.saved())
    assert other.head == one.head
    assert [one.decide(b) for b in SECOND[51:90]] == [other.decide(b) for b in SECOND[51:90]]
    assert other.head == one.head


def test_a_state_of_another_decider_is_refused() -> None:
    saved = open_decider(equity="5000").saved()
    with pytest.raises(BadInput, match="another"):
        open_decider().restored(saved)
    with pytest.raises(BadInput):
        open_decider().restored("{}")
    one = open_decider()
    one.decide(FIRST[0])
    changed = one.saved().replace(f",{FIRST[0].volume},", f",{FIRST[0].volume + 1},")
    with pytest.raises(BadInput, match="does not lead"):
        open_decider().restored(changed)
    with pytest.raises(BadInput, match="fed already"):
        one.restored(one.saved())


def test_what_is_older_than_the_sessions_kept_is_forgotten() -> None:
    decider = open_decider(keep_sessions=1)
    first = decider.decide(FIRST[0])
    assert first is not None
    for bar in BARS[1:400]:
        decider.decide(bar)
    last = decider.explain()
    assert BARS[399].open_time > FIRST[0].open_time
    assert last
    for bar in walk(11, 4)[780:800]:
        decider.decide(bar)
    with pytest.raises(BadInput, match=first.decision_id):
        decider.explain(first.decision_id)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"open_time": FIRST[3].open_time}, "not later"),
        ({"open_time": FIRST[9].open_time + 1}, "whole minute"),
        ({"high": 1}, "low..high"),
        ({"volume": -1}, "volume"),
        ({"close": float("nan")}, "whole number"),
    ],
)
def test_a_bar_that_is_none_changes_nothing(changes: dict[str, object], word: str) -> None:
    decider = open_decider()
    decider.warm_up(FIRST[:5])
    head = decider.head
    with pytest.raises(BadInput, match=word):
        decider.decide(FIRST[9]._replace(**changes))
    assert decider.head == head
    assert isinstance(decider.decide(FIRST[9]), Decision)


@pytest.mark.parametrize(
    "wrong",
    [{"symbol": "XX"}, {"engine": "abacus"}, {"equity": "-1"}, {"equity": "much"},
     {"contracts": Path("/nowhere")}, {"strategies": ("K6",)}, {"keep_sessions": 0}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_opened_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        open_decider(**wrong)


def test_neither_environment_nor_settings_file_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tradebot.toml").write_text('symbol = "ES"\nstrategies = ["K6"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEBOT_SYMBOL", "ES")
    assert open_decider().instrument.symbol == "MES"
    assert list(tmp_path.iterdir()) == [tmp_path / "tradebot.toml"]


def test_a_template_of_ones_own_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(installed(tmp_path))
    decider = open_decider(strategies=("K6",))
    seen = set()
    for bar in walk(5, 1):
        decider.decide(bar)
        assert decider.last_record is not None
        seen |= {c.template for c in decider.last_record.candidates}
    assert "K6" in seen


def test_a_bar_outside_regular_hours_has_no_decision() -> None:
    night = Bar(FIRST[0].open_time - 3_600_000_000_000, *FIRST[0][1:])
    assert open_decider().decide(night) is None
