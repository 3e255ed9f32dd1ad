"""The base class of all models, and their column types."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    DateTime,
    Dialect,
    Executable,
    Integer,
    Select,
    Text,
    TypeDecorator,
    inspect,
)
from sqlalchemy.orm import InstrumentedAttribute

from gridt.runtime.database import Base, Session, reader
from gridt.runtime.extensions import db

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

#: a key that may exceed 2^31; SQLite numbers rows only in plain INTEGER
BigId = BigInteger().with_variant(Integer, "sqlite")

#: a query whose columns are read by name
Rows: TypeAlias = Select[*tuple[Any, ...]]

#: text whose order does not depend on the machine's locale
PlainText = Text().with_variant(Text(collation="C"), "postgresql")


class UTCDateTime(TypeDecorator[datetime]):
    """A time with a zone.

    SQLite does not store zones, so UTC is put back.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Return the Python type of the values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; refuse a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC, whatever zone the server's session has."""
        if value is None or value.tzinfo is UTC:
            return value
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return the function that makes times of database values."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        # one step from SQLAlchemy's text takes a third of the time, and lists have many
        return _utc


def _utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


@cache
def largest_in(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> int:
    """Return the greatest number of a column on every engine."""
    return 2**63 - 1 if isinstance(column.type, BigInteger) else 2**31 - 1


def execute(
    statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Send a statement without the ORM, in half the time.

    In a writing request it runs in the session's transaction. Changes that are pending in the
    session are not flushed before it.
    """
    connection = reader(db)
    if connection is None:
        session = cast("Session", db.session())
        connection = session.begun or session.connection()
    return connection.execute(statement, parameters)


class Stored:
    """Saving, deleting and finding by id.

    A change of a model is permanent only after a call of one of the first two.
    """

    def save_to_db(self) -> None:
        """Add this record and commit everything pending in the session."""
        db.session.add(self)
        db.session.commit()

    def delete_from_db(self) -> None:
        """Delete this record and commit everything pending in the session."""
        db.session.delete(self)
        db.session.commit()

    @classmethod
    def find_by_id(cls, id: int) -> Self | None:
        """Return the record with that id, or None."""
        key: ColumnElement[int] = inspect(cls).primary_key[0]
        return db.session.get(cls, id) if 0 < id <= largest_in(key) else None
