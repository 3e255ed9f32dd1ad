"""Updates: post, read and delete them."""

from typing import Any

from flask import current_app
from flask.typing import ResponseReturnValue

from gridt.access import Operation, can
from gridt.errors import (
    AlreadyDone,
    MovementNotFound,
    NotFollowing,
    NotFound,
    NotInTime,
    NotSubscribed,
    TooManyUpdates,
    TooManyUpdatesInTurn,
    UpdateNotFound,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import Message
from gridt.http.lookups import id_in, movement_id_in, movement_or_404
from gridt.http.openapi import LOCATION_HEADER
from gridt.http.paging import Listing
from gridt.http.requests import Resource, standing_notice
from gridt.models import UPDATES_QUERY, Quotas, Update, User, is_leader, update_view
from gridt.runtime.extensions import db
from gridt.schemas.updates import PostedUpdate, UpdateIn, UpdateOut, UpdatesIn

bp = Blueprint("updates", description="Updates")

NEWEST_FIRST = Listing(UPDATES_QUERY, [(Update.time_stamp, True), (Update.id, True)], Update)
#: the problems of posting an update
_POSTING = (
    *(MovementNotFound, NotSubscribed, AlreadyDone, NotInTime),
    *(TooManyUpdates, TooManyUpdatesInTurn),
)


@bp.route("/movements/<movement>/updates", get="listUpdates", post="postUpdate")
class Updates(Resource):
    """Updates in a movement."""

    @bp.own
    @bp.problems(MovementNotFound, NotFollowing)
    @bp.answers(200, UpdateOut(many=True))
    @bp.arguments(UpdatesIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List my updates or a leader's, newest first.

        Without `user`, the updates are the caller's own.
        """
        movement_id, user = movement_or_404(movement).id, data.pop("user")
        leader_id = caller_id() if user == "me" else id_in(user, User.id)
        _ensure_readable(leader_id, movement_id, NotFollowing)
        rows, headers = NEWEST_FIRST.page(**data, leader_id=leader_id, movement_id=movement_id)
        return [update_view(row) for row in rows], headers

    @bp.own
    @bp.repeatable()
    @bp.problems(*_POSTING)
    @bp.answers(201, PostedUpdate, headers=LOCATION_HEADER)
    @bp.answers(200, PostedUpdate, headers=LOCATION_HEADER)
    @bp.arguments(UpdateIn)
    def post(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Post an update.

        The caller did what the movement is about, now or at `at`. If they have an update with
        exactly this `at` already, the answer is that update, with 200.
        """
        movement_id = movement_id_in(movement)
        answer, status = _record(movement_id, data)
        db.session.commit()
        location = f"/movements/{movement_id}/updates/{answer['id']}"
        return answer, status, {"Location": location}


@bp.route("/movements/<movement>/update", endpoint="UpdateAsMessage", post="sendUpdate")
@bp.route("/movements/<movement>/signal", endpoint="Signal", post="sendSignal")
class Signal(Resource):
    """Updates as the published client posts them."""

    @bp.own
    @bp.deprecated
    @bp.repeatable()
    @bp.problems(*_POSTING)
    @bp.answers(201, Message)
    @bp.answers(200, Message)
    @bp.arguments(UpdateIn)
    def post(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Post an update and get a message.

        The published mobile client uses this operation. It is `POST /movements/{movement}/updates`
        with another answer.
        """
        _, status = _record(movement_id_in(movement), data)
        db.session.commit()
        return {"message": "Well done! Your followers will see it."}, status


@bp.route("/movements/<movement>/updates/<update>", get="getUpdate", delete="deleteUpdate")
class OneUpdate(Resource):
    """An update."""

    @bp.own
    @bp.problems(MovementNotFound, UpdateNotFound)
    @bp.answers(200, UpdateOut)
    def get(self, movement: str, update: str) -> ResponseReturnValue:
        """Get an update.

        Its author is the caller, or one of their leaders.
        """
        return update_view(readable_update_or_404(movement, update))

    @bp.acts(Operation.UPDATE_DELETE)
    @bp.problems(MovementNotFound, UpdateNotFound)
    @bp.answers(200, Message)
    def delete(self, movement: str, update: str) -> ResponseReturnValue:
        """Delete an update.

        Only for its author and admins. gridt recalculates the author's standing at once or, where
        it has to read very many updates, within a minute or so; then the message says so.
        """
        update_row, user = update_or_404(movement, update), caller()
        if not can(user, Operation.UPDATE_DELETE, update_row):
            raise UpdateNotFound
        update_row.withdraw(user)
        return {"message": f"The update is deleted.{standing_notice()}"}


def readable_update_or_404(movement: str, update: str) -> Update:
    """Return an update that the caller may read.

    :param update: its id, as the path has it
    :raises NotFound: when there is none, or its author is neither the caller nor a leader of theirs
    """
    update_row = update_or_404(movement, update)
    _ensure_readable(update_row.leader_id, update_row.movement_id, UpdateNotFound)
    return update_row


def update_or_404(movement: str, update: str) -> Update:
    """Return the update of a path, by any author.

    :raises NotFound: when there is none
    """
    in_movement, update_row = movement_or_404(movement), Update.find_by_id(id_in(update, Update.id))
    if update_row is None or update_row.movement_id != in_movement.id:
        raise UpdateNotFound
    return update_row


def _record(movement_id: int, data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Record an update, or find it; return the status, too."""
    config = current_app.config
    when = {"at": data["at"], "grace": config["GRACE"], "quotas": Quotas.of(config)}
    try:
        posted = Update.record(caller_id(), movement_id, data["message"] or None, **when)
    except NotSubscribed:
        movement_or_404(str(movement_id))  # whose members there are exists; looked for only now
        raise
    return posted, 201 if posted.pop("is_new") else 200


def _ensure_readable(leader_id: int, movement_id: int, otherwise: type[NotFound]) -> None:
    user_id = caller_id()
    if leader_id != user_id and not is_leader(leader_id, user_id, movement_id):
        raise otherwise
