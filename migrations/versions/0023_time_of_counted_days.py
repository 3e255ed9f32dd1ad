"""The moment since which the days of a goal count.

Days need time, so that a member whose clock shows three dates within minutes has not three days. A
process of the version before leaves the moment of an earlier turn, which refuses nothing. The next
change of the member's past corrects that, and so does `flask gridt rebuild-standing`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COLUMNS = ("turn_counted_from", "turn_on_time_from")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("subscriptions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("subscriptions", name)
