"""What cannot be a bar is refused with file, line and reason, or costs only itself."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bar_files import HEADER, minutes, quarantined, read, row, stamp, write
from domain.quality import Penalty
from domain.units import MINUTE
from ports.bars import BadBars
from ports.errors import BadBarFile

GOOD = "1650.00,1650.75,1649.50,1650.25"

BAD_ROWS = {
    "text in a price": (
        row(stamp(2), "1650.00,165o.75,1649.50,1650.25"),
        "high '165o.75' is not a",
    ),
    "nan": (row(stamp(2), "nan,1650.75,1649.50,1650.25"), "open 'nan' is not finite"),
    "infinite": (row(stamp(2), "1650.00,inf,1649.50,1650.25"), "high 'inf' is not finite"),
    "empty price": (row(stamp(2), "1650.00,1650.75,,1650.25"), "low is empty"),
    "underscore": (row(stamp(2), "1_650.00,1650.75,1649.50,1650.25"), "is not a number"),
    "foreign digits": (row(stamp(2), "١٦٥٠,1650.75,1649.50,1650.25"), "is not a number"),
    "huge exponent": (row(stamp(2), "1e999999999,1e99,1649.50,1650.25"), "is not a number"),
    "negative price": (row(stamp(2), "1650.00,1650.75,-1649.50,1650.25"), "price band"),
    "zero price": (row(stamp(2), "1650.00,1650.75,0,1650.25"), "price band"),
    "price above the band": (row(stamp(2), "1650.00,99999.00,1649.50,1650.25"), "price band"),
    "off the grid": (row(stamp(2), "1650.00,1650.75,1649.50,1650.26"), "close '1650.26' is off"),
    "hardly off the grid": (row(stamp(2), "1650.0000003,1650.75,1649.50,1650.25"), "off the tick"),
    "high below low": (row(stamp(2), "1650.00,1649.50,1650.75,1650.25"), "high is below low"),
    "open above high": (row(stamp(2), "1651.00,1650.75,1649.50,1650.25"), "outside low..high"),
    "close below low": (row(stamp(2), "1650.00,1650.75,1649.50,1649.25"), "outside low..high"),
    "negative volume": (row(stamp(2), volume="-1"), "volume '-1' is outside"),
    "volume too large": (row(stamp(2), volume="10000001"), "is outside 0..10000000"),
    "broken volume": (row(stamp(2), volume="1.5"), "volume '1.5' is not a whole number"),
    "no volume": (row(stamp(2), volume=""), "volume is empty"),
    "text in a quote": (row(stamp(2), quote="abc,1650.25"), "bid 'abc' is not a number"),
    "no time": (row(""), "time '' is not ISO-8601"),
    "time is a number": (row("1381154400"), "is not ISO-8601"),
    "time without zone": (row("2013-10-07T14:02:00"), "states no zone"),
    "no such day": (row("2013-13-07T14:02:00Z"), "does not exist"),
    "no such hour": (row("2013-10-07T25:02:00Z"), "does not exist"),
    "off the bar grid": (row("2013-10-07T14:02:01Z"), "off the bar grid"),
    "fraction of a second": (row("2013-10-07T14:02:00.000000001Z"), "off the bar grid"),
    "before computers": (row("1969-10-07T14:02:00Z"), "out of range"),
    "far future": (row("9999-10-07T14:02:00Z"), "out of range"),
    "too few cells": (f"{stamp(2)},{GOOD},100", "has 6 cells, the header 8"),
    "too many cells": (row(stamp(2)) + ",7", "has 9 cells, the header 8"),
    "commas": (",,,,,,,", "is not ISO-8601"),
    "garbage": ("\x00\x01\x02", "has 1 cells"),
    "nul in a number": (row(stamp(2), volume="1\x000"), "is not a number"),
    "open quote": (row(stamp(2), volume='"100'), "a quoted cell does not end"),
    "twice": (row(stamp(1)), "stands there twice"),
    "time going back": (row(stamp(0)), "goes back behind"),
    "five seconds among minutes": (row(stamp(2, 5)), "does not fit a file of minute bars"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    line, reason = BAD_ROWS[name]
    good = minutes(6)
    path = write(tmp_path / "es.csv", [*good[:2], line, *good[3:]])
    with pytest.raises(BadBarFile) as error:
        read(path)
    assert error.value.source == str(path)
    assert error.value.where == "line 4"
    assert reason in error.value.reason


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_costs_only_itself_in_quarantine(name: str, tmp_path: Path) -> None:
    line, _ = BAD_ROWS[name]
    good = minutes(6)
    bars = quarantined(write(tmp_path / "es.csv.gz", [*good[:2], line, *good[3:]]))
    assert (bars.rows, bars.rejected, bars.minutes) == (6, 1, 5)
    items = list(bars)
    whole = list(read(write(tmp_path / "good.csv", [*good[:2], *good[3:]])))
    assert [i.bar for i in items] == [i.bar for i in whole]
    (dropped,) = items[2].rejected
    assert dropped.where == "line 4"
    order = name in ("twice", "time going back")
    assert dropped.kind is (Penalty.NON_MONOTONIC if order else Penalty.MALFORMED)
    text = dropped.text + dropped.reason
    assert text.encode("utf-8")


HEADERS = {
    "no header": (row(stamp(0)), "column ts is missing"),
    "a column is missing": ("ts,open,high,low,volume,bid,ask", "column close is missing"),
    "another name": ("ts,open,high,low,last,volume,bid,ask", "column close is missing"),
    "capitals": ("TS,Open,High,Low,Close,Volume,Bid,Ask", "column ts is missing"),
    "a column twice": ("ts,open,high,low,close,volume,volume,ask", "volume stands there twice"),
    "an unknown column": ("ts,open,high,low,close,volume,bid,ask,vwap", "'vwap' is unknown"),
    "half a quote": ("ts,open,high,low,close,volume,bid", "bid without its other side"),
    "semicolons": (HEADER.replace(",", ";"), "column ts is missing"),
    "open quote": ('ts,"open', "wrong header"),
    "blank": ("", "column ts is missing"),
}


@pytest.mark.parametrize("policy", BadBars)
@pytest.mark.parametrize("name", HEADERS)
def test_a_wrong_header_is_refused_under_either_policy(
    name: str, policy: BadBars, tmp_path: Path
) -> None:
    header, reason = HEADERS[name]
    path = write(tmp_path / "es.csv", minutes(3), header)
    with pytest.raises(BadBarFile) as error:
        read(path, bad=policy)
    assert error.value.where == "line 1"
    assert reason in error.value.reason


def damaged_files(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    whole = write(tmp_path / "whole.csv.gz", minutes(200)).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    contents: dict[str, tuple[str, bytes, str]] = {
        "truncated": ("t.csv.gz", whole[:-20], "truncated"),
        "one byte short": ("o.csv.gz", whole[:-1], "truncated"),
        "flipped": ("f.csv.gz", bytes(flipped), "damaged"),
        "trailing garbage": ("g.csv.gz", whole + b"garbage", "damaged"),
        "text as gzip": ("x.csv.gz", f"{HEADER}\n{row(stamp(0))}\n".encode(), "damaged"),
        "gzip as text": ("p.csv", whole, "wrong header"),
        "binary": ("b.csv", bytes(range(256)) * 40, "wrong header"),
        "utf-16": ("u.csv", f"{HEADER}\n{row(stamp(0))}\n".encode("utf-16"), "wrong header"),
        "empty": ("e.csv", b"", "the file is empty"),
        "empty gzip": ("e.csv.gz", gzip.compress(b""), "the file is empty"),
        "nothing for gzip": ("n.csv.gz", b"", "the file is empty"),
        "header alone": ("h.csv", f"{HEADER}\n\n\n".encode(), "has no rows"),
        "no valid row": ("v.csv", f"{HEADER}\nx\n".encode(), ""),
        "not Parquet": ("q.parquet", b"PAR1" + bytes(range(256)) + b"PAR1", "Parquet"),
        "empty Parquet": ("r.parquet", b"", "Parquet"),
        "unknown kind": ("s.xlsx", b"PK", "is neither"),
    }
    made = {}
    for name, (file, data, reason) in contents.items():
        path = tmp_path / file
        path.write_bytes(data)
        made[name] = (path, reason)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    made["folder"] = (folder, "is not a file")
    made["missing"] = (tmp_path / "nowhere.csv", "no such file")
    return made


@pytest.mark.parametrize("policy", BadBars)
def test_damage_to_a_file_is_refused_under_either_policy(policy: BadBars, tmp_path: Path) -> None:
    for name, (path, reason) in damaged_files(tmp_path).items():
        with pytest.raises(BadBarFile) as error:
            read(path, bad=policy)
        assert error.value.source == str(path), name
        assert reason in error.value.reason, name


def test_harmless_oddities_are_no_damage(tmp_path: Path) -> None:
    plain = [i.bar for i in read(write(tmp_path / "plain.csv", minutes(3)))]
    text = "\n".join([HEADER, *minutes(3)])
    variants = {
        "bom": "\ufeff" + text + "\n",
        "crlf": text.replace("\n", "\r\n") + "\r\n",
        "no last newline": text,
        "blank lines": text.replace("\n", "\n\n") + "\n  \n",
        "quoted": text.replace("1650.75", '"1650.75"'),
        "offset": text.replace("Z,", "+00:00,"),
        "blank in time": text.replace("T14", " 14"),
        "longer zeros": text.replace("1650.75", "1650.7500"),
        "other zone": text.replace("T14", "T10").replace("Z,", "-04:00,"),
        "fraction": text.replace(":00Z", ":00.000Z"),
    }
    for name, content in variants.items():
        path = tmp_path / "odd.csv"
        path.write_bytes(content.encode("utf-8"))
        assert [i.bar for i in read(path)] == plain, name


def test_columns_stand_in_any_order_and_quotes_may_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "es.csv"
    path.write_text("close,ts,volume,low,open,high\n1650.25,2013-10-07T14:00Z,7,1649.5,1650,1651\n")
    (item,) = read(path)
    assert item.bar[1:8] == (6600, 6604, 6598, 6601, 7, None, None)
    path.write_text(f"{HEADER.removesuffix(',bid,ask')}\n{row(stamp(0))}\n")
    with pytest.raises(BadBarFile, match="has 8 cells, the header 6"):
        read(path)


@pytest.mark.parametrize(
    "quote",
    [",", "1650.00,", ",1650.25", "0,1650.25", "-1,1650.25", "1650.00,1650.26", "nan,1650.25",
     "inf,1650.25", "NULL,1650.25", "1650.00,1e40"],
)  # fmt: skip
def test_a_bad_quote_is_absent_and_the_row_stays(quote: str, tmp_path: Path) -> None:
    (item,) = read(write(tmp_path / "es.csv", [row(stamp(0), quote=quote)]))
    assert item.bar[6:9] == (None, None, None)


@pytest.mark.parametrize(
    ("quote", "ticks"), [("1650,1650", (6600, 6600)), ("1651,1650", (6604, 6600))]
)
def test_locked_and_crossed_quotes_stay(quote: str, ticks: tuple[int, int], tmp_path: Path) -> None:
    (item,) = read(write(tmp_path / "es.csv", [row(stamp(0), quote=quote)]))
    assert item.bar[6:9] == (*ticks, None)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.data(),
    packed=st.booleans(),
    spacing=st.sampled_from([5, 60]),
    policy=st.sampled_from(BadBars),
)
def test_any_damage_reads_or_is_refused(
    data: st.DataObject, packed: bool, spacing: int, policy: BadBars, tmp_path: Path
) -> None:
    lines = [row(stamp(i * spacing // 60, i * spacing % 60)) for i in range(30)]
    content = bytearray("\n".join([HEADER, *lines, ""]).encode())
    if packed and data.draw(st.booleans(), "spoil the archive itself"):
        content = bytearray(gzip.compress(bytes(content)))
        packed = False
        name = "x.csv.gz"
    else:
        name = "x.csv.gz" if packed else "x.csv"
    for _ in range(data.draw(st.integers(1, 6), "damages")):
        at = data.draw(st.integers(0, len(content)), "at")
        until = at + data.draw(st.sampled_from([0, 1, 1, 2, 40]), "length")
        patch = st.one_of(
            st.binary(max_size=3), st.sampled_from([b"", b",", b"\n", b'"', b"-", b"9"])
        )
        content[at:until] = data.draw(patch, "patch")
    path = tmp_path / name
    path.write_bytes(gzip.compress(bytes(content)) if packed else bytes(content))
    refused, bars = None, None
    try:
        bars = read(path, bad=policy)
    except BadBarFile as error:
        refused = error
    if bars is None:
        assert refused is not None
        assert refused.source == str(path)
        assert str(refused).encode("utf-8")
        return
    items = list(bars)
    times = [i.bar.open_time for i in items]
    assert all(a < b for a, b in pairwise(times))
    assert all(t % MINUTE == 0 for t in times)
    assert all(i.bar.low <= min(i.bar.open, i.bar.close) for i in items)
    assert all(i.bar.high >= max(i.bar.open, i.bar.close) for i in items)
    assert len(items) == bars.minutes > 0
    charged = sum(len(i.rejected) for i in items) + len(bars.tail)
    assert charged == bars.rejected
    accepted = sum(max(1, len(i.sub_bars)) for i in items)
    assert accepted + bars.rejected == bars.rows
    assert policy is BadBars.QUARANTINE or not bars.rejected
