"""Parquet says the same as CSV, or is refused with the row and the reason."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bar_files import minutes, quarantined, read, real, row, stamp, write
from ports.bars import BadBars
from ports.errors import BadBarFile


def table(path: Path) -> Any:
    """A CSV file as an Arrow table with the types that Arrow finds."""
    return pv.read_csv(path)


def save(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "bars.parquet"
    pq.write_table(data, path)
    return path


def with_column(data: Any, name: str, values: Any) -> Any:
    return data.set_column(data.schema.get_field_index(name), name, values)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ES_1m_2013-10-08.csv.gz", "ES"),
        ("6E_1m_2024-01-02_2024-01-16.csv.gz", "6E"),
        ("SPY_5s_2013-10-07.csv.gz", "SPY"),
    ],
)
def test_parquet_equals_csv(name: str, symbol: str, tmp_path: Path) -> None:
    source = real(name)
    path = save(tmp_path, table(source))
    assert list(read(path, symbol=symbol)) == list(read(source, symbol=symbol))


def es(tmp_path: Path) -> Any:
    return table(write(tmp_path / "es.csv", minutes(4)))


TYPES: dict[str, Callable[[Any], Any]] = {
    "text": lambda t: pa.table(
        {c: pc.cast(t[c], pa.string()) for c in t.column_names[1:]}
    ).add_column(0, "ts", pa.array([stamp(i) for i in range(4)])),
    "decimals": lambda t: with_column(
        t, "open", pa.array([decimal.Decimal("1650.00")] * 4, pa.decimal128(10, 2))
    ),
    "float32": lambda t: with_column(t, "high", pc.cast(t["high"], pa.float32())),
    "float volume": lambda t: with_column(t, "volume", pc.cast(t["volume"], pa.float64())),
    "milliseconds": lambda t: with_column(t, "ts", pc.cast(t["ts"], pa.timestamp("ms", "UTC"))),
    "New York": lambda t: with_column(
        t, "ts", pc.cast(t["ts"], pa.timestamp("us", "America/New_York"))
    ),
    "pandas index": lambda t: t.append_column("__index_level_0__", pa.array([0, 1, 2, 3])),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_that_say_the_same(name: str, tmp_path: Path) -> None:
    data = es(tmp_path)
    plain = list(read(tmp_path / "es.csv"))
    assert list(read(save(tmp_path, TYPES[name](data)))) == plain


BAD_TYPES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no zone": (lambda t: with_column(t, "ts", pc.cast(t["ts"], pa.timestamp("s"))), "no zone"),
    "time as number": (lambda t: with_column(t, "ts", pa.array([1, 2, 3, 4])), "type int64"),
    "flags": (lambda t: with_column(t, "volume", pa.array([True] * 4)), "type bool"),
    "lists": (lambda t: with_column(t, "open", pa.array([[1.0]] * 4)), "type list"),
    "missing": (lambda t: t.drop_columns(["close"]), "column close is missing"),
    "unknown": (lambda t: t.append_column("vwap", t["open"]), "'vwap' is unknown"),
    "twice": (lambda t: t.append_column("open", t["open"]), "open stands there twice"),
    "no rows": (lambda t: t.slice(0, 0), "has no rows"),
}


@pytest.mark.parametrize("policy", BadBars)
@pytest.mark.parametrize("name", BAD_TYPES)
def test_wrong_columns_are_refused(name: str, policy: BadBars, tmp_path: Path) -> None:
    change, reason = BAD_TYPES[name]
    with pytest.raises(BadBarFile, match=reason):
        read(save(tmp_path, change(es(tmp_path))), bad=policy)


BAD_VALUES: dict[str, tuple[str, Any, str]] = {
    "null price": ("close", pa.array([1650.25, None, 1650.25, 1650.25]), "close is empty"),
    "nan": ("open", pa.array([1650.0, float("nan"), 1650.0, 1650.0]), "open nan is not finite"),
    "infinite": ("high", pa.array([1650.75, float("inf")] * 2), "high inf is not finite"),
    "off the grid": ("low", pa.array([1649.5, 1649.6, 1649.5, 1649.5]), "low 1649.6 is off"),
    "broken volume": ("volume", pa.array([1.0, 1.5, 1.0, 1.0]), "volume 1.5 is not a whole"),
    "null time": (
        "ts",
        pa.array([datetime.fromisoformat(stamp(0)), None, datetime.fromisoformat(stamp(2)),
                  datetime.fromisoformat(stamp(3))], pa.timestamp("us", "UTC")),
        "time is empty",
    ),
    "time before 1970": (
        "ts",
        pa.array([1381154400, -1, 1381154520, 1381154580], pa.timestamp("s", "UTC")),
        "is not ISO-8601",
    ),
    "time beyond nanoseconds": (
        "ts",
        pa.array([1381154400, 2**50, 1381154520, 1381154580], pa.timestamp("s", "UTC")),
        "is not ISO-8601",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_VALUES)
def test_bad_values_name_their_row(name: str, tmp_path: Path) -> None:
    column, values, reason = BAD_VALUES[name]
    path = save(tmp_path, with_column(es(tmp_path), column, values))
    with pytest.raises(BadBarFile) as error:
        read(path)
    assert error.value.where == "row 2"
    assert reason in error.value.reason
    assert quarantined(path).rows == 4


def test_null_and_nan_quotes_are_absent(tmp_path: Path) -> None:
    data = with_column(es(tmp_path), "bid", pa.array([None, float("nan"), 0.0, 1650.0]))
    assert [i.bar.bid for i in read(save(tmp_path, data))] == [None, None, None, 6600]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_damaged_parquet_file_reads_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    lines = [row(stamp(i)) for i in range(20)]
    path = save(tmp_path, table(write(tmp_path / "es.csv", lines)))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] ^= data.draw(st.integers(1, 255))
        else:
            del content[at : at + data.draw(st.integers(1, 30))]
    path.write_bytes(content)
    try:
        bars = quarantined(path)
    except BadBarFile:
        return
    assert len(list(bars)) == bars.minutes
