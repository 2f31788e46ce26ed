"""Orders, their references and their life cycles (execution.md 1 to 3).

The two tables are the whole truth about what may follow what. A pair without a row
is not silently ignored: it raises `IllegalTransition`, which the supervisor turns into
a kill.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from domain.errors import IllegalTransition
from domain.units import Side, Ticks, UtcNanos


class Role(Enum):
    """What an order is for; the letter ends its reference."""

    ENTRY = "E"
    STOP = "S"
    TARGET = "T"
    EXIT = "X"


_ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True, order=True)
class OrderRef:
    """The idempotency key of one order: a function of the decision and the role only."""

    group: str
    role: Role
    number: int = 0

    def __str__(self) -> str:
        return f"{self.group}-{self.role.value}{self.number or ''}"


def ref_of(text: str) -> OrderRef | None:
    """The reference written as `text`, None if it has not our form (execution.md 1)."""
    group, _, last = text.rpartition("-")
    number = last[1:]
    if group.count("-") < 2 or last[:1] not in _ROLES or (number and not number.isascii()):
        return None
    if number and (not number.isdigit() or number.startswith("0")):
        return None
    day, minute = group.split("-")[:2]
    if len(day) != 8 or len(minute) != 3 or not (day + minute).isdigit():
        return None
    return OrderRef(group, _ROLES[last[0]], int(number or 0))


def group_of(decision_id: str) -> str:
    """`2013-10-07-275-MES` names the group `20131007-275-MES`."""
    day, minute, symbol = decision_id[:10], decision_id[11:14], decision_id[15:]
    return f"{day.replace('-', '')}-{minute}-{symbol}"


class OrderEventKind(Enum):
    """What a broker can say about an order."""

    ACK = "ACK"
    PARTIAL = "PARTIAL"
    FILL = "FILL"
    CANCEL_ACK = "CANCEL_ACK"
    CANCEL_REJECT = "CANCEL_REJECT"
    REJECT = "REJECT"
    EXPIRE = "EXPIRE"
    UNKNOWN = "UNKNOWN"
    OPEN_ORDER = "OPEN_ORDER"
    NOT_SENT = "NOT_SENT"
    """The shell's own word: nothing left the process, and nothing will."""
    SEND_FAILED = "SEND_FAILED"
    """The shell's own word: sending failed, and only the broker knows what arrived."""


class OrderEvent(NamedTuple):
    """A broker's word about one order; `sequence` numbers them in the order received."""

    order_ref: str
    role: Role
    kind: OrderEventKind
    time: UtcNanos
    sequence: int
    broker_order_id: int
    perm_id: int
    status_text: str
    code: int
    qty: int
    filled: int
    price: Ticks | None


class Fill(NamedTuple):
    """One execution; `exec_id` makes it count once, whatever says so how often."""

    exec_id: str
    order_ref: str
    role: Role
    perm_id: int
    side: Side
    qty: int
    price: Ticks
    time: UtcNanos


class ParentState(Enum):
    """Life of an entry order."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    ACKED = "ACKED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    ERROR = "ERROR"


class ParentEvent(Enum):
    """What happens to an entry order."""

    SEND = "Send"
    SEND_FAILED = "SendFailed"
    ACK = "Ack"
    PARTIAL_FILL = "PartialFill"
    FILL = "Fill"
    CANCEL_REQUESTED = "CancelRequested"
    CANCEL_ACK = "CancelAck"
    CANCEL_REJECT = "CancelReject"
    REJECT = "Reject"
    EXPIRE = "Expire"
    TIMEOUT = "Timeout"
    UNKNOWN = "Unknown"


class ChildState(Enum):
    """Life of a stop or target."""

    CREATED = "CREATED"
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"


class ChildEvent(Enum):
    """What happens to a stop or target."""

    PLACED = "placed"
    FILL = "fill"
    CANCEL_ACK = "cancel ack"
    REJECT = "reject"
    VANISHED = "vanished"
    PARENT_DEAD = "parent dead unfilled"


PARENT_TERMINAL: Final = frozenset({ParentState.FILLED, ParentState.CANCELED, ParentState.REJECTED})
CHILD_TERMINAL: Final = frozenset({ChildState.FILLED, ChildState.CANCELED, ChildState.FAILED})

_P, _E = ParentState, ParentEvent
_LATE: Final = (_E.ACK, _E.CANCEL_REQUESTED, _E.CANCEL_ACK, _E.CANCEL_REJECT, _E.EXPIRE)

PARENT_TABLE: Final[dict[tuple[ParentState, ParentEvent], ParentState]] = {
    (_P.CREATED, _E.SEND): _P.SUBMITTED,
    (_P.CREATED, _E.SEND_FAILED): _P.CANCELED,
    (_P.CREATED, _E.CANCEL_REQUESTED): _P.CANCELED,  # never sent
    (_P.CREATED, _E.EXPIRE): _P.CANCELED,
    (_P.CREATED, _E.TIMEOUT): _P.CREATED,
    (_P.CREATED, _E.UNKNOWN): _P.CREATED,
    (_P.SUBMITTED, _E.SEND_FAILED): _P.ERROR,
    (_P.SUBMITTED, _E.ACK): _P.ACKED,
    (_P.SUBMITTED, _E.PARTIAL_FILL): _P.PARTIALLY_FILLED,  # implies the ack
    (_P.SUBMITTED, _E.FILL): _P.FILLED,  # implies the ack
    (_P.SUBMITTED, _E.CANCEL_REQUESTED): _P.SUBMITTED,
    (_P.SUBMITTED, _E.CANCEL_ACK): _P.CANCELED,
    (_P.SUBMITTED, _E.CANCEL_REJECT): _P.SUBMITTED,
    (_P.SUBMITTED, _E.REJECT): _P.REJECTED,
    (_P.SUBMITTED, _E.EXPIRE): _P.CANCELED,
    (_P.SUBMITTED, _E.TIMEOUT): _P.ERROR,
    (_P.SUBMITTED, _E.UNKNOWN): _P.ERROR,
    (_P.ACKED, _E.ACK): _P.ACKED,
    (_P.ACKED, _E.PARTIAL_FILL): _P.PARTIALLY_FILLED,
    (_P.ACKED, _E.FILL): _P.FILLED,
    (_P.ACKED, _E.CANCEL_REQUESTED): _P.ACKED,
    (_P.ACKED, _E.CANCEL_ACK): _P.CANCELED,
    (_P.ACKED, _E.CANCEL_REJECT): _P.ACKED,
    (_P.ACKED, _E.REJECT): _P.REJECTED,
    (_P.ACKED, _E.EXPIRE): _P.CANCELED,
    (_P.ACKED, _E.TIMEOUT): _P.ERROR,  # only a cancel can time out here
    (_P.ACKED, _E.UNKNOWN): _P.ERROR,
    (_P.PARTIALLY_FILLED, _E.ACK): _P.PARTIALLY_FILLED,
    (_P.PARTIALLY_FILLED, _E.PARTIAL_FILL): _P.PARTIALLY_FILLED,
    (_P.PARTIALLY_FILLED, _E.FILL): _P.FILLED,
    (_P.PARTIALLY_FILLED, _E.CANCEL_REQUESTED): _P.PARTIALLY_FILLED,
    (_P.PARTIALLY_FILLED, _E.CANCEL_ACK): _P.CANCELED,
    (_P.PARTIALLY_FILLED, _E.CANCEL_REJECT): _P.PARTIALLY_FILLED,
    (_P.PARTIALLY_FILLED, _E.REJECT): _P.ERROR,  # cannot be rejected now
    (_P.PARTIALLY_FILLED, _E.EXPIRE): _P.CANCELED,
    (_P.PARTIALLY_FILLED, _E.TIMEOUT): _P.ERROR,
    (_P.PARTIALLY_FILLED, _E.UNKNOWN): _P.ERROR,
    **{(_P.FILLED, e): _P.FILLED for e in (*_LATE, _E.TIMEOUT, _E.UNKNOWN)},
    **{(_P.CANCELED, e): _P.CANCELED for e in (*_LATE, _E.REJECT, _E.TIMEOUT, _E.UNKNOWN)},
    (_P.CANCELED, _E.PARTIAL_FILL): _P.CANCELED,  # the fill wins the race, the rest stays dead
    (_P.CANCELED, _E.FILL): _P.FILLED,
    **{(_P.REJECTED, e): _P.REJECTED for e in (*_LATE[1:], _E.REJECT, _E.TIMEOUT, _E.UNKNOWN)},
    (_P.REJECTED, _E.ACK): _P.ERROR,
    (_P.REJECTED, _E.PARTIAL_FILL): _P.ERROR,
    (_P.REJECTED, _E.FILL): _P.ERROR,  # it cannot have been dead
    **{
        (_P.ERROR, e): _P.ERROR
        for e in (*_LATE, _E.PARTIAL_FILL, _E.FILL, _E.REJECT, _E.TIMEOUT, _E.UNKNOWN)
    },
}  # fmt: skip

_C, _D = ChildState, ChildEvent
CHILD_TABLE: Final[dict[tuple[ChildState, ChildEvent], ChildState]] = {
    (_C.CREATED, _D.PLACED): _C.WORKING,
    (_C.CREATED, _D.FILL): _C.FILLED,
    (_C.CREATED, _D.CANCEL_ACK): _C.CANCELED,
    (_C.CREATED, _D.REJECT): _C.FAILED,
    (_C.CREATED, _D.VANISHED): _C.FAILED,
    (_C.CREATED, _D.PARENT_DEAD): _C.CANCELED,
    (_C.WORKING, _D.PLACED): _C.WORKING,
    (_C.WORKING, _D.FILL): _C.FILLED,
    (_C.WORKING, _D.CANCEL_ACK): _C.CANCELED,
    (_C.WORKING, _D.REJECT): _C.FAILED,
    (_C.WORKING, _D.VANISHED): _C.FAILED,
    (_C.WORKING, _D.PARENT_DEAD): _C.CANCELED,
    **{(_C.FILLED, e): _C.FILLED for e in (_D.PLACED, _D.CANCEL_ACK, _D.VANISHED, _D.PARENT_DEAD)},
    **{
        (s, e): s
        for s in (_C.CANCELED, _C.FAILED)
        for e in (_D.CANCEL_ACK, _D.REJECT, _D.VANISHED, _D.PARENT_DEAD)
    },
    (_C.CANCELED, _D.PLACED): _C.WORKING,  # a late acknowledgement
    (_C.FAILED, _D.PLACED): _C.WORKING,
    (_C.CANCELED, _D.FILL): _C.FILLED,
    (_C.FAILED, _D.FILL): _C.FILLED,
}


def parent_after(state: ParentState, event: ParentEvent) -> ParentState:
    """The entry's next state; IllegalTransition where execution.md 2 says illegal."""
    try:
        return PARENT_TABLE[state, event]
    except KeyError:
        raise IllegalTransition(state.value, event.value) from None


def child_after(state: ChildState, event: ChildEvent) -> ChildState:
    """The child's next state; IllegalTransition where execution.md 3 says illegal."""
    try:
        return CHILD_TABLE[state, event]
    except KeyError:
        raise IllegalTransition(state.value, event.value) from None
