"""The compiled link of rows equals the specification in the standard library's words."""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.store.canonical import canonical, event_id, stamp
from adapters.store.chain import Row, Tip, fault, link, relink
from ports.errors import StoreFailure
from ports.journal import Record
from rust_core import encode
from rust_core import event_id as compiled_event_id

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
PAYLOADS = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT | st.floats(-1e9, 1e9)
)
FIRST = -(2**63) + 1_000
RECORDS = st.builds(
    Record,
    TEXT,
    st.integers(0, 9),
    st.sampled_from(["domain", "domain", "ops"]),
    TEXT,
    st.integers(FIRST, 2**63 - 1),
    TEXT,
    PAYLOADS,
    TEXT,
    TEXT,
)
HEAD = "0" * 64


def plain(tip: Tip, records: list[Record], recorded: int) -> tuple[Tip, list[Row]]:
    """events.md 1 with hashlib, json and zlib alone."""
    seq, head = tip
    rows: list[Row] = []
    for kind, version, stream, date, ts, key, payload, cause, correlation in records:
        seq += 1
        text = json.dumps(
            {k: v + 0.0 if isinstance(v, float) else v for k, v in dict(payload).items()},  # type: ignore[call-overload]
            sort_keys=True, separators=(",", ":"), ensure_ascii=False,
        )  # fmt: skip
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts // 1000)
        whole: dict[str, Any] = {
            "type": kind, "version": version, "stream": stream, "session_date": date,
            "ts_event": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0"),
            "payload": json.loads(text),
        }  # fmt: skip
        body = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        ident = hashlib.sha256(f"{kind}|{stream}|{key}".encode()).hexdigest()[:32]
        crc = zlib.crc32(f"{ident}|{cause}|{correlation}|{recorded}".encode())
        previous = digest = ""
        if stream == "domain":
            previous = head
            head = digest = hashlib.sha256(head.encode() + body.encode()).hexdigest()
        else:
            crc = zlib.crc32(body.encode(), crc)
        rows.append(
            (
                seq, ident, kind, version, stream, date, ts // 1000 * 1000, recorded, cause,
                correlation, text, previous, digest, crc, key,
            )
        )  # fmt: skip
    return Tip(seq, head), rows


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(RECORDS, max_size=5), st.integers(0, 2**62))
@example([Record("A", 1, "domain", "", -1, "k", {"x": -0.0})], 0)
def test_rows_are_those_of_the_standard_library(records: list[Record], recorded: int) -> None:
    tip = Tip(7, HEAD)
    end, rows = link(tip, records, recorded)
    assert (end, rows) == plain(tip, records, recorded)
    assert [type(value) for row in rows for value in row] == [
        type(value) for row in plain(tip, records, recorded)[1] for value in row
    ]
    for row in rows:
        assert fault(row, tip) == ""
        tip = Tip(row[0], row[12] or tip.head)
    assert relink(Tip(7, HEAD), rows) == (end, rows)


@given(TEXT, TEXT, TEXT)
def test_event_ids_are_those_of_the_standard_library(kind: str, stream: str, key: str) -> None:
    assert compiled_event_id(kind, stream, key) == event_id(kind, stream, key)


@given(st.integers(FIRST, 2**63 - 1))
@example(FIRST)
@example(951_782_399_999_999_999)
@example(951_782_400_000_000_000)
def test_times_are_written_alike(instant: int) -> None:
    _, rows = link(Tip(0, HEAD), [Record("A", 1, "ops", "", instant, "k", {})], 0)
    _, expected = plain(Tip(0, HEAD), [Record("A", 1, "ops", "", instant, "k", {})], 0)
    assert rows == expected
    assert stamp(instant)


def test_a_finished_payload_is_taken_as_it_stands() -> None:
    payload = {"b": 1, "a": [0.5, None]}
    as_dict = link(Tip(0, HEAD), [Record("A", 1, "domain", "", 0, "k", payload)], 0)
    finished = link(Tip(0, HEAD), [Record("A", 1, "domain", "", 0, "k", encode(payload))], 0)
    assert finished == as_dict
    assert canonical({"x": [encode(payload)]}) == canonical({"x": [payload]})


@pytest.mark.parametrize(
    "bad",
    [
        {"payload": {"x": float("nan"), "y": float("inf")}}, {"payload": {"x": b"{}"}},
        {"stream": "other"}, {"ts_event": 2**63}, {"ts_event": -(2**63)}, {"type": 3},
        {"key": None}, {"key": "\ud800"}, {"causation": None}, {"version": "1"},
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_named(bad: dict[str, Any]) -> None:
    good = Record("Fill", 1, "domain", "", 0, "e1", {})
    with pytest.raises(StoreFailure, match="cannot be recorded"):
        link(Tip(0, HEAD), [good, good._replace(**bad)], 0)
