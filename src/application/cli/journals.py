"""What `tradebot journal` does: the decision journal and the trade journal of a record.

Both are folds of stored events, and tell by the same code as `tradebot explain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from adapters.store.reading import StoreReading
from adapters.wire.trades_v1 import fields_of
from application.cli.explaining import recorded
from application.cli.output import ExitCode, give
from application.cli.stored import stored
from application.container import RunContainer
from application.explanation_text import decision_line
from application.explanation_text import in_words as page
from application.settings import load_settings
from domain.contract_set import Contracts
from ports.errors import BadInput, StoreDamaged
from ports.journal import Stored

_BEGUN: Final = "OrderIntentCreated"


class Wanted(NamedTuple):
    """Which journals: of the session `day` (ISO), of all sessions if None."""

    day: str | None
    decisions: bool
    trades: bool


def journal_command(options: Mapping[str, object], wanted: Wanted, out: str | None) -> ExitCode:
    """Write the journals to the file `out`, or to standard output; see cli.md.

    Errors: BadInput for no date, a day without a session, or a file that cannot be written;
    StoreFailure if there is no store, or it cannot be read.
    """
    if wanted.day is not None:
        _checked(wanted.day)
    settings = load_settings(options)
    contracts = RunContainer(settings=settings).house()
    with stored(settings) as (store, _):
        lines = journal(store, contracts, wanted)
        first = next(lines, None)  # a day that is not there leaves no empty file behind
        told = chain(() if first is None else (first,), lines)
        if out is None:
            for line in told:
                give(line)
            return ExitCode.DONE
        try:
            with Path(out).open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in told)
        except OSError as error:
            raise BadInput(out, "", f"cannot be written: {error.strerror}") from None
    return ExitCode.DONE


def journal(store: StoreReading, contracts: Contracts, wanted: Wanted) -> Iterator[str]:
    """The lines and pages of the journals, session by session.

    Errors: BadInput for a day without a session; StoreFailure for a row that cannot be read.
    """
    opened = store.of_type("SessionOpened")
    chosen = [s for s in opened if wanted.day in (None, s.session_date)]
    if not chosen:
        raise BadInput("arguments", "--day", f"the store holds no session {wanted.day or 'yet'}")
    following = {a.seq: b.seq - 1 for a, b in pairwise(opened)}
    tip = store.tip().seq
    for session in chosen:
        rows = store.between(session.seq, following.get(session.seq, tip))
        if wanted.decisions:
            yield from _decisions(session.session_date, rows)
        if wanted.trades:
            yield from _trades(store, contracts, session.session_date, rows)


def _checked(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError:
        raise BadInput("arguments", "--day", f"{day} is no date, such as 2013-10-07") from None


def _decisions(day: str, rows: list[Stored]) -> Iterator[str]:
    yield f"Decisions of {day}\n"
    for row in rows:
        if row.type != "DecisionMade":
            continue
        try:
            yield decision_line(row.ts_event, _payload(row))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreDamaged(f"decision of seq {row.seq} cannot be read: {error!r}") from error
    yield ""


def _trades(
    store: StoreReading, contracts: Contracts, day: str, rows: list[Stored]
) -> Iterator[str]:
    names = dict.fromkeys(str(_payload(r)["decision_id"]) for r in rows if r.type == _BEGUN)
    yield f"Trades of {day}: {len(names) or 'none'}\n"
    for number, name in enumerate(names, 1):
        yield f"---- {number} of {len(names)} ----"
        yield page(recorded(store, name, contracts), every=True) + "\n"


def _payload(row: Stored) -> dict[str, Any]:
    return dict(fields_of(row))
