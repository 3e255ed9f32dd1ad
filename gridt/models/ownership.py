"""Ownership: the fate of rows that name a deleted row.

Each column that names one of these three declares its policy in its own definition: by the foreign
key that `owned_by_user`, `owned_by_movement` or `owned_by_update` returns, or, if it has none of
its own, by `info=names_user(…)` and the like. Deleting one of the three walks these declarations,
so a new table needs no line elsewhere.

`exported_as` declares beside it the part of a table that belongs to a user's personal export.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    DateTime,
    Delete,
    ForeignKey,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    inspect,
    select,
    update,
)
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

from gridt.models.base import Model, Rows
from gridt.runtime.extensions import db

#: the three tables whose rows a column may name
USERS, MOVEMENTS, UPDATES = OWNERS = ("users", "movements", "updates")

#: returns the condition for the rows of the movement of an id, if an index finds them better by it
#: than by the column that names the movement
RowsOf: TypeAlias = Callable[[int], ColumnElement[bool]]

#: the keys of declarations in the `info` of columns and foreign keys, and of tables
_NAMED, _GENERIC = "gridt.named", "gridt.generic"


class Policy(StrEnum):
    """The fate of a row that names a deleted one."""

    #: the row is deleted as well
    DELETE = "delete"
    #: the row stays, without a name in the column
    SET_NULL = "set null"
    #: the row stays as it is: it outlives the named row, and has no constraint
    KEEP = "keep"
    #: `User.leave_everything` has changed or deleted the row earlier, under its movement's lock
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class _Declaration:
    owner: str
    policy: Policy
    rows_of: RowsOf | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names rows of an owner's table.

    :param is_constrained: whether a foreign key of the column's own leads to that table
    :param kind: for ids of several tables, the column that names the table
    :param rows_of: see `RowsOf`
    """

    column: Column[Any]
    owner: str
    policy: Policy
    is_constrained: bool = False
    kind: Column[Any] | None = None
    rows_of: RowsOf | None = None

    @property
    def table(self) -> Table:
        """Return the table of the rows that refer."""
        return self.column.table

    def naming(self, ids: int | Select[Any]) -> ColumnElement[bool]:
        """Return the condition for rows that name some ids."""
        named: ColumnElement[bool]
        if not isinstance(ids, int):
            named = self.column.in_(ids)
        elif self.rows_of is not None:
            named = self.rows_of(ids)
        else:
            named = self.column == ids
        return named if self.kind is None else and_(self.kind == self.owner, named)


# -- declarations ---------------------------------------------------------------------------


def owned_by_user(policy: Policy = Policy.DELETE, *, ondelete: str | None = None) -> ForeignKey:
    """Return a foreign key to a user."""
    return _foreign_key(USERS, policy, ondelete=ondelete)


def owned_by_movement(
    policy: Policy = Policy.DELETE,
    *,
    rows_of: RowsOf | None = None,
    ondelete: str | None = None,
) -> ForeignKey:
    """Return a foreign key to a movement."""
    return _foreign_key(MOVEMENTS, policy, rows_of, ondelete=ondelete)


def owned_by_update(policy: Policy = Policy.DELETE) -> ForeignKey:
    """Return a foreign key to an update."""
    return _foreign_key(UPDATES, policy)


def names_user(policy: Policy) -> dict[Any, Any]:
    """Return the `info` of an unconstrained column of users."""
    return {_NAMED: _Declaration(USERS, policy)}


def names_movement(policy: Policy, *, rows_of: RowsOf | None = None) -> dict[Any, Any]:
    """Return the `info` of an unconstrained column of movements."""
    return {_NAMED: _Declaration(MOVEMENTS, policy, rows_of)}


def names_update(policy: Policy) -> dict[Any, Any]:
    """Return the `info` of an unconstrained column of updates."""
    return {_NAMED: _Declaration(UPDATES, policy)}


def names(kind_column: str, id_column: str, policy: Policy) -> dict[Any, Any]:
    """Return the `info` of a table with mixed ids.

    Another column names the table of each id.
    """
    return {_GENERIC: (kind_column, id_column, policy)}


def _foreign_key(
    owner: str, policy: Policy, rows_of: RowsOf | None = None, ondelete: str | None = None
) -> ForeignKey:
    info = {_NAMED: _Declaration(owner, policy, rows_of)}
    return ForeignKey(f"{owner}.id", ondelete=ondelete, info=info)


# -- the walk -------------------------------------------------------------------------------


def references(owner: str, metadata: MetaData = db.metadata) -> Iterator[Reference]:
    """Yield all columns that name rows of an owner's table.

    A table comes before those that it refers to, because its rows have to be deleted before theirs.
    """
    for referring in reversed(metadata.sorted_tables):
        for column, is_constrained, declaration in _declarations_in(referring):
            if declaration.owner == owner:
                yield Reference(
                    column,
                    owner,
                    declaration.policy,
                    is_constrained=is_constrained,
                    rows_of=declaration.rows_of,
                )
        if _GENERIC in referring.info:
            kind, id_column, policy = referring.info[_GENERIC]
            columns = referring.columns
            yield Reference(columns[id_column], owner, policy, kind=columns[kind])


def _declarations_in(referring: Table) -> Iterator[tuple[Column[Any], bool, _Declaration]]:
    for column in referring.columns:
        if _NAMED in column.info:
            yield column, False, column.info[_NAMED]
        for key in column.foreign_keys:
            if _NAMED in key.info:
                yield column, True, key.info[_NAMED]


def removals(
    owner: str, ids: int | Select[Any], metadata: MetaData = db.metadata
) -> Iterator[Delete | Update]:
    """Yield the statements to send before rows are deleted.

    Other rows may name the rows that are deleted with them. The statements for those come first.
    """
    naming = list(references(owner, metadata))
    for reference in naming:
        if reference.policy is Policy.DELETE:
            table, condition = reference.table, reference.naming(ids)
            if table.name in OWNERS:
                yield from removals(table.name, select(table.c.id).where(condition), metadata)
            yield delete(table).where(condition)
    for reference in naming:
        if reference.policy is Policy.SET_NULL:
            emptied = update(reference.table).values({reference.column: None})
            yield emptied.where(reference.naming(ids))


def delete_owned(record: Model) -> None:
    """Delete or change the rows that name a record.

    Each follows its policy. Does not commit.
    """
    identity = inspect(record).identity
    if identity is None or record.__tablename__ not in OWNERS:
        return
    for number, statement in enumerate(removals(record.__tablename__, *identity)):
        if number == 0:
            db.session.flush()
        db.session.execute(statement.execution_options(synchronize_session=False))


# -- the personal export --------------------------------------------------------------------

#: the user whose data is exported
EXPORTED_USER: BindParameter[int] = bindparam("user_id")
# by name, because the models of these tables import this module
_users = sql_table(
    "users",
    sql_column("id", Integer),
    sql_column("username", Text),
    sql_column("deactivated_at", DateTime),
)
_movements = sql_table("movements", sql_column("id", Integer), sql_column("name", Text))
#: another user and a movement, whose names an export shows
OTHER_USER, NAMED_MOVEMENT = _users.alias(), _movements

#: the sections of a user's export by name; each selects by `EXPORTED_USER`
SECTIONS: dict[str, Rows] = {}


def exported_as(name: str, query: Rows) -> None:
    """Declare a table's part of a user's personal export.

    An export shows of other users only the username, and only where the user sees it anyway. Of an
    admin it shows only that it was one. It never shows which users blocked or reported the user,
    nor any credential, such as the hash of a password.

    :param query: selects by `EXPORTED_USER`, in a fixed order, any number of rows
    :raises ValueError: when there is a section of that name
    """
    if SECTIONS.setdefault(name, query) is not query:
        raise ValueError(f"two sections of the export are called {name!r}")
