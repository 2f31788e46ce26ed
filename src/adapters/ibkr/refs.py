"""References on the wire: ours with the store's tag behind it (execution.md 1)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from domain.orders import OrderRef, ref_of

_TAGGED: Final = re.compile(r"(?P<ref>.+)-(?P<tag>[0-9a-f]{4})")
LONGEST: Final = 40


class WireRef(NamedTuple):
    """A reference of our form: whose store it is, and what it says."""

    ref: OrderRef
    tag: str


def to_wire(ref: OrderRef, tag: str) -> str:
    """The reference as the broker keeps it. Errors: ValueError if it is too long or not ASCII."""
    text = f"{ref}-{tag}"
    if len(text) > LONGEST or not text.isascii():
        raise ValueError(f"{text!r} cannot be an order reference")
    return text


def from_wire(text: str) -> WireRef | None:
    """What the broker's text says; None if it has not our form."""
    match = _TAGGED.fullmatch(text)
    if match is None:
        return None
    ref = ref_of(match["ref"])
    return None if ref is None else WireRef(ref, match["tag"])


def oca_name(group: str, tag: str, generation: int) -> str:
    """The name of a trade's one-cancels-all group: the first, and those opened after it."""
    return f"{group}-{tag}" if generation == 0 else f"{group}-{tag}-{generation + 1}"
