"""Nonces of logins, spent refresh tokens, and idempotency keys.

Until the last process of the version before has restarted:

- Such a process makes logins without a nonce. They get one at their next refresh.
- It gives a login that has a nonce tokens without one. This version answers such tokens with 401,
  and the client logs in again.
- It ends a login whose refresh token is used twice within 30 seconds, and ignores Idempotency-Key.
- It leaves the calendar's address and mail tokens in force after a change of password.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("logins", sa.Column("spent_jti", sa.String(36)))
    op.add_column("logins", sa.Column("nonce", sa.String(32)))
    op.add_column("logins", sa.Column("nonce_since", sa.DateTime(timezone=True)))
    op.add_column("users", sa.Column("secured_at", sa.DateTime(timezone=True)))
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(128), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("user_id", sa.Integer()),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("body", sa.Text()),
        sa.Column("location", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_idempotency_keys_user_id_users"),
            ondelete="CASCADE",  # the version before deletes users without these rows
        ),
        sa.PrimaryKeyConstraint("owner", "operation", "key", name=op.f("pk_idempotency_keys")),
    )
    for column in ("user_id", "created_at"):
        op.create_index(op.f(f"ix_idempotency_keys_{column}"), "idempotency_keys", [column])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_column("users", "secured_at")
    for name in ("nonce_since", "nonce", "spent_jti"):
        op.drop_column("logins", name)
