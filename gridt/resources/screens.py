"""Screens: everything that one screen of a client shows."""

from typing import Any

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.http import generate_etag

from gridt.errors import MovementNotFound, NotAllowed, NotSubscribed
from gridt.http.api import Blueprint
from gridt.http.auth import caller_account, caller_id
from gridt.http.fields import PageIn
from gridt.http.lookups import movement_view_or_404
from gridt.http.requests import Resource
from gridt.models import Movement, Rules, people_views, update_view
from gridt.resources.leaders import FOLLOWERS
from gridt.resources.pauses import pause_answer
from gridt.resources.subscriptions import JOINED
from gridt.resources.updates import NEWEST_FIRST
from gridt.runtime.clock import utcnow
from gridt.schemas.movements import joined_answer
from gridt.schemas.screens import FOLLOWERS_SHOWN, UPDATES_SHOWN, Overview, Today
from gridt.schemas.users import identity_of
from gridt.standing import TurnHistory, current_pause, letters_of

bp = Blueprint("screens", description="Screens")


@bp.route("/today", get="getToday")
class MyToday(Resource):
    """The caller's day."""

    @bp.own
    @bp.answers(200, Today)
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Get my account, and my movements with leaders.

        The `Link` header leads to further movements. The `ETag` depends on everything but `now`, so
        that a client can ask whether anything has changed.
        """
        account = caller_account()
        rows, headers = JOINED.page(**data, caller_id=account.id)
        views = Movement.views(rows, account.id, turns=True)
        answer = {
            "identity": identity_of(account),
            "movements": [joined_answer(view) for view in views],
        }
        response = jsonify({"now": utcnow(), **answer})
        response.set_etag(generate_etag(current_app.json.dumps(answer).encode()), weak=True)
        return response, headers


@bp.route("/movements/<movement>/overview", get="getOverview")
class MovementOverview(Resource):
    """A movement, as the caller stands in it."""

    @bp.own
    @bp.problems(MovementNotFound, NotAllowed)
    @bp.answers(200, Overview)
    def get(self, movement: str) -> ResponseReturnValue:
        """Get a movement with my followers, updates and last year.

        Only for members of the movement.
        """
        user_id = caller_id()
        view = movement_view_or_404(movement, user_id)
        try:
            history = TurnHistory(user_id, view["id"])
        except NotSubscribed:
            raise NotAllowed("Only members of this movement can see this.") from None
        first, letters = letters_of(history)
        followers = _followers(user_id, view)
        return {
            "movement": joined_answer(view),
            "followers": followers,
            "pause": _pause(user_id, view),
            "updates": _updates(user_id, view["id"]),
            "year": {"from": first, "days": letters},
        }


def _followers(user_id: int, view: dict[str, Any]) -> list[dict[str, Any]]:
    ends = {"leader_id": user_id, "movement_id": view["id"]}
    rows, _ = FOLLOWERS.page(limit=FOLLOWERS_SHOWN, after=None, **ends)
    rules = Rules(view["interval"], view["free_misses"], view["free_turns"])
    return people_views(rows, {view["id"]: rules}, utcnow())


def _updates(user_id: int, movement_id: int) -> list[dict[str, Any]]:
    ends = {"leader_id": user_id, "movement_id": movement_id}
    rows, _ = NEWEST_FIRST.page(limit=UPDATES_SHOWN, after=None, **ends)
    return [update_view(row) for row in rows]


def _pause(user_id: int, view: dict[str, Any]) -> dict[str, Any] | None:
    if view["standing"]["paused_until"] is None:
        return None
    return pause_answer(current_pause(user_id, view["id"]))
