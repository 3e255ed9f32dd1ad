"""Joining and leaving groups, and having roles in them.

Each change first locks the user, as blocking and the end of an account do. So nothing else happens
to the user's memberships and roles. Then it locks the movements that the user leaves, by id. At
last it locks groups, those above first; a parent always has the smaller id.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, or_, select

from gridt.errors import (
    AccountDeactivated,
    InAnotherOrganisation,
    NotAMember,
    Overtaken,
    RoleNotFound,
)
from gridt.models.event import EventKind, record
from gridt.models.groups.account_groups import (
    count_members,
    end_roles,
    ensure_another_admin,
    leave_groups,
)
from gridt.models.groups.group_rows import Membership, Role
from gridt.models.groups.owned_movements import leave_movements
from gridt.models.groups.principal import Grouped
from gridt.models.user import User
from gridt.permissions import ADMIN, ASSIGNABLE_COACH, COACH, MEMBER, role_kinds
from gridt.runtime.extensions import db


class Belonging(Grouped):
    """The changes of a group's members and roles.

    They flush and do not commit.
    """

    if TYPE_CHECKING:
        parent_id: Any
        organisation_id: Any

        def ensure_carries(self, kind: str) -> None: ...
        def get_organisation(self) -> Any: ...

    def add_member(
        self, user: User, *, managed: bool = False, actor_id: int | None = None
    ) -> Membership:
        """Make a user a member; return the membership.

        Does nothing for a member.

        :param managed: whether the organisation opened the account, and governs it
        :param actor_id: the user who does it; None for an operator
        :raises NotAMember: when the user is no member of the group above
        :raises InAnotherOrganisation: when they are in another organisation
        """
        self._lock(user)
        found = db.session.get(Membership, (user.id, self.id), populate_existing=True)
        if found is not None:
            return found
        self._ensure_may_join(user)
        if count_members([self.id], 1) == 0:
            raise Overtaken(retry_after=1)  # another transaction deleted the group
        membership = Membership(user, self, managed=managed)
        db.session.add(membership)
        self._flush_about(user)
        if actor_id != user.id:
            self._record(EventKind.GROUP_MEMBER_ADDED, user, actor_id)
        return membership

    def remove_member(self, user: User, *, actor_id: int | None = None) -> bool:
        """End a membership; return whether it was there.

        The memberships of groups below end, too. The user leaves the movements that they joined
        as a member. With the membership of an organisation, all roles in it end.

        :param actor_id: the user who does it; None for an operator
        :raises LastAdmin: when the organisation would have no admin left
        """
        self._lock(user)
        joined = select(Membership.group_id).where(Membership.user_id == user.id, self._reached())
        group_ids = db.session.scalars(joined).all()
        if not group_ids:
            return False
        leave_movements(user, group_ids)
        if self.parent_id is None:
            end_roles(user.id)
        leave_groups(user.id, group_ids)
        self._flush_about(user)
        if actor_id != user.id:
            self._record(EventKind.GROUP_MEMBER_REMOVED, user, actor_id)
        return True

    def add_role(self, user: User, kind: str, *, actor_id: int | None = None) -> Role:
        """Give a user a role here and below; return it.

        Does nothing if they have it.

        The first coach role of a user in a team makes them an assignable coach, too.

        :param actor_id: the user who does it; None for an operator
        :raises InvalidRoleKind: (a ValueError) when the group has no such role
        :raises NotAMember: when the user is not in the organisation
        :raises InAnotherOrganisation: when they are in another one
        :raises AccountDeactivated: when the user cannot log in
        """
        role_kinds(kind)
        self.ensure_carries(kind)
        locked = self._lock(user)
        found = db.session.get(Role, (user.id, self.id, kind), populate_existing=True)
        if found is not None:
            return found
        self._ensure_in_organisation(user)
        if locked.deactivated_at is not None:
            raise AccountDeactivated
        role = Role(user, self, kind)
        db.session.add(role)
        if self.parent_id is not None and not _roles_at(user.id, self.organisation_id):
            db.session.add(Role(user, self.get_organisation(), ASSIGNABLE_COACH))
        self._flush_about(user)
        self._record(EventKind.GROUP_ROLE_GIVEN, user, actor_id, role=kind)
        return role

    def remove_role(self, user: User, kind: str, *, actor_id: int | None = None) -> None:
        """End a role that a user has here.

        A user who is no assignable coach any more coaches no team.

        :param actor_id: the user who does it; None for an operator
        :raises InvalidRoleKind: (a ValueError) when there is no such role
        :raises RoleNotFound: when the user does not have it, or has it from a group above
        :raises LastAdmin: when the organisation would have no admin left
        """
        role_kinds(kind)
        self._lock(user)
        role = db.session.get(Role, (user.id, self.id, kind), populate_existing=True)
        if role is None:
            raise RoleNotFound
        if kind == ADMIN:
            ensure_another_admin(self.id, user.id)
        db.session.delete(role)
        if kind == ASSIGNABLE_COACH:
            coached = Role.user_id == user.id, Role.kind == COACH, Role.group_id != self.id
            db.session.execute(delete(Role).where(*coached))
        self._flush_about(user)
        self._record(EventKind.GROUP_ROLE_REMOVED, user, actor_id, role=kind)

    def end_belonging(self, group_ids: Sequence[int]) -> None:
        """End all memberships and roles in some locked groups."""
        for row in (Role, Membership):
            db.session.execute(delete(row).where(row.group_id.in_(group_ids)))

    # -- helpers ----------------------------------------------------------------------------

    def _lock(self, user: User) -> User:
        """Lock a user, and flush what is pending.

        :raises Overtaken: when another transaction has deleted the user
        """
        db.session.add_all([self, user])
        db.session.flush()
        locked = User.lock(user.id)
        if locked is None:
            raise Overtaken(retry_after=1)
        return locked

    def _reached(self) -> ColumnElement[bool]:
        """Return the condition for memberships here and below."""
        return or_(
            Membership.group_id == self.id,
            Membership.parent_id == self.id,
            Membership.organisation_id == self.id,
        )

    def _ensure_may_join(self, user: User) -> None:
        """Check that a user may become a member."""
        if self.parent_id is None:
            if db.session.scalar(Membership.organisation_of(user.id)) is not None:
                raise InAnotherOrganisation
        elif not MEMBER.contains(user.id, self.parent_id):
            self._ensure_in_organisation(user)
            raise NotAMember

    def _ensure_in_organisation(self, user: User) -> None:
        found = db.session.scalar(Membership.organisation_of(user.id))
        if found is None:
            raise NotAMember
        if found != self.organisation_id:
            raise InAnotherOrganisation

    def _record(self, kind: EventKind, user: User, actor_id: int | None, **facts: str) -> None:
        subject: Any = self
        record(kind, actor_id=actor_id, user_id=user.id, subject=subject, **facts)

    def _flush_about(self, user: User) -> None:
        """Flush, and expire what has changed."""
        db.session.flush()
        for loaded in db.session.identity_map.values():
            if isinstance(loaded, Grouped):
                db.session.expire(loaded, ["member_count"])
        db.session.expire(user, ["organisation"])


def _roles_at(user_id: int, organisation_id: int) -> bool:
    """Return whether a user has an organisation's own role."""
    found = select(Role.user_id).where(Role.user_id == user_id, Role.group_id == organisation_id)
    return db.session.scalar(found.limit(1)) is not None
