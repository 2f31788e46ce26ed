"""Every input comes back from its record as it went in."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.chain import Tip, link
from adapters.wire.codec import Codec
from adapters.wire.decode_v1 import KNOWN, input_of
from domain import event as e
from domain.bar import Bar
from domain.execution.truth import BrokerTruth, DoneOrder, OpenOrder
from domain.law.state import LawState
from domain.orders import Fill, OrderEvent, OrderEventKind, Role
from domain.statement import NO_STATEMENT, Statement, StatementLine
from domain.units import Money
from ports.journal import Record, Stored

TIMES = st.integers(0, 4_000_000_000_000_000).map(lambda micros: micros * 1_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNTS = st.integers(0, 10**6)
PRICES = st.integers(-(10**6), 10**6)
MONEY = st.integers(-(10**12), 10**12).map(Money)
ROLES = st.sampled_from(Role)
KINDS = st.sampled_from(OrderEventKind)
BARS = st.builds(
    Bar, TIMES, PRICES, PRICES, PRICES, PRICES, COUNTS, st.none() | PRICES, st.none() | PRICES,
    st.none() | st.floats(0, 1e6, allow_nan=False), st.none() | COUNTS, st.none() | TIMES,
)  # fmt: skip
FILLS = st.builds(
    Fill, TEXTS, TEXTS, ROLES, COUNTS, st.sampled_from((-1, 1)), COUNTS, PRICES, TIMES
)
LINES = st.builds(StatementLine, TEXTS, st.none() | MONEY, st.none() | MONEY)
TRUTHS = st.builds(
    BrokerTruth, TIMES, st.integers(-9, 9),
    st.lists(st.builds(OpenOrder, TEXTS, st.booleans(), COUNTS, COUNTS, COUNTS, st.none() | PRICES,
                       st.booleans(), st.booleans()), max_size=3).map(tuple),
    st.lists(FILLS, max_size=3).map(tuple),
    st.lists(st.builds(DoneOrder, TEXTS, KINDS, COUNTS), max_size=3).map(tuple),
    COUNTS, TIMES, st.builds(Statement, st.lists(LINES, max_size=3).map(tuple),
                             st.lists(FILLS, max_size=2).map(tuple)),
)  # fmt: skip
INPUTS = st.one_of(
    st.builds(e.RunStarted, TIMES, *[TEXTS] * 7),
    st.builds(e.BarClosed, TIMES, st.none(), BARS, st.booleans(), st.booleans()),
    st.builds(e.BarRejected, TIMES, TIMES, TEXTS, TEXTS, TEXTS, TEXTS, COUNTS),
    st.tuples(TIMES, TEXTS).flatmap(
        lambda both: st.builds(
            e.OrderReported, st.just(both[0]),
            st.builds(OrderEvent, TEXTS, ROLES, KINDS, st.just(both[0]), COUNTS, COUNTS, COUNTS,
                      TEXTS, COUNTS, COUNTS, COUNTS, st.none() | PRICES),
            st.just(both[1]),
        )
    ),
    st.builds(e.FillReceived, TIMES, FILLS, TEXTS),
    st.builds(e.FeeReported, TIMES, TEXTS, MONEY),
    st.builds(e.AccountSnapshot, TIMES, MONEY, MONEY),
    st.builds(e.ConnectionChanged, TIMES, st.booleans(), TEXTS),
    st.builds(e.ReconcileStarted, TIMES, COUNTS, TRUTHS),
    st.builds(e.ClockTick, TIMES, st.none() | PRICES, TEXTS),
    st.builds(e.OperatorCommand, TIMES, TEXTS, TEXTS, TEXTS),
    st.builds(e.KillReset, TIMES, TEXTS, TEXTS, TEXTS),
)  # fmt: skip


def written(record: Record) -> Stored:
    return Stored._make(link(Tip(0, "0" * 64), [record], 0)[1][0][: len(Stored._fields)])


@given(INPUTS)
def test_what_is_written_down_is_read_back(event: e.Event) -> None:
    assert input_of(written(Codec("c" * 64).record(event, ""))) == event


def test_without_a_statement_the_forms_of_before_are_written_and_read() -> None:
    """Byte by byte, so that the record of an older program is told again to the same head."""
    codec = Codec("c" * 64)
    truth = BrokerTruth(0, 0, (), (), (), 0, 0)
    law, waits = LawState(), LawState(statement=Money(60_000))
    for old, new in (
        (e.ReconcileStarted(0, 1, truth),
         e.ReconcileStarted(0, 1, truth._replace(
             statement=Statement((StatementLine("x", None, Money(1)),))))),
        (e.StoreBound(0, "d", "PAPER", law, "me", "why"),
         e.StoreBound(0, "d", "PAPER", waits, "me", "why")),
        (e.LawStateChanged(0, law, "it"), e.LawStateChanged(0, waits, "it")),
    ):  # fmt: skip
        before, after = (written(codec.record(event, "")) for event in (old, new))
        assert (before.version, after.version) == (1, 2)
        assert "statement" not in before.payload
        assert "statement" in after.payload
        if not isinstance(old, e.LawStateChanged):
            assert input_of(before) == old
            assert input_of(after) == new
        with pytest.raises(ValueError, match="version 3; this program reads 2"):
            input_of(after._replace(version=3))
    assert truth.statement == NO_STATEMENT


def test_a_derived_event_is_no_input() -> None:
    opened = e.SessionOpened(0, date(2024, 1, 8), 0, 1, False)
    assert input_of(written(Codec("c" * 64).record(opened, ""))) is None


def test_every_type_that_is_written_is_known() -> None:
    renamed = {
        "OrderReported": "OrderEvent", "FillReceived": "Fill",
        "IllegalTransitionSeen": "IllegalTransition",
    }  # fmt: skip
    written_as = {renamed.get(kind.__name__, kind.__name__) for kind in e.Event.__args__}
    assert written_as == KNOWN


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "Invented"}, "unknown type"),
        ({"version": 2}, "version 2"),
        ({"payload": "{}"}, "cannot be read"),
        ({"payload": "[1]"}, "cannot be read"),
        ({"payload": '{"cause":"timer","price":1.5}'}, "cannot be read"),
    ],
)
def test_what_is_no_event_is_refused(changes: dict[str, object], words: str) -> None:
    row = written(Codec("c" * 64).record(e.ClockTick(0, 1, "timer"), ""))
    with pytest.raises(ValueError, match=words):
        input_of(row._replace(**changes))
