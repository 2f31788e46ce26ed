"""The extension module, built from rust_core/bindings."""

from typing import Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ROW", "VERSION", "BarError", "ColumnError", "EngineInputError", "ParameterError",
    "SignalEngine", "SnapshotError", "canonical",
]  # fmt: skip

ROW: Final[int]
"""Values of one row: S1 to S35, then the eleven likelihoods."""
VERSION: Final[str]

_Bar: TypeAlias = tuple[int, int, int, int, int, int, int, bool, float | None, int, int, float]
_Floats: TypeAlias = tuple[float, ...]
_Frame: TypeAlias = tuple[
    _Floats, int, int, int, int, float, float, int, float, float, float, float, float, bool, int,
    tuple[int | None, ...], _Floats, _Floats, _Floats, _Floats, _Floats, _Floats, int, float,
]  # fmt: skip

def canonical(value: object, /) -> bytes:
    """Canonical JSON of plain values; ValueError for what has no canonical form."""

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
