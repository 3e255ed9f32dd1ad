"""The ownership that each table declares."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from gridt.models import Model
from gridt.models.ownership import (
    OWNERS,
    Policy,
    Reference,
    names,
    names_user,
    owned_by_movement,
    owned_by_update,
    owned_by_user,
    references,
    removals,
)
from gridt.runtime.extensions import db
from tests.conftest import app_on

#: parts of a column's name that suggest that its numbers are ids
NAMING = set(
    "id ids user member creator leader follower actor author owner reader reporter blocker blocked"
    " by movement update".split()
)
#: columns of whole numbers with such names that name nothing, and why
NOT_NAMING = {
    "movements.member_count": "it counts members",
    "groups.member_count": "it counts members",
    "groups.parent_id": "a group",
    "groups.organisation_id": "a group",
    "memberships.group_id": "a group",
    "memberships.parent_id": "a group",
    "memberships.organisation_id": "a group",
    "movements.group_id": "a group",
    "movements.gate_id": "a group",
    "movements.audience_id": "a group",
    "organisation_settings.organisation_id": "a group",
    "invitations.group_id": "a group",
    "invitation_uses.invitation_id": "an invitation",
    "roles.group_id": "a group",
    "roles.organisation_id": "a group",
}


def undeclared(metadata: sa.MetaData) -> Iterator[str]:
    """Yield the columns that name owners without declaring it.

    An owner is a user, a movement or an update.
    """
    declared: dict[sa.Column, set[str]] = {}
    for owner in OWNERS:
        for reference in references(owner, metadata):
            declared.setdefault(reference.column, set()).add(owner)
    for table in metadata.sorted_tables:
        for column in table.columns:
            owners = {key.column.table.name for key in column.foreign_keys} & set(OWNERS)
            is_number = isinstance(column.type, sa.Integer) and column is not table.c.get("id")
            is_called_so = is_number and set(column.name.split("_")) & NAMING
            if str(column) in NOT_NAMING and not owners:
                continue
            if not owners <= declared.get(column, set()) or (
                is_called_so and column not in declared
            ):
                yield str(column)


def test_each_column_that_names_a_user_a_movement_or_an_update_has_a_policy() -> None:
    assert list(undeclared(db.metadata)) == []
    for column in NOT_NAMING:
        table, _, name = column.partition(".")
        assert name in db.metadata.tables[table].c, "the list has nothing that is gone"


def test_a_column_without_a_policy_is_found() -> None:
    metadata = sa.MetaData()
    for owner in OWNERS:
        sa.Table(owner, metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "cheers",
        metadata,
        sa.Column("user_id", owned_by_user(), primary_key=True),
        sa.Column("reader_id", sa.Integer, info=names_user(Policy.KEEP)),
        sa.Column("sort", sa.ForeignKey("users.id")),
        sa.Column("place", sa.ForeignKey("movements.id"), info=names_user(Policy.KEEP)),
        sa.Column("update_id", sa.BigInteger),
        sa.Column("seen_by", sa.Integer),
        sa.Column("amount", sa.Integer),
    )
    planted = ["cheers.sort", "cheers.place", "cheers.update_id", "cheers.seen_by"]
    assert list(undeclared(metadata)) == planted


@pytest.mark.parametrize("owner", OWNERS)
def test_each_policy_can_be_kept(owner: str) -> None:
    def fits(reference: Reference) -> bool:
        match reference.policy:
            case Policy.SET_NULL:
                return bool(reference.column.nullable)
            case Policy.KEEP:
                return not reference.column.foreign_keys
            case Policy.LEAVE:
                return owner == "users"  # the end of a movement or an update makes no user leave
        return True

    assert [str(each.column) for each in references(owner) if not fits(each)] == []


# -- the walk -------------------------------------------------------------------------------


@pytest.fixture
def cheering(new_database: Callable[[], str]) -> Iterator[tuple[sa.Connection, sa.MetaData]]:
    """Two users with updates, and tables that name them.

    Each user has an update in each of two movements. The tables name the users in all ways.
    """
    metadata = sa.MetaData()
    for owner in ("users", "movements"):
        sa.Table(owner, metadata, sa.Column("id", sa.Integer, primary_key=True))
    id = sa.Column("id", sa.Integer, primary_key=True)
    movement_id = sa.Column("movement_id", owned_by_movement())
    sa.Table("updates", metadata, id, movement_id, sa.Column("leader_id", owned_by_user()))
    sa.Table(
        "cheers",  # deleted with its user, and with the update
        metadata,
        sa.Column("user_id", owned_by_user(), primary_key=True),
        sa.Column("update_id", owned_by_update(), primary_key=True),
    )
    sa.Table(
        "pins",  # stays, and shows no update any more
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("update_id", owned_by_update(Policy.SET_NULL)),
        sa.Column("pinned_by", sa.Integer, info=names_user(Policy.KEEP)),
    )
    sa.Table(
        "notes",  # about a row of any of the tables
        metadata,
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("subject_id", sa.Integer, primary_key=True),
        info=names("subject", "subject_id", Policy.DELETE),
    )
    with app_on(new_database()) as app, app.app_context(), db.engine.connect() as connection:
        metadata.create_all(connection)
        for table, rows in {
            "users": [(1,), (2,)],
            "movements": [(1,), (2,)],
            "updates": [(1, 1, 1), (2, 2, 1), (3, 1, 2), (4, 2, 2)],
            "cheers": [(1, 3), (2, 1), (2, 3), (2, 2)],
            "pins": [(1, 1, 1), (2, 3, 1)],
            "notes": [(owner, number) for owner in OWNERS for number in (1, 2, 3)],
        }.items():
            for row in rows:
                connection.execute(sa.insert(metadata.tables[table]).values(row))
        yield connection, metadata


def left(connection: sa.Connection, metadata: sa.MetaData) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: sorted(map(tuple, connection.execute(sa.select(table))))
        for name, table in metadata.tables.items()
    }


@pytest.mark.parametrize(
    ("owner", "updates", "cheers", "pins"),
    [
        ("users", [3, 4], [(2, 3)], [(1, None, 1), (2, 3, 1)]),
        ("movements", [2, 4], [(2, 2)], [(1, None, 1), (2, None, 1)]),
        ("updates", [2, 3, 4], [(1, 3), (2, 2), (2, 3)], [(1, None, 1), (2, 3, 1)]),
    ],
)
def test_rows_that_name_a_deleted_row_are_handled_first(
    cheering: tuple[sa.Connection, sa.MetaData],
    owner: str,
    updates: list[int],
    cheers: list[tuple[int, int]],
    pins: list[tuple[int, int | None, int]],
) -> None:
    connection, metadata = cheering
    for statement in removals(owner, 1, metadata):
        connection.execute(statement)
    table = metadata.tables[owner]
    connection.execute(sa.delete(table).where(table.c.id == 1))  # no foreign key prevents it

    rows = left(connection, metadata)
    assert [id for id, *_ in rows["updates"]] == updates
    assert (rows["cheers"], rows["pins"]) == (cheers, pins)
    gone = {(name, id) for name in OWNERS for id in (1, 2, 3)} - {*rows["notes"]}
    assert gone == {(owner, 1)} | {("updates", id) for id in {1, 2, 3} - {*updates}}
    for name in {"users", "movements"} - {owner}:
        assert len(rows[name]) == 2


# -- ready to be spread over machines -------------------------------------------------------

#: keys without `movement_id` from before this was a rule; the list may only become shorter
BEFORE_THE_RULE = {
    "updates: primary key",
    "movements: uq_movements_name_folded",
}


def keys_of(mapper: Mapper[Model]) -> Iterator[tuple[str, set[str]]]:
    """Yield a mapper's keys, with their columns.

    They are its primary key, and each unique key of its table.
    """
    table = mapper.local_table
    assert isinstance(table, sa.Table)
    yield "primary key", {column.name for column in mapper.primary_key}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            yield str(constraint.name), {column.name for column in constraint.columns}
    for index in table.indexes:
        if index.unique:
            yield str(index.name), {column.name for column in index.columns}


def without_movement(mappers: Iterator[Mapper[Model]], metadata: sa.MetaData) -> set[str]:
    """Return the keys that lack a movement.

    They are keys of the tables that belong to one.
    """
    naming = {"movements": {"id"}}
    for owner in ("movements", "updates"):
        for reference in references(owner, metadata):
            if reference.policy in {Policy.DELETE, Policy.LEAVE}:
                naming.setdefault(reference.table.name, {"movement_id"})
    return {
        f"{mapper.local_table.name}: {name}"
        for mapper in mappers
        for name, columns in keys_of(mapper)
        if not naming.get(mapper.local_table.name, set()) <= columns
    }


def test_each_key_of_a_table_that_belongs_to_a_movement_has_its_id() -> None:
    assert without_movement(iter(Model.registry.mappers), db.metadata) == BEFORE_THE_RULE


def test_a_key_without_the_movement_is_found() -> None:
    class Base(sa.orm.DeclarativeBase):
        pass

    class Movement(Base):
        __tablename__ = "movements"
        id: sa.orm.Mapped[int] = sa.orm.mapped_column(primary_key=True)

    class Rule(Base):
        __tablename__ = "rules"
        __table_args__ = (sa.UniqueConstraint("movement_id", "name", name="sound"),)
        id: sa.orm.Mapped[int] = sa.orm.mapped_column(primary_key=True)
        movement_id: sa.orm.Mapped[int] = sa.orm.mapped_column(owned_by_movement())
        name: sa.orm.Mapped[str] = sa.orm.mapped_column(unique=True)

    keys = without_movement(iter(Base.registry.mappers), Base.metadata)
    assert len(keys) == 2
    assert "rules: primary key" in keys
    assert "rules: sound" not in keys


# -- small core tables ----------------------------------------------------------------------

#: the columns of the tables that all requests read; other tables stand beside these
CORE = {
    "users": "id username username_folded email email_folded email_confirmed_at password_hash role"
    " bio time_zone created_at deactivated_at email_changed_at day_starts_at week_starts_on",
    "movements": "id name name_folded short_description description search_text interval creator_id"
    " created_at member_count free_misses free_turns counts_every_update",
    "subscriptions": "user_id movement_id subscribed_at last_update_at shuffle_key counted_from"
    " turn_starts_at turn_ends_at turn_done streak best_streak done_turns turns recent paused_from"
    " paused_until weeks",
    "updates": "id leader_id movement_id time_stamp message",
}
#: each column that came later, as `table.column`, and the hot read that needs it there
NEEDED_IN_CORE: dict[str, str] = {
    "users.secured_at": "a mail token is compared with the row of its user, which is locked then",
    "subscriptions.posted": "a post compares it with a quota, in the row that it locks and writes",
    "subscriptions.posted_in_turn": "as above, for the quota of a turn",
    "subscriptions.posted_until": "as above: when that turn ends",
    "subscriptions.turn_until": "each list says by it whether the next turn is over",
    "subscriptions.leapt_at": "each post carries the standing on by it",
    "subscriptions.turn_late": "each post carries the standing on by it",
    "movements.interval_months": "each post and each list scores turns by the interval",
    "movements.goal": "each post compares the count of its turn with it",
    "movements.goal_since": "as above: says whether the turn has a former goal",
    "subscriptions.turn_amount": "each post carries the count on, and each list shows it",
    "subscriptions.turn_counted_on": "as above: a day counts once",
    "subscriptions.turn_counted_from": "as above: days need time",
    "subscriptions.turn_amount_on_time": "as above, without late updates",
    "subscriptions.turn_on_time_on": "as above, without late updates",
    "subscriptions.turn_on_time_from": "as above, without late updates",
    "subscriptions.imported_at": "each recalculation reads it in the row that it locks",
    "updates.late": "each list of updates shows it",
    "movements.creator_left_at": "a leave compares it in the row that it locks",
    "movements.closed_at": "each list of movements leaves out the closed ones by it",
    "movements.group_id": "each list of movements shows the group, and each change asks for it",
    "movements.gate_id": "each join reads it in the row that it locks",
    "movements.audience_id": "each list and look-up of movements leaves out the hidden ones by it",
    "subscriptions.roster_key": "a foreign key: it ends no membership under a subscription",
    "users.language": "each screen shows it with the account, and each mail is written in it",
    "users.clock_chosen_at": "a change of the clock reads it with the account",
    "users.clock_changes": "a change of the clock counts in the row that it locks and writes",
}


def test_a_family_adds_no_column_to_a_core_table_without_a_reason() -> None:
    columns = {str(column) for name in CORE for column in db.metadata.tables[name].columns}
    known = {f"{table}.{name}" for table, names in CORE.items() for name in names.split()}
    assert columns == known | set(NEEDED_IN_CORE)
    assert all(re.search(r"\w+ \w+", reason) for reason in NEEDED_IN_CORE.values())
