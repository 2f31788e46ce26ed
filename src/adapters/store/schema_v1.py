"""The schema of revision 0001 in plain SQL, for SQLite and PostgreSQL.

It is frozen: a later revision brings a module of its own with its differences. The
migration and the short way for a new store both run these statements.
"""

from __future__ import annotations

from typing import Final

REVISION: Final = "0001"

_COLUMNS: Final = """\
    seq {integer} NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    stream TEXT NOT NULL,
    session_date TEXT NOT NULL,
    ts_event {big} NOT NULL,
    ts_recorded {big} NOT NULL,
    causation_id TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    crc {big} NOT NULL,
    natural_key TEXT NOT NULL,
    CONSTRAINT uq_events_key UNIQUE (type, stream, natural_key)"""

_STORE: Final = """\
CREATE TABLE store (
    id INTEGER NOT NULL PRIMARY KEY CONSTRAINT ck_store_one_row CHECK (id = 1),
    store_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    created {big} NOT NULL,
    adapter TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL DEFAULT ''
)"""

_SQLITE_GUARDS: Final = (
    """\
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only'); END""",
    """\
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events is append-only'); END""",
)

_POSTGRES_GUARDS: Final = (
    """\
CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION ''events is append-only''; END'""",
    """\
CREATE TRIGGER events_no_update BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION events_append_only()""",
    """\
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()""",
)

# Rare events only, so that an insert pays for none of them.
_INDEXES: Final = (
    """\
CREATE INDEX ix_events_trade_opened ON events ({decision_id})
WHERE type = 'TradeOpened'""",
    """\
CREATE INDEX ix_events_trade_closed ON events (seq) WHERE type = 'TradeClosed'""",
    """\
CREATE INDEX ix_events_law ON events (seq) WHERE type IN ('LawStateChanged', 'StoreBound')""",
    """\
CREATE INDEX ix_events_kill ON events (seq) WHERE type IN ('KillTriggered', 'KillReset')""",
)

# (column, SQL type of the value); text stays text: money is exact as a decimal string.
_DECISION: Final = (
    ("action", "text"),
    ("reason", "text"),
    ("side", "integer"),
    ("template", "text"),
    ("tier", "text"),
    ("regime", "text"),
    ("phase", "text"),
    ("dvs_bp", "integer"),
    ("eqs_bp", "integer"),
    ("text", "text"),
)
OPENED: Final = (
    ("side", "integer"),
    ("qty", "integer"),
    ("entry_price", "integer"),
    ("entry_time", "text"),
    ("worst_entry", "integer"),
    ("stop0", "integer"),
    ("stop_price", "integer"),
    ("target_price", "integer"),
    ("a_entry", "float"),
)
CLOSED: Final = (
    ("exit_price", "integer"),
    ("exit_time", "text"),
    ("exit_reason", "text"),
    ("gross", "text"),
    ("fees", "text"),
    ("net", "text"),
    ("r_gross", "float"),
    ("r_net", "float"),
    ("b", "float"),
    ("p0", "float"),
    ("edge", "float"),
    ("mae", "float"),
    ("mfe", "float"),
    ("slip_entry", "float"),
    ("slip_exit", "float"),
    ("duration_s", "float"),
    ("t_exit", "float"),
    ("min_dvs_bp", "integer"),
    ("min_eqs_bp", "integer"),
    ("max_atr_ratio", "float"),
    ("shock", "boolean"),
    ("regime_exit", "text"),
    ("rejects", "integer"),
    ("partial", "boolean"),
    ("incident", "boolean"),
    ("be_moved", "boolean"),
    ("mode", "text"),
)


def statements(dialect: str) -> list[str]:
    """All statements that make an empty database a store; `dialect` by its SQLAlchemy name."""
    lite = dialect == "sqlite"
    types = {"integer": "INTEGER" if lite else "BIGINT", "big": "INTEGER" if lite else "BIGINT"}
    return [
        "CREATE TABLE events (\n" + _COLUMNS.format(**types) + "\n)",
        _STORE.format(**types),
        *(index.format(decision_id=f"({field('decision_id', lite)})") for index in _INDEXES),
        *(_SQLITE_GUARDS if lite else _POSTGRES_GUARDS),
        _decisions(lite),
        _trades(lite),
    ]


def field(name: str, lite: bool, source: str = "") -> str:
    """SQL for the field `name` of a payload, as text on PostgreSQL."""
    column = f"{source}.payload" if source else "payload"
    if lite:
        return f"json_extract({column}, '$.{name}')"
    return f"({column}::json ->> '{name}')"


def pick(source: str, name: str, kind: str, lite: bool) -> str:
    """A column of a view: the field `name` of the payload of `source`, as an SQL `kind`."""
    casts = {"text": "", "integer": "::numeric", "float": "::float8", "boolean": "::boolean"}
    return f"{field(name, lite, source)}{'' if lite else casts[kind]} AS {name}"


def _decisions(lite: bool) -> str:
    fields = [pick("d", name, kind, lite) for name, kind in _DECISION]
    columns = [
        "d.seq AS seq",
        "d.session_date AS session_date",
        pick("d", "decision_id", "text", lite),
        pick("d", "t_d", "text", lite),
        *fields,
    ]
    return (
        "CREATE VIEW decisions AS\nSELECT\n    "
        + ",\n    ".join(columns)
        + "\nFROM events d\nWHERE d.type = 'DecisionMade'"
    )


def _trades(lite: bool) -> str:
    same = f"{field('decision_id', lite, 'o')} = {field('decision_id', lite, 'c')}"
    columns = [
        "c.seq AS seq",
        "c.session_date AS session_date",
        pick("c", "decision_id", "text", lite),
        *(pick("o", name, kind, lite) for name, kind in OPENED),
        *(pick("c", name, kind, lite) for name, kind in CLOSED),
    ]
    return (
        "CREATE VIEW trades AS\nSELECT\n    "
        + ",\n    ".join(columns)
        + "\nFROM events c\nLEFT JOIN events o ON o.type = 'TradeOpened' AND "
        + same
        + "\nWHERE c.type = 'TradeClosed'"
    )
