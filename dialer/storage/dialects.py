"""Everything in which SQLite and PostgreSQL differ."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Table,
    Text,
    bindparam,
    column,
    create_engine,
    event,
    func,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")

# Writers of several processes must make event ids visible in the order they were given out,
# or a reader that remembers the last id would pass over a late one.
_EVENT_ORDER_LOCK = 4_117
# A unit of work waits for nothing but the database: one that stands still for so long is taken back.
_LONGEST_HALT_MS = 10_000
# A server that says nothing for so long, to who connects or to a statement, is taken for gone.
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 10.0


# So many compiled statements are kept by a connection: all of a call and of the pages.
_CONNECT = {"check_same_thread": False, "isolation_level": None, "cached_statements": 500}


def sqlite_url(path: Path) -> str:
    """The address of the embedded database at `path`."""
    return f"sqlite:///{path}"


def make_server_engine(url: str, *, patient: bool = False) -> AsyncEngine:
    """The engine of a PostgreSQL server. Unless `patient`, a statement without an answer fails in time."""
    # A process that is halted in the middle of a transaction would hold up every other one for ever. What is
    # compiled just in time, by a guess of its cost, takes longer to compile than all we ask takes to run.
    settings = {"idle_in_transaction_session_timeout": str(_LONGEST_HALT_MS), "jit": "off"}
    longest = None if patient else _ANSWER_SECONDS
    how = {"timeout": _CONNECT_SECONDS, "command_timeout": longest, "server_settings": settings}
    engine = create_async_engine(url, connect_args=how, pool_timeout=_ANSWER_SECONDS)

    @event.listens_for(engine.sync_engine, "handle_error")
    def silence_ends_all(context: ExceptionContext) -> None:
        # SQLAlchemy throws the silent connection away; the others of before would each be waited for as long.
        if isinstance(context.original_exception, TimeoutError):
            context.invalidate_pool_on_disconnect = True

    return engine


def make_sqlite_writer(url: str) -> Engine:
    """The engine of the one thread that writes.

    It takes the write lock when a transaction begins: a deferred one that reads first fails at
    once with "database is locked", whatever the busy time-out.
    """
    return _make_sqlite_engine(url, begin="BEGIN IMMEDIATE")


def make_sqlite_reader(url: str) -> Engine:
    """The engine of the threads that read; what one query reads is of one moment."""
    return _make_sqlite_engine(url, begin="BEGIN")


def make_sqlite_migrator(url: str) -> Engine:
    """The engine that migrates: it may rebuild a table that others refer to, and checks references last."""
    return _make_sqlite_engine(url, begin="BEGIN IMMEDIATE", foreign_keys=False)


def broken_references(connection: Connection) -> list[str]:
    """The tables of SQLite with a row that refers to nothing."""
    found = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return sorted({str(row[0]) for row in found})


def make_sqlite_keeper(url: str) -> Engine:
    """The engine of what must run outside of a transaction."""
    return _make_sqlite_engine(url, begin=None)


def checkpoint(connection: Connection) -> None:
    """Bring the write-ahead log of SQLite into its database, as far as nobody is held up by it."""
    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")


def wait_for_lock(connection: Connection, seconds: float) -> None:
    """How long the next transaction waits for another process that writes to this SQLite database."""
    sqlite_of(connection).execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")


def sqlite_of(connection: Connection) -> SQLiteConnection:
    """SQLite's own connection, for what SQLAlchemy would do too slowly or not at all."""
    return cast(SQLiteConnection, connection.connection.dbapi_connection)


def is_sqlite(url: str) -> bool:
    """Whether `url` names the embedded database."""
    return url.startswith("sqlite")


def _make_sqlite_engine(url: str, *, begin: str | None, foreign_keys: bool = True) -> Engine:
    engine = create_engine(url, connect_args=_CONNECT)

    @event.listens_for(engine, "connect")
    def pragmas(connection: SQLiteConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # NORMAL can lose the last commits, and a commit guards a call
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            "busy_timeout=10000",
            # A checkpoint in the middle of a commit would hold up a call: see `checkpoint`. This is
            # only the bound for a process that makes none.
            "wal_autocheckpoint=50000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        if begin is not None:
            connection.exec_driver_sql(begin)

    return engine


class _OnlyFilters(ColumnElement[Any]):
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012 - as SQLAlchemy has it
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type


@compiles(_OnlyFilters)
def _as_it_is(element: _OnlyFilters, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.process(element.column, **options))


@compiles(_OnlyFilters, "sqlite")
def _not_searched(element: _OnlyFilters, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{_as_it_is(element, compiler, **options)}"


def only_filters(column: ColumnElement[T]) -> ColumnElement[T]:
    """The column for a condition beside another by which to search: it is looked at, and never searched by.

    SQLite, which keeps no statistics here, takes an index of a few states for narrower than the keys of a
    batch, and then reads every row there is of them. PostgreSQL knows better.
    """
    return _OnlyFilters(column)


def planned_blind(value: BindParameter[T]) -> ColumnElement[T]:
    """The value for a comparison with a column of which a partial index wants a certain value.

    SQLite looks whether it is that very value, and for this works the whole statement out anew at each run.
    """
    # The same plus sign: before a column it hides the column, before a value the value.
    return _OnlyFilters(value)


def keep_event_order(connection: Connection) -> None:
    """Write after every other process has: event ids become visible in their order.

    Taken before anything else of a transaction, two of them cannot lock each other out. On
    SQLite the one writer does all this by itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVENT_ORDER_LOCK})


_END_HALTED = text(
    """
    SELECT pg_terminate_backend(one.pid) FROM pg_stat_activity one
    WHERE one.datname = current_database() AND one.wait_event = 'ClientRead'
      AND one.state_change < clock_timestamp() - make_interval(secs => :seconds)
      AND EXISTS (
        SELECT FROM pg_stat_activity other
        WHERE other.wait_event_type = 'Lock' AND one.pid = ANY (pg_blocking_pids(other.pid))
      )
    """
)


def end_halted(connection: Connection, seconds: float) -> int:
    """End the sessions that others wait for and whose client has said nothing for so long; how many.

    PostgreSQL's own time-out does not count while a client owes it the rest of a statement.
    """
    return len(connection.execute(_END_HALTED, {"seconds": seconds}).all())


def database_time(connection: Connection) -> datetime:
    """The time that all processes on this database agree in.

    On PostgreSQL its own: the clocks of two machines differ. SQLite has one process, and its clock.
    """
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now
    return datetime.now(UTC)


def upsert(connection: Connection, table: Table, values: dict[str, Any], keys: list[str]) -> None:
    """Insert a row, or update the one with the same `keys`."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


class _AsTokens(ColumnElement[Any]):
    inherit_cache = True

    def __init__(self, text: ColumnElement[Any]) -> None:
        self.text = text


@compiles(_AsTokens)
def _tokens_as_text(element: _AsTokens, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.process(element.text, **options))


@compiles(_AsTokens, "postgresql")
def _tokens_as_vector(element: _AsTokens, compiler: SQLCompiler, **options: Any) -> str:
    return f"to_tsvector('simple', {_tokens_as_text(element, compiler, **options)})"


class Tokens(TypeDecorator[str]):
    """Words of a-z and 0-9 with blanks between, to be searched by phrases; see `has_phrase`."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has a type for it."""
        kind = postgresql.TSVECTOR() if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def bind_expression(self, bindparam: BindParameter[str]) -> ColumnElement[str]:
        """A text becomes what is searched."""
        return _AsTokens(type_coerce(bindparam, Text()))


def index_tokens(table: Table, index: str) -> None:
    """Search `table`, which has an integer `id` and `tokens`, through an index of this name.

    PostgreSQL: one over the column. SQLite: a full-text table that triggers keep in step; rows are inserted
    and deleted, never changed.
    """
    server = f"CREATE INDEX ix_{table.name}_tokens ON {table.name} USING gin (tokens)"
    embedded = (
        f"CREATE VIRTUAL TABLE {index} USING fts5(tokens, content='{table.name}', content_rowid='id')",
        f"CREATE TRIGGER {table.name}_in AFTER INSERT ON {table.name} BEGIN"
        f" INSERT INTO {index}(rowid, tokens) VALUES (new.id, new.tokens); END",
        f"CREATE TRIGGER {table.name}_out AFTER DELETE ON {table.name} BEGIN"
        f" INSERT INTO {index}({index}, rowid, tokens) VALUES ('delete', old.id, old.tokens); END",
    )

    @event.listens_for(table, "after_create")
    def make(_table: Table, connection: Connection, **_how: object) -> None:
        for statement in embedded if connection.dialect.name == "sqlite" else (server,):
            connection.exec_driver_sql(statement)


def has_phrase(
    connection: Connection, table: Table, index: str, phrases: Sequence[Sequence[str]]
) -> ColumnElement[bool]:
    """Whether the tokens of a row hold one of these phrases: its words one after the other."""
    if connection.dialect.name == "postgresql":
        wanted = " | ".join(f"({' <-> '.join(phrase)})" for phrase in phrases)
        return table.c.tokens.op("@@", is_comparison=True)(func.to_tsquery("simple", wanted))
    wanted = " OR ".join(f'"{" ".join(phrase)}"' for phrase in phrases)
    rows = text(f"SELECT rowid FROM {index} WHERE {index} MATCH :wanted").bindparams(
        bindparam("wanted", wanted, unique=True)
    )
    return table.c.id.in_(rows.columns(column("rowid", Integer)))
