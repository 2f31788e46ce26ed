"""Copies of contract files, found again by what they said.

A run that did not come to its end has to be ended under the rules that it was begun with, also
after a person has edited them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapters.contracts.files import FILES
from adapters.contracts.loader import contracts_folder, load_contracts
from domain.contract_set import digest
from ports.errors import BadContract

KEPT: Final = "contracts"
"""The folder of the copies, beside the guard file."""
_DIGITS: Final = 16
_OWNER_ONLY: Final = 0o700


def keep(beside: Path, source: Path | None, hashes: Mapping[str, str]) -> Path:
    """Copy the contract files of `source` (by default the packaged ones), which say what
    `hashes` names, into a folder below `beside`; once for each content.

    Errors: OSError.
    """
    folder = _folder(beside, hashes)
    if folder.is_dir():
        return folder
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile((source or contracts_folder()) / name, making / name)
    try:
        making.rename(folder)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        if not folder.is_dir():  # another process may have kept the same ones
            raise
    return folder


def find(beside: Path, hashes: Mapping[str, str]) -> Path | None:
    """The folder of the copies that say what `hashes` names; None if there is none, or if they
    say something else by now.
    """
    folder = _folder(beside, hashes)
    try:
        said = load_contracts(folder).hashes
    except BadContract:
        return None
    return folder if said == _of_files(hashes) else None


def _folder(beside: Path, hashes: Mapping[str, str]) -> Path:
    return beside / KEPT / digest(_of_files(hashes))[:_DIGITS]


def _of_files(hashes: Mapping[str, str]) -> dict[str, str]:
    """Without the templates from outside, which are no files."""
    return {name: value for name, value in hashes.items() if name in FILES}
