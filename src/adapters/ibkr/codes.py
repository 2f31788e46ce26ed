"""What an error code means to us (ibkr.md 8): our own table, never the library's opinion."""

from __future__ import annotations

from enum import Enum
from typing import Final


class OrderMeaning(Enum):
    """What a code says about the order it names."""

    REJECTED = "the order is refused for good"
    BAD_PRICE = "refused if it was never acknowledged; else the change is"
    REFUSED = "a cancel or a change is refused; look for a fill"
    CANCELLED = "cancelled, unless its status or an execution says otherwise"
    READ_ONLY = "refused if the interface is read-only; else unknown"
    WAITS = "a note; an entry that would wait for another session is cancelled"
    NOTE = "a note"
    QUERY = "the order's state is unknown: ask, and keep it alive"


class LinkMeaning(Enum):
    """What a code says about the link, whatever number it carries."""

    UPSTREAM_DOWN = "the gateway has lost the broker"
    UPSTREAM_BACK = "restored, data kept"
    UPSTREAM_LOST = "restored, data lost"
    FARM_DOWN = "a data farm is away"
    FARM_UP = "a data farm is back"
    NO_DATA = "market data is not subscribed, or delayed"
    COMPETING = "another session takes the market data"
    PACING = "too many requests for data"
    RATE = "too many messages"
    ID_IN_USE = "the client id is taken"
    READ_ONLY = "the interface is read-only"
    RECONNECT = "the connection is no good"
    RESUBSCRIBE = "a data subscription has ended"
    NOTE = "nothing to do"


_O, _L = OrderMeaning, LinkMeaning

ORDER: Final[dict[int, OrderMeaning]] = {
    103: _O.QUERY,
    104: _O.REFUSED,
    105: _O.REFUSED,
    110: _O.BAD_PRICE,
    135: _O.REFUSED,
    161: _O.REFUSED,
    10147: _O.REFUSED,
    10148: _O.REFUSED,
    200: _O.REJECTED,
    201: _O.REJECTED,
    202: _O.CANCELLED,
    321: _O.READ_ONLY,
    329: _O.REFUSED,
    399: _O.WAITS,
    165: _O.NOTE,
    404: _O.NOTE,
    434: _O.NOTE,
    492: _O.NOTE,
}
LINK: Final[dict[int, LinkMeaning]] = {
    100: _L.RATE,
    162: _L.PACING,
    321: _L.READ_ONLY,
    326: _L.ID_IN_USE,
    354: _L.NO_DATA,
    10089: _L.NO_DATA,
    10090: _L.NO_DATA,
    10167: _L.NO_DATA,
    10168: _L.NO_DATA,
    420: _L.PACING,
    507: _L.RECONNECT,
    1300: _L.RECONNECT,
    1100: _L.UPSTREAM_DOWN,
    1101: _L.UPSTREAM_LOST,
    1102: _L.UPSTREAM_BACK,
    2110: _L.UPSTREAM_DOWN,
    2103: _L.FARM_DOWN,
    2105: _L.FARM_DOWN,
    2157: _L.FARM_DOWN,
    2104: _L.FARM_UP,
    2106: _L.FARM_UP,
    2158: _L.FARM_UP,
    10182: _L.RESUBSCRIBE,
    10186: _L.RESUBSCRIBE,
    10187: _L.RESUBSCRIBE,
    10225: _L.RESUBSCRIBE,
    10197: _L.COMPETING,
}
FARMS: Final = {2103: 2104, 2105: 2106, 2157: 2158}
"""Which code ends which farm's trouble."""


def about_order(code: int) -> OrderMeaning:
    """What `code` says about the order it names; a code nobody knows asks for a look."""
    if 2100 <= code < 2200:
        return OrderMeaning.NOTE
    return ORDER.get(code, OrderMeaning.QUERY)


def about_link(code: int) -> LinkMeaning:
    """What `code` says about the link."""
    return LINK.get(code, LinkMeaning.NOTE)


def says_read_only(text: str) -> bool:
    """True if the text of a 321 means that orders are refused altogether."""
    return "read-only" in text.lower() or "read only" in text.lower()


def says_next_session(text: str) -> bool:
    """True if the text of a 399 says that the order waits for another session."""
    return "will not be placed" in text.lower()


def says_pacing(text: str) -> bool:
    """True if the text of a 162 or 420 is about too many requests."""
    return "pacing" in text.lower()


def says_no_data(text: str) -> bool:
    """True if the text of a 162 only says that there is nothing in the span asked for."""
    return "no data" in text.lower()


class Farms:
    """Which data farms are away."""

    def __init__(self) -> None:
        self._away: set[tuple[int, str]] = set()

    def heard(self, code: int, text: str) -> bool:
        """Take a word about a farm; True while any is away. A word without a name ends all."""
        name = text.rpartition(":")[2].strip() if ":" in text else ""
        if code in FARMS:
            self._away.add((FARMS[code], name))
        else:
            self._away = {
                (end, farm) for end, farm in self._away
                if end != code or (farm and name and farm != name)
            }  # fmt: skip
        return bool(self._away)

    def forget(self) -> None:
        """A new connection: every farm speaks again."""
        self._away.clear()
