"""Former memberships of members who left or were removed.

So a removal ends no streak, and no import makes up missed turns after a member rejoins.

A process of the version before stores none. A member who leaves or is removed through it, in the
minutes of the upgrade, begins again when they rejoin, as before. Their updates are kept: an import
brings their standing back.

The migration also folds e-mail addresses whose domain stands for symbols (`xn--n3h.example`). The
process of the version before does not find these few while it still runs.
"""

import sqlalchemy as sa
from alembic import context, op

from gridt.addresses import fold_address

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    if not context.is_offline_mode():  # without a database, `check-accounts --repair` does the work
        _fold_addresses()
    op.create_table(
        "former_memberships",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("movement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("left_at", MOMENT, nullable=False),
        sa.Column("subscribed_at", MOMENT, nullable=False),
        sa.Column("judged_until", MOMENT, nullable=False),
        sa.Column("open_until", MOMENT, nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("counted_from", MOMENT, nullable=True),
        sa.Column("imported_at", MOMENT, nullable=True),
        sa.Column("kept_pauses", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_former_memberships_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["movements.id"],
            name=op.f("fk_former_memberships_movement_id_movements"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "movement_id", "left_at", name=op.f("pk_former_memberships")
        ),
    )
    op.create_index(
        op.f("ix_former_memberships_movement_id"), "former_memberships", ["movement_id"]
    )


def _fold_addresses() -> None:
    """Fold addresses of encoded domains where that form is free."""
    users = sa.table("users", *map(sa.column, ("id", "email", "email_folded")))
    encoded = sa.select(users).where(users.c.email_folded.like("%xn--%")).order_by(users.c.id)
    for row in op.get_bind().execute(encoded).all():
        form = fold_address(row.email)
        of_another = sa.select(users.c.id).where(users.c.email_folded == form)
        if op.get_bind().execute(of_another).first() is None:
            op.execute(sa.update(users).where(users.c.id == row.id).values(email_folded=form))


def downgrade() -> None:
    op.drop_table("former_memberships")
