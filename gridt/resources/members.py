"""The members of a movement, for its creator and admins."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from gridt.access import Operation, ensure
from gridt.errors import CreatorStays, MemberNotFound, MovementNotFound, NotAllowed, UserNotFound
from gridt.http.api import Blueprint
from gridt.http.auth import caller
from gridt.http.fields import Message, Out, PageIn
from gridt.http.lookups import id_in, movement_or_404, user_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    MEMBERS_KEYS,
    MEMBERS_QUERY,
    NAMED_MEMBER_QUERY,
    REMOVALS_QUERY,
    MemberRemoval,
    Movement,
    User,
    keys_of,
)
from gridt.names import fold_username
from gridt.network import lift_removal, remove_member
from gridt.schemas.members import MemberOut, MembersIn, RemovalOut

bp = Blueprint("members", description="Members of a movement")

_MEMBERS = Listing(MEMBERS_QUERY, MEMBERS_KEYS, User)
_NAMED = Listing(NAMED_MEMBER_QUERY, [(User.id, False)], User)
_REMOVALS = Listing(REMOVALS_QUERY, [(MemberRemoval.user_id, False)], User)


@bp.route("/movements/<movement>/members", get="listMembers")
class Members(Resource):
    """The members of a movement."""

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(NotAllowed, MovementNotFound)
    @bp.answers(200, MemberOut(many=True))
    @bp.arguments(MembersIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List a movement's members.

        Only for its creator and admins. The order is random, and stays the same.
        """
        found, limit, after = _own_or_403(movement), data["limit"], data["after"]
        parameters: dict[str, Any] = {"movement_id": found.id}
        if data["username"] is not None:
            listing, parameters["username"] = _NAMED, fold_username(data["username"])
        else:
            keys = keys_of(found.id)
            listing, parameters = _MEMBERS, keys | {"after_0": keys["first"]}
        rows, headers = listing.page(limit=limit, after=after, **parameters)
        return [_shown(row, MemberOut) for row in rows], headers


@bp.route("/movements/<movement>/members/<user>", delete="removeMember")
class OneMember(Resource):
    """A member of a movement."""

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(NotAllowed, MovementNotFound, MemberNotFound, CreatorStays)
    @bp.answers(200, Message)
    def delete(self, movement: str, user: str) -> ResponseReturnValue:
        """Remove a member from a movement.

        Only for its creator and admins. The member leaves the movement and cannot join it again
        before the removal is lifted. A second call changes nothing.
        """
        found = _own_or_403(movement)
        member = User.find_by_id(id_in(user, User.id))
        if member is None:
            raise MemberNotFound
        remove_member(found, member, caller())
        found.save_to_db()
        return {"message": "This user is removed from the movement."}


@bp.route("/movements/<movement>/removals", get="listRemovals")
class Removals(Resource):
    """The users who were removed from a movement."""

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(NotAllowed, MovementNotFound)
    @bp.answers(200, RemovalOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List the users who were removed from a movement.

        Only for its creator and admins. The users are in the order of their ids.
        """
        rows, headers = _REMOVALS.page(**data, movement_id=_own_or_403(movement).id)
        return [_shown(row, RemovalOut) for row in rows], headers


@bp.route("/movements/<movement>/members/<user>/removal", delete="liftRemoval")
class OneRemoval(Resource):
    """The removal of a user from a movement."""

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(NotAllowed, MovementNotFound, UserNotFound)
    @bp.answers(200, Message)
    def delete(self, movement: str, user: str) -> ResponseReturnValue:
        """Let a removed user join a movement again.

        Only for its creator and admins. The call changes nothing if the user is not removed.
        """
        found = _own_or_403(movement)
        lift_removal(found, user_or_404(user).id, caller())
        found.save_to_db()
        return {"message": "This user may join the movement."}


def _shown(row: Row[*tuple[Any, ...]], schema: type[Out]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in schema._declared_fields}


def _own_or_403(movement: str) -> Movement:
    """Return the caller's own movement, or any for admins."""
    found = movement_or_404(movement)
    ensure(caller(), Operation.MOVEMENT_OWN, found)
    return found
