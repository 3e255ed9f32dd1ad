"""Users and visitors: the questions that both answer about access."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Select, false, or_, select

from gridt.errors import GridtError
from gridt.models.groups.group_rows import Membership, Role
from gridt.permissions import (
    ADMIN,
    COACH,
    MEMBER,
    ROLE_KINDS,
    SITE,
    Arm,
    In,
    Mine,
    Others,
    Permissions,
    Ruled,
    Source,
    led,
    managed_people,
    people,
    role_kinds,
)
from gridt.runtime.config import movement_starters
from gridt.runtime.extensions import db


class Grouped:
    """The mark of a group, which roles may reach."""

    if TYPE_CHECKING:
        id: Any


class Principal:
    """The questions about access that a user or visitor answers.

    Each answer is that of the database now: a role that was just removed permits nothing.
    """

    if TYPE_CHECKING:
        id: Any
        username: Any

        @property
        def is_superuser(self) -> bool: ...

    #: of an account, as a row
    permissions: ClassVar[Permissions] = Ruled(
        create=SITE,
        read=Mine("id") | In("id", people(ADMIN, COACH)) | SITE,
        update=Mine("id") | In("id", managed_people(ADMIN)) | SITE,
        delete=(In("id", managed_people(ADMIN)) | SITE) & Others("id"),
    )

    # -- memberships and roles ---------------------------------------------------------------

    def is_member_of(self, group: Grouped) -> bool:
        """Return whether this user is a member of a group."""
        return MEMBER.contains(self.id, group.id)

    def has_role_for(self, kinds: str | Iterable[str], what: "Principal | Grouped") -> bool:
        """Return whether this user has one of some roles.

        An admin of the service has the role `admin` for everything, and no other role by that.

        :param kinds: one or more kinds of roles, of which one is enough
        :raises InvalidRoleKind: (a ValueError) for a kind that does not exist
        :raises ValueError: for anything that is neither a user nor a group
        """
        if isinstance(what, Principal):
            return self.has_role_for_user(kinds, what)
        if isinstance(what, Grouped):
            return self.has_role_for_collection(kinds, what)
        raise ValueError(f"{what!r} is neither a user nor a group")

    def has_role_for_user(self, kinds: str | Iterable[str], user: "Principal") -> bool:
        """Return whether this user has a role for another.

        Nobody has a role for a visitor.
        """
        return self._reaches(kinds, user.id, people)

    def has_role_for_collection(self, kinds: str | Iterable[str], group: Grouped) -> bool:
        """Return whether this user has a role for a group."""
        return self._reaches(kinds, group.id, led)

    def _reaches(self, kinds: str | Iterable[str], id: int | None, source: Any) -> bool:
        known = role_kinds(kinds)
        if not known or id is None or self.id is None:
            return False
        reached: Source = source(*sorted(known))
        return (self.is_superuser and ADMIN in known) or reached.contains(self.id, id)

    # -- permissions -------------------------------------------------------------------------

    def can_create(self, model: Any, data: Mapping[str, Any]) -> bool:
        """Return whether this user may save such a row.

        Values that the model refuses are not permitted, either.
        """
        try:
            made = model(**data)
        except (TypeError, ValueError, AttributeError, GridtError):
            return False
        return self.can_create_instance(made)

    def can_create_instance(self, obj: Any) -> bool:
        """Return whether this user may save a new row."""
        return (asked := _permissions(obj)) is not None and asked.user_can_create_object(self, obj)

    def can_read(self, obj: Any) -> bool:
        """Return whether this user may see a row."""
        return (asked := _permissions(obj)) is not None and asked.user_can_read_object(self, obj)

    def can_update(self, obj: Any) -> bool:
        """Return whether this user may change a row."""
        return (asked := _permissions(obj)) is not None and asked.user_can_update_object(self, obj)

    def can_delete(self, obj: Any) -> bool:
        """Return whether this user may delete a row."""
        return (asked := _permissions(obj)) is not None and asked.user_can_delete_object(self, obj)

    def filter_readable(self, query: Select[Any]) -> Select[Any]:
        """Return a SELECT of only the readable rows.

        It has the rows for which `can_read` is true, and no others. The first thing that it selects
        must be a model; for one without permissions there are no rows.
        """
        model = query.column_descriptions[0]["entity"]
        asked = _permissions(model)
        arms: list[Arm] = [] if asked is None else asked.readable_by_user_filter(self, model)
        return query.where(or_(false(), *arms))

    # -- what clients are shown ---------------------------------------------------------------

    @property
    def is_staff(self) -> bool:
        return self.is_superuser

    @property
    def can_manage_content(self) -> bool:
        """Return whether this user may start open movements."""
        is_user = self.id is not None
        return self.is_superuser or (is_user and movement_starters() == "everybody")

    @property
    def session_data(self) -> dict[str, Any]:
        """Return this user's name, id, kinds and rights."""
        return {
            "username": self.username,
            "full_name": self.username,
            "user_id": self.id,
            "kinds": self._kinds(),
            "can_manage_content": self.can_manage_content,
            "organisation_id": db.session.scalar(Membership.organisation_of(self.id)),
        }

    def _kinds(self) -> list[str]:
        if self.id is None:
            return ["anonymous"]
        given = set(db.session.scalars(select(Role.kind).where(Role.user_id == self.id)))
        roles = [kind for kind in ROLE_KINDS if kind in given]
        return [*(["superuser"] if self.is_superuser else []), *roles] or ["learner"]


class Visitor(Principal):
    """A caller without an account."""

    id = None
    username = ""
    is_superuser = False
    organisation = None


def _permissions(what: Any) -> Permissions | None:
    """Return the permissions of a model or row, or None."""
    return getattr(what, "permissions", None)
