"""Counts of completed turns before each of the last weeks.

The statistics need them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # null until a member's standing is stored again: by their next update or `rebuild-standing`
    op.add_column("subscriptions", sa.Column("weeks", sa.Text()))


def downgrade() -> None:
    op.drop_column("subscriptions", "weeks")
