"""Pauses of the caller."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.errors import MovementNotFound, NotSubscribed
from gridt.http.api import Blueprint
from gridt.http.auth import caller_id
from gridt.http.fields import Message
from gridt.http.lookups import movement_id_in, movement_or_404
from gridt.http.requests import Resource
from gridt.models import SubscriptionPause
from gridt.runtime.extensions import db
from gridt.schemas.pauses import PauseChanged, PauseIn, PauseOut
from gridt.standing import pause, pause_of, resume

bp = Blueprint("pauses", description="Pauses")


@bp.route("/movements/<movement>/pause", get="getMyPause", put="startPause", delete="endPause")
class Pause(Resource):
    """The caller's pause in a movement."""

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed)
    @bp.answers(200, PauseOut)
    def get(self, movement: str) -> ResponseReturnValue:
        """Get my current pause.

        Every member is null if the caller is not paused.
        """
        movement_id = movement_or_404(movement).id
        return pause_answer(pause_of(caller_id(), movement_id))

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed)
    @bp.answers(200, PauseChanged)
    @bp.arguments(PauseIn)
    def put(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Start a pause, or change its end.

        The caller's streak does not end during a pause. Followers see when the pause ends, but not
        its reason.
        """
        movement_id = movement_id_in(movement)
        try:
            started = pause(caller_id(), movement_id, data["until"], data["reason"] or None)
        except NotSubscribed:
            movement_or_404(str(movement_id))
            raise
        message = "You are paused. Your streak does not end meanwhile."
        answer = pause_answer(started) | {"message": message}
        db.session.commit()
        return answer

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed)
    @bp.answers(200, Message)
    def delete(self, movement: str) -> ResponseReturnValue:
        """End my pause now.

        The call changes nothing if the caller is not paused.
        """
        resume(caller_id(), movement_or_404(movement).id)
        db.session.commit()
        return {"message": "You are not paused any more."}


def pause_answer(current: SubscriptionPause | None) -> dict[str, Any]:
    """Return a `PauseOut`."""
    return {
        "paused_from": current and current.starts_at,
        "paused_until": current and current.ends_at,
        "reason": current and current.reason,
    }
