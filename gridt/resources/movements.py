"""Movements: list, start, change and delete them."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.access import Operation, ensure
from gridt.errors import (
    GoalChangedLately,
    IntervalChangedLately,
    MovementInUse,
    MovementNameTaken,
    MovementNotFound,
    NotAllowed,
    TooManyMovements,
    TooManySubscriptions,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id, locked_caller
from gridt.http.fields import Message
from gridt.http.lookups import movement_or_404, movement_view_or_404
from gridt.http.openapi import LOCATION_HEADER
from gridt.http.paging import Key, Listing
from gridt.http.requests import Resource
from gridt.models import Movement, Quotas, ensure_may_start
from gridt.runtime.config import movement_starters
from gridt.runtime.extensions import db
from gridt.schemas.movements import (
    ANY_MOVEMENT,
    ANY_MOVEMENT_CHANGED,
    MovementIn,
    MovementPatch,
    MovementsIn,
    SubscribedMovementChanged,
    ensure_good_changes,
    movement_answer,
)
from gridt.standing import edit_movement, ensure_goal_in_reach, ensure_streaks_can_end

bp = Blueprint("movements", description="Movements")

_ONE = "A movement: one form for its subscribers, another for other callers."
_LIST = "A list of movements. Those that the caller has joined have more members."

_ORDERS: dict[str, list[Key]] = {
    "name": [(Movement.name_folded, False)],
    "newest": [(Movement.id, True)],
    "members": [(Movement.member_count, True), (Movement.id, False)],
}
_LISTINGS = {
    (order, subscribed): Listing(Movement.view_query(subscribed=subscribed), keys, Movement)
    for order, keys in _ORDERS.items()
    for subscribed in (None, True, False)
}


@bp.route("/movements", get="listMovements", post="startMovement")
class Movements(Resource):
    """All movements."""

    @bp.own
    @bp.answers(200, {"type": "array", "items": ANY_MOVEMENT}, description=_LIST)
    @bp.arguments(MovementsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List movements.

        The arguments choose the movements and their order.
        """
        user_id, listing = caller_id(), _LISTINGS[data["sort"], data["subscribed"]]
        if data["search"]:
            listing = listing.where(Movement.mentions(data["search"]))
        rows, headers = listing.page(limit=data["limit"], after=data["after"], caller_id=user_id)
        return [movement_answer(view) for view in Movement.views(rows, user_id)], headers

    @bp.acts(Operation.MOVEMENT_START)
    @bp.repeatable()
    @bp.problems(NotAllowed, MovementNameTaken, TooManyMovements, TooManySubscriptions)
    @bp.answers(201, SubscribedMovementChanged, headers=LOCATION_HEADER)
    @bp.arguments(MovementIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Start a movement and become its first member.

        The service's operator may allow this to admins only: other callers then get 403.
        """
        user, quotas = locked_caller(), Quotas.of(current_app.config)
        ensure(user, Operation.MOVEMENT_START, movement_starters())
        if not user.is_admin:
            ensure_may_start(user.id, quotas.movements)
        _ensure_free(data["name"])
        words = [data.pop(name) for name in ("short_description", "description")]
        movement = Movement(data.pop("name"), data.pop("interval"), *words)
        for name, value in data.items():
            setattr(movement, name, value)
        ensure_streaks_can_end(movement)
        ensure_goal_in_reach(movement)
        movement.creator = user
        db.session.add(movement)
        db.session.flush()
        movement.add_user(user, quotas=quotas)
        answer = movement_answer(movement.dictify(user), "Your movement has started.")
        movement.save_to_db()
        return answer, 201, {"Location": f"/movements/{answer['id']}"}


@bp.route(
    "/movements/<movement>", get="getMovement", patch="changeMovement", delete="deleteMovement"
)
class OneMovement(Resource):
    """A movement."""

    @bp.own
    @bp.problems(MovementNotFound)
    @bp.answers(200, ANY_MOVEMENT, description=_ONE)
    def get(self, movement: str) -> ResponseReturnValue:
        """Get a movement.

        Only subscribers see their own standing and leaders in it.
        """
        return movement_answer(movement_view_or_404(movement, caller_id()))

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(
        NotAllowed, MovementNotFound, MovementNameTaken, IntervalChangedLately, GoalChangedLately
    )
    @bp.answers(200, ANY_MOVEMENT_CHANGED, description=_ONE)
    @bp.arguments(MovementPatch)
    def patch(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Change a movement.

        Only for its creator and admins. Members that the body leaves out stay as they are.
        """
        movement_row, user = movement_or_404(movement), caller()
        ensure(user, Operation.MOVEMENT_OWN, movement_row)
        ensure_good_changes(data, movement_row)
        if "name" in data:
            _ensure_free(data["name"], movement_row)
        edit_movement(movement_row, data, user)
        answer = movement_answer(movement_row.dictify(user), "The movement is changed.")
        movement_row.save_to_db()
        return answer

    @bp.acts(Operation.MOVEMENT_OWN)
    @bp.problems(NotAllowed, MovementNotFound, MovementInUse)
    @bp.answers(200, Message)
    def delete(self, movement: str) -> ResponseReturnValue:
        """Delete a movement.

        Admins can always delete it, its creator only while no other user is subscribed.
        """
        movement_row, user = movement_or_404(movement), caller()
        ensure(user, Operation.MOVEMENT_OWN, movement_row)
        movement_row.delete_by(user)
        return {"message": "The movement is deleted."}


def _ensure_free(name: str, movement: Movement | None = None) -> None:
    holder = Movement.find_by_name(name)
    if holder is not None and holder is not movement:
        raise MovementNameTaken
