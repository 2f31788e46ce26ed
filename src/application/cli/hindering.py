"""What keeps a live run from entering beside the law, as its record says: link, broker, host."""

from __future__ import annotations

from typing import Final

from adapters.store.reading import StoreReading
from application.cli.recorded import fields_of
from application.dealing import UNANSWERED
from ports.journal import JsonValue

FOREIGN: Final = "an order that is not ours works in our symbol"


def hindrance(store: StoreReading, begun: int) -> str:
    """Why the run that began with the event `begun` enters nothing now; empty if nothing of the
    kind is recorded. Errors: DivergedError for a payload that cannot be read.
    """
    link = store.last("ConnectionChanged")
    if link is not None and link.seq > begun and fields_of(link).get("up") is False:
        return "the link to the broker is down"
    since = begun if link is None else max(begun, link.seq)
    read = store.last("ReconcileCompleted")
    if read is None or read.seq < since:
        return "the broker has not been read since the link came up"
    ticks = store.of_type("ClockTick", read.seq)
    if any(fields_of(tick).get("cause") == UNANSWERED for tick in ticks):
        return "the broker does not answer"
    fields = fields_of(read)
    rows = _texts(fields.get("rows"))
    if any(row.startswith("not ours") for row in rows):
        return FOREIGN
    if fields.get("clean") is not True:
        return f"the broker and we do not agree: {'; '.join(rows)}"
    opened, seen = store.last("SessionOpened"), store.last("ForeignOrder")
    if seen is not None and seen.seq > (begun if opened is None else opened.seq):
        return f"{FOREIGN}, or has in this session"
    host = store.last("HostState")
    if host is None or host.seq < begun:
        return ""
    told = fields_of(host)
    states = (*_texts(told.get("hindered")), *_texts(told.get("unfit")))
    return f"hindered: {', '.join(states)}" if states else ""


def _texts(value: JsonValue) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
