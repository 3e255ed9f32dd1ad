"""Whom one follows in a movement, and by whom one is followed."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.api import Blueprint, Resource
from gridt.auth import caller
from gridt.errors import NobodyEligible, NotFollowing, NotSubscribed
from gridt.models import Movement, MovementUserAssociation, User
from gridt.models.reading import followers_query, leaders_seen, message_history, person_seen
from gridt.paging import page
from gridt.resources.paths import id_in, movement_or_404
from gridt.schemas.base import PageIn
from gridt.schemas.movements import LeaderOut, LeaderWithHistory, leader_answer

bp = Blueprint("leaders", description="Whom one follows, and by whom one is followed")


@bp.route("/movements/<movement>/leader")
class OpenSlot(Resource):
    """The caller's open slots in a movement."""

    @bp.problems(404, 409)
    @bp.answers(201, LeaderOut)
    @bp.bodyless
    def post(self, movement: str) -> ResponseReturnValue:
        """Fill an open slot with a leader."""
        found, user = movement_or_404(movement), caller()
        leader = found.swap_leader(user, None)
        if leader is None:
            raise NobodyEligible("You have no open slot here, or there is nobody else to follow")
        answer = _leader_or_404(found, user, leader.id)
        found.save_to_db()
        return answer, 201


@bp.route("/movements/<movement>/leader/<user>")
class Leader(Resource):
    """Somebody whom the caller follows."""

    @bp.problems(404)
    @bp.answers(200, LeaderWithHistory)
    def get(self, movement: str, user: str) -> ResponseReturnValue:
        """Show a leader, with what they said lately."""
        found, leader_id = movement_or_404(movement), id_in(user, User.id)
        answer = _leader_or_404(found, caller(), leader_id)
        return answer | {"message_history": message_history(leader_id, found.id)}

    @bp.problems(404, 409)
    @bp.answers(200, LeaderOut)
    @bp.bodyless
    def post(self, movement: str, user: str) -> ResponseReturnValue:
        """Swap a leader for somebody else."""
        found, follower = movement_or_404(movement), caller()
        leader = found.swap_leader(follower, id_in(user, User.id))
        if leader is None:
            raise NobodyEligible
        answer = _leader_or_404(found, follower, leader.id)
        found.save_to_db()
        return answer


@bp.route("/movements/<movement>/followers")
class Followers(Resource):
    """Who follows the caller."""

    @bp.problems(404, 409)
    @bp.answers(200, LeaderOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List who follows the caller in a movement."""
        found, user = movement_or_404(movement), caller()
        if not found.is_subscribed(user):
            raise NotSubscribed
        keys = [(MovementUserAssociation.follower_id, False)]
        rows, headers = page(followers_query(user.id, found.id), keys, **data)
        return [leader_answer(person_seen(row)) for row in rows], headers


def _leader_or_404(movement: Movement, follower: User, leader_id: int) -> dict[str, Any]:
    seen = leaders_seen(follower.id, [movement.id], leader_id)[movement.id]
    if not seen:
        raise NotFollowing
    return leader_answer(seen[0])
