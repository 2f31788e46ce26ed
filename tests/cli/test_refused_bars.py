"""Corrupted bar files: refused with file, line and reason before anything is traded, or
dropped, counted and felt under quarantine."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from bar_files import HEADER, minutes, row, stamp, write
from program import tradebot

GOOD = 12


def damaged(position: int, line: str) -> Callable[[Path], Path]:
    """A file whose data row number `position` (from 0) is `line`."""

    def make(folder: Path) -> Path:
        lines = minutes(GOOD)
        lines[position] = line
        return write(folder / "day.csv", lines)

    return make


def cut(folder: Path) -> Path:
    path = write(folder / "day.csv.gz", minutes(GOOD))
    path.write_bytes(path.read_bytes()[:-12])
    return path


def no_archive(folder: Path) -> Path:
    path = folder / "day.csv.gz"
    path.write_bytes(b"\x1f\x8b" + b"nonsense" * 20)
    return path


def text_as_archive(folder: Path) -> Path:
    path = folder / "day.csv.gz"
    path.write_bytes(HEADER.encode() + b"\n")
    return path


def empty(folder: Path) -> Path:
    path = folder / "day.csv"
    path.write_bytes(b"")
    return path


def no_parquet(folder: Path) -> Path:
    path = folder / "day.parquet"
    path.write_bytes(gzip.compress(b"not columns"))
    return path


def wrong_header(folder: Path) -> Path:
    return write(folder / "day.csv", minutes(GOOD), header="time,o,h,l,c,v")


def binary(folder: Path) -> Path:
    path = folder / "day.csv"
    path.write_bytes(bytes(range(256)) * 10)
    return path


ROWS = {
    "text in a number": damaged(3, row(stamp(3), volume="many")),
    "high below low": damaged(3, row(stamp(3), prices="1650.00,1649.00,1651.00,1650.00")),
    "time going backwards": damaged(3, row(stamp(1))),
    "no time": damaged(3, row("yesterday")),
    "too few cells": damaged(3, "2013-10-07T14:03:00Z,1650.00"),
    "NaN price": damaged(3, row(stamp(3), prices="nan,1650.75,1649.50,1650.25")),
}
FILES = {
    "truncated archive": cut,
    "damaged archive": no_archive,
    "text named archive": text_as_archive,
    "empty": empty,
    "no parquet": no_parquet,
    "wrong header": wrong_header,
    "binary": binary,
}


@pytest.mark.parametrize("make", ROWS.values(), ids=ROWS)
def test_a_wrong_row_is_refused_with_its_line(make: Callable[[Path], Path], tmp_path: Path) -> None:
    done = tradebot(tmp_path, "--bars", make(tmp_path), "--json")
    assert (done.code, done.out) == (2, "")
    assert "day.csv: line 5: " in done.err
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("make", ROWS.values(), ids=ROWS)
def test_a_wrong_row_is_dropped_and_counted_on_request(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    done = tradebot(tmp_path, "--bars", make(tmp_path), "--bad-bars", "quarantine", "--json")
    assert done.code == 0
    s = done.summary
    assert (s["rows"], s["bars_rejected"], s["bars"], s["entries"]) == (GOOD, 1, GOOD - 1, 0)
    assert "1 of 12 rows" in done.err


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_wrong_file_is_refused_under_either_policy(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    for policy in ("refuse", "quarantine"):
        done = tradebot(tmp_path, "--bars", make(tmp_path), "--bad-bars", policy)
        assert (done.code, done.out) == (2, "")
        assert "day." in done.err


def test_files_that_overlap_are_refused(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.csv", minutes(5)), write(tmp_path / "b.csv", minutes(5))
    done = tradebot(tmp_path, "--bars", a, b)
    assert done.code == 2
    assert "inside" in done.err


def test_warm_up_ends_before_trading_begins(tmp_path: Path) -> None:
    day = write(tmp_path / "a.csv", minutes(5))
    done = tradebot(tmp_path, "--bars", day, "--warmup", day)
    assert done.code == 2
    assert "before the bars to trade begin" in done.err
