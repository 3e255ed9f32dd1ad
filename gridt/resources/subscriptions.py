"""Joining and leaving movements, and what one has joined."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.api import Blueprint, Resource
from gridt.auth import caller
from gridt.models import Movement, Subscription
from gridt.paging import page
from gridt.resources.paths import movement_or_404
from gridt.schemas.base import Message, PageIn
from gridt.schemas.movements import MovementChanged, MovementOut, movement_answer

bp = Blueprint("subscriptions", description="Belonging to movements")


@bp.route("/movements/subscriptions")
class Subscriptions(Resource):
    """The caller's movements."""

    @bp.answers(200, MovementOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List the caller's movements with the leaders in each."""
        user = caller()
        query, given = Movement.seen_by(user)
        query = query.where(Subscription.user_id.is_not(None))
        rows, headers = page(query, [(Movement.id, False)], **data, given=given)
        return [movement_answer(seen) for seen in Movement.describe(rows, user)], headers


@bp.route("/movements/<movement>/subscriber")
class Subscriber(Resource):
    """The caller's membership of a movement."""

    @bp.problems(404)
    @bp.answers(200, MovementChanged)
    @bp.bodyless
    def put(self, movement: str) -> ResponseReturnValue:
        """Join a movement and be given leaders."""
        found, user = movement_or_404(movement), caller()
        found.add_user(user)
        answer = movement_answer(found.dictify(user), "You are subscribed to this movement.")
        found.save_to_db()
        return answer

    @bp.problems(404)
    @bp.answers(200, Message)
    def delete(self, movement: str) -> ResponseReturnValue:
        """Leave a movement; whoever followed the caller is given somebody else."""
        found, user = movement_or_404(movement), caller()
        found.remove_user(user)
        found.save_to_db()
        return {"message": "You are not subscribed to this movement any more."}
