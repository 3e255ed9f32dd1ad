"""When a user's e-mail address changed, so that what was mailed before is worthless."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _wait_briefly()
    # nullable and without a default: nothing is rewritten, and the version before goes on
    op.add_column("users", sa.Column("email_changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    _wait_briefly()
    op.drop_column("users", "email_changed_at")


def _wait_briefly() -> None:
    # every request reads this table, and would queue behind us for as long as we wait
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
