"""A database at revision 0012, with lives of every kind.

That code made the rows, and scored turns by other rules. Each user lived by it from January to
9 April 2026, and `long` for a year longer. The users are named after their acts.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests import first_release

REVISION = "0012"
#: after the last event
NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)

_ROWS = json.loads((Path(__file__).parent / "lives_of_0012.json").read_text())
#: ids are numbers from 1, in this order
USERS = [row[0] for row in _ROWS["users"]["rows"]]
MOVEMENTS = [row[0] for row in _ROWS["movements"]["rows"]]

_MOMENTS = ("_at", "_from", "paused_until", "time_stamp")


def plant(connection: sa.Connection) -> None:
    """Insert all rows into the tables of that revision."""
    # tables that others name come first; the database assigns ids
    for name in ("users", "movements", "subscriptions"):
        _insert(connection, name, list(_rows_of(name)))
    for name in set(_ROWS) - {"users", "movements", "subscriptions", "updates"}:
        _insert(connection, name, list(_rows_of(name)))
    updates = [
        {"leader_id": leader, "movement_id": movement, "time_stamp": _moment(text)}
        for leader, movement, texts in _ROWS["updates"]
        for text in texts
    ]
    _insert(connection, "updates", updates)


def stored(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return that revision's columns of all rows, except updates."""
    found = {}
    for name in sorted(set(_ROWS) - {"updates"}):
        columns = [sa.column(column, _type_of(column)) for column in _ROWS[name]["columns"]]
        rows = connection.execute(sa.select(*columns).select_from(sa.table(name, *columns)))
        found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def _rows_of(name: str) -> Iterator[dict[str, Any]]:
    columns = _ROWS[name]["columns"]
    for values in _ROWS[name]["rows"]:
        row = {column: _read(column, value) for column, value in zip(columns, values, strict=True)}
        if name == "users":
            row["password_hash"] = first_release.PASSWORD_HASH
        if name == "subscriptions":
            row["shuffle_key"] = row["movement_id"] * 2**32 + row["user_id"]
        yield row


def _read(column: str, value: Any) -> Any:
    if column == "interval":
        return timedelta(seconds=value)
    if value is not None and _type_of(column) is not None:
        return _moment(value)
    return value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _type_of(column: str) -> sa.types.TypeEngine | None:
    if column == "interval":
        return sa.Interval()
    is_moment = column.endswith(_MOMENTS) and column != "day_starts_at"
    return sa.DateTime(timezone=True) if is_moment else None


def _insert(connection: sa.Connection, name: str, rows: list[dict[str, Any]]) -> None:
    columns = [sa.column(column, _type_of(column)) for column in rows[0]]
    connection.execute(sa.insert(sa.table(name, *columns)), rows)
