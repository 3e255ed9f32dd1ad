"""The time of a login's last write.

So it does not read from a replica that is behind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("logins", sa.Column("wrote_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("logins", "wrote_at")
