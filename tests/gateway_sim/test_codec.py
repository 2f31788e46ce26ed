"""Frames and tables, read by the real decoders of the client libraries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("ib_insync")

from adapters.gateway_sim.codec import (
    BadMessage,
    Frames,
    Message,
    decode,
    encode,
    fields_of,
    frame,
    negotiate,
)
from adapters.gateway_sim.tables import ANSWERS

CONTRACT = {
    "conId": 600201312, "symbol": "MES", "secType": "FUT", "lastTradeDate": "20131220",
    "multiplier": 5, "exchange": "CME", "currency": "USD", "localSymbol": "MESZ3",
    "tradingClass": "MES",
}  # fmt: skip


@pytest.mark.parametrize(
    ("greeting", "version"),
    [("v157..176", 176), ("v157..178", 178), ("v100..157", 157), ("v100..217", 178),
     ("v157..158", 157), ("v157..176 +PACEAPI", 176)],
)  # fmt: skip
def test_the_version_is_the_smaller_maximum_and_never_158(greeting: str, version: int) -> None:
    assert negotiate(greeting) == version


@pytest.mark.parametrize("greeting", ["v100..156", "v180..200", "hello", "v1..x", ""])
def test_a_client_without_a_common_version_is_refused(greeting: str) -> None:
    with pytest.raises(BadMessage):
        negotiate(greeting)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1),
             max_size=4),
    st.lists(st.integers(1, 9), min_size=1),
)  # fmt: skip
def test_frames_come_out_whole_however_they_were_cut(
    messages: list[list[str]], cuts: list[int]
) -> None:
    data, frames, got, at, turn = b"".join(frame(m) for m in messages), Frames(), [], 0, 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        got += [fields_of(p) for p in frames.feed(data[at : at + size])]
        at, turn = at + size, turn + 1
    assert got == messages


def test_a_frame_of_absurd_length_is_refused() -> None:
    with pytest.raises(BadMessage):
        list(Frames().feed(b"\x7f\xff\xff\xff"))


class Heard:
    """A wrapper that keeps what the decoder calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.ib = self
        self.TimezoneTWS = None

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, args))


def heard(message: Message, version: int) -> list[tuple[str, tuple[Any, ...]]]:
    from ib_insync.decoder import Decoder

    wrapper = Heard()
    decoder = Decoder(wrapper, version)  # type: ignore[arg-type]
    fields = fields_of(encode(message, version)[4:])
    decoder.handlers[int(fields[0])](fields)
    return wrapper.calls


@pytest.mark.parametrize("version", [157, 159, 160, 163, 164, 166, 170, 176])
def test_an_open_order_is_read_as_it_was_written(version: int) -> None:
    words = {
        **CONTRACT, "orderId": 7, "action": "BUY", "totalQuantity": 1, "orderType": "LMT",
        "lmtPrice": "1500.25", "tif": "GTD", "goodTillDate": "20131008-13:31:35", "account": "DU1",
        "orderRef": "ref", "clientId": 17, "permId": 1900000001, "parentId": 6, "outsideRth": 1,
        "status": "Submitted", "ocaGroup": "g", "ocaType": 1,
    }  # fmt: skip
    ((name, (number, contract, order, state)),) = heard(Message("openOrder", words), version)
    assert (name, number, state.status) == ("openOrder", 7, "Submitted")
    assert (contract.conId, contract.localSymbol, contract.multiplier) == (600201312, "MESZ3", "5")
    assert (order.lmtPrice, order.tif, order.goodTillDate) == (1500.25, "GTD", "20131008-13:31:35")
    assert (order.orderRef, order.permId, order.parentId) == ("ref", 1900000001, 6)
    assert (order.ocaGroup, order.ocaType, order.outsideRth, order.whatIf) == ("g", 1, True, False)
    assert order.autoCancelParent is False
    assert order.usePriceMgmtAlgo is False


@pytest.mark.parametrize("version", [157, 160, 170, 176])
def test_a_completed_order_is_read_as_it_was_written(version: int) -> None:
    words = {
        **CONTRACT, "action": "SELL", "totalQuantity": 1, "orderType": "STP", "auxPrice": "1490.0",
        "orderRef": "ref", "permId": 19, "status": "Filled", "filledQuantity": 1,
        "parentPermId": 18, "completedTime": "20131008 09:00:00 US/Central",
        "completedStatus": "Filled Size: 1",
    }  # fmt: skip
    ((name, (_, order, state)),) = heard(Message("completedOrder", words), version)
    assert (name, state.status, state.completedStatus) == (
        "completedOrder", "Filled", "Filled Size: 1",
    )  # fmt: skip
    assert (order.auxPrice, order.parentPermId, order.filledQuantity) == (1490.0, 18, 1.0)


@pytest.mark.parametrize("version", [157, 163, 164, 176])
def test_contract_details_are_read_as_they_were_written(version: int) -> None:
    words = {
        **CONTRACT, "reqId": 3, "minTick": "0.25", "longName": "Micro", "timeZoneId": "US/Central",
        "tradingHours": "t", "liquidHours": "l", "realExpirationDate": "20131220",
        "lastTradeDate": "20131220 08:30 US/Central",
    }  # fmt: skip
    ((name, (request, cd)),) = heard(Message("contractDetails", words), version)
    assert (name, request, cd.minTick, cd.realExpirationDate) == (
        "contractDetails", 3, 0.25, "20131220",
    )  # fmt: skip
    assert cd.contract.lastTradeDateOrContractMonth == "20131220"
    assert (cd.tradingHours, cd.liquidHours, cd.timeZoneId) == ("t", "l", "US/Central")


def test_only_178_has_the_price_revision_and_only_below_177_the_profile() -> None:
    def count(kind: str, version: int) -> int:
        return len(fields_of(encode(Message(kind), version)[4:]))

    assert count("execDetails", 178) == count("execDetails", 177) + 1
    for kind in ("openOrder", "completedOrder"):
        assert count(kind, 176) == count(kind, 177) + 1


def test_every_answer_can_be_written_in_every_version() -> None:
    for kind in ANSWERS:
        for version in (157, 176, 178):
            assert encode(Message(kind), version)[4:].endswith(b"\0")


@pytest.mark.parametrize(("version", "count"), [(176, 115), (178, 114)])
def test_the_what_if_of_an_order_is_found(version: int, count: int) -> None:
    fields = [""] * count
    fields[0], fields[1] = "3", "12"
    fields[85 if version == 176 else 84] = "1"
    message = decode(fields, version)
    assert message.flag("whatIf")
    assert message.number("orderId") == 12


def test_optional_blocks_shift_what_follows() -> None:
    fields = [""] * 115
    fields[0] = "3"
    at = 65  # deltaNeutralOrderType
    message = decode(fields, 176)
    assert message.text("deltaNeutralOrderType") == ""
    fields[at] = "LMT"
    message = decode([*fields[: at + 2], *["x"] * 8, *fields[at + 2 :]], 176)
    assert message.text("deltaNeutralOrderType") == "LMT"
    assert message.text("continuousUpdate") == ""


def test_an_unknown_request_is_named_so() -> None:
    assert decode(["4711", "a"], 176).kind == "unknown"
    with pytest.raises(BadMessage):
        decode(["x"], 176)
