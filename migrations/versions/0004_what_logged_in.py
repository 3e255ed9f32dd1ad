"""The user agent of each login, for its user."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("logins", sa.Column("user_agent", sa.String(256), nullable=True))


def downgrade() -> None:
    op.drop_column("logins", "user_agent")
