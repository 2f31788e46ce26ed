"""Every real file reads as the page that describes the data says."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from bar_files import contracts, quarantined, read, real
from domain.bar import Bar
from domain.units import MINUTE
from ports.errors import BadBarFile

ROWS = {
    "6E_1m_2024-01-02_2024-01-16.csv.gz": 14_899,
    "ES_1m_2013-10-07.csv.gz": 1_348,
    "ES_1m_2013-10-08.csv.gz": 1_366,
    "ES_1m_2013-10-09.csv.gz": 1_376,
    "ES_1m_2013-10-10.csv.gz": 1_363,
    "ES_1m_2013-10-11.csv.gz": 1_373,
    "ES_1m_2013-10-14.csv.gz": 1_255,
    "ES_1m_2013-10-29.csv.gz": 1_227,
    "ES_1m_2013-10-30.csv.gz": 1_354,
    "ES_1m_2013-11-18.csv.gz": 1_302,
    "GBPUSD_1m_2012-02-01_2012-03-01.csv.gz": 30_117,
    "SPY_1m_2013-10-04.csv.gz": 711,
    "SPY_1m_2013-10-07.csv.gz": 828,
    "SPY_1m_2013-10-08.csv.gz": 828,
    "SPY_1m_2013-10-09.csv.gz": 813,
    "SPY_1m_2013-10-10.csv.gz": 883,
    "SPY_1m_2013-10-11.csv.gz": 776,
    "partial/ES_1m_2013-10-15.csv.gz": 117,
    "partial/ES_1m_2013-10-31.csv.gz": 120,
    "partial/ES_1m_2013-11-19.csv.gz": 59,
}
HALF_QUOTES = {"ES_1m_2013-10-07": 7, "ES_1m_2013-10-08": 1, "ES_1m_2013-10-10": 3}


def symbol_of(name: str) -> str:
    return name.rpartition("/")[2].partition("_")[0]


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def bar_at(name: str, time: str) -> Bar:
    return next(
        i.bar for i in read(real(name), symbol=symbol_of(name)) if i.bar.open_time == ns(time)
    )


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_the_source_s_in_ticks(name: str) -> None:
    path, symbol = real(name), symbol_of(name)
    tick = contracts().instruments[symbol].tick_size
    bars = read(path, symbol=symbol)
    assert (bars.rows, bars.rejected, bars.minutes) == (ROWS[name], 0, ROWS[name])
    assert bars.files[0].minute_bars
    assert bars.tail == ()
    with gzip.open(path, "rt") as source:
        for item, cells in zip(bars, csv.DictReader(source), strict=True):
            bar = item.bar
            assert bar.open_time == ns(cells["ts"])
            prices = (bar.open, bar.high, bar.low, bar.close)
            texts = [cells[c] for c in ("open", "high", "low", "close")]
            assert [p * tick for p in prices] == [Decimal(t) for t in texts]
            assert bar.volume == int(cells["volume"])
            assert (item.rejected, item.sub_bars, bar.n_sub, bar.received_at) == (
                (),
                (),
                None,
                None,
            )
            if cells["bid"] and cells["ask"]:
                assert bar.bid is not None
                assert bar.ask is not None
                assert (bar.bid * tick, bar.ask * tick) == (
                    Decimal(cells["bid"]),
                    Decimal(cells["ask"]),
                )
                wide = bar.ask - bar.bid
                assert bar.mean_spread_ticks == (wide if wide > 0 else None)
            else:
                assert (bar.bid, bar.ask, bar.mean_spread_ticks) == (None, None, None)


@pytest.mark.parametrize("name", HALF_QUOTES)
def test_half_a_quote_is_none(name: str) -> None:
    bars = read(real(f"{name}.csv.gz"))
    assert sum(item.bar.bid is None for item in bars) == HALF_QUOTES[name]


def test_a_locked_quote_stays_and_is_no_spread() -> None:
    bar = bar_at("ES_1m_2013-10-08.csv.gz", "2013-10-08T19:30:00+00:00")
    assert bar.bid == bar.ask
    assert bar.bid is not None
    assert bar.mean_spread_ticks is None


def test_crossed_and_locked_quotes_of_gbpusd() -> None:
    bars = [i.bar for i in read(real("GBPUSD_1m_2012-02-01_2012-03-01.csv.gz"), symbol="GBPUSD")]
    spreads = [b.ask - b.bid for b in bars if b.bid is not None and b.ask is not None]
    assert (sum(s < 0 for s in spreads), sum(s == 0 for s in spreads)) == (347, 306)
    assert (min(spreads), max(spreads)) == (-16, 149)
    assert all(b.volume == 0 for b in bars)
    assert sum(b.mean_spread_ticks is None for b in bars) == 347 + 306


def test_prices_off_the_cent_are_refused_or_quarantined() -> None:
    path = real("SPY_1m_2023-08-03.csv.gz")
    with pytest.raises(BadBarFile, match=r"line 252: open '448.8190' is off the tick grid"):
        read(path, symbol="SPY")
    bars = quarantined(path, symbol="SPY")
    assert (bars.rows, bars.rejected, bars.minutes) == (947, 205, 742)
    dropped = [r for item in bars for r in item.rejected] + list(bars.tail)
    assert len(dropped) == 205
    assert all(r.charge == r.time for r in dropped)


def test_another_instrument_s_grid_is_refused() -> None:
    with pytest.raises(BadBarFile, match="off the tick grid"):
        read(real("SPY_1m_2013-10-07.csv.gz"), symbol="MES")
    with pytest.raises(BadBarFile, match="line 2"):
        read(real("6E_1m_2024-01-02_2024-01-16.csv.gz"), symbol="MES")


def test_five_second_bars_joined_are_the_minute_bars() -> None:
    fives = read(real("SPY_5s_2013-10-07.csv.gz"), symbol="SPY")
    ones = read(real("SPY_1m_2013-10-07.csv.gz"), symbol="SPY")
    assert (fives.rows, fives.minutes, ones.minutes) == (5_958, 828, 828)
    assert not fives.files[0].minute_bars
    different = []
    for five, one in zip(fives, ones, strict=True):
        assert five.bar[:5] == one.bar[:5]
        assert five.bar.n_sub == len(five.sub_bars)
        assert sum(s.volume for s in five.sub_bars) == five.bar.volume
        if five.bar.volume != one.bar.volume:
            different.append(abs(five.bar.volume - one.bar.volume))
    assert len(different) == 58
    assert max(different) == 5_782
    assert sum(i.bar.volume for i in fives) == sum(i.bar.volume for i in ones) == 92_720_576


def test_five_second_es() -> None:
    bars = read(real("partial/ES_5s_2023-12-26.csv.gz"))
    assert (bars.rows, bars.minutes) == (519, 60)
    items = list(bars)
    assert sum(len(i.sub_bars) for i in items) == 519
    assert all(s.open_time // MINUTE * MINUTE == i.bar.open_time for i in items for s in i.sub_bars)


def test_several_files_are_one_stream_in_the_order_of_time() -> None:
    names = ("ES_1m_2013-10-09", "ES_1m_2013-10-07", "ES_1m_2013-10-08")
    bars = read(*(real(f"{n}.csv.gz") for n in names))
    times = [i.bar.open_time for i in bars]
    assert len(times) == bars.minutes == 1_348 + 1_366 + 1_376
    assert all(a < b for a, b in pairwise(times))
    assert [f.name.rpartition("/")[2] for f in bars.files] == [f"{n}.csv.gz" for n in sorted(names)]
    assert [i.bar for i in bars] == [i.bar for i in bars]


def test_files_that_overlap_are_refused_by_name() -> None:
    path = real("ES_1m_2013-10-07.csv.gz")
    for read_it in (read, quarantined):
        with pytest.raises(BadBarFile, match=r"10-07.*inside.*10-07"):
            read_it(path, path)
