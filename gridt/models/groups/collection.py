"""Organisations, and the teams, squads and pickup groups in them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import uuid4

from sqlalchemy import (
    CheckConstraint,
    Connection,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    delete,
    event,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column, validates
from sqlalchemy.orm.attributes import set_committed_value

from gridt.errors import GroupNameTaken
from gridt.models.base import Model, PlainText, Stored, UTCDateTime
from gridt.models.event import EventKind, record
from gridt.models.groups.belonging import Belonging
from gridt.models.groups.group_rows import Membership, Role
from gridt.models.groups.organisation_settings import OrganisationSettings
from gridt.models.groups.owned_movements import ensure_none_owned, release_movements
from gridt.models.groups.scope import InvalidHierarchy, infer_organisation
from gridt.models.invitation import Invitation
from gridt.models.movement import Movement
from gridt.models.ownership import Policy, names_movement
from gridt.models.user import User
from gridt.names import flaw_of, fold_movement_name
from gridt.permissions import (
    ADMIN,
    ASSIGNABLE_COACH,
    COACH,
    InvalidRoleKind,
    IsListed,
    IsMember,
    IsSiteAdmin,
    Permissions,
    RoleBased,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import tidy

#: the kinds of groups
ORGANISATION, TEAM, SQUAD, PICKUP_GROUP = "organisation", "team", "squad", "pickup group"
GROUP_KINDS = (ORGANISATION, TEAM, SQUAD, PICKUP_GROUP)
#: characters of a name, and of a description
LONGEST_NAME, LONGEST_DESCRIPTION = 50, 1000

# Members and coaches see a group, and everybody a listed organisation.
_SEEN = IsListed("id") | IsMember("id") | RoleBased("id", read=(ADMIN, COACH))
_BY_COACHES = RoleBased(
    "parent_id", create=(ADMIN, COACH), update=(ADMIN, COACH), delete=(ADMIN, COACH)
)


class Collection(Belonging, Stored, Model):
    """An organisation, or a part of one.

    Use the class of its kind.

    :param name: 1 to 50 characters, unique under its parent in every way to write it
    """

    __tablename__ = "groups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["parent_id", "organisation_id"],
            ["groups.id", "groups.organisation_id"],
            name="fk_groups_parent",
        ),
        UniqueConstraint("id", "parent_id", name="uq_groups_id_parent_id"),
        UniqueConstraint("id", "organisation_id", name="uq_groups_id_organisation_id"),
        UniqueConstraint("parent_id", "name_folded", name="uq_groups_parent_id_name_folded"),
        UniqueConstraint("uid"),
        Index(
            "uq_groups_organisation_name",
            "name_folded",
            unique=True,
            sqlite_where=column("parent_id").is_(None),
            postgresql_where=column("parent_id").is_(None),
        ),
        Index(None, "organisation_id"),
        Index(None, "movement_id"),
        CheckConstraint(
            "(kind = 'organisation' AND parent_id IS NULL"
            " AND (organisation_id IS NULL OR organisation_id = id))"
            " OR (kind IN ('team', 'squad', 'pickup group')"
            " AND parent_id IS NOT NULL AND organisation_id IS NOT NULL"
            " AND organisation_id <> id AND parent_id <> id"
            " AND (kind = 'team') = (parent_id = organisation_id))",
            name="tree",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: the group in all databases, for records that are carried from one to another
    uid: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None]
    #: null only while an organisation is being inserted
    organisation_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(Text)
    name_folded: Mapped[str] = mapped_column(PlainText)
    description: Mapped[str] = mapped_column(Text)
    #: the movement of a pickup group; without a foreign key, because movements may name groups
    movement_id: Mapped[int | None] = mapped_column(info=names_movement(Policy.SET_NULL))
    member_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy's form

    #: the class of the parent, and the kinds of roles that such a group has
    parent_class: ClassVar[type["Collection"] | None] = None
    carries: ClassVar[tuple[str, ...]] = ()
    permissions: ClassVar[Permissions] = _SEEN | IsSiteAdmin()

    def __init__(
        self, name: str, parent: "Collection | None" = None, description: str = ""
    ) -> None:
        expected = self.parent_class
        if type(self) is Collection or (parent is None) != (expected is None):
            raise InvalidHierarchy("an organisation has no parent, and every other group has one")
        if parent is not None and expected is not None:
            if not isinstance(parent, expected):
                raise InvalidHierarchy(f"a {type(self).__name__} needs a {expected.__name__}")
            self.parent_id, self.organisation_id = parent.id, infer_organisation(parent)
        self.uid = uuid4().hex
        self.name, self.description = name, description
        self.member_count, self.created_at = 0, utcnow()

    def __str__(self) -> str:
        return self.name

    @validates("name", "description")
    def _ensure_valid(self, key: str, value: str) -> str:
        most = LONGEST_NAME if key == "name" else LONGEST_DESCRIPTION
        if not isinstance(value, str) or len(value) > most:
            raise ValueError(f"a {key} has at most {most} characters")
        if key == "name":
            if not tidy(value) or flaw_of(value) is not None:
                raise ValueError(f"{value!r} is not a name")
            self.name_folded = fold_movement_name(value)
        return value

    @property
    def parent(self) -> "Collection | None":
        """The group above; None for an organisation."""
        return None if self.parent_id is None else Collection.find_by_id(self.parent_id)

    @property
    def settings(self) -> OrganisationSettings:
        """The settings of the organisation."""
        return db.session.get_one(OrganisationSettings, infer_organisation(self))

    def get_organisation(self) -> "Organisation":
        """Return the organisation, which may be this group itself."""
        return db.session.get_one(Organisation, infer_organisation(self))

    def ensure_carries(self, kind: str) -> None:
        """Check that such a group has such a role.

        :raises InvalidRoleKind: (a ValueError) when it has not
        """
        if kind not in self.carries:
            raise InvalidRoleKind(f"a {self.kind} has no role {kind!r}")

    def get_members(self) -> list[User]:
        """Return the members, by id.

        For scripts: an organisation may have a hundred thousand.
        """
        members = select(User).join(Membership, Membership.user_id == User.id)
        found = members.where(Membership.group_id == self.id).order_by(User.id)
        return list(db.session.scalars(found))

    def get_admins(self) -> list[User]:
        """Return the admins of this very group, by id."""
        return self._holders(ADMIN)

    def get_coaches(self) -> list[User]:
        """Return the coaches of this very group, by id."""
        return self._holders(COACH)

    def _holders(self, kind: str) -> list[User]:
        holders = select(User).join(Role, Role.user_id == User.id)
        found = holders.where(Role.group_id == self.id, Role.kind == kind).order_by(User.id)
        return list(db.session.scalars(found))

    def ensure_name_is_free(self) -> None:
        """Check that no group beside this has its name.

        :raises GroupNameTaken: when one has
        """
        taken = select(Collection.id).where(
            Collection.parent_id == self.parent_id,  # IS NULL for an organisation
            Collection.name_folded == self.name_folded,
        )
        with db.session.no_autoflush:
            if db.session.scalar(taken) not in {None, self.id}:
                raise GroupNameTaken

    def save_to_db(self) -> None:
        """Add this group, and commit everything pending in the session.

        :raises GroupNameTaken: when another group under the parent has its name
        """
        self.ensure_name_is_free()
        super().save_to_db()

    def delete_from_db(self, *, actor_id: int | None = None) -> None:
        """Delete this group and the groups below, and commit.

        Their memberships, roles and invitations end. Users stay. Of their movements, the hidden
        ones are closed, and the public ones are open then.

        :param actor_id: the user who does it; None for an operator
        :raises GroupInUse: when one of their movements has members
        """
        db.session.flush()
        record(EventKind.GROUP_DELETED, actor_id=actor_id, subject=self, name=self.name)
        above = (Collection.id, Collection.parent_id, Collection.organisation_id)
        reached = select(Collection.id).where(or_(*(each == self.id for each in above)))
        release_movements(db.session.scalars(reached).all())
        # nothing can name these any more
        group_ids = db.session.scalars(reached.order_by(Collection.id).with_for_update()).all()
        ensure_none_owned(group_ids)
        db.session.execute(delete(Invitation).where(Invitation.group_id.in_(group_ids)))
        self.end_belonging(group_ids)
        db.session.execute(delete(Collection).where(Collection.id.in_(group_ids)))
        db.session.commit()

    def _parts(self, kind: type["Collection"]) -> list[Any]:
        found = select(kind).where(kind.parent_id == self.id)
        return list(db.session.scalars(found.order_by(kind.name_folded)))


class Organisation(Collection):
    """An organisation, with all of its people."""

    __mapper_args__ = {"polymorphic_identity": ORGANISATION}  # noqa: RUF012 - SQLAlchemy's form
    carries = (ADMIN, COACH, ASSIGNABLE_COACH)
    permissions = _SEEN | RoleBased("id", update=(ADMIN,)) | IsSiteAdmin()

    def __init__(self, name: str, description: str = "") -> None:
        super().__init__(name, description=description)

    @classmethod
    def find_by_name(cls, name: str) -> "Organisation | None":
        """Return the organisation of that name, or None, however spelled."""
        folded = fold_movement_name(name)
        named = select(cls).where(cls.parent_id.is_(None), cls.name_folded == folded)
        return db.session.scalar(named)

    def get_teams(self) -> list["Team"]:
        """Return the teams, by name."""
        return self._parts(Team)

    def add_admin(self, user: User) -> Role:
        """Make a member an admin."""
        return self.add_role(user, ADMIN)

    def add_admins(self, users: Iterable[User]) -> list[Role]:
        """Make some members admins."""
        return [self.add_admin(user) for user in users]

    def remove_admin(self, user: User) -> None:
        """End a user's role as admin."""
        self.remove_role(user, ADMIN)

    def add_coach(self, user: User) -> Role:
        """Make a member a coach of everybody."""
        return self.add_role(user, COACH)

    def add_coaches(self, users: Iterable[User]) -> list[Role]:
        """Make some members coaches of everybody."""
        return [self.add_coach(user) for user in users]

    def remove_coach(self, user: User) -> None:
        """End a user's role as coach."""
        self.remove_role(user, COACH)

    def reset_settings(self, preset: str) -> None:
        """Set all flags as in a preset.

        Flushes, does not commit.

        :raises ValueError: when there is no such preset
        """
        self.settings.reset(preset)


class Team(Collection):
    """A part of an organisation, with coaches of its own."""

    __mapper_args__ = {"polymorphic_identity": TEAM}  # noqa: RUF012 - SQLAlchemy's form
    parent_class, carries = Organisation, (COACH,)
    permissions = (
        _SEEN
        | RoleBased("parent_id", create=(ADMIN,), update=(ADMIN,), delete=(ADMIN,))
        | IsSiteAdmin()
    )

    def get_squads(self) -> list["Squad"]:
        """Return the squads, by name."""
        return self._parts(Squad)

    def get_pickup_groups(self) -> list["PickupGroup"]:
        """Return the pickup groups, by name."""
        return self._parts(PickupGroup)

    def add_coach(self, user: User) -> Role:
        """Make a user of the organisation a coach here."""
        return self.add_role(user, COACH)

    def remove_coach(self, user: User) -> None:
        """End a user's role as coach of this team."""
        self.remove_role(user, COACH)


class Squad(Collection):
    """A part of a team."""

    __mapper_args__ = {"polymorphic_identity": SQUAD}  # noqa: RUF012 - SQLAlchemy's form
    parent_class = Team
    permissions = _SEEN | _BY_COACHES | IsSiteAdmin()

    def get_team(self) -> Team:
        """Return the team of this squad."""
        return db.session.get_one(Team, self.parent_id)


class PickupGroup(Collection):
    """Some members of a team, together for one movement."""

    __mapper_args__ = {"polymorphic_identity": PICKUP_GROUP}  # noqa: RUF012 - SQLAlchemy's form
    parent_class = Team
    permissions = _SEEN | _BY_COACHES | IsSiteAdmin()

    def __init__(
        self,
        name: str,
        parent: Collection | None = None,
        description: str = "",
        *,
        movement: Movement | None = None,
    ) -> None:
        super().__init__(name, parent, description)
        self.movement_id = None if movement is None else movement.id

    def get_team(self) -> Team:
        """Return the team of this group."""
        return db.session.get_one(Team, self.parent_id)


@event.listens_for(Organisation, "after_insert")
def _complete(_: Mapper[Any], connection: Connection, organisation: Organisation) -> None:
    """Let an organisation be its own, with settings."""
    table, id = cast("Table", Collection.__table__), organisation.id
    connection.execute(update(table).where(table.c.id == id).values(organisation_id=id))
    connection.execute(insert(OrganisationSettings).values(organisation_id=id))
    set_committed_value(organisation, "organisation_id", id)
