"""`tradebot signals`: the table that outsiders compare with the specification."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from bar_files import minutes, row, stamp, write
from program import Ended, tradebot

BELIEFS = [f"f{n}_{s}" for n in (1, 2, 3, 4) for s in ("long", "short")]
BELIEFS += ["f5", "f6_long", "f6_short"]
PARTS = ("e", "lraw", "l", "st", "eff", "cov", "ready")
EXPECTED = [
    "ts",
    *(f"s{n}" for n in range(1, 36)),
    *(f"rel{n}" for n in range(1, 36)),
    "regime",
    "regime_raw",
    "dvs_bp",
    *(f"{b}_{p}" for b in BELIEFS for p in PARTS),
    "t_long",
]


def bars(folder: Path) -> Path:
    """Forty minutes of regular hours after two that are none; one minute is missing."""
    lines = [row(stamp(-92 + i, hour=15)) for i in (0, 1)]
    for i, line in enumerate(minutes(40)):
        shift = 0.25 * (i * 7 % 11)
        prices = ",".join(f"{p + shift:.2f}" for p in (1650.0, 1650.75, 1649.5, 1650.25))
        if i != 30:
            lines.append(row(line.split(",")[0], prices=prices, volume=str(100 + 13 * (i % 5))))
    return write(folder / "day.csv", lines)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def table(folder: Path, out: str, *words: str) -> Ended:
    return tradebot(folder, "signals", "--bars", bars(folder), "--out", out, *words)


def test_columns_rows_and_values_are_those_of_the_specification(tmp_path: Path) -> None:
    assert table(tmp_path, "a.csv").code == 0
    rows = read(tmp_path / "a.csv")
    assert list(rows[0]) == EXPECTED
    assert len(rows) == 39
    assert rows[0]["ts"] == "2013-10-07T14:00:00Z"
    assert rows[0]["s3"] == ""
    assert rows[0]["rel3"] == "0.0"
    assert float(rows[-1]["s3"]) == float(rows[-1]["s3"])
    assert {r["regime"] for r in rows} <= {"unknown", "volatile", "trending", "choppy", "range"}
    for r in rows:
        assert all(r[f"rel{n}"] in ("0.0", "0.5", "1.0") for n in range(1, 36))
        assert all((r[f"s{n}"] == "") == (r[f"rel{n}"] == "0.0") for n in range(1, 36))
        assert all(r[f"{b}_ready"] in ("0", "1") for b in BELIEFS)
        assert all((r[f"{b}_lraw"] == "") == (r[f"{b}_ready"] == "0") for b in BELIEFS)


def test_a_missing_minute_is_felt_by_data_validity(tmp_path: Path) -> None:
    table(tmp_path, "a.csv")
    dvs = {r["ts"]: int(r["dvs_bp"]) for r in read(tmp_path / "a.csv")}
    assert dvs["2013-10-07T14:31:00Z"] < dvs["2013-10-07T14:29:00Z"]


def test_parquet_and_csv_and_both_engines_say_the_same(tmp_path: Path) -> None:
    table(tmp_path, "a.csv")
    table(tmp_path, "b.parquet", "--engine", "reference")
    columns = pq.read_table(tmp_path / "b.parquet").to_pydict()
    assert list(columns) == EXPECTED
    for number, r in enumerate(read(tmp_path / "a.csv")):
        for name in EXPECTED:
            value = columns[name][number]
            if isinstance(value, str):
                assert value == r[name]
            elif r[name] == "":
                assert value != value
            else:
                assert value == float(r[name])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--out a.csv", "--bars"),
        ("--bars day.csv", "--out"),
        ("--bars day.csv --out a.txt", "a.txt"),
        ("--bars day.csv --out no/such/a.csv", "cannot be written"),
        ("--bars day.csv --out .", "neither"),
        ("--bars nowhere.csv --out a.csv", "nowhere.csv"),
        ("--bars day.csv --out a.csv --symbol XYZ", "XYZ"),
    ],
)
def test_wrong_input_is_refused_and_leaves_nothing(words: str, says: str, tmp_path: Path) -> None:
    bars(tmp_path)
    done = tradebot(tmp_path, "signals", *words.split())
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert [p.name for p in tmp_path.iterdir()] == ["day.csv"]
