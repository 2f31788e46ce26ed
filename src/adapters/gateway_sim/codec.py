"""Frames and fields: bytes to named values and back, for one protocol version.

A frame is a length (4 bytes, big-endian) and that many bytes of text fields, each ended by a
NUL. `Frames` gathers frames from pieces of any size; `encode` and `decode` translate between
a frame's fields and a `Message` by the tables.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from adapters.gateway_sim.tables import (
    ANSWERS,
    BROKEN_VERSION,
    MAX_VERSION,
    MIN_VERSION,
    PLACE_ORDER,
    REQUESTS,
    Field,
)

Value = str | int | float | bool | Decimal | None
LONGEST: Final = 1 << 24
_PLACE: Final = 3


class BadMessage(ValueError):
    """A frame or message of a client that cannot be read."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message by name: its named values, and `tail`, fields after the last named one."""

    kind: str
    values: dict[str, Value] = field(default_factory=dict)
    tail: tuple[Value, ...] = ()
    raw: bytes | None = None  # bytes to be written instead, length prefix and all

    def text(self, name: str, default: str = "") -> str:
        """The value of `name` as it travels."""
        value = self.values.get(name)
        return default if value is None else text_of(value)

    def number(self, name: str, default: int = 0) -> int:
        """The value of `name` as a whole number; `BadMessage` if it is none."""
        words = self.text(name)
        try:
            return int(words) if words else default
        except ValueError as problem:
            raise BadMessage(f"{self.kind}: {name} is {words!r}") from problem

    def flag(self, name: str) -> bool:
        """The value of `name` as a yes or no."""
        return self.text(name) in ("1", "true", "True")

    def having(self, **values: Value) -> Message:
        """The same message with some other values."""
        return replace(self, values={**self.values, **values})


def text_of(value: Value) -> str:
    """A value as the text of one field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def negotiate(greeting: str) -> int:
    """The version to speak with a client that offers `greeting` (`v157..176`)."""
    offer = greeting.split(" ", 1)[0]
    low, dots, high = offer.removeprefix("v").partition("..")
    try:
        lowest, highest = int(low), int(high if dots else low)
    except ValueError as problem:
        raise BadMessage(f"greeting {greeting!r}") from problem
    version = min(MAX_VERSION, highest)
    if version == BROKEN_VERSION:
        version -= 1
    if version < max(MIN_VERSION, lowest):
        raise BadMessage(f"no common version with {greeting!r}")
    return version


def frame(fields: Sequence[str]) -> bytes:
    """The fields as one frame."""
    payload = "".join(f"{text}\0" for text in fields).encode()
    return struct.pack(">I", len(payload)) + payload


class Frames:
    """Gathers payloads from bytes that come in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take `data` and give every payload that is complete; `BadMessage` if one is too long."""
        self._data += data
        while len(self._data) >= 4:
            length = int.from_bytes(self._data[:4], "big")
            if length > LONGEST:
                raise BadMessage(f"a frame of {length} bytes")
            if len(self._data) < 4 + length:
                return
            payload = bytes(self._data[4 : 4 + length])
            del self._data[: 4 + length]
            yield payload


def fields_of(payload: bytes) -> list[str]:
    """The fields of a payload."""
    return payload.decode(errors="backslashreplace").split("\0")[:-1]


def encode(message: Message, version: int) -> bytes:
    """An answer as a frame in the layout of `version`."""
    if message.raw is not None:
        return message.raw
    texts = [
        text_of(message.values[f.name]) if f.name in message.values else f.default
        for f in ANSWERS[message.kind]
        if f.since <= version <= f.until
    ]
    texts += [text_of(value) for value in message.tail]
    return frame(texts)


def decode(fields: Sequence[str], version: int) -> Message:
    """A request by name; one with an id that is not known is of kind `unknown`."""
    try:
        number = int(fields[0])
    except (ValueError, IndexError) as problem:
        raise BadMessage(f"fields {list(fields)[:3]!r}") from problem
    if number == _PLACE:
        return Message("placeOrder", _read(PLACE_ORDER, fields[1:], version, True))
    if number not in REQUESTS:
        return Message("unknown", {"id": number}, tuple(fields[1:]))
    kind, columns = REQUESTS[number]
    return Message(kind, _read(columns, fields[1:], version, False))


def _read(
    columns: Sequence[Field], fields: Sequence[str], version: int, order: bool
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    at = 0
    for column in columns:
        if not column.since <= version <= column.until:
            continue
        if order and column.name in ("", "discretionaryAmt") and values.get("secType") == "BAG":
            raise BadMessage("combo orders are not simulated")
        if at >= len(fields):
            break
        if column.name:
            values[column.name] = fields[at]
        at += 1
        if order and column.name in _EXTRA:
            at += _extra(column.name, fields, at)
    return values


_EXTRA: Final = {
    "deltaNeutralOrderType": 0,
    "deltaNeutralAuxPrice": 8,
    "scalePriceIncrement": 7,
    "hedgeType": 1,
    "deltaNeutral": 3,
    "algoStrategy": 0,
}


def _extra(name: str, fields: Sequence[str], at: int) -> int:
    """How many optional fields follow the column `name`, which ended before `at`."""
    value = fields[at - 1]
    if name == "deltaNeutralAuxPrice":
        return _EXTRA[name] if fields[at - 2] else 0
    if name == "scalePriceIncrement":
        return _EXTRA[name] if value and 0 < float(value) < 1e300 else 0
    if name == "hedgeType":
        return _EXTRA[name] if value else 0
    if name == "deltaNeutral":
        return _EXTRA[name] if value in ("1", "True") else 0
    if name == "algoStrategy" and value:
        return 1 + 2 * int(fields[at] or 0)
    return 0
