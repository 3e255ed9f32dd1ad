"""Memberships and roles in groups.

A membership below needs the one above, and a role needs a membership of the organisation: foreign
keys see to it. So a user is in one organisation at most, and nothing crosses from one to another.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    String,
    Text,
    UniqueConstraint,
    column,
    false,
    select,
    table,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime
from gridt.models.groups.scope import ensure_organisation
from gridt.models.ownership import EXPORTED_USER, OTHER_USER, Policy, exported_as, owned_by_user
from gridt.permissions import (
    ADMIN,
    ASSIGNABLE_COACH,
    COACH,
    IsOwn,
    IsSiteAdmin,
    Mine,
    Permissions,
    RoleBased,
    Ruled,
    has,
    led,
    role_kinds,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: the numbers of `roster_key` that each group has
ROSTER_KEYS = 2**32

_groups = table("groups", column("id", Integer), column("name", Text), column("kind", Text))
_settings = table(
    "organisation_settings", column("organisation_id", Integer), column("member_can_leave")
)


class _CoachesManageSquads(Permissions):
    """Coaches put members of a team into its squads.

    They also put them out again.
    """

    def user_can_create_object(self, user: Any, obj: Any) -> bool:
        return self._may(user, obj) and has(
            select(Membership.user_id).where(
                Membership.user_id == obj.user_id, Membership.group_id == obj.parent_id
            )
        )

    def user_can_read_object(self, user: Any, obj: Any) -> bool:
        return False

    def user_can_update_object(self, user: Any, obj: Any) -> bool:
        return False

    def user_can_delete_object(self, user: Any, obj: Any) -> bool:
        return self._may(user, obj)

    def readable_by_user_filter(self, user: Any, model: Any) -> list[Any]:
        return []

    @staticmethod
    def _may(user: Any, obj: Any) -> bool:
        is_squads = obj.parent_id not in {None, obj.organisation_id}
        return is_squads and led(COACH).contains(user.id, obj.group_id)


class _IsLeaving(Ruled):
    """Members leave groups, unless the organisation keeps their account."""

    def __init__(self) -> None:
        super().__init__(delete=Mine("user_id"))

    def user_can_delete_object(self, user: Any, obj: Any) -> bool:
        return super().user_can_delete_object(user, obj) and not has(
            select(Membership.user_id)
            .join(_settings, _settings.c.organisation_id == Membership.organisation_id)
            .where(
                Membership.user_id == obj.user_id,
                Membership.group_id == Membership.organisation_id,
                Membership.managed,
                ~_settings.c.member_can_leave,
            )
        )


class Membership(Model):
    """A user's membership in a group.

    A member of a squad has a row for the squad, its team and the organisation.

    :param user: the member
    :param group: the group, which is saved
    :param organisation_id: what it should be; by default that of the group
    :param managed: whether the organisation opened the account, and governs it
    :raises OrganisationMismatch: (a ValueError) when the group is in another organisation
    """

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_memberships_organisation",
        ),
        ForeignKeyConstraint(
            ["group_id", "parent_id"],
            ["groups.id", "groups.parent_id"],
            name="fk_memberships_parent",
        ),
        ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["memberships.user_id", "memberships.group_id"],
            name="fk_memberships_above",
        ),
        UniqueConstraint("roster_key"),
        Index(
            "uq_memberships_one_organisation",
            "user_id",
            unique=True,
            sqlite_where=column("group_id") == column("organisation_id"),
            postgresql_where=column("group_id") == column("organisation_id"),
        ),
        Index(None, "group_id"),
        CheckConstraint(f"roster_key = {ROSTER_KEYS} * group_id + user_id", name="roster_key"),
        CheckConstraint("(parent_id IS NULL) = (group_id = organisation_id)", name="parent"),
        CheckConstraint("NOT managed OR group_id = organisation_id", name="managed"),
    )

    # on delete cascade: the version before this table deletes users without it
    user_id: Mapped[int] = mapped_column(
        owned_by_user(Policy.LEAVE, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[int | None]
    organisation_id: Mapped[int]
    #: the row in one number; the members of a group lie next to each other
    roster_key: Mapped[int] = mapped_column(BigInteger)
    managed: Mapped[bool] = mapped_column(default=False, server_default=false())
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime)

    permissions: ClassVar[Permissions] = (
        IsOwn(read_only=True)
        | RoleBased("group_id", create=(ADMIN,), read=(ADMIN, COACH), delete=(ADMIN,))
        | _CoachesManageSquads()
        | _IsLeaving()
        | IsSiteAdmin(update=False)
    )

    def __init__(
        self, user: Any, group: Any, *, organisation_id: int | None = None, managed: bool = False
    ) -> None:
        self.user_id, self.group_id, self.parent_id = _saved(user), group.id, group.parent_id
        self.organisation_id = ensure_organisation(group, organisation_id)
        self.roster_key = ROSTER_KEYS * group.id + user.id
        self.managed, self.joined_at = managed, utcnow()

    def __str__(self) -> str:
        username, group = _names_of(self)
        return f"{username}'s membership in {group}"

    @classmethod
    def organisation_of(cls, user_id: int | None) -> Select[int]:
        """Return the SELECT of the id of a user's organisation."""
        return select(cls.organisation_id).where(
            cls.user_id == user_id, cls.group_id == cls.organisation_id
        )


class Role(Model):
    """A user's role in a group and those below.

    :param user: the user, a member of the organisation
    :param group: an organisation or team, which is saved
    :param kind: `admin`, `coach` or `assignable coach`
    :param organisation_id: what it should be; by default that of the group
    :raises InvalidRoleKind: (a ValueError) when the group has no such role
    :raises OrganisationMismatch: (a ValueError) when the group is in another organisation
    """

    __tablename__ = "roles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_roles_organisation",
        ),
        ForeignKeyConstraint(
            ["user_id", "organisation_id"],
            ["memberships.user_id", "memberships.group_id"],
            name="fk_roles_membership",
            ondelete="CASCADE",
        ),
        CheckConstraint(
            f"kind = '{COACH}' OR (kind IN ('{ADMIN}', '{ASSIGNABLE_COACH}')"
            " AND group_id = organisation_id)",
            name="kind",
        ),
        Index(None, "group_id"),
    )

    user_id: Mapped[int] = mapped_column(
        owned_by_user(Policy.LEAVE, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    organisation_id: Mapped[int]

    permissions: ClassVar[Permissions] = (
        IsOwn(read_only=True)
        | RoleBased("group_id", create=(ADMIN,), read=(ADMIN, COACH), delete=(ADMIN,))
        | IsSiteAdmin(update=False)
    )

    def __init__(
        self, user: Any, group: Any, kind: str, *, organisation_id: int | None = None
    ) -> None:
        role_kinds(kind)
        group.ensure_carries(kind)
        self.user_id, self.group_id, self.kind = _saved(user), group.id, kind
        self.organisation_id = ensure_organisation(group, organisation_id)

    def __str__(self) -> str:
        username, group = _names_of(self)
        return f"{username}'s {self.kind} role for {group}"


def _saved(user: Any) -> int:
    """Return the id of a user.

    :raises ValueError: for a visitor, and for a user who is not saved
    """
    if user.id is None:
        raise ValueError("only a user with an account belongs to a group")
    return int(user.id)


def _names_of(row: Membership | Role) -> tuple[str | None, str | None]:
    """Return the names of a row's user and group."""
    username = select(OTHER_USER.c.username).where(OTHER_USER.c.id == row.user_id)
    group = select(_groups.c.name).where(_groups.c.id == row.group_id)
    return db.session.scalar(username), db.session.scalar(group)


exported_as(
    "memberships",
    select(_groups.c.name.label("group"), _groups.c.kind, Membership.managed, Membership.joined_at)
    .select_from(Membership)
    .join(_groups, _groups.c.id == Membership.group_id)
    .where(Membership.user_id == EXPORTED_USER)
    .order_by(Membership.group_id),
)
exported_as(
    "roles",
    select(_groups.c.name.label("group"), Role.kind)
    .select_from(Role)
    .join(_groups, _groups.c.id == Role.group_id)
    .where(Role.user_id == EXPORTED_USER)
    .order_by(Role.group_id, Role.kind),
)
