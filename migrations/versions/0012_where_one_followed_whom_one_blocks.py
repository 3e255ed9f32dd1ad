"""The movements where a blocker followed the blocked user.

The blocker may report updates from there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("blocks", sa.Column("followed_in", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("blocks", "followed_in")
