"""Groups, and the groups below them."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.access import Operation
from gridt.errors import (
    GroupInUse,
    GroupNameTaken,
    GroupNotFound,
    Invalid,
    MovementNotFound,
    NotAllowed,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import Message
from gridt.http.group_lookups import group_or_404
from gridt.http.lookups import movement_or_404
from gridt.http.openapi import LOCATION_HEADER
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    GROUPS,
    MINE,
    PICKUP_GROUP,
    SQUAD,
    TEAM,
    Collection,
    PickupGroup,
    Squad,
    Team,
    find_group_view,
    group_view,
    groups_of,
)
from gridt.refusals import Code, Refusal
from gridt.runtime.extensions import db
from gridt.schemas.groups import (
    GroupChanged,
    GroupDetail,
    GroupOut,
    GroupPatch,
    GroupsIn,
    OwnGroupsOut,
    PartIn,
)

bp = Blueprint("groups", description="Groups")

_ALL = Listing(GROUPS, [(Collection.id, False)], Collection)
_MINE = _ALL.where(MINE)
_CLASSES: dict[str, type[Collection]] = {TEAM: Team, SQUAD: Squad, PICKUP_GROUP: PickupGroup}


@bp.route("/groups", get="listGroups")
class Groups(Resource):
    """The caller's groups."""

    @bp.own
    @bp.answers(200, GroupOut(many=True))
    @bp.arguments(GroupsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List my groups.

        These are the groups of which the caller is a member, and those that a role of the caller
        reaches. Admins of the service see all groups. Groups above come before those below.
        """
        user = caller()
        listing = _ALL if user.is_superuser else _MINE
        if data["kind"] is not None:
            listing = listing.where(Collection.kind == data["kind"])
        if data["organisation"] is not None:
            listing = listing.where(Collection.organisation_id == data["organisation"])
        if data["parent"] is not None:
            listing = listing.where(Collection.parent_id == data["parent"])
        page = {"limit": data["limit"], "after": data["after"]}
        rows, headers = listing.page(**page, caller_id=user.id)
        return [group_view(row, is_superuser=user.is_superuser) for row in rows], headers


@bp.route("/groups/<group>", get="getGroup", patch="changeGroup", delete="deleteGroup")
class OneGroup(Resource):
    """A group."""

    @bp.acts(Operation.GROUP_READ)
    @bp.problems(GroupNotFound)
    @bp.answers(200, GroupDetail)
    def get(self, group: str) -> ResponseReturnValue:
        """Get a group.

        For its members, and for admins and coaches whose roles reach it. A listed organisation is
        for every user. A group that the caller may not see is not found.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_READ)
        return find_group_view(found, caller())

    @bp.acts(Operation.GROUP_EDIT)
    @bp.problems(NotAllowed, GroupNotFound, GroupNameTaken)
    @bp.answers(200, GroupChanged)
    @bp.arguments(GroupPatch)
    def patch(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """Change the name or description of a group.

        Only for admins of the organisation. In squads and pickup groups, coaches may, too.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_EDIT)
        with db.session.no_autoflush:
            for name, value in data.items():
                setattr(found, name, value)
            found.ensure_name_is_free()
        db.session.flush()
        answer = find_group_view(found, caller()) | {"message": "The group is changed."}
        db.session.commit()
        return answer

    @bp.acts(Operation.GROUP_CLOSE)
    @bp.problems(NotAllowed, GroupNotFound, GroupInUse)
    @bp.answers(200, Message)
    def delete(self, group: str) -> ResponseReturnValue:
        """Delete a group and the groups below.

        Only for admins of the organisation. In squads and pickup groups, coaches may, too. Only an
        admin of the service deletes an organisation. All memberships and roles there end, and
        accounts stay. First, all members must leave the movements of these groups.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_CLOSE)
        found.delete_from_db(actor_id=caller_id())
        return {"message": "The group is deleted."}


@bp.route("/groups/<group>/groups", post="createGroup")
class Parts(Resource):
    """The groups below a group."""

    @bp.acts(Operation.GROUP_DIVIDE)
    @bp.repeatable()
    @bp.problems(NotAllowed, GroupNotFound, MovementNotFound, GroupNameTaken)
    @bp.answers(201, GroupChanged, headers=LOCATION_HEADER)
    @bp.arguments(PartIn)
    def post(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """Create a group below another.

        Admins of an organisation create teams. Admins and coaches of a team create squads and
        pickup groups.
        """
        parent = group_or_404(group, caller_id(), Operation.GROUP_DIVIDE)
        made = _part(parent, data)
        made.ensure_name_is_free()
        db.session.add(made)
        db.session.flush()
        answer = find_group_view(made, caller()) | {"message": "The group is there."}
        db.session.commit()
        return answer, 201, {"Location": f"/groups/{made.id}"}


@bp.route("/identity/groups", get="listMyMemberships")
class OwnGroups(Resource):
    """The caller's memberships and roles."""

    @bp.own
    @bp.answers(200, OwnGroupsOut)
    def get(self) -> ResponseReturnValue:
        """Get my memberships and roles.

        Roles in groups above are not repeated for those below.
        """
        return groups_of(caller_id())


def _part(parent: Collection, data: dict[str, Any]) -> Collection:
    """Return a new group below another, which is not saved.

    :raises Invalid: when such a group cannot stand there
    """
    kind = data["kind"]
    possible = [
        each for each, made in _CLASSES.items() if isinstance(parent, made.parent_class or Team)
    ]
    if not possible:
        raise Invalid.member("#/kind", Refusal(Code.NO_PARTS))
    if kind not in possible:
        raise Invalid.member("#/kind", Refusal(Code.WRONG_PARENT, choices=possible))
    if kind != PICKUP_GROUP:
        if data["movement"] is not None:
            raise Invalid.member("#/movement", Refusal(Code.NOT_FOR_THIS_KIND))
        return _CLASSES[kind](data["name"], parent, data["description"])
    named = data["movement"]
    movement = None if named is None else movement_or_404(str(named))
    return PickupGroup(data["name"], parent, data["description"], movement=movement)
