"""Nonces of logins, refresh tokens whose answer was lost, and the keys of repeated requests.

Between this migration and the restart of the last process of the version before:

- Such a process makes logins without a nonce. They get one when they are refreshed next.
- It refreshes a login that has a nonce to tokens without one, which this version answers 401: the
  client logs in again.
- It ends a login whose refresh token is used twice within 30 seconds, and ignores Idempotency-Key.
- It leaves the calendar's address and mail tokens in force after a change of password.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    # nullable and without a default: no row is rewritten, and the version before goes on
    op.add_column("logins", sa.Column("spent_jti", sa.String(36)))
    op.add_column("logins", sa.Column("nonce", sa.String(32)))
    op.add_column("logins", sa.Column("nonce_since", sa.DateTime(timezone=True)))
    op.add_column("users", sa.Column("secured_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("users", "secured_at")
    for name in ("nonce_since", "nonce", "spent_jti"):
        op.drop_column("logins", name)
