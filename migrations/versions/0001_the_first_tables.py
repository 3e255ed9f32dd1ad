"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# text whose order does not depend on the machine's locale
PLAIN_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("username_folded", PLAIN_TEXT, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_folded", PLAIN_TEXT, nullable=False),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_folded", name=op.f("uq_users_email_folded")),
        sa.UniqueConstraint("username_folded", name=op.f("uq_users_username_folded")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "logins",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_jti", sa.String(length=36), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_logins_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_logins_user_id"), "logins", ["user_id"])

    op.create_table(
        "movements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", PLAIN_TEXT, nullable=False),
        sa.Column("short_description", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("search_text", PLAIN_TEXT, nullable=False),
        sa.Column("interval", sa.Interval(), nullable=False),
        sa.Column("creator_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["creator_id"], ["users.id"], name=op.f("fk_movements_creator_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
        sa.UniqueConstraint("name_folded", name=op.f("uq_movements_name_folded")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_movements_creator_id"), "movements", ["creator_id"])

    op.create_table(
        "subscriptions",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_update_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shuffle_key", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movements.id"], name=op.f("fk_subscriptions_movement_id_movements")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_subscriptions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", "movement_id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_shuffle_key"), "subscriptions", ["shuffle_key"])

    op.create_table(
        "updates",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("time_stamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["users.id"], name=op.f("fk_updates_leader_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["movements.id"], name=op.f("fk_updates_movement_id_movements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_updates")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_updates_leader_id_movement_id_time_stamp"),
        "updates",
        ["leader_id", "movement_id", "time_stamp"],
    )

    op.create_table(
        "movement_user_associations",
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "leader_id <> follower_id", name=op.f("ck_movement_user_associations_not_oneself")
        ),
        sa.CheckConstraint("slot BETWEEN 0 AND 3", name=op.f("ck_movement_user_associations_slot")),
        sa.ForeignKeyConstraint(
            ["follower_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_movement_user_associations_follower",
        ),
        sa.ForeignKeyConstraint(
            ["leader_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_movement_user_associations_leader",
        ),
        sa.PrimaryKeyConstraint(
            "follower_id", "movement_id", "slot", name=op.f("pk_movement_user_associations")
        ),
        sa.UniqueConstraint(
            "follower_id",
            "movement_id",
            "leader_id",
            name=op.f("uq_movement_user_associations_follower_id_movement_id_leader_id"),
        ),
    )
    op.create_index(
        op.f("ix_movement_user_associations_leader_id_movement_id_follower_id"),
        "movement_user_associations",
        ["leader_id", "movement_id", "follower_id"],
    )


def downgrade() -> None:
    for table in (
        "movement_user_associations",
        "updates",
        "subscriptions",
        "movements",
        "logins",
        "users",
    ):
        op.drop_table(table)
