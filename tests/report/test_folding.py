"""The fold of a report on events of our own making: modes, masks, learning, odd stores."""

from __future__ import annotations

import pytest

from adapters.report.page import page
from adapters.report.tables import tables
from application.reporting.books import Judging
from application.reporting.fold import Entry, Fields, Folding
from domain.recalibration import Terms
from domain.units import MINUTE, Money
from ports.report import Report

CLOSED: Fields = {
    "decision_id": "d1", "side": 1, "entry_price": 100, "exit_price": 104, "exit_reason": "TARGET",
    "exit_time": "2013-10-07T15:00:00.000000Z", "gross": "5.0000", "fees": "1.2400",
    "net": "3.7600", "r_gross": 0.5, "r_net": 0.4, "b": 2.0, "p0": 0.6, "edge": 0.2, "mae": 1,
    "mfe": 4, "slip_entry": 0, "slip_exit": 1, "duration_s": 300, "rejects": 0, "partial": False,
    "incident": False,
}  # fmt: skip
DAY = "2013-10-07"
JUDGING = Judging(60, Terms(20, 0.05, 0.90), {"K1": 0.65})


def started(mode: str, account: str = "FAKE") -> Entry:
    return Entry("RunStarted", "", 0, {"mode": mode, "adapter": "ibkr", "account": account})


def report_of(*entries: Entry) -> Report:
    folding = Folding()
    for entry in entries:
        folding(entry)
    return Report("sqlite:///x.db", "MES", 0.25, 9, "ab", folding.chapters(JUDGING, 5))


def test_modes_stand_in_order_and_a_trade_belongs_to_the_mode_it_names() -> None:
    report = report_of(
        started("PAPER"),
        Entry("TradeClosed", DAY, 5, {**CLOSED, "mode": "PAPER"}),
        started("OBSERVE"),
        Entry("TradeClosed", DAY, 6, {**CLOSED, "decision_id": "d2", "mode": "PAPER"}),
        Entry("ShadowClosed", DAY, 7, {**CLOSED, "template": "K1", "why": "OBSERVE"}),
        started("LIVE"),
    )
    live, paper, observe = report.chapters
    assert [c.mode for c in report.chapters] == ["LIVE", "PAPER", "OBSERVE"]
    assert (len(live.real.trades), len(paper.real.trades), len(observe.real.trades)) == (0, 2, 0)
    assert paper.real.net == Money.parse("7.52")
    assert observe.shadow.net == Money.parse("3.76")
    for chapter in report.chapters:
        assert all(t.title.startswith(chapter.mode) for t in tables(chapter, 0.25))


def test_a_shadow_and_a_real_trade_of_one_decision_are_told_apart() -> None:
    scores = {"stage": "scores", "luck": 0.1, "execution": 1.0, "category": None}
    final = {"stage": "final", "luck": 0.1, "execution": 1.0, "category": "A3"}
    mine = {"decision_id": "d1", "template": "K1"}
    report = report_of(
        started("PAPER"),
        Entry("TradeClosed", DAY, 5, {**CLOSED, "mode": "PAPER"}),
        Entry("ShadowClosed", DAY, 5, {**CLOSED, "template": "K1", "why": "QUARANTINED"}),
        Entry("TradeAttributed", DAY, 5, {**mine, **scores, "shadow": False}),
        Entry("TradeAttributed", DAY, 6, {**mine, **final, "shadow": True}),
    )
    (chapter,) = report.chapters
    assert [t.category for t in chapter.real.trades] == [None]
    assert [t.category for t in chapter.shadow.trades] == ["A3"]
    assert [group.name for group in chapter.shadow_reasons] == ["QUARANTINED"]


def test_a_moved_stop_is_drawn_from_when_it_moved() -> None:
    opened = {
        "decision_id": "d1", "entry_time": "2013-10-07T14:55:00.000000Z", "stop_price": 90,
        "key": {"template": "K1"}, "qty": 1, "target_price": 120,
    }  # fmt: skip
    moved = {"decision_id": "d1", "new_stop": 95, "old_stop": 90}
    report = report_of(
        started("PAPER"),
        Entry("TradeOpened", DAY, 1, opened),
        Entry("TradeManaged", DAY, 2 * MINUTE, moved),
        Entry("TradeManaged", DAY, 3 * MINUTE, {**moved, "old_stop": 95}),
        Entry("TradeClosed", DAY, 5, {**CLOSED, "mode": "PAPER"}),
    )
    (trade,) = report.chapters[0].real.trades
    assert [price for _, price in trade.stops] == [90, 95]
    assert trade.stops[1][0] == 2 * MINUTE


def test_changes_of_status_are_told_and_drawn() -> None:
    change = {
        "name": "K1", "before": "ACTIVE", "status": "QUARANTINED", "multiplier": 1.0,
        "reason": "CONSECUTIVE_LOSSES", "text": "two <losses> in a row",
    }  # fmt: skip
    report = report_of(started("PAPER"), Entry("StrategyQuarantined", DAY, 5 * MINUTE, change))
    assert report.chapters[0].statuses == (("K1", "QUARANTINED", 1.0),)
    html = page(report)
    assert "PAPER: status of K1" in html
    assert "two &lt;losses&gt; in a row" in html


def test_a_store_without_a_run_has_a_page() -> None:
    report = report_of()
    assert report.chapters == ()
    assert "no run yet" in page(report)


def test_a_payload_of_another_shape_is_an_error() -> None:
    with pytest.raises(KeyError):
        report_of(Entry("TradeClosed", DAY, 5, {}))
