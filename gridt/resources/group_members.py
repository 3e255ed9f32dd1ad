"""The members of groups, and their roles."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.access import Operation, can, ensure
from gridt.errors import (
    AccountDeactivated,
    GroupMemberNotFound,
    GroupNotFound,
    InAnotherOrganisation,
    Invalid,
    LastAdmin,
    NotAllowed,
    NotAMember,
    RoleNotFound,
    UserNotFound,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import Message
from gridt.http.group_lookups import group_or_404, membership_or_404, person_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    ROLES,
    ROSTER,
    Collection,
    Membership,
    Role,
    User,
    member_view,
    reaching,
    role_view,
    roster_of,
)
from gridt.permissions import InvalidRoleKind
from gridt.refusals import Code, Refusal
from gridt.runtime.extensions import db
from gridt.schemas.groups import GroupMemberOut, GroupMembersIn, RoleOut, RolesIn

bp = Blueprint("group members", description="Members and roles of groups")

_ROSTER = Listing(ROSTER, [(Membership.roster_key, False)], User)
_ROLES = Listing(ROLES, [(Role.user_id, False), (Role.group_id, False), (Role.kind, False)], User)


@bp.route("/groups/<group>/members", get="listGroupMembers")
class GroupMembers(Resource):
    """The members of a group."""

    @bp.acts(Operation.GROUP_ROSTER)
    @bp.problems(NotAllowed, GroupNotFound)
    @bp.answers(200, GroupMemberOut(many=True))
    @bp.arguments(GroupMembersIn, location="query")
    def get(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """List the members of a group.

        Only for admins and coaches whose roles reach it. The order is that of the users' ids.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_ROSTER)
        search, listing = data.pop("search"), _ROSTER
        if search:
            listing = listing.where(User.is_named_like(search))
        parameters: dict[str, Any] = data | roster_of(found.id)
        rows, headers = listing.page(**parameters)
        return [member_view(row) for row in rows], headers


@bp.route("/groups/<group>/members/<member>", put="addGroupMember", delete="removeGroupMember")
class OneGroupMember(Resource):
    """A member of a group."""

    @bp.acts(Operation.GROUP_MEMBERS)
    @bp.problems(NotAllowed, GroupNotFound, UserNotFound, NotAMember, InAnotherOrganisation)
    @bp.answers(200, Message)
    @bp.bodyless
    def put(self, group: str, member: str) -> ResponseReturnValue:
        """Add a member to a group.

        Only for admins of the organisation. In squads and pickup groups, coaches may, too. The user
        is in the organisation, and in the group above, already. Admins of the service may also add
        people to an organisation. A second call changes nothing.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_MEMBERS)
        user = person_or_404(_id_of(member))
        found.add_member(user, actor_id=caller_id())
        db.session.commit()
        return {"message": "This user is a member."}

    @bp.acts(Operation.MEMBERSHIP_END)
    @bp.problems(NotAllowed, GroupNotFound, GroupMemberNotFound, LastAdmin)
    @bp.answers(200, Message)
    def delete(self, group: str, member: str) -> ResponseReturnValue:
        """Remove a member from a group, or leave it.

        For the member, and for those who may add members. The memberships in the groups below end,
        too, and with that in the organisation all roles there.
        """
        found, user = group_or_404(group, caller_id(), Operation.GROUP_READ), caller()
        is_own = _id_of(member) == str(user.id)
        if not is_own:
            ensure(user, Operation.GROUP_MEMBERS, found)
        membership = membership_or_404(_id_of(member), found)
        ensure(user, Operation.MEMBERSHIP_END, membership)
        person = db.session.get_one(User, membership.user_id)
        found.remove_member(person, actor_id=user.id)
        db.session.commit()
        message = "You have left the group." if is_own else "This user is no member any more."
        return {"message": message}


@bp.route("/groups/<group>/roles", get="listRoles")
class GroupRoles(Resource):
    """The roles in a group."""

    @bp.acts(Operation.GROUP_READ)
    @bp.problems(GroupNotFound)
    @bp.answers(200, RoleOut(many=True))
    @bp.arguments(RolesIn, location="query")
    def get(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """List the roles in a group.

        Admins and coaches whose roles reach the group see all of them. Other users see their own.
        """
        found, user = group_or_404(group, caller_id(), Operation.GROUP_READ), caller()
        inherited = data.pop("inherited")
        group_ids = reaching(found) if inherited else [found.id]
        listing = _ROLES.where(Role.group_id.in_(group_ids))
        if not can(user, Operation.GROUP_ROSTER, found):
            listing = listing.where(Role.user_id == user.id)
        rows, headers = listing.page(**data)
        return [role_view(row) for row in rows], headers


@bp.route("/groups/<group>/roles/<user>/<kind>", put="giveRole", delete="endRole")
class OneRole(Resource):
    """A role of a user in a group."""

    @bp.acts(Operation.GROUP_ROLES)
    @bp.problems(
        *(NotAllowed, AccountDeactivated, GroupNotFound, UserNotFound, NotAMember),
        *(InAnotherOrganisation, Invalid),
    )
    @bp.answers(200, Message)
    @bp.bodyless
    def put(self, group: str, user: str, kind: str) -> ResponseReturnValue:
        """Give a member of the organisation a role.

        Only for admins of the organisation. An organisation has the roles `admin`, `coach` and
        `assignable coach`, and a team has `coach`. The role reaches the groups below. A second call
        changes nothing.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_ROLES)
        _ensure_carried(found, kind)
        found.add_role(person_or_404(user), kind, actor_id=caller_id())
        db.session.commit()
        return {"message": f"This user has the role: {kind}."}

    @bp.acts(Operation.GROUP_ROLES)
    @bp.problems(NotAllowed, GroupNotFound, UserNotFound, RoleNotFound, LastAdmin)
    @bp.answers(200, Message)
    def delete(self, group: str, user: str, kind: str) -> ResponseReturnValue:
        """End a role of a user.

        Only for admins of the organisation. A role in a group above is ended there. An organisation
        that has an admin keeps one.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_ROLES)
        try:
            found.remove_role(person_or_404(user), kind, actor_id=caller_id())
        except InvalidRoleKind:
            raise RoleNotFound from None
        db.session.commit()
        return {"message": "The role has ended."}


def _id_of(member: str) -> str:
    """Return the id of a path's member, or the caller's."""
    return str(caller_id()) if member == "me" else member


def _ensure_carried(group: Collection, kind: str) -> None:
    """Check that a group has such a role.

    :raises Invalid: when it has not
    """
    if kind not in group.carries:
        choices = [*group.carries]
        refusal = Refusal(Code.NOT_A_CHOICE, choices=choices) if choices else None
        raise Invalid.member("#/kind", refusal or Refusal(Code.NO_ROLE_HERE), "path")
