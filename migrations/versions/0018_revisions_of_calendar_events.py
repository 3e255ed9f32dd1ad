"""The service's name, and the revisions of events in calendars.

A process of the version before counts no rename in the minutes of an upgrade: the events of such a
movement then change under the same revision, until the next rename.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "service_identity",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_service_identity")),
    )
    op.create_table(
        "movement_renames",
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revised_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_movement_renames_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_movement_renames")),
    )
    op.create_table(
        "due_events",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revised_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_due_events_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_due_events_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "movement_id", name=op.f("pk_due_events")),
    )
    op.create_index(op.f("ix_due_events_movement_id"), "due_events", ["movement_id"])


def downgrade() -> None:
    for name in ("due_events", "movement_renames", "service_identity"):
        op.drop_table(name)
