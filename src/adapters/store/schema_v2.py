"""What revision 0002 changes, in plain SQL: the view on trades shows what was booked in the end.

A closing record holds the contract's fee of each execution and the price that was told first.
What the broker reports later replaces the fee in the sums of the law (law.md 1), and a corrected
price comes as a fee that differs by its money, so `fees` and `net` are those of the last reports.
`fees_closed` and `net_closed` are the closing record's: they said whether the trade was a loss.
It is frozen like `schema_v1`, whose statements come first.
"""

from __future__ import annotations

from typing import Final

from adapters.store.schema_v1 import CLOSED, OPENED, field, pick

REVISION: Final = "0002"

# Rare events only, so that an insert pays for none of them.
_INDEXES: Final = (
    "CREATE INDEX ix_events_fill ON events (correlation_id) WHERE type = 'Fill'",
    "CREATE INDEX ix_events_fee ON events ({exec_id}) WHERE type = 'FeeReported'",
)
_BOOKED: Final = ("fees", "net")


def statements(dialect: str) -> list[str]:
    """All statements that make a store of revision 0001 one of this."""
    lite = dialect == "sqlite"
    return [
        *(index.format(exec_id=f"({field('exec_id', lite)})") for index in _INDEXES),
        "DROP VIEW trades",
        _trades(lite),
    ]


def _trades(lite: bool) -> str:
    same = f"{field('decision_id', lite, 'o')} = {_trade(lite)}"
    closed = [pick("c", name, kind, lite) for name, kind in CLOSED if name not in _BOOKED]
    gross, then = (_units(field(name, lite, "c"), lite) for name in ("gross", "net"))
    columns = [
        "c.seq AS seq",
        "c.session_date AS session_date",
        pick("c", "decision_id", "text", lite),
        *(pick("o", name, kind, lite) for name, kind in OPENED),
        *closed,
        f"{_money('c.booked', lite)} AS fees",
        f"{_money(f'COALESCE({gross} - c.booked, {then})', lite)} AS net",
        f"{field('fees', lite, 'c')} AS fees_closed",
        f"{field('net', lite, 'c')} AS net_closed",
    ]
    return (  # names and fields of this module alone
        "CREATE VIEW trades AS\nSELECT\n    "  # noqa: S608
        + ",\n    ".join(columns)
        + "\nFROM (\n    SELECT c.seq, c.session_date, c.payload, ("
        + _fees(lite)
        + ") AS booked\n    FROM events c\n    WHERE c.type = 'TradeClosed'\n) c"
        + "\nLEFT JOIN events o ON o.type = 'TradeOpened' AND "
        + same
    )


def _fees(lite: bool) -> str:
    """The fees of a trade: those of its closing record, each replaced by its last report.

    The record has the contract's fee for every contract that came in and went out again, an exit
    included of which there is no execution (closed by hand).
    """
    number = "" if lite else "::numeric"
    whole = _units(field("fees", lite, "c"), lite)
    qty = f"{field('qty', lite, 'f')}{number}"
    # What was executed after the close is in the law's sums, and no part of the trade.
    mine = f"f.type = 'Fill' AND f.seq < c.seq AND f.correlation_id = {_trade(lite)}"
    entered = (
        f"SELECT SUM({field('qty', lite, 'n')}{number}) FROM events n "  # noqa: S608
        f"WHERE n.type = 'Fill' AND n.seq < c.seq AND n.correlation_id = {_trade(lite)} "
        f"AND {field('role', lite, 'n')} = 'E'"
    )
    told = (
        f"SELECT {_units(field('fee', lite, 'r'), lite)} FROM events r "  # noqa: S608
        f"WHERE r.type = 'FeeReported' AND {field('exec_id', lite, 'r')} = "
        f"{field('exec_id', lite, 'f')} ORDER BY r.seq DESC LIMIT 1"
    )
    moved = f"COALESCE(SUM(({told}) - {whole} * {qty} / (2 * ({entered}))), 0)"
    return f"SELECT {whole} + {moved} FROM events f WHERE {mine}"  # noqa: S608


def _trade(lite: bool) -> str:
    return field("decision_id", lite, "c")


def _units(text: str, lite: bool) -> str:
    """Money as a number: on SQLite, which has no decimals, ten-thousandths of a dollar."""
    return f"CAST(REPLACE({text}, '.', '') AS INTEGER)" if lite else f"{text}::numeric"


def _money(number: str, lite: bool) -> str:
    """A number as money with its four digits, exact."""
    if not lite:
        return f"({number})::numeric(20, 4)::text"
    digits = f"PRINTF('%05d', ABS({number}))"
    sign = f"CASE WHEN {number} < 0 THEN '-' WHEN {number} >= 0 THEN '' END"  # else NULL
    return f"({sign} || SUBSTR({digits}, 1, LENGTH({digits}) - 4) || '.' || SUBSTR({digits}, -4))"
