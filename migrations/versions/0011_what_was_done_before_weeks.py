"""What members had done before each of the last weeks, for statistics of any interval."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # empty until a member is told anew: by what they do next, or by `rebuild-standing`
    op.add_column("subscriptions", sa.Column("weeks", sa.Text()))


def downgrade() -> None:
    op.drop_column("subscriptions", "weeks")
