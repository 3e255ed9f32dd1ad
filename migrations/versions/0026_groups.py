"""Groups: organisations, teams, squads, their members and roles.

No row is written, and no other table changes. A process of the version before ignores groups. When
it deletes the account of a member, their memberships and roles go with it, but the groups still
count them; when it deactivates an account, the roles in groups stay. It also deletes or deactivates
the last admin of an organisation. `flask gridt check-groups` shows the groups that are wrong, and
`flask gridt check-groups --repair` counts their members again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FOLDED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FLAGS = (
    "member_can_edit_username",
    "member_can_edit_name",
    "member_can_edit_password",
    "member_can_sign_up",
    "member_can_delete_account",
    "member_can_login_without_password",
    "member_can_leave",
    "member_can_start_movements",
    "coach_can_invite",
    "listed",
    "show_share_button",
)
TREE = (
    "(kind = 'organisation' AND parent_id IS NULL"
    " AND (organisation_id IS NULL OR organisation_id = id))"
    " OR (kind IN ('team', 'squad', 'pickup group')"
    " AND parent_id IS NOT NULL AND organisation_id IS NOT NULL"
    " AND organisation_id <> id AND parent_id <> id"
    " AND (kind = 'team') = (parent_id = organisation_id))"
)
ROLE_KINDS = (
    "kind = 'coach' OR (kind IN ('admin', 'assignable coach') AND group_id = organisation_id)"
)


def upgrade() -> None:
    _make_groups()
    _make_settings()
    _make_memberships()
    _make_roles()


def _make_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", FOLDED, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("movement_id", sa.Integer(), nullable=True),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("id", "parent_id", name="uq_groups_id_parent_id"),
        sa.UniqueConstraint("id", "organisation_id", name="uq_groups_id_organisation_id"),
        sa.UniqueConstraint("parent_id", "name_folded", name="uq_groups_parent_id_name_folded"),
        sa.UniqueConstraint("uid", name=op.f("uq_groups_uid")),
        sa.ForeignKeyConstraint(
            ["parent_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_groups_parent",
        ),
        sa.CheckConstraint(TREE, name=op.f("ck_groups_tree")),
        sqlite_autoincrement=True,
    )
    is_organisation = sa.text("parent_id IS NULL")
    op.create_index(
        "uq_groups_organisation_name",
        "groups",
        ["name_folded"],
        unique=True,
        sqlite_where=is_organisation,
        postgresql_where=is_organisation,
    )
    for column in ("organisation_id", "movement_id"):
        op.create_index(op.f(f"ix_groups_{column}"), "groups", [column])


def _make_settings() -> None:
    op.create_table(
        "organisation_settings",
        sa.Column("organisation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("preset", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in FLAGS),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation_settings")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["groups.id"],
            name=op.f("fk_organisation_settings_organisation_id_groups"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "NOT (member_can_login_without_password AND member_can_edit_password)",
            name=op.f("ck_organisation_settings_passwords"),
        ),
    )


def _make_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("roster_key", sa.BigInteger(), nullable=False),
        sa.Column("managed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("roster_key", name=op.f("uq_memberships_roster_key")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_memberships_organisation",
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "parent_id"],
            ["groups.id", "groups.parent_id"],
            name="fk_memberships_parent",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["memberships.user_id", "memberships.group_id"],
            name="fk_memberships_above",
        ),
        sa.CheckConstraint(
            "roster_key = 4294967296 * group_id + user_id", name=op.f("ck_memberships_roster_key")
        ),
        sa.CheckConstraint(
            "(parent_id IS NULL) = (group_id = organisation_id)", name=op.f("ck_memberships_parent")
        ),
        sa.CheckConstraint(
            "NOT managed OR group_id = organisation_id", name=op.f("ck_memberships_managed")
        ),
    )
    op.create_index(op.f("ix_memberships_group_id"), "memberships", ["group_id"])
    is_of_organisation = sa.text("group_id = organisation_id")
    op.create_index(
        "uq_memberships_one_organisation",
        "memberships",
        ["user_id"],
        unique=True,
        sqlite_where=is_of_organisation,
        postgresql_where=is_of_organisation,
    )


def _make_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", "kind", name=op.f("pk_roles")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_roles_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_roles_organisation",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "organisation_id"],
            ["memberships.user_id", "memberships.group_id"],
            name="fk_roles_membership",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(ROLE_KINDS, name=op.f("ck_roles_kind")),
    )
    op.create_index(op.f("ix_roles_group_id"), "roles", ["group_id"])


def downgrade() -> None:
    for table in ("roles", "memberships", "organisation_settings", "groups"):
        op.drop_table(table)
