"""The extension module, built from rust_core/bindings."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, final, overload

import numpy as np
from numpy.typing import NDArray

from domain.candidate import Candidate, Snapshot
from domain.decision import DecisionRecord

__all__ = [
    "ROW", "VERSION", "BarError", "BarForms", "Chunk", "ColumnError", "Decider", "Encoded",
    "EngineInputError", "Numbers", "ParameterError", "Records", "Shape", "SignalEngine",
    "SnapshotError", "Tail", "canonical", "encode", "event_id", "frame_payloads", "link",
]  # fmt: skip

ROW: Final[int]
"""Values of one row: S1 to S35, then the eleven likelihoods."""
VERSION: Final[str]

_Bar: TypeAlias = tuple[int, int, int, int, int, int, int, bool, float | None, int, int, float]
_Floats: TypeAlias = tuple[float, ...]
_Frame: TypeAlias = tuple[
    Numbers, int, int, int, int, float, float, int, float, float, float, float, float, bool, int,
    tuple[int | None, ...], Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, int, float,
]  # fmt: skip

_Record: TypeAlias = tuple[str, int, str, str, int, str, object, str, str]
_Row: TypeAlias = tuple[
    int, str, str, int, str, str, int, int, str, str, str, str, str, int, str
]  # fmt: skip

def canonical(value: object, /) -> bytes:
    """Canonical JSON of plain values; ValueError for what has no canonical form.

    An `Encoded` inside is taken over as it stands.
    """

def encode(value: object, /) -> Encoded:
    """The canonical form as a finished piece; errors as `canonical`."""

def frame_payloads(frame: tuple[object, ...], /) -> tuple[Encoded, Encoded, str, str]:
    """Payload of the signals, payload of the beliefs, signals hash, beliefs hash of a frame.

    ValueError for a frame without a canonical form.
    """

def event_id(kind: str, stream: str, key: str, /) -> str:
    """The first 32 hex digits of SHA-256 over `kind|stream|key`."""

def link(
    seq: int, head: str, records: Iterable[_Record], recorded: int, /
) -> tuple[int, str, list[_Row]]:
    """Number and chain records after `seq` and `head`: where the log then ends, and its rows.

    ValueError naming a record that has no canonical form, no time or no stream.
    """

@final
class Chunk:
    """Rows that were handed over to be stored. Their hashes are worked out when somebody asks for
    them, by the thread that asks."""

    LAYOUT: Final[list[tuple[str, int, int]]]
    """Name, place and width of each column of a packed row. Numbers are decimal; blanks pad. What
    has no width is a span: the place of its text in the body, from 1 on, then its length."""
    WIDTH: Final[int]
    """Bytes of a packed row."""
    SPAN: Final[int]
    """Digits of the place in a span, and of the length."""

    def __len__(self) -> int: ...
    @property
    def start(self) -> tuple[int, str]:
        """Where the log ended before these rows."""

    def rows(self) -> list[_Row]:
        """What each row holds."""

    def packed(self) -> tuple[bytes, bytes]:
        """All rows, `WIDTH` bytes each, and the body: the texts that they speak of. The interpreter
        is free meanwhile."""

@final
class Tail:
    """The end of a log that is not stored yet: links what is appended, and holds it back."""

    def __new__(cls, seq: int, head: str, /) -> Tail:
        """Nothing is held back after `seq` and `head`."""

    def __len__(self) -> int: ...
    @property
    def seq(self) -> int:
        """Number of the last event."""

    @property
    def head(self) -> str:
        """The chain head."""

    @property
    def start(self) -> tuple[int, str]:
        """Where the log ends before what is held back."""

    def append(self, records: Iterable[_Record], recorded: int, /) -> tuple[str, str] | None:
        """Link and hold back records, without those that are held back already: all or none.

        Answers type and id of one that is held back with another payload. ValueError naming a
        record that has no canonical form, no time or no stream.
        """

    def extend(self, chunk: Chunk, without: set[str], /) -> None:
        """Hold back what `chunk` holds less the events with these ids, linked anew."""

    def rows(self) -> list[_Row]:
        """What each row holds."""

    def take(self) -> Chunk:
        """Let go of what is held back; the log goes on behind it."""

@final
class BarForms:
    """Makes the records of bars, and the payloads of decisions."""

    def __new__(cls, kinds: tuple[type, ...], parts: object, /) -> BarForms:
        """`kinds` are the classes of a bar's five events, `parts` what decisions need beside."""

    def decision(
        self, record: tuple[object, ...], signals_hash: str, beliefs_hash: str, config_hash: str, /
    ) -> Encoded:
        """The payload of a decision; ValueError for a record without a canonical form."""

    def records(self, events: list[object], session: str, config_hash: str, /) -> Records | None:
        """The records of `events` if they are the five of a bar in their order, else None.

        ValueError for an event without a canonical form.
        """

@final
class Decider:
    """Decides as `domain.decision.decide` does under the same rules, to the last bit."""

    def __new__(cls, rules_json: str, parts: object, /) -> Decider:
        """`parts` are the classes and shared answers that records are made of.

        ValueError for rules that cannot be read, TypeError for classes that cannot be made.
        """

    def decide(self, snap: Snapshot, /) -> tuple[DecisionRecord, Candidate | None]:
        """The bar's record, and the candidate that passed everything (None if none did)."""

@final
class Encoded:
    """A value in canonical form, made by `encode` and `frame_payloads` alone."""

    @property
    def text(self) -> str:
        """The canonical JSON."""

@final
class Numbers(Sequence[float]):
    """The floats of a frame's row, made into objects where one is looked at; equal to the tuple."""

    def __new__(cls, numbers: Iterable[float], /) -> Numbers:
        """Of 35 or of 11 numbers; ValueError for another count."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, place: int, /) -> float: ...
    @overload
    def __getitem__(self, places: slice, /) -> tuple[float, ...]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[type[Numbers], tuple[tuple[float, ...]]]: ...

@final
class Records:
    """The records of a bar, made where one is asked for; the journal takes them as they are."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> _Record: ...

@final
class Shape:
    """Writes tuples as canonical objects."""

    def __new__(
        cls,
        names: Sequence[str],
        /,
        *,
        one: dict[str, Shape] | None = None,
        many: dict[str, Shape] | None = None,
        shared: str | None = None,
    ) -> Shape:
        """`names` are the keys by place; a place with an empty name is left out.

        `one` says at which names a tuple of another shape stands, or None; `many` where a tuple
        of such tuples does. Tuples with None at the name `shared` are remembered by identity.
        ValueError for a name that is given twice, or that the shape does not have.
        """

    def encode(self, values: tuple[object, ...], /) -> Encoded:
        """The canonical object of `values`; ValueError where there is none."""

class EngineInputError(ValueError):
    """The engine refused its input and is as it was before the call."""

class BarError(EngineInputError):
    """An impossible bar."""

class ColumnError(EngineInputError):
    """Columns that do not fit together, or a row that is an impossible bar."""

class ParameterError(EngineInputError):
    """Parameters that are unreadable or out of range."""

class SnapshotError(EngineInputError):
    """Bytes that this engine cannot go on from."""

@final
class SignalEngine:
    """Signals, beliefs and regime of one stream of bars; every float out is on the q9 grid."""

    def __new__(cls, parameters_json: str, /, *, portable: bool = False) -> SignalEngine:
        """Read the parameters; ParameterError if they are unreadable or out of range.

        `portable` forgoes the machine's wider registers; no bit of any result differs.
        """

    def update(self, bar: _Bar, /) -> _Floats:
        """Consume one bar (fields of BarInput); S1 to S35, then the eleven likelihoods."""

    def frame(self, bar: _Bar, /) -> _Frame:
        """Consume one bar; all fields of domain.frame.Frame in order."""

    def frames_as(self, kind: type[tuple[object, ...]], /) -> None:
        """From here on frames are of `kind`, a class of named tuples; TypeError for another."""

    def calm_frame(self, bar: _Bar, multiple: float, floor: float, /) -> _Frame | None:
        """As `frame`, unless the bar's true range is more than `multiple` times ATR30, or `floor`
        if that is larger, without the shock signature: then None, and nothing is consumed.
        """

    def probe(
        self, open: int, high: int, low: int, close: int, volume: int, session_start: bool, /
    ) -> tuple[int, float, bool]:
        """True range in ticks, ATR30 before the bar (NaN while not ready), shock signature."""

    def run(
        self,
        open: NDArray[np.int64],
        high: NDArray[np.int64],
        low: NDArray[np.int64],
        close: NDArray[np.int64],
        volume: NDArray[np.int64],
        phase: NDArray[np.uint8],
        minute: NDArray[np.int64],
        session_start: NDArray[np.bool_],
        spread: NDArray[np.float64],
        dvs_bp: NDArray[np.int64],
        eqs_bp: NDArray[np.int64],
        realised_slip: NDArray[np.float64],
        out: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Consume a whole column of bars, borrowed without a copy; one row of `update` a bar.

        A NaN spread means none. All or nothing: on ColumnError no bar was consumed
        (rows of `out` may have been written). `out` is reused if given.
        """

    def maths(self, x: float, /) -> tuple[float, float]:
        """exp and cbrt of `x` as this engine works them out: the platform's, to the last bit."""

    def snapshot(self) -> bytes:
        """The whole state, versioned."""

    def restore(self, state: bytes, /) -> None:
        """Go on from a snapshot; SnapshotError if it is foreign, damaged or of other parameters."""
