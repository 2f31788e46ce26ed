"""The schema: one way for a new store and for an upgrade, append-only, readable by SQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from adapters.store import migrate
from adapters.store.connect import parse_url, writer
from adapters.store.journal import open_journal
from adapters.store.tables import METADATA
from ports.errors import StoreFailure
from ports.journal import Record
from postgres_server import Server
from store.backends import Backend
from store.records import CONFIG, StepClock, day, record

ROOT = Path(__file__).resolve().parents[2]


def schema(path: Path) -> dict[str, str]:
    """Name and normalised SQL of everything in a database."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return {"version": str(version)} | {
        str(name): " ".join(str(sql).replace("\t", " ").split()) for name, sql in rows
    }


def test_a_new_store_equals_what_alembic_makes_from_nothing(tmp_path: Path) -> None:
    migrate.upgrade(writer(parse_url(f"sqlite:///{tmp_path}/short.db")))
    engine = create_engine(f"sqlite:///{tmp_path}/alembic.db")
    with engine.begin() as connection:
        migrate.migrate(connection)
    engine.dispose()
    made = schema(tmp_path / "alembic.db")
    assert schema(tmp_path / "short.db") == made
    assert {"events", "store", "decisions", "trades", "events_no_update"} <= made.keys()


def test_the_same_holds_on_a_server(postgres: Server) -> None:
    schemas = [str(make_url(postgres.url()).query["schema"]) for _ in range(2)]
    for schema, make in zip(schemas, (migrate.create, migrate.migrate), strict=True):
        engine = writer(parse_url(postgres.url(schema)))
        with engine.begin() as connection:
            make(connection)
        engine.dispose()
    made = [server_schema(postgres, schema) for schema in schemas]
    assert made[0] == made[1]
    names = {str(row[0]) for row in made[0]}
    assert {"events", "store", "decisions", "trades", "ix_events_kill"} <= names
    assert "events_no_truncate" in names


def server_schema(server: Server, schema: str) -> list[tuple[object, ...]]:
    """What a schema holds, in words that do not name it."""
    queries = (
        (
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = %s"
        ),
        (
            "SELECT indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes"
            " WHERE schemaname = %s"
        ),
        (
            "SELECT table_name, replace(view_definition, table_schema || '.', '')"
            " FROM information_schema.views WHERE table_schema = %s"
        ),
        (
            "SELECT tgname, tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT tgisinternal AND c.relnamespace = to_regnamespace(%s)"
        ),
        "SELECT conname, contype FROM pg_constraint WHERE connamespace = to_regnamespace(%s)",
    )
    with server.connect() as connection:
        rows = [row for query in queries for row in connection.execute(query, (schema,)).fetchall()]
    return sorted(rows, key=str)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_the_tables_in_code_are_the_tables_in_the_database(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/s.db")
    with engine.begin() as connection:
        migrate.create(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        # Indexes on expressions and parts of a table exist in SQL only.
        differences = [d for d in compare_metadata(context, METADATA) if d[0] != "remove_index"]
    engine.dispose()
    assert differences == []


def test_the_last_revision_is_the_one_the_program_writes() -> None:
    config = Config()
    folder = Path(migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_opening_imports_no_alembic(tmp_path: Path) -> None:
    code = f"""
import sys
from adapters.store.journal import open_journal
from store.records import StepClock
for _ in range(2):
    open_journal("sqlite:///{tmp_path}/s.db", "MES", "c", StepClock()).close()
sys.exit(any(name.split(".")[0] == "alembic" for name in sys.modules))
"""
    path = f"{ROOT / 'src'}:{ROOT / 'tests'}"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": path})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "TRUNCATE events",
    ],
)
def test_the_log_takes_no_change(backend: Backend, statement: str) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(day(3))
    journal.close()
    said = backend.refused(url, statement)
    foreign = backend.name == "sqlite" and statement.startswith("TRUNCATE")
    assert ("syntax error" if foreign else "append-only") in said
    assert backend.rows(url, "SELECT count(*) FROM events") == [(3,)]


def facts(kind: str, n: int, **payload: object) -> Record:
    """An event of `kind` with this payload."""
    return record(n)._replace(type=kind, payload=dict(payload))  # type: ignore[arg-type]


def test_decisions_and_trades_are_readable_by_plain_sql(backend: Backend) -> None:
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(
        [
            facts("DecisionMade", 1, decision_id="d1", t_d="2013-10-07T13:31:00.000000Z",
                  action="ENTER", reason="OK", side=-1, template="K2", tier="T1",
                  regime="RANGE", phase="OPEN", dvs_bp=9900, eqs_bp=10000, text="why"),
            facts("TradeOpened", 2, decision_id="d1", side=-1, qty=1, entry_price=6700,
                  entry_time="2013-10-07T13:32:00.000000Z", stop0=8, stop_price=6708,
                  worst_entry=6699, target_price=6690, a_entry=3.25),
            facts("TradeClosed", 3, decision_id="d1", exit_price=6690, exit_reason="TARGET",
                  exit_time="2013-10-07T13:40:00.000000Z", gross="12.5000", fees="1.2400",
                  net="11.2600", r_gross=1.25, r_net=1.126, mae=2, mfe=10, shock=False),
            facts("TradeClosed", 4, decision_id="d2", net="-1.0000"),
        ]
    )  # fmt: skip
    journal.close()
    decisions = backend.rows(
        url,
        "SELECT session_date, decision_id, action, side, template, dvs_bp, text FROM decisions",
    )
    trades = backend.rows(
        url,
        "SELECT decision_id, side, qty, entry_price, exit_price, exit_reason, gross, fees,"
        " net, r_net, mae, mfe FROM trades ORDER BY seq",
    )
    assert decisions == [("2013-10-07", "d1", "ENTER", -1, "K2", 9900, "why")]
    assert trades == [
        ("d1", -1, 1, 6700, 6690, "TARGET", "12.5000", "1.2400", "11.2600", 1.126, 2, 10),
        ("d2", None, None, None, None, None, None, None, "-1.0000", None, None, None),
    ]
    if backend.name != "sqlite":
        return  # a planner of few rows uses no index
    plan = str(backend.rows(url, "EXPLAIN QUERY PLAN SELECT * FROM trades"))
    assert "ix_events_trade_opened" in plan
    assert "ix_events_fill" in plan
    assert "ix_events_fee" in plan
    assert "scan c" not in plan.lower(), "the few trades are found among the many events"


def fill(n: int, trade: str, exec_id: str, qty: int = 1, role: str = "") -> Record:
    role = role or ("E" if exec_id == "x1" else "S")
    payload = {"exec_id": exec_id, "qty": qty, "role": role, "price": 6700}
    return facts("Fill", n, **payload)._replace(correlation=trade)


def fee(n: int, exec_id: str, amount: str) -> Record:
    return facts("FeeReported", n, exec_id=exec_id, fee=amount)


def closed(n: int, trade: str, gross: str, fees: str, net: str) -> Record:
    return facts("TradeClosed", n, decision_id=trade, gross=gross, fees=fees, net=net)


TRADES = {
    "as it was closed": (
        [fill(1, "d", "x1"), fill(2, "d", "x2"), closed(3, "d", "12.5000", "1.2400", "11.2600")],
        ("1.2400", "11.2600"),
    ),
    "one fee of two reported, dearer": (
        [fill(1, "d", "x1"), fee(2, "x1", "0.8700"), fill(3, "d", "x2"),
         closed(4, "d", "12.5000", "1.2400", "11.2600")],
        ("1.4900", "11.0100"),
    ),
    "a fee corrected after the close": (
        [fill(1, "d", "x1"), fee(2, "x1", "0.6200"), fill(3, "d", "x2"),
         closed(4, "d", "1.2500", "1.2400", "0.0100"), fee(5, "x2", "0.6200"),
         fee(6, "x2", "0.8500")],
        ("1.4700", "-0.2200"),
    ),
    "a fee corrected back": (
        [fill(1, "d", "x1"), fill(2, "d", "x2"), closed(3, "d", "1.2500", "1.2400", "0.0100"),
         fee(4, "x2", "0.9000"), fee(5, "x2", "0.6200")],
        ("1.2400", "0.0100"),
    ),
    "a price corrected by two ticks in our favour": (
        [fill(1, "d", "x1"), fill(2, "d", "x2"), closed(3, "d", "-13.7500", "1.2400", "-14.9900"),
         fee(4, "x2", "0.6200"), fee(5, "x2", "-1.8800")],
        ("-1.2600", "-12.4900"),
    ),
    "three contracts in two parts": (
        [fill(1, "d", "x1", 1), fill(2, "d", "x2", 2, "E"), fill(3, "d", "x3", 3),
         fee(4, "x2", "1.0000"), closed(5, "d", "0.0000", "3.7200", "-3.7200")],
        ("3.4800", "-3.4800"),
    ),
    "what was executed after the close": (
        [fill(1, "d", "x1"), fill(2, "d", "x2"), closed(3, "d", "1.2500", "1.2400", "0.0100"),
         fill(4, "d", "x3"), fee(5, "x3", "9.0000")],
        ("1.2400", "0.0100"),
    ),
    "closed by hand": (
        [fill(1, "d", "x1"), fee(2, "x1", "0.8700"),
         closed(3, "d", "1.2500", "1.2400", "0.0100")],
        ("1.4900", "-0.2400"),
    ),
    "another trade's": (
        [fill(1, "e", "x1"), fee(2, "x1", "9.0000"), fill(3, "d", "x2", 1, "E"), fill(4, "d", "x3"),
         closed(5, "d", "-0.6300", "1.2400", "-1.8700")],
        ("1.2400", "-1.8700"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRADES)
def test_the_view_shows_what_was_booked_in_the_end(backend: Backend, name: str) -> None:
    records, expected = TRADES[name]
    url = backend.new()
    journal = open_journal(url, "MES", CONFIG, StepClock())
    journal.append(records)
    journal.close()
    query = "SELECT fees, net, fees_closed, net_closed FROM trades WHERE decision_id = 'd'"
    record = next(r.payload for r in records if r.type == "TradeClosed")
    assert isinstance(record, dict)
    assert backend.rows(url, query) == [(*expected, record["fees"], record["net"])]


def test_a_foreign_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE songs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreFailure, match="no event store: it holds songs"):
        open_journal(f"sqlite:///{path}", "MES", CONFIG, StepClock())
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    open_journal(url, "MES", CONFIG, StepClock()).close()
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreFailure, match="newer program"):
        open_journal(url, "MES", CONFIG, StepClock())


def test_an_interrupted_creation_leaves_nothing_behind(backend: Backend) -> None:
    engine = writer(parse_url(backend.new()))

    def interrupted() -> None:
        with engine.begin() as connection:
            migrate.create(connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with engine.begin() as connection:
        assert migrate.revision(connection) is None
