"""Invitations into a group, and the people who accepted them.

No row is written, and no table is rebuilt. In the minutes of an upgrade, a process of the version
before takes the code of an invitation into a group for one that only lets people register: the
account that it opens is in no group, and it counts as a use. That process does not look up whether
the maker may still invite, and shows the invitation to the admins of the service among the others.
The person accepts the invitation again, as a second use. It refuses to delete a group with such an
invitation; repeat that after the upgrade. A downgrade deletes these invitations, so
that their codes open no accounts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# SQLite takes a foreign key along with a column only in SQL, and without a rebuild
ADD_GROUP = (
    "ALTER TABLE invitations ADD COLUMN group_id INTEGER"
    " CONSTRAINT fk_invitations_group_id_groups REFERENCES groups (id)"
)


def upgrade() -> None:
    op.execute(ADD_GROUP)
    op.add_column("invitations", sa.Column("kind", sa.String(16), nullable=True))
    op.add_column("invitations", sa.Column("role", sa.String(32), nullable=True))
    op.create_index("ix_invitations_group_id_id", "invitations", ["group_id", "id"])
    op.create_table(
        "invitation_uses",
        sa.Column("invitation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("invitation_id", "user_id", name=op.f("pk_invitation_uses")),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_invitation_uses_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_invitation_uses_user_id_users"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_invitation_uses_user_id"), "invitation_uses", ["user_id"])


def downgrade() -> None:
    op.drop_table("invitation_uses")
    op.execute("DELETE FROM invitations WHERE group_id IS NOT NULL")
    op.drop_index("ix_invitations_group_id_id", "invitations")
    for column in ("role", "kind", "group_id"):
        op.drop_column("invitations", column)
