"""Clocks of users, standings of members, and pauses."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

#: the version before keeps running, because it can insert rows without these
COLUMNS = {
    "users": [
        ("day_starts_at", sa.SmallInteger(), "0"),
        ("week_starts_on", sa.SmallInteger(), "0"),
    ],
    "movements": [
        ("free_misses", sa.SmallInteger(), "0"),
        ("free_turns", sa.SmallInteger(), "30"),
        ("counts_every_update", sa.Boolean(), sa.false()),
    ],
    "subscriptions": [
        ("counted_from", MOMENT, None),
        ("turn_starts_at", MOMENT, None),
        ("turn_ends_at", MOMENT, None),
        ("turn_done", sa.Boolean(), sa.false()),
        ("streak", sa.Integer(), "0"),
        ("best_streak", sa.Integer(), "0"),
        ("done_turns", sa.Integer(), "0"),
        ("turns", sa.Integer(), "0"),
        ("recent", sa.String(length=100), None),
        ("paused_from", MOMENT, None),
        ("paused_until", MOMENT, None),
    ],
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind, default in columns:
            nullable = default is None
            op.add_column(table, sa.Column(name, kind, nullable=nullable, server_default=default))
    op.create_table(
        "former_clocks",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("day_starts_at", sa.SmallInteger(), nullable=False),
        sa.Column("week_starts_on", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_former_clocks_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "ended_at", name=op.f("pk_former_clocks")),
    )
    op.create_table(
        "former_intervals",
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("interval", sa.Interval(), nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_former_intervals_movement_id_movements"),
        ),
        sa.PrimaryKeyConstraint("movement_id", "ended_at", name=op.f("pk_former_intervals")),
    )
    op.create_table(
        "pauses",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_pauses_subscription",
        ),
        sa.PrimaryKeyConstraint("user_id", "movement_id", "starts_at", name=op.f("pk_pauses")),
    )


def downgrade() -> None:
    for table in ("pauses", "former_intervals", "former_clocks"):
        op.drop_table(table)
    for table, columns in COLUMNS.items():
        for name, *_ in columns[::-1]:
            op.drop_column(table, name)
