"""Reading rows of the log in pages: bounded memory, and no lock held between two pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from sqlalchemy import Engine, select

from adapters.store.chain import Row
from adapters.store.tables import EVENTS

PAGE: Final = 500


def stored_rows(engine: Engine, after_seq: int = 0, page_rows: int = PAGE) -> Iterator[Row]:
    """The rows after `after_seq` in order of seq; errors are the driver's.

    With `page_rows` 1 an unreadable row raises only after all before it were given.
    """
    query = select(EVENTS).order_by(EVENTS.c.seq).limit(page_rows)
    with engine.connect() as connection:
        while True:
            page = connection.execute(query.where(EVENTS.c.seq > after_seq)).all()
            connection.rollback()
            for row in page:
                yield cast("Row", tuple(row))
            if len(page) < page_rows:
                return
            after_seq = page[-1].seq
