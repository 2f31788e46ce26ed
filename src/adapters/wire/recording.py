"""A recorded run, read back: its inputs decoded, its events held against new ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import orjson

from adapters.store.canonical import DOMAIN, canonical
from adapters.store.chain import Row, Tip, link
from adapters.wire.codec import Codec
from adapters.wire.decode_v1 import INPUTS, KNOWN, input_of
from domain.event import Event
from ports.errors import StoreFailure
from ports.journal import JsonValue, Stored
from ports.recording import Difference, DivergedError, Entry

_NAMES: Final = Stored._fields
_STARTED: Final = "RunStarted"
_ENVELOPE: Final = (1, 2, 3, 4, 5, 6, 9)
_HASHES: Final = (11, 12)
_SAME: Final = slice(1, 7)
"""Event id to time of the event; then what leads to it, which is another's to say."""
_CHAINED: Final = slice(9, 13)
"""Correlation, payload, previous hash and hash."""


class StoredRecording:
    """Implements ports.recording.Recording on the rows of a journal.

    `rows` are its events from the first on, `codec` the one that writes new events, `genesis`
    the chain head of the empty log; or all of it from the event after number `before` on.
    """

    def __init__(self, rows: Iterable[Stored], codec: Codec, genesis: str, before: int = 0) -> None:
        self._rows = iter(rows)
        self._codec = codec
        self._ahead: deque[Entry] = deque()
        self._seq = before
        self.head = genesis
        """The chain head, worked out anew, of all that was compared."""
        self.compared = 0
        """Domain events found equal so far."""

    def pending(self) -> Sequence[Entry]:
        """See the port."""
        found = []
        for entry in self._ahead:
            found.append(entry)
            if entry.input is not None:
                return found
        while self._read():
            found.append(self._ahead[-1])
            if found[-1].input is not None:
                break
        return found

    def compare(self, produced: Sequence[Event]) -> int:
        """See the port."""
        try:
            records = self._codec.records(produced) if produced else []
            tip, rows = link(Tip(0, self.head), records, 0)
        except (StoreFailure, ValueError) as error:
            reason = f"what is produced now cannot be recorded: {error}"
            raise DivergedError(Difference(self._seq + 1, "", reason)) from error
        for n, row in enumerate(rows):
            stored = self._next()
            if stored is None:
                return n
            if row[_SAME] != stored[_SAME] or row[_CHAINED] != stored[_CHAINED]:
                _entry(stored)  # what cannot be read at all is the better reason
                raise DivergedError(_difference(stored, row))
            self.compared += 1
            self.head = stored.hash or self.head  # events of `ops` are not in the chain
        self.head = tip.head
        return len(rows)

    def _next(self) -> Stored | None:
        """The next event to compare. What is told by no entry yet need not be decoded: it is
        equal to what is produced, or it is looked at then."""
        while True:
            row = self._ahead.popleft().row if self._ahead else self._row()
            if row is None or row.type != _STARTED:
                return row
            self._begin(_entry(row))  # an earlier process went on here, too

    def rest(self) -> Sequence[Entry]:
        """See the port."""
        while self._read():
            pass
        return list(self._ahead)

    def started(self) -> None:
        """See the port."""
        self._begin(self._ahead.popleft())

    def _begin(self, entry: Entry) -> None:
        if entry.input is not None:
            self._codec.record(
                entry.input, ""
            )  # from here on events bear the hash of this run's config

    def _read(self) -> bool:
        """Take one more event of the domain, or one more input; False at the record's end."""
        row = self._row()
        if row is not None:
            self._ahead.append(_entry(row))
        return row is not None

    def _row(self) -> Stored | None:
        for row in self._rows:
            if row.seq != self._seq + 1:
                reason = f"seq {self._seq + 1} is missing"
                raise DivergedError(Difference(row.seq, row.type, reason))
            self._seq = row.seq
            if row.stream == DOMAIN or row.type in INPUTS:
                return row
            _entry(row)  # not even what is compared with nothing may be of an unknown type
        return None


def _entry(row: Stored) -> Entry:
    try:
        return Entry(row, input_of(row))
    except ValueError as error:
        unknown = "unknown type: what it means cannot be guessed"
        reason = str(error) if row.type in KNOWN else unknown
        raise DivergedError(Difference(row.seq, row.type, reason, row.payload)) from None


def _difference(stored: Stored, row: Row) -> Difference:
    """What differs between a recorded event and the one produced in its place."""
    fields = [
        (_NAMES[n], _json(stored[n]), _json(row[n])) for n in _ENVELOPE if stored[n] != row[n]
    ]
    if stored.payload != row[10]:
        fields += [(f"payload{place}", was, now) for place, was, now in _unequal(stored, row)]
    if not fields:
        fields = [(_NAMES[n], _json(stored[n]), _json(row[n])) for n in _HASHES]
    names = ", ".join(name for name, _, _ in fields[:5]) + (", ..." if len(fields) > 5 else "")
    reason = f"what is produced now differs in {names}"
    return Difference(stored.seq, stored.type, reason, stored.payload, row[10], tuple(fields))


def _unequal(stored: Stored, row: Row) -> Iterator[tuple[str, str, str]]:
    try:
        was = dict(_leaves("", orjson.loads(stored.payload)))
    except orjson.JSONDecodeError:
        yield "", stored.payload, row[10]
        return
    now = dict(_leaves("", orjson.loads(row[10])))
    places = [*was, *(place for place in now if place not in was)]
    found = False
    for place in places:
        if was.get(place) != now.get(place) or (place in was) != (place in now):
            found = True
            yield place, was.get(place, "absent"), now.get(place, "absent")
    if not found:
        yield "", stored.payload, row[10]


def _leaves(place: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    """Every value that holds no other, by its place."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(f"{place}.{name}", inner)
    elif isinstance(value, list) and value:
        for n, inner in enumerate(value):
            yield from _leaves(f"{place}[{n}]", inner)
    else:
        yield place, _json(value)


def _json(value: JsonValue) -> str:
    try:
        return canonical(value).decode()
    except ValueError:
        return repr(value)  # damage may leave a text that has no canonical form
