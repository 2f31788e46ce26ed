"""A contract file as plain data, with the line of every key.

The subset of YAML a contract may use: one document of mappings with text keys, lists and
scalars. Everything that lets a file say something else than it seems to say is refused:
duplicate keys, anchors, aliases, tags, several documents, empty values, octal, sexagesimal
and other exotic numbers, NaN and infinity, `yes` and `no`.
"""

from __future__ import annotations

import math
import re
import stat
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from ports.errors import BadContract

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"]
Key: TypeAlias = tuple[str | int, ...]
"""Where a value stands: mapping keys and list indices from the top."""

MAX_BYTES: Final[int] = 256 * 1024
MAX_DEPTH: Final[int] = 8
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "false": False}
_LARGEST_INT: Final[int] = 2**63 - 1
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(NamedTuple):
    """A file's data and, by place, the line (from 1) on which each key or item stands."""

    source: str
    data: dict[str, Plain]
    lines: dict[Key, int]

    def fault(self, place: Key, reason: str) -> BadContract:
        """The error for `place`: the line of it, or of the nearest thing around it that exists."""
        return BadContract(self.source, self.where(place), reason)

    def where(self, place: Key) -> str:
        """`line 12, field tiers[0].risk_cap`."""
        line = self.line(place)
        return f"line {line}, field {dotted(place)}" if place else f"line {line}"

    def line(self, place: Key) -> int:
        """The line of `place`, or of the nearest thing around it that exists."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def dotted(place: Key) -> str:
    """`tiers[0].risk_cap`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Read one contract file.

    Errors: BadContract for anything but a readable UTF-8 file of the YAML subset whose top
    is a mapping.
    """
    source = str(path)
    parser = _Parser(source, _text(path))
    try:
        return parser.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}" if mark else ""
        raise BadContract(source, where, f"not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BadContract(source, "", f"not YAML: {reason}") from None
    finally:
        parser.close()


def _text(path: Path) -> str:
    source = str(path)
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise BadContract(source, "", "is not a file")
        if facts.st_size > MAX_BYTES:
            raise BadContract(source, "", f"is larger than {MAX_BYTES} bytes")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise BadContract(source, "", "is missing") from None
    except OSError as error:
        raise BadContract(source, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadContract(source, f"line {line}", "is not UTF-8 text") from None


def _line(event: Event) -> int:
    mark = event.start_mark
    return 1 if mark is None else mark.line + 1


class _Parser:
    """Events of one file to plain data; the depth is bounded, so nesting cannot exhaust us."""

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._events = _Loader(text)
        self._lines: dict[Key, int] = {}

    def close(self) -> None:
        self._events.dispose()

    def document(self) -> Document:
        self._expect(StreamStartEvent)
        start = self._next()
        if isinstance(start, StreamEndEvent):
            raise BadContract(self._source, "", "is empty")
        if not isinstance(start, DocumentStartEvent):
            raise self._fault(start, (), "not a document")
        top = self._next()
        data = self._value(top, ())
        if not isinstance(data, dict):
            raise self._fault(top, (), "must be a mapping of keys to values")
        self._expect(DocumentEndEvent)
        end = self._next()
        if not isinstance(end, StreamEndEvent):
            raise self._fault(end, (), "holds more than one document")
        return Document(self._source, data, self._lines)

    def _next(self) -> Event:
        event = self._events.get_event()
        if not isinstance(event, Event):
            raise BadContract(self._source, "", "ends too early")
        return event

    def _expect(self, kind: type[Event]) -> None:
        event = self._next()
        if not isinstance(event, kind):
            raise self._fault(event, (), "not one YAML document")

    def _value(self, event: Event, place: Key) -> Plain:
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self._fault(event, place, "anchors and aliases are not allowed")
        if getattr(event, "tag", None) is not None:
            raise self._fault(event, place, "tags are not allowed")
        if isinstance(event, ScalarEvent):
            return self._scalar(event, place)
        if len(place) >= MAX_DEPTH:
            raise self._fault(event, place, f"is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(place)
        raise self._fault(event, place, "is no value")

    def _mapping(self, place: Key) -> dict[str, Plain]:
        data: dict[str, Plain] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._value(event, place) if isinstance(event, ScalarEvent) else None
            if not isinstance(key, str):
                raise self._fault(event, place, "keys must be text; quote the key")
            here = (*place, key)
            if key in data:
                first = self._lines[here]
                raise self._fault(event, here, f"duplicate key, first on line {first}")
            self._lines[here] = _line(event)
            data[key] = self._value(self._next(), here)
        return data

    def _sequence(self, place: Key) -> list[Plain]:
        data: list[Plain] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            here = (*place, len(data))
            self._lines[here] = _line(event)
            data.append(self._value(event, here))
        return data

    def _scalar(self, event: ScalarEvent, place: Key) -> Plain:
        text: str = event.value
        if event.style:  # quoted or a block: text, whatever it looks like
            return text
        if text in _NOTHING:
            raise self._fault(event, place, "has no value")
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INT.match(text):
            return self._integer(event, place, text)
        if _FLOAT.match(text):
            value = float(text)
            if not math.isfinite(value):
                raise self._fault(event, place, f"number too large: {text}")
            return value
        return text

    def _integer(self, event: ScalarEvent, place: Key, text: str) -> int:
        value = int(text) if len(text) <= 20 else _LARGEST_INT + 1
        if abs(value) > _LARGEST_INT:
            raise self._fault(event, place, "number too large")
        return value

    def _fault(self, event: Event, place: Key, reason: str) -> BadContract:
        line = _line(event)
        field = f", field {dotted(place)}" if place else ""
        return BadContract(self._source, f"line {line}{field}", reason)
