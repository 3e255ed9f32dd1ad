"""Counts for quotas: updates in a turn, swaps a day."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # with a constant default: no row is rewritten, and the version before keeps running
    for name in ("posted", "posted_in_turn"):
        column = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        op.add_column("subscriptions", column)
    op.add_column("subscriptions", sa.Column("posted_until", MOMENT, nullable=True))
    op.create_table(
        "swap_counts",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_swap_counts_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_swap_counts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "movement_id", name=op.f("pk_swap_counts")),
    )
    op.create_index(op.f("ix_swap_counts_movement_id"), "swap_counts", ["movement_id"])


def downgrade() -> None:
    op.drop_table("swap_counts")
    for name in ("posted_until", "posted_in_turn", "posted"):
        op.drop_column("subscriptions", name)
