"""The time of a user's last change of e-mail address.

Mail tokens from before are worthless.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("users", sa.Column("email_changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "email_changed_at")
