"""From one contract month to the next on one store: the program against the gateway."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from adapters.gateway_sim.bars import MINUTE, Bar
from adapters.gateway_sim.contracts import Product
from adapters.gateway_sim.core import Settings
from changing import replace
from gateway_fixture import OPEN, real_bars
from live_rehearsal import GATEWAY, Rehearsal, real_morning
from program import tradebot

pytest.importorskip(GATEWAY["TRADEBOT_IBKR_LIBRARY"])
STORE = "sqlite:///var/tradebot-ibkr-paper.db"
APART = 230
"""How many ticks the next month trades above the near one."""
NEAR, NEXT = "MESZ3", "MESH4"
LATER = Settings(product=Product(moved=NEXT))
"""The volume has moved to the next month."""


def morning(name: str, day: int, minutes: int, above: int = 0) -> tuple[list[Bar], list[Bar]]:
    """The first minutes of a real day, `day` days after the 8th, and what was before them."""
    bars = real_bars(f"ES_1m_2013-10-{name}.csv.gz")
    start = next(n for n, b in enumerate(bars) if b.start >= OPEN + (day * 1_440 - 2) * MINUTE)
    return higher(bars[start : start + minutes + 2], above), higher(bars[:start], above)


def higher(bars: list[Bar], ticks: int) -> list[Bar]:
    return [
        replace(
            b, open=b.open + ticks, high=b.high + ticks, low=b.low + ticks, close=b.close + ticks
        )
        for b in bars
    ]


def months(stage: Rehearsal) -> list[object]:
    return [row["contract"] for row in stage.events("RunStarted")]


def test_the_next_month_begins_with_its_own_past(tmp_path: Path) -> None:
    first, before = morning("08", 0, 5)
    with Rehearsal(tmp_path, first, before) as stage:
        stage.start()
        stage.play(stage.played_to(3))
        stage.die()
        assert months(stage) == [NEAR]
    today, night = morning("09", 1, 7, APART)
    past = higher(real_bars("ES_1m_2013-10-08.csv.gz"), APART) + night
    told = []
    for folder in (tmp_path, tmp_path / "fresh"):
        folder.mkdir(exist_ok=True)
        with Rehearsal(folder, today, past, LATER) as stage:
            stage.start("--max-bars", 5)
            stage.play()
            done = stage.ended()
            assert done.code == 0, done.err
            assert months(stage)[-1] == NEXT
            if folder is tmp_path:
                assert f"{NEXT} after {NEAR}: warmed up from its own past" in done.err
            told.append([stage.events(f"{what}Computed")[-5:] for what in ("Signals", "Beliefs")])
    assert len(told[0][0]) == 5
    assert told[0] == told[1]
    replayed = tradebot(tmp_path, "replay", "--db", STORE)
    assert replayed.code == 0, replayed.out
    assert tradebot(tmp_path, "db", "verify", "--db", STORE).code == 0


def test_a_session_ends_in_the_month_it_was_begun_in(tmp_path: Path) -> None:
    day, past = morning("08", 0, 20)
    with Rehearsal(tmp_path, day, past) as stage:
        stage.start()
        stage.play(stage.played_to(5))
        stage.tell(signal.SIGTERM)
        assert stage.ended().code == 130
        rest = [b for b in day if b.start >= stage.gw.core.market.now]
    with Rehearsal(tmp_path, rest, past + day[: -len(rest)], LATER) as stage:
        stage.start(TRADEBOT_IBKR_MONTH="201403")
        refused = stage.ended()
        assert refused.code == 2
        assert f"ibkr_month: the record is in {NEAR}, and its session is not over" in refused.err
        stage.start("--max-bars", 3)
        stage.play()
        done = stage.ended()
        assert done.code == 0, done.err
        assert months(stage) == [NEAR, NEAR]
        assert stage.events("KillTriggered") == []


# ---- a trade whose month has ended

EXPIRED = 76 * 1_440 * MINUTE + 60 * MINUTE
"""From the day of the trade to Monday 2013-12-23, three days after the near month's last trade, by
the clock of New York."""


def left_open(folder: Path) -> None:
    """A process dies with a trade open in the near month, which is then the only one it may go on
    in."""
    day, past = real_morning(-70)
    with Rehearsal(folder, day, past) as stage:
        stage.start()
        stage.play(lambda: stage.position != 0)
        stage.play(pieces=2)
        stage.wait(lambda: len(stage.events("TradeOpened")) == 1, 30)  # durable, not only filled
        stage.die()
        assert len(stage.events("TradeOpened")) == 1
        assert stage.events("TradeClosed") == []
        stage.launch(TRADEBOT_IBKR_MONTH="201403")
        refused = stage.ended()
        assert refused.code == 2
        assert f"the record is in {NEAR}, and a trade is open in it: name {NEAR}" in refused.err


def after_its_end() -> tuple[list[Bar], list[Bar]]:
    """A morning after the last trade of the near month, and the days before it."""
    day, past = real_morning()
    return [later(b) for b in day], [later(b) for b in past]


def later(bar: Bar) -> Bar:
    return replace(bar, start=bar.start + EXPIRED)


def test_a_trade_whose_month_has_ended_is_booked_out_and_nothing_is_sent(tmp_path: Path) -> None:
    left_open(tmp_path)
    day, past = after_its_end()
    with Rehearsal(tmp_path, day, past) as stage:
        for named in ("", "201312", "201403"):  # whatever the settings still say
            stage.gw.arm("F-36")
            stage.launch(**({"TRADEBOT_IBKR_MONTH": named} if named else {}))
            held = stage.ended()
            assert held.code == 4, held.err
            assert f"{NEAR} has ended with a trade of the record open in it" in held.err
            stage.gw.call(stage.gw.core.broker.account.holdings.clear)
        bars = len(stage.events("BarClosed"))
        stage.start(TRADEBOT_IBKR_MONTH="201403")
        stage.play()
        ended = stage.ended()
        assert ended.code == 3, ended.err
        assert f"{NEAR} has ended with a trade open in the record: it is booked out" in ended.err
        assert stage.orders == []
        (closed,) = stage.events("TradeClosed")
        assert closed["exit_reason"] == "EXTERNAL"
        assert len(stage.events("KillTriggered")) == 1
        assert len(stage.events("KillCompleted")) == 1
        assert months(stage) == [NEAR, NEAR]
        assert len(stage.events("BarClosed")) == bars, "minutes of another month are not taken"
        (kill,) = stage.events("KillTriggered")
        reset = tradebot(
            tmp_path, "reset", "--trigger", kill["trigger"], "--reason", "settled by the exchange",
            "--db", STORE, "--port", stage.gw.port, TRADEBOT_IBKR_CLOCK="gateway",
        )  # fmt: skip
        assert reset.code == 0, reset.err
        stage.start("--max-bars", 3)
        stage.play()
        done = stage.ended()
        assert done.code == 0, done.err
        assert months(stage) == [NEAR, NEAR, NEXT]
    assert tradebot(tmp_path, "replay", "--db", STORE).code == 0
