"""`tradebot run --demo day-in-life`: eight things shown, each by an event that is there."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.demo.day_in_life import scenes
from adapters.store.reading import reading
from application.cli.demo import verdict
from application.cli.demo_checklist import Row, checklist
from application.cli.output import ExitCode
from demo_run import Demo
from program import tradebot

NAMES = [
    "a K1 entry that wins", "a quarantine", "a shadow recovery", "a throttle",
    "a vetoed noise period", "a volatility exit", "a disconnect and reconcile",
    "a kill by daily loss",
]  # fmt: skip
PROOFS = [
    "TradeClosed", "StrategyQuarantined", "StrategyReEnabled", "StrategyThrottled",
    "DecisionMade", "TradeClosed", "ReconcileCompleted", "KillTriggered",
]  # fmt: skip
THE_DAY = "2025-05-08"


def of(rows: list[Row], kind: str, day: str | None = None) -> list[Row]:
    return [r for r in rows if r.type == kind and day in (None, r.day)]


def test_all_eight_are_shown_and_the_run_ends_well(demo: Demo) -> None:
    assert demo.ended.code == 0, demo.ended.err
    assert "NOT SHOWN" not in demo.ended.out
    told = re.findall(r"^  (a .+?)  +event (\d+): ", demo.ended.out, re.MULTILINE)
    assert [name for name, _ in told] == NAMES
    by_seq = {row.seq: row for row in demo.rows}
    assert [by_seq[int(seq)].type for _, seq in told] == PROOFS


def test_what_is_scripted_is_said(demo: Demo) -> None:
    head, _, rest = demo.ended.out.partition("=====")
    assert "signals, prices and one broken link are scripted" in head
    assert rest.count("[script] ") == sum(len(scene.words) for scene in scenes())


def test_a_second_run_is_the_same_event_for_event(demo: Demo) -> None:
    assert demo.again.code == 0
    answer = demo.again.summary
    assert answer["chain_head"] in demo.ended.out
    assert [s["name"] for s in answer["shown"]] == NAMES
    assert answer["events"] == len(demo.rows)


def test_the_record_verifies_and_replays(demo: Demo) -> None:
    sound = tradebot(demo.folder, "db", "verify", "--db", demo.url)
    assert sound.code == 0, sound.out + sound.err
    same = tradebot(demo.folder, "replay", "--db", demo.url)
    assert same.code == 0, same.out + same.err
    assert "identical" in same.out


def test_the_law_is_the_law(demo: Demo) -> None:
    opened = of(demo.rows, "TradeOpened")
    for day in {row.day for row in opened}:
        assert len([r for r in opened if r.day == day]) <= 2
    assert len(of(demo.rows, "TradeClosed")) == len(opened)
    killed = of(demo.rows, "KillTriggered")
    assert [row.fields["trigger"] for row in killed] == ["LOSS_OVERRUN"]
    after = [r for r in demo.rows if r.seq > killed[0].seq and r.type == "OrderSubmitting"]
    assert not after
    nets = [Decimal(r.fields["net"]) for r in of(demo.rows, "TradeClosed", THE_DAY)]
    assert sum(nets) < Decimal(-36)


def test_the_quarantined_key_sends_nothing_until_its_shadows_have_won(demo: Demo) -> None:
    begun = of(demo.rows, "StrategyQuarantined")[0]
    ended = of(demo.rows, "StrategyReEnabled")[0]
    assert begun.fields["name"] == ended.fields["name"]
    assert begun.day < ended.day == THE_DAY
    between = [r for r in demo.rows if begun.seq < r.seq < ended.seq]
    assert not [r for r in between if r.type == "OrderSubmitting"]
    shadows = of(between, "ShadowClosed")
    assert len(shadows) == 2
    assert all(Decimal(r.fields["net"]) > 0 for r in shadows)


@pytest.mark.parametrize("kind", sorted(set(PROOFS) | {"KillCompleted", "ShadowClosed"}))
def test_what_is_not_recorded_is_not_shown(demo: Demo, kind: str) -> None:
    found = checklist([row for row in demo.rows if row.type != kind])
    missing = [s.name for s in found if s.seq is None]
    expected = {name for name, proof in zip(NAMES, PROOFS, strict=True) if proof == kind}
    expected |= {"KillCompleted": {NAMES[7]}, "ShadowClosed": {NAMES[2]}}.get(kind, set())
    assert set(missing) == expected
    assert verdict(found) is ExitCode.CHECK_FAILED


def test_the_latch_stays_on_the_demo_store_alone(demo: Demo) -> None:
    assert sorted(p.name for p in (demo.folder / "var").glob("*.db")) == ["tradebot-demo.db"]
    with reading(demo.url) as store:
        assert store is not None
        latch = store.latch()
        assert latch is not None
        assert latch.trigger == "LOSS_OVERRUN"
        assert store.identity.adapter == "demo"


def test_the_winning_trade_can_be_explained(demo: Demo) -> None:
    won = of(demo.rows, "TradeClosed", THE_DAY)[0].fields["decision_id"]
    page = tradebot(demo.folder, "explain", won, "--db", demo.url)
    assert page.code == 0
    assert "ENTER: every gate passed" in page.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--demo", "night"), "there is day-in-life"),
        (("--demo", "day-in-life", "--seed", "3"), "--seed"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    ended = tradebot(tmp_path, "run", *words)
    assert ended.code == 2
    assert named in ended.err
    assert not (tmp_path / "var").exists()


def test_a_named_store_that_holds_something_is_refused(demo: Demo) -> None:
    ended = tradebot(demo.folder, "run", "--demo", "day-in-life", "--db", "sqlite:///second.db")
    assert ended.code == 2
    assert "holds events" in ended.err
