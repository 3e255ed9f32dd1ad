"""Counts of wrong passwords, so that further guesses wait."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a table of its own, which the version before does not use: no transaction waits for it
    op.create_table(
        "password_attempts",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_password_attempts")),
    )
    op.create_index(op.f("ix_password_attempts_expires_at"), "password_attempts", ["expires_at"])


def downgrade() -> None:
    op.drop_table("password_attempts")
