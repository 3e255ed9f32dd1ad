"""Movements of groups, and the memberships behind subscriptions.

No row is written but those of names with an invisible U+001F, and no table is built again. A
process of the version before shows hidden movements to everybody, and lets everybody join them. So
start no movement of a group before no such process is left. `flask gridt check-network` shows the
members who came in that way (invariant I15). To go back, no hidden movement may be left: it
would be open to everybody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

IS_OPEN, IS_HIDDEN = "audience_id IS NULL", "audience_id IS NOT NULL"
#: the partial indexes, with their tables, columns and conditions
INDEXES = (
    ("ix_movements_open_name", "movements", ["name_folded"], IS_OPEN),
    ("ix_movements_open_id", "movements", ["id"], IS_OPEN),
    ("ix_movements_hidden_name", "movements", ["audience_id", "name_folded"], IS_HIDDEN),
    ("ix_movements_hidden_id", "movements", ["audience_id", "id"], IS_HIDDEN),
    ("ix_movements_group_id", "movements", ["group_id"], "group_id IS NOT NULL"),
    ("ix_movements_gate_id", "movements", ["gate_id"], "gate_id IS NOT NULL"),
    ("ix_subscriptions_roster_key", "subscriptions", ["roster_key"], "roster_key IS NOT NULL"),
)
#: the new columns, with their types, the columns that they refer to, and their checks
COLUMNS = (
    ("movements", "group_id", "INTEGER", "groups (id)", None),
    ("movements", "gate_id", "INTEGER", "groups (id)", None),
    (
        "movements",
        "audience_id",
        "INTEGER",
        "groups (id)",
        ("audience", "audience_id IS NULL OR group_id IS NOT NULL"),
    ),
    (
        "subscriptions",
        "roster_key",
        "BIGINT",
        "memberships (roster_key)",
        ("roster_key", "(roster_key & 4294967295) = user_id"),
    ),
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        # each request begins with this table: one that waits here holds no lock that we need later
        op.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")
    # SQLite adds a constraint only with its column, and then builds no table again
    for table, name, type_, target, check in COLUMNS:
        key = f"fk_{table}_{name}_{target.partition(' ')[0]}"
        checked = f" CONSTRAINT ck_{table}_{check[0]} CHECK ({check[1]})" if check else ""
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {name} {type_}"
            f" CONSTRAINT {key} REFERENCES {target}{checked}"
        )
    for name, table, columns, condition in INDEXES:
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    _write_marks("{mark}", "{mark} || {mark}")


def downgrade() -> None:
    hidden = sa.text("SELECT count(*) FROM movements WHERE audience_id IS NOT NULL")
    if not op.get_context().as_sql and op.get_bind().scalar(hidden):
        raise RuntimeError(
            "There are hidden movements, which everybody would see. Open or delete them first."
        )
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table)
    for table, name, *_ in reversed(COLUMNS):
        op.drop_column(table, name)
    _write_marks("{mark} || {mark}", "{mark}")


def _write_marks(old: str, new: str) -> None:
    """Write U+001F in old names another way.

    Migration 0019 wrote some, too, where two names had become one. A name that another movement has
    stays: `flask gridt check-accounts` shows it.
    """
    mark = "char(31)" if op.get_context().dialect.name == "sqlite" else "chr(31)"
    written = f"replace(movements.name_folded, {old}, {new})".format(mark=mark)
    op.execute(
        f"UPDATE movements SET name_folded = {written} WHERE closed_at IS NULL"  # noqa: S608
        f" AND name_folded LIKE '%' || {mark} || '%'"
        f" AND NOT EXISTS (SELECT 1 FROM movements other WHERE other.name_folded = {written})"
    )
