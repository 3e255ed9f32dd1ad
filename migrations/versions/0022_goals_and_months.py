"""Intervals of months, and goals of several updates.

A process of the version before takes months for their mean length, and one update for enough: a
post through it may complete a turn with a goal. The next change of the member's past corrects that,
and so does `flask gridt rebuild-standing`. New columns are empty, so all else stays as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COLUMNS = (
    ("movements", "interval_months", sa.SmallInteger()),
    ("movements", "goal", sa.SmallInteger()),
    ("movements", "goal_since", MOMENT),
    ("former_intervals", "interval_months", sa.SmallInteger()),
    ("subscriptions", "turn_amount", sa.Double()),
    ("subscriptions", "turn_counted_on", sa.Date()),
    ("subscriptions", "turn_amount_on_time", sa.Double()),
    ("subscriptions", "turn_on_time_on", sa.Date()),
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        # each request begins with this table: one that waits here holds no lock that we need later
        op.execute("LOCK TABLE logins IN ACCESS EXCLUSIVE MODE")
    for table, name, type_ in COLUMNS:
        op.add_column(table, sa.Column(name, type_, nullable=True))
    op.create_table(
        "former_goals",
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("goal", sa.SmallInteger(), nullable=True),
        sa.Column("counts_every_update", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_former_goals_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("movement_id", "ended_at", name=op.f("pk_former_goals")),
    )


def downgrade() -> None:
    op.drop_table("former_goals")
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
