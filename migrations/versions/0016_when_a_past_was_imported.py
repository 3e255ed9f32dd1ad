"""The time when old updates were last imported.

Old ones are from before the subscription. The clock of that moment scores the time before the
subscription. If it is null, as in all rows of the version before and in those that its processes
store meanwhile, the clock in force at the subscription scores that time, as it did before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("subscriptions", sa.Column("imported_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("subscriptions", "imported_at")
