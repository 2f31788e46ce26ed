"""The two slots of a guard file, byte for byte.

A slot is 4096 bytes, big-endian: magic (8), layout version (u32), length of the content
(u32), counter (u64), SHA-256 over the whole slot with these 32 bytes zero, content, zeros.
The valid slot with the higher counter holds what was written last.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Final, NamedTuple

SLOT: Final = 4096
SLOTS: Final = 2
FILE: Final = SLOT * SLOTS
VERSION: Final = 1

_MAGIC: Final = b"TBGUARD\n"
_HEAD: Final = struct.Struct(">8sIIQ")
_SUM: Final = 32
_BODY: Final = _HEAD.size + _SUM
ROOM: Final = SLOT - _BODY
"""Bytes of content that a slot takes."""


class Slot(NamedTuple):
    """One valid slot: its place, its counter and its content."""

    place: int
    counter: int
    content: bytes


def pack(counter: int, content: bytes, version: int = VERSION) -> bytes:
    """The bytes of a slot.

    Errors: ValueError if `content` does not fit.
    """
    if len(content) > ROOM:
        raise ValueError(f"{len(content)} bytes do not fit into a slot of {ROOM}")
    head = _HEAD.pack(_MAGIC, version, len(content), counter)
    rest = content.ljust(ROOM, b"\0")
    return b"".join((head, _checksum(head, rest), rest))


def unpack(raw: bytes) -> list[Slot]:
    """The valid slots of a whole file, in the order in which they stand."""
    found: list[Slot] = []
    for index in range(SLOTS):
        slot = raw[index * SLOT : (index + 1) * SLOT]
        if len(slot) < SLOT:
            continue
        head, checksum, rest = slot[: _HEAD.size], slot[_HEAD.size : _BODY], slot[_BODY:]
        magic, version, length, counter = _HEAD.unpack(head)
        if magic != _MAGIC or checksum != _checksum(head, rest):
            continue
        if version == VERSION and length <= ROOM:
            found.append(Slot(index, counter, rest[:length]))
    return found


def newer_layout(raw: bytes) -> bool:
    """True if a sound slot has a layout that this program does not know."""
    for index in range(SLOTS):
        slot = raw[index * SLOT : (index + 1) * SLOT]
        if len(slot) == SLOT and slot[_HEAD.size : _BODY] == _checksum(
            slot[: _HEAD.size], slot[_BODY:]
        ):
            magic, version, _, _ = _HEAD.unpack(slot[: _HEAD.size])
            if magic == _MAGIC and version != VERSION:
                return True
    return False


def _checksum(head: bytes, rest: bytes) -> bytes:
    return sha256(b"".join((head, bytes(_SUM), rest))).digest()
