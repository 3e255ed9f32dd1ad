"""The caller's subscriptions to movements."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.errors import MovementNotFound, RemovedFromMovement, TooManySubscriptions
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id, locked_caller
from gridt.http.fields import Message, PageIn
from gridt.http.lookups import locked_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import Movement, Quotas
from gridt.schemas.movements import (
    SubscribedMovementChanged,
    SubscribedMovementWithSignal,
    movement_answer,
)

bp = Blueprint("subscriptions", description="Subscriptions to movements")

JOINED = Listing(Movement.view_query(subscribed=True), [(Movement.id, False)], Movement)


@bp.route("/movements/subscriptions", get="listMyMovements")
class Subscriptions(Resource):
    """The caller's movements."""

    @bp.own
    @bp.answers(200, SubscribedMovementWithSignal(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List my movements with my leaders in each.

        The movements are in the order of their ids.
        """
        user_id = caller_id()
        rows, headers = JOINED.page(**data, caller_id=user_id)
        return [movement_answer(view) for view in Movement.views(rows, user_id)], headers


@bp.route("/movements/<movement>/subscriber", put="joinMovement", delete="leaveMovement")
class Subscriber(Resource):
    """The caller's subscription to a movement."""

    @bp.own
    @bp.problems(MovementNotFound, RemovedFromMovement, TooManySubscriptions)
    @bp.answers(200, SubscribedMovementChanged)
    @bp.bodyless
    def put(self, movement: str) -> ResponseReturnValue:
        """Join a movement.

        gridt chooses leaders for the caller. A second call changes nothing. A user whom the creator
        or an admin removed gets 403.
        """
        user, movement_row = locked_caller(), locked_or_404(movement)
        movement_row.add_user(user, quotas=Quotas.of(current_app.config))
        answer = movement_answer(movement_row.dictify(user), "You are subscribed to this movement.")
        movement_row.save_to_db()
        return answer

    @bp.own
    @bp.problems(MovementNotFound)
    @bp.answers(200, Message)
    def delete(self, movement: str) -> ResponseReturnValue:
        """Leave a movement.

        gridt chooses other leaders for the caller's followers. The call changes nothing if the
        caller is not subscribed.
        """
        user, movement_row = caller(), locked_or_404(movement)
        movement_row.remove_user(user)
        movement_row.save_to_db()
        return {"message": "You are not subscribed to this movement any more."}
