"""Worked-out sessions kept on disk, so that a start need not load the calendar library."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path

from domain.session import Session


class YearStore:
    """One small JSON file a calendar pair and library version, one entry a year.

    It is a copy of what the library said, never a source: a file that is missing, unreadable,
    of another version or damaged counts as empty, and failure to write is no failure. Anyone
    who may write the folder may change sessions: a LIVE run uses none.
    """

    def __init__(self, folder: Path, rth: str, venue: str) -> None:
        self._key = f"{rth}-{venue}-{version('exchange_calendars')}"
        self._path = folder / f"sessions-{self._key}.json"
        self._years: dict[str, list[list[int | str | bool]]] | None = None

    def load(self, year: int) -> Mapping[date, Session] | None:
        """The sessions of a year, None if they are not kept."""
        rows = self._read().get(str(year))
        if rows is None:
            return None
        try:
            sessions = [_session(row) for row in rows]
        except (ValueError, TypeError):
            return None
        if not all(s.date.year == year for s in sessions):
            return None
        return {s.date: s for s in sessions}

    def save(self, years: Mapping[int, Mapping[date, Session]]) -> None:
        """Keep whole years beside those already kept."""
        kept = self._read()
        for year, sessions in years.items():
            kept[str(year)] = [
                [s.date.isoformat(), s.open, s.close, s.utc_offset, s.early_close]
                for s in sessions.values()
            ]
        text = json.dumps({"key": self._key, "years": kept})
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
            Path(name).replace(self._path)
        except OSError:
            return

    def _read(self) -> dict[str, list[list[int | str | bool]]]:
        if self._years is None:
            try:
                found = json.loads(self._path.read_text(encoding="utf-8"))
                right = found["key"] == self._key and isinstance(found["years"], dict)
                self._years = found["years"] if right else {}
            except (OSError, ValueError, TypeError, KeyError):
                self._years = {}
        return self._years


def _session(row: list[int | str | bool]) -> Session:
    day, opens, closes, offset, early = row
    if not (
        isinstance(day, str)
        and isinstance(opens, int)
        and isinstance(closes, int)
        and isinstance(offset, int)
        and isinstance(early, bool)
    ):
        raise TypeError("not a stored session")
    return Session(date.fromisoformat(day), opens, closes, offset, early)
