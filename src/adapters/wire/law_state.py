"""The law's memory as LawStateChanged records it, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from adapters.wire.times import rfc3339
from domain.law.state import Halt, KillState, LawState, StreakState
from domain.units import Money, UtcNanos
from ports.journal import JsonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = len("2013-10-07T13:30:00.000000Z")


def law_fields(s: LawState) -> dict[str, JsonValue]:
    """The memory as it is recorded; good minutes towards a recovery are not, nor when a month's
    halt began, nor a difference to a statement where none waits."""
    later = {} if s.statement is None else {"statement": str(s.statement)}
    return later | {
        "halts": [h.value for h in s.halts],
        "kill_state": s.kill_state.value,
        "kill_trigger": s.kill_trigger,
        "last_entry": None if s.last_entry is None else rfc3339(s.last_entry),
        "locked_on": None if s.locked_on is None else s.locked_on.isoformat(),
        "month_acknowledged": s.month_acknowledged,
        "muted": s.muted,
        "realised_day": str(s.net_day),
        "realised_month": str(s.net_month),
        "realised_week": str(s.net_week),
        "reset_on": None if s.reset_on is None else s.reset_on.isoformat(),
        "reset_pending": s.reset_pending,
        "resting": s.resting,
        "sent_today": s.sent_today,
        "session_date": None if s.session_date is None else s.session_date.isoformat(),
        "streak": s.streak,
        "streak_state": s.streak_state.value,
        "trades_today": s.trades_today,
    }


def law_state(payload: dict[str, JsonValue]) -> LawState:
    """The memory in the payload of a LawStateChanged, to the microsecond.

    Good minutes towards a recovery are not recorded; none are assumed. Nor is when a month's halt
    began, which then ends with a new month alone.
    Errors: ValueError for what is no such payload.
    """
    p = payload
    try:
        return LawState(
            session_date=_day(p["session_date"]),
            trades_today=_count(p["trades_today"]),
            sent_today=_count(p["sent_today"]),
            last_entry=_optional_instant(p["last_entry"]),
            streak=_count(p["streak"]),
            streak_state=StreakState(p["streak_state"]),
            locked_on=_day(p["locked_on"]),
            net_day=Money.parse(_text(p["realised_day"])),
            net_week=Money.parse(_text(p["realised_week"])),
            net_month=Money.parse(_text(p["realised_month"])),
            halts=_halts(p["halts"]),
            month_acknowledged=p["month_acknowledged"] is True,
            kill_state=KillState(p["kill_state"]),
            kill_trigger=_optional_text(p["kill_trigger"]),
            muted=_optional_text(p["muted"]),
            reset_on=_day(p["reset_on"]),
            reset_pending=p["reset_pending"] is True,
            resting=p["resting"] is not False,
            statement=_optional_money(p.get("statement")),
        )
    except KeyError as error:
        raise ValueError(f"the law's memory lacks {error}") from None


def instant(text: str) -> UtcNanos:
    """The instant that `adapters.wire.times.rfc3339` wrote as `text`.

    Errors: ValueError for another text.
    """
    if len(text) != _LENGTH or text[10] != "T" or text[-1] != "Z":
        raise ValueError(f"not a time as it is recorded: {text!r}")
    since = datetime.fromisoformat(text) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def _optional_instant(value: JsonValue) -> UtcNanos | None:
    return None if value is None else instant(_text(value))


def _day(value: JsonValue) -> date | None:
    return None if value is None else date.fromisoformat(_text(value))


def _halts(value: JsonValue) -> tuple[Halt, ...]:
    if not isinstance(value, list):
        raise ValueError(f"not a list of halts: {value!r}")
    return tuple(Halt(each) for each in value)


def _count(value: JsonValue) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"not a count: {value!r}")
    return value


def _optional_text(value: JsonValue) -> str | None:
    return None if value is None else _text(value)


def _optional_money(value: JsonValue) -> Money | None:
    return None if value is None else Money.parse(_text(value))


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise ValueError(f"not a text: {value!r}")
    return value
