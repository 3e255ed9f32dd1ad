"""Times of clock changes, and checkpoints of standings.

A process of the version before counts no change of the clock and uses no checkpoint. It recomputes
a changed past from the beginning. If it deletes an update, or stores a late one, later checkpoints
of that member stay and are wrong; `flask gridt rebuild-standing` repairs them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _enqueue_checkpoints()  # before the locks, because it reads all updates
    if op.get_context().dialect.name == "postgresql":
        # each request begins with this table: one that waits here holds no lock that we need later
        op.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")
    # nullable and without a default, so that no row is rewritten, and the version before continues
    op.add_column("users", sa.Column("clock_changes", sa.JSON(none_as_null=True)))
    op.create_table(
        "checkpoints",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("past", sa.String(64), nullable=False),
        sa.Column("standing", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_checkpoints_subscription",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "movement_id", "at", name=op.f("pk_checkpoints")),
    )


def _enqueue_checkpoints() -> None:
    """Enqueue jobs that make checkpoints for long pasts."""
    of_member = """'{"user_id": ' || leader_id || ', "movement_id": ' || movement_id || '}'"""
    if op.get_context().dialect.name != "sqlite":  # SQLite stores JSON as text
        of_member = f"CAST({of_member} AS JSON)"
    op.execute(
        "INSERT INTO jobs (name, arguments, key, priority, state, run_after, attempts,"  # noqa: S608
        f" created_at) SELECT 'recompute-member', {of_member},"
        " 'recompute-member:' || leader_id || ':' || movement_id, -1, 'ready',"
        " CURRENT_TIMESTAMP, 0, CURRENT_TIMESTAMP"
        " FROM updates GROUP BY leader_id, movement_id HAVING count(*) > 2000"
    )


def downgrade() -> None:
    op.drop_table("checkpoints")
    op.drop_column("users", "clock_changes")
