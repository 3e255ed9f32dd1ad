"""The dates of turns, late updates, and chosen clocks.

Stored standings stay as they are: a null `turn_until` means the end of the turn.

In the minutes between, a process of the version before stores turns without changing `turn_until`
(`flask gridt rebuild-standing` corrects these). It also stores a former clock for a user who has
not chosen one; such a user counts as one who has.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
# nullable, or with a constant default: no row is rewritten, and the version before keeps running
_COLUMNS = [
    ("subscriptions", "turn_until", sa.DateTime(), None),
    ("subscriptions", "leapt_at", _MOMENT, None),
    ("subscriptions", "turn_late", sa.Boolean(), sa.false()),
    ("updates", "late", sa.Boolean(), sa.false()),
    ("users", "clock_chosen_at", _MOMENT, None),
]


def upgrade() -> None:
    for table, name, kind, default in _COLUMNS:
        nullable = default is None
        op.add_column(table, sa.Column(name, kind, nullable=nullable, server_default=default))
    op.execute(
        "UPDATE users SET clock_chosen_at = created_at WHERE time_zone <> 'UTC'"
        " OR day_starts_at <> 0 OR week_starts_on <> 0"
        " OR EXISTS (SELECT 1 FROM former_clocks WHERE former_clocks.user_id = users.id)"
    )


def downgrade() -> None:
    for table, name, *_ in reversed(_COLUMNS):
        op.drop_column(table, name)
