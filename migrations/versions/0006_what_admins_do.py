"""Deactivated accounts, and an audit log that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

REFUSED = "the audit log only grows"

# SQLite changes a table by copying it; the copy needs these triggers again
ONLY_GROWS = {
    "sqlite": [
        *(
            f"CREATE TRIGGER audit_entries_no_{change} BEFORE {change} ON audit_entries"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            for change in ("UPDATE", "DELETE")
        ),
        # INSERT OR REPLACE deletes without calling the trigger for DELETE
        "CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries"  # noqa: S608
        " WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)"
        f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION audit_entries_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'insufficient_privilege'; END $$",
        "CREATE TRIGGER audit_entries_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_only_grow()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("subject_id", BIG_ID, nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    for column in ("user_id", "actor_id", "action"):
        op.create_index(op.f(f"ix_audit_entries_{column}_id"), "audit_entries", [column, "id"])
    for statement in ONLY_GROWS[_dialect()]:
        op.execute(statement)
    # nullable and without a default: no row is rewritten, and the version before keeps running
    op.add_column("users", sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "deactivated_at")
    op.drop_table("audit_entries")
    if _dialect() == "postgresql":
        op.execute("DROP FUNCTION audit_entries_only_grow()")


def _dialect() -> str:
    return op.get_context().dialect.name
