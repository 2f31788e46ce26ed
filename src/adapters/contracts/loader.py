"""From a folder of contract files to `Contracts`, or a `BadContract` that says where.

Every problem of a file is listed at once; the first one, by line, gives the error its place.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from adapters.contracts.files import (
    FILES,
    BeliefsFile,
    ConstitutionFile,
    ContractFile,
    DecisionFile,
    ExecutionFile,
    FeesFile,
    InstrumentsFile,
    LearningFile,
    ManagementFile,
    QualityFile,
    SessionFile,
    SignalsFile,
    TemplatesFile,
)
from adapters.contracts.yaml_reader import Document, Key, Plain, read_document
from domain.contract_set import Conflict, ContractConflictError, Contracts, digest
from domain.instrument import Instrument
from ports.errors import BadContract

F = TypeVar("F", bound=ContractFile)

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LISTED: Final[int] = 12
_MISSING: Final[str] = "is missing"


def contracts_folder() -> Path:
    """The packaged contracts: beside `src` in a checkout, beside the packages when installed."""
    packages = Path(__file__).resolve().parents[2]
    root = packages.parent if packages.name == "src" else packages
    return root / "contracts"


def load_contracts(folder: Path | None = None) -> Contracts:
    """Read, check and join every contract file of `folder`, by default the packaged ones.

    Where two files state a limit of the law, the result holds the tighter value in both places.

    Errors: BadContract for a folder or file that is missing, unreadable, unknown, malformed,
    incomplete, out of range, looser than the law, or in conflict with another file.
    """
    return _Loader(contracts_folder() if folder is None else folder).contracts()


class _Loader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._documents: dict[str, Document] = {}
        self._hashes: dict[str, str] = {}

    def contracts(self) -> Contracts:
        self._check_folder()
        instruments = self._instruments()
        fees = self._file("fees.yaml", FeesFile)
        quality = self._file("quality.yaml", QualityFile)
        signals = self._file("signals.yaml", SignalsFile)
        try:
            return Contracts(
                instruments=instruments,
                fee_warn_after_days=fees.warn_after_days,
                session=self._file("session.yaml", SessionFile).parameters,
                constitution=self._file("constitution.yaml", ConstitutionFile).constitution,
                quality=quality.parameters,
                shock=quality.shock,
                signals=signals.parameters,
                centres=signals.centres,
                regime=signals.regime,
                beliefs=self._file("beliefs.yaml", BeliefsFile).beliefs,
                templates=self._file("templates.yaml", TemplatesFile).templates,
                decision=self._file("decision.yaml", DecisionFile).decision,
                management=self._file("management.yaml", ManagementFile).management,
                execution=self._file("execution.yaml", ExecutionFile).execution,
                learning=self._file("learning.yaml", LearningFile).learning,
                hashes=self._hashes,
            ).tightest()
        except ContractConflictError as error:
            raise self._conflict(error.conflicts) from None

    def _check_folder(self) -> None:
        try:
            names = sorted(p.name for p in self._folder.iterdir())
        except FileNotFoundError:
            raise BadContract(str(self._folder), "", "there is no such contracts folder") from None
        except OSError as error:
            reason = f"the contracts folder cannot be read: {error.strerror}"
            raise BadContract(str(self._folder), "", reason) from None
        for name in names:
            if Path(name).suffix.lower() in {".yaml", ".yml"} and name not in FILES:
                reason = f"unknown contract file; there are {', '.join(FILES)}"
                raise BadContract(str(self._folder / name), "", reason)
        for name in FILES:
            if name not in names:
                raise BadContract(str(self._folder / name), "", "is missing")

    def _file(self, name: str, model: type[F]) -> F:
        if name not in self._documents:
            self._documents[name] = read_document(self._folder / name)
        document = self._documents[name]
        try:
            checked = model.model_validate(_laid_out(document.data, model.flat))
        except ValidationError as error:
            raise _fault(document, model.flat, error) from None
        self._hashes[name] = digest(_content(checked))
        return checked

    def _instruments(self) -> dict[str, Instrument]:
        """Each instrument joined with its fee; both files must name the same symbols."""
        rows = self._file("instruments.yaml", InstrumentsFile).instruments
        fees = self._file("fees.yaml", FeesFile).fees
        for symbol in sorted(rows.keys() - fees.keys()):
            reason = "is missing: every instrument needs a fee"
            raise self._documents["fees.yaml"].fault(("fees", symbol), reason)
        for symbol in sorted(fees.keys() - rows.keys()):
            reason = "is a fee of no instrument"
            raise self._documents["fees.yaml"].fault(("fees", symbol), reason)
        instruments: dict[str, Instrument] = {}
        for symbol, row in rows.items():
            try:
                instruments[symbol] = row.with_fee(symbol, fees[symbol])
            except ValueError as error:
                at_fault = "fee_per_side" in str(error)
                document = self._documents["fees.yaml" if at_fault else "instruments.yaml"]
                place = ("fees" if at_fault else "instruments", symbol)
                raise document.fault(_named(document, place, str(error)), str(error)) from None
        return instruments

    def _conflict(self, conflicts: tuple[Conflict, ...]) -> BadContract:
        """All conflicts of the first contract that has any."""
        first = conflicts[0].contract
        document = self._documents[f"{first}.yaml"]
        found = [
            (_named(document, c.place, c.reason), c.reason)
            for c in conflicts
            if c.contract == first
        ]
        return _listed(document, found)


def _laid_out(data: dict[str, Plain], flat: str | None) -> dict[str, Plain]:
    """The file's keys as its model has them: those of a flat file below the flat member."""
    if flat is None:
        return data
    head = {key: value for key, value in data.items() if key == "version"}
    return {**head, flat: {key: value for key, value in data.items() if key != "version"}}


def _content(value: object) -> object:
    """Plain containers around domain values, for hashing."""
    if isinstance(value, BaseModel):
        return {name: _content(member) for name, member in value}
    if isinstance(value, dict):
        return {key: _content(member) for key, member in value.items()}
    return value


def _fault(document: Document, flat: str | None, error: ValidationError) -> BadContract:
    found = []
    for detail in error.errors(include_url=False):
        reason = _reason(detail)
        place = _place(detail["loc"], flat)
        found.append((_named(document, place, reason), reason))
    return _listed(document, found)


def _listed(document: Document, found: list[tuple[Key, str]]) -> BadContract:
    """One error for all that was found in a file, by line; missing keys have none and come last."""
    found.sort(key=lambda one: (one[1] == _MISSING, document.line(one[0])))
    (place, reason), *others = found
    for other, why in others[: _LISTED - 1]:
        reason += f"; {document.where(other)}: {why}"
    if len(others) >= _LISTED:
        reason += f"; and {len(others) - _LISTED + 1} more"
    return document.fault(place, reason)


def _place(loc: tuple[str | int, ...], flat: str | None) -> Key:
    """Where in the file pydantic's location lies."""
    if flat is not None and loc[:1] == (flat,):
        loc = loc[1:]
    return loc[:-1] if loc[-1:] == ("[key]",) else loc


def _named(document: Document, place: Key, reason: str) -> Key:
    """`place`, or the key below it that `reason` names: what a domain type says about itself."""
    if place and place not in document.lines:
        return place
    depth = len(place)
    below = [
        key
        for key in document.lines
        if key[:depth] == place
        and 1 <= len(key) - depth <= 2
        and all(isinstance(step, str) for step in key[depth:])  # one of a list cannot be meant
    ]
    for word in _WORD.findall(reason):
        keys = [k for k in below if k[-1] == word]
        if keys:
            return _named(document, min(keys, key=len), reason)
    return place


def _reason(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return _MISSING
        case "extra_forbidden":
            return "unknown key"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case _:
            shown = repr(detail["input"])
            shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
            return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {shown}"
