"""When updates from before a subscription were last imported.

The clock of that moment scores the time before the subscription. Where it is null, as in all rows
of the version before and in those that its processes store meanwhile, the clock in force at the
subscription does so, as until now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # nullable and without a default: nothing is rewritten, and the version before goes on
    op.add_column("subscriptions", sa.Column("imported_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("subscriptions", "imported_at")
