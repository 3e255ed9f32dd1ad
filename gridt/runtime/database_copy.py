"""Copies of a database in another one, of either engine.

Each table is read in the order of its primary key, and written in batches, each a transaction of
its own. So an unfinished copy has the beginning of each table, and the largest key says where to
continue. A table of one row marks such a copy until it is complete and compared.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.util import CommandError
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    create_engine,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DBAPIError

from gridt.runtime import schema_version
from gridt.runtime.database import copy_in, prepare
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state

#: rows that are in memory, and in a transaction, at once
BATCH = 5000

_MARK = Table("gridt_copying", MetaData(), Column("source", Text, primary_key=True))
_REVISIONS = "alembic_version"
#: text is compared by its bytes, so that both engines have the same order
_BY_BYTES = {"postgresql": "C", "sqlite": "BINARY"}
_CHECKSUMS = 2**64


class CopyRefused(Exception):
    """A database cannot be copied; the text says why."""


def tables() -> list[Table]:
    """Return all tables, each after those that it references."""
    return db.metadata.sorted_tables


def open_engine(url: str) -> Engine:
    """Return an engine for another database than the app's."""
    engine = create_engine(url, hide_parameters=True)
    prepare({None: engine})
    return engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Read a database as it is at one moment.

    Writes meanwhile do not show.
    """
    state = request_state()
    before, state.reading = state.reading, True  # SQLite: take no write lock
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                # nothing may be said to it for long, while another database is read
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection
    finally:
        state.reading = before


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    queries = {table.name: select(func.count()).select_from(table) for table in tables()}
    return {name: connection.scalar(query) or 0 for name, query in queries.items()}


def begin(source: Engine, target: Engine) -> None:
    """Prepare the target for a copy.

    An empty target is migrated and marked; a begun copy is marked already.

    :raises CopyRefused: when the target has other data than a begun copy of this source
    """
    if source.url == target.url:
        raise CopyRefused("A database cannot be copied into itself.")
    with snapshot(source) as connection:
        _require_head(connection, "The database to copy")
    with target.connect() as connection:
        there = set(inspect(connection).get_table_names())
        if there <= {_REVISIONS}:
            connection.rollback()  # a migration begins a transaction of its own
            try:
                schema_version.upgrade(connection)
            except CommandError as error:
                raise CopyRefused(str(error)) from None
        elif not set(db.metadata.tables) & there:
            raise CopyRefused("The target has tables of another program.")
    name = source.url.render_as_string()  # without the password
    with target.begin() as connection:
        _require_head(connection, "The target")
        if inspect(connection).has_table(_MARK.name):
            if connection.scalars(select(_MARK.c.source)).all() != [name]:
                raise CopyRefused("The target has an unfinished copy of another database.")
        elif any(count_rows(connection).values()):
            raise CopyRefused("The target already has data. Empty it, or name another one.")
        else:
            _MARK.create(connection)
            connection.execute(insert(_MARK).values(source=name))


def _require_head(connection: Connection, which: str) -> None:
    revisions, head = schema_version.revisions_of(connection), schema_version.head()
    if revisions != (head,):
        raise CopyRefused(
            f"{which} is at revision {', '.join(revisions) or 'none'}, and this version of gridt"
            f" needs {head}: see `flask db upgrade`."
        )


def copy_rows(source: Connection, target: Engine) -> Iterator[int]:
    """Copy the rows that the target lacks.

    Each batch yields its number of rows.

    :raises CopyRefused: when the target refuses some of them
    """
    refusals = (DBAPIError, target.dialect.loaded_dbapi.Error)  # a COPY's own errors come bare
    for table in tables():
        columns = [column for column in table.columns if column.computed is None]
        write = _writer(table, columns, target)
        with target.connect() as connection:
            last = connection.execute(_by_key(table, connection, descending=True).limit(1)).first()
        query = _by_key(table, source, after=last).with_only_columns(*columns)
        for rows in _batches(source, query):
            try:
                with target.begin() as connection:
                    write(connection, rows)
            except refusals as error:
                raise CopyRefused(_complaint(table, rows, error)) from error
            yield len(rows)


def _batches(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        yield from result.partitions()


def _by_key(
    table: Table, connection: Connection, *, descending: bool = False, after: Row[Any] | None = None
) -> Select[Any]:
    """Return the query for a table's keys in order.

    All engines have the same order.
    """
    collation = _BY_BYTES[connection.dialect.name]
    columns = list(table.primary_key.columns)
    key: list[ColumnElement[Any]] = [
        column.collate(collation) if isinstance(column.type, String) else column
        for column in columns
    ]
    query = select(*columns).order_by(*(part.desc() if descending else part for part in key))
    if after is None:
        return query
    values = (literal(value, column.type) for value, column in zip(after, columns, strict=True))
    return query.where(tuple_(*key) > tuple_(*values))


def _writer(
    table: Table, columns: Sequence[Column[Any]], target: Engine
) -> Callable[[Connection, Sequence[Row[Any]]], None]:
    """Return a function that writes rows of these columns."""
    if target.dialect.name != "postgresql":
        names = [column.name for column in columns]

        def insert_rows(connection: Connection, rows: Sequence[Row[Any]]) -> None:
            connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])

        return insert_rows

    # COPY does not process parameters as SQLAlchemy does
    dialect = target.dialect
    made = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    processors = [(number, process) for number, process in enumerate(made) if process]
    quote = target.dialect.identifier_preparer.quote
    names = [quote(column.name) for column in columns]
    statement = f"COPY {quote(table.name)} ({', '.join(names)}) FROM STDIN"

    def copy(connection: Connection, rows: Sequence[Row[Any]]) -> None:
        copy_in(connection, statement, map(processed, rows))

    def processed(row: Row[Any]) -> list[Any]:
        values = list(row)
        for number, process in processors:
            values[number] = process(values[number])
        return values

    return copy


def _complaint(table: Table, rows: Sequence[Row[Any]], error: Exception) -> str:
    key = [column.name for column in table.primary_key]
    first, last = (
        ", ".join(str(row._mapping[name]) for name in key) for row in (rows[0], rows[-1])
    )
    reason = getattr(error, "orig", error)
    return f"The target does not take {table.name} from {first} to {last}: {reason}"


def set_counters(source: Connection, target: Engine) -> None:
    """Set the target's counters, so that no id is reused."""
    with target.begin() as connection:
        for table in tables():
            column = table.autoincrement_column
            if column is None:
                continue
            largest = source.scalar(select(func.max(column))) or 0
            if last := max(largest, _counted(source, table.name, column.name)):
                _count_from(connection, table.name, column.name, last)


def _counted(connection: Connection, table: str, column: str) -> int:
    if connection.dialect.name == "sqlite":
        query = "SELECT seq FROM sqlite_sequence WHERE name = :table"
    else:
        query = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)"
    return connection.scalar(text(query), {"table": table, "column": column}) or 0


def _count_from(connection: Connection, table: str, column: str, last: int) -> None:
    if connection.dialect.name == "sqlite":
        statements = [
            "DELETE FROM sqlite_sequence WHERE name = :table",
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)",
        ]
    else:
        statements = ["SELECT setval(pg_get_serial_sequence(:table, :column), :last)"]
    for statement in statements:
        connection.execute(text(statement), {"table": table, "column": column, "last": last})


class Checksums:
    """The number of rows of each table, with a checksum.

    The checksum does not depend on the order of the rows.
    """

    def __init__(self) -> None:
        self.by_table: dict[str, tuple[int, int]] = {}

    def add_all(self, connection: Connection) -> Iterator[int]:
        """Read all rows.

        Each batch yields its number of rows.
        """
        for table in tables():
            documents = [
                number
                for number, column in enumerate(table.columns)
                if isinstance(column.type, JSON)
            ]
            count = total = 0
            for rows in _batches(connection, select(table)):
                total += sum(_checksum(row, documents) for row in rows)
                count += len(rows)
                yield len(rows)
            self.by_table[table.name] = count, total % _CHECKSUMS


def _checksum(row: Row[Any], documents: Sequence[int]) -> int:
    if not documents:
        return hash(tuple(row))
    values = list(row)
    for number in documents:
        values[number] = json.dumps(values[number], sort_keys=True)
    return hash(tuple(values))


def finish(target: Engine) -> None:
    """Remove the mark of a complete copy.

    PostgreSQL then collects statistics of its tables.
    """
    with target.begin() as connection:
        _MARK.drop(connection)
    if target.dialect.name == "postgresql":
        with target.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
