"""Nonces of logins, and refresh tokens whose answer was lost.

Between this migration and the restart of the last process of the version before:

- Such a process makes logins without a nonce. They get one when they are refreshed next.
- It refreshes a login that has a nonce to tokens without one, which this version answers 401: the
  client logs in again.
- It ends a login whose refresh token is used twice within 30 seconds.
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


def downgrade() -> None:
    for name in ("nonce_since", "nonce", "spent_jti"):
        op.drop_column("logins", name)
