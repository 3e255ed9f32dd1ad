"""Removed members, closed movements, and users by last login.

In the minutes of an upgrade, a process of the version before does not know of removals and closed
movements: it lets a removed member join again, it lists a closed movement, lets users join it by
its id, and closes none. A job that starts after a quarter of an hour closes the movements that were
left empty, and unsubscribes the members of closed ones. A removed member who came back has to be
removed again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # nullable and without a default, so that no row is rewritten
    op.add_column("movements", sa.Column("closed_at", MOMENT))
    op.add_column("movements", sa.Column("creator_left_at", MOMENT))
    op.execute("UPDATE movements SET creator_left_at = created_at WHERE creator_id IS NULL")
    op.create_table(
        "member_removals",
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_member_removals_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_member_removals_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("movement_id", "user_id", name=op.f("pk_member_removals")),
    )
    op.create_index(op.f("ix_member_removals_user_id"), "member_removals", ["user_id"])
    op.create_index(op.f("ix_logins_refreshed_at_user_id"), "logins", ["refreshed_at", "user_id"])
    _enqueue_closing()


def _enqueue_closing() -> None:
    """Enqueue the job that closes movements without creator and members."""
    later, arguments = "CURRENT_TIMESTAMP + INTERVAL '15 minutes'", "CAST('{\"after\": 0}' AS JSON)"
    if op.get_context().dialect.name == "sqlite":  # it stores JSON as text
        later, arguments = "datetime('now', '+15 minutes')", "'{\"after\": 0}'"
    op.execute(
        "INSERT INTO jobs (name, arguments, key, priority, state, run_after, attempts,"  # noqa: S608
        f" created_at) SELECT 'close-empty-movements', {arguments}, 'close-empty-movements', -1,"
        f" 'ready', {later}, 0, CURRENT_TIMESTAMP"
        " WHERE EXISTS (SELECT 1 FROM movements)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE name IN ('close-empty-movements', 'close-movement')")
    op.drop_index(op.f("ix_logins_refreshed_at_user_id"), "logins")
    op.drop_table("member_removals")
    op.drop_column("movements", "creator_left_at")
    op.drop_column("movements", "closed_at")
