"""Leaders and followers of the caller."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.errors import (
    EverySlotTaken,
    MovementNotFound,
    NobodyEligible,
    NotFollowing,
    NotSubscribed,
    TooManySwaps,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import PageIn
from gridt.http.lookups import id_in, locked_or_404, movement_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    FOLLOWERS_QUERY,
    SLOTS,
    Movement,
    MovementUserAssociation,
    Quotas,
    User,
    leader_view,
    message_history,
    people_views,
)
from gridt.runtime.clock import utcnow
from gridt.schemas.leaders import LeaderOut, LeaderWithHistory, LeaderWithSignal, with_signal

bp = Blueprint("leaders", description="Leaders and followers")

FOLLOWERS = Listing(FOLLOWERS_QUERY, [(MovementUserAssociation.follower_id, False)], User)


@bp.route("/movements/<movement>/leader", post="fillOpenSlot")
class OpenSlot(Resource):
    """The caller's open slots in a movement."""

    @bp.own
    @bp.repeatable()
    @bp.problems(MovementNotFound, NotSubscribed, NobodyEligible, EverySlotTaken, TooManySwaps)
    @bp.answers(201, LeaderOut)
    @bp.bodyless
    def post(self, movement: str) -> ResponseReturnValue:
        """Fill an open slot with a leader.

        gridt chooses the leader among the members of the movement.
        """
        user, movement_row = caller(), locked_or_404(movement)
        leader_id = movement_row.swap_leader_id(user, None, Quotas.of(current_app.config))
        if leader_id is None:
            raise EverySlotTaken if len(user.leaders(movement_row)) == SLOTS else NobodyEligible
        answer = _leader_or_404(movement_row, leader_id)
        movement_row.save_to_db()
        return answer, 201


@bp.route("/movements/<movement>/leader/<user>", get="getLeader", post="swapLeader")
class Leader(Resource):
    """A leader of the caller."""

    @bp.own
    @bp.problems(MovementNotFound, NotFollowing)
    @bp.answers(200, LeaderWithHistory)
    def get(self, movement: str, user: str) -> ResponseReturnValue:
        """Get a leader with their latest messages.

        Only for followers of this leader.
        """
        movement_row, leader_id = movement_or_404(movement), id_in(user, User.id)
        answer = _leader_or_404(movement_row, leader_id)
        return answer | {"message_history": message_history(leader_id, movement_row.id)}

    @bp.own
    @bp.repeatable()
    @bp.problems(MovementNotFound, NotFollowing, NobodyEligible, TooManySwaps)
    @bp.answers(200, LeaderWithSignal)
    @bp.bodyless
    def post(self, movement: str, user: str) -> ResponseReturnValue:
        """Swap a leader for another member.

        The caller stops following this leader and follows another member, whom gridt chooses.
        """
        follower, movement_row = caller(), locked_or_404(movement)
        left_id, quotas = id_in(user, User.id), Quotas.of(current_app.config)
        leader_id = movement_row.swap_leader_id(follower, left_id, quotas)
        if leader_id is None:
            raise NobodyEligible
        answer = with_signal(_leader_or_404(movement_row, leader_id))
        movement_row.save_to_db()
        return answer


@bp.route("/movements/<movement>/followers", get="listMyFollowers")
class Followers(Resource):
    """The caller's followers in a movement."""

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed)
    @bp.answers(200, LeaderOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List my followers in a movement.

        The followers are in the order of their ids.
        """
        movement_row, user = movement_or_404(movement), caller()
        if not movement_row.is_subscribed(user):
            raise NotSubscribed
        rows, headers = FOLLOWERS.page(**data, leader_id=user.id, movement_id=movement_row.id)
        views = people_views(rows, {movement_row.id: movement_row.rules}, utcnow())
        return views, headers


def _leader_or_404(movement: Movement, leader_id: int) -> dict[str, Any]:
    view = leader_view(caller_id(), movement.id, movement.rules, leader_id)
    if view is None:
        raise NotFollowing
    return view
