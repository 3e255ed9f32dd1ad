"""Movements: finding them, making them, changing them, and the network of each."""

import hmac
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Response, current_app, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.api import Blueprint, Resource
from gridt.auth import caller, caller_id
from gridt.errors import MovementInUse, MovementNameTaken, NotAllowed
from gridt.extensions import db
from gridt.models import Movement, User
from gridt.models.network import Member
from gridt.paging import Key, Listing
from gridt.resources.paths import movement_or_404, seen_or_404
from gridt.schemas.base import Message
from gridt.schemas.movements import (
    MovementChanged,
    MovementIn,
    MovementOut,
    MovementPatch,
    MovementsIn,
    NetworkIn,
    NetworkOut,
    movement_answer,
)

bp = Blueprint("movements", description="Habits that people keep each other to")

_ORDERS: dict[str, list[Key]] = {
    "name": [(Movement.name_folded, False)],
    "newest": [(Movement.id, True)],
    "members": [(Movement.member_count, True), (Movement.id, False)],
}
_LISTINGS = {
    (order, subscribed): Listing(Movement.seen(subscribed=subscribed), keys)
    for order, keys in _ORDERS.items()
    for subscribed in (None, True, False)
}


@bp.route("/movements")
class Movements(Resource):
    """All movements."""

    @bp.answers(200, MovementOut(many=True))
    @bp.arguments(MovementsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List movements."""
        user_id, listing = caller_id(), _LISTINGS[data["sort"], data["subscribed"]]
        if data["search"]:
            listing = listing.where(Movement.mentions(data["search"]))
        rows, headers = listing.page(limit=data["limit"], after=data["after"], caller_id=user_id)
        return [movement_answer(seen) for seen in Movement.describe(rows, user_id)], headers

    @bp.problems(409)
    @bp.answers(201, MovementChanged)
    @bp.arguments(MovementIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Start a movement, and be its first member."""
        user = caller()
        _ensure_free(data["name"])
        movement = Movement(**data)
        movement.creator = user
        db.session.add(movement)
        db.session.flush()
        movement.add_user(user)
        answer = movement_answer(movement.dictify(user), "Your movement has started.")
        movement.save_to_db()
        return answer, 201, {"Location": f"/movements/{answer['id']}"}


@bp.route("/movements/<movement>")
class OneMovement(Resource):
    """A movement."""

    @bp.problems(404)
    @bp.answers(200, MovementOut)
    def get(self, movement: str) -> ResponseReturnValue:
        """Show a movement."""
        return movement_answer(seen_or_404(movement, caller_id()))

    @bp.problems(403, 404, 409)
    @bp.answers(200, MovementChanged)
    @bp.arguments(MovementPatch)
    def patch(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Change what is given; for the movement's creator and admins."""
        found, user = movement_or_404(movement), caller()
        _ensure_owner(found, user)
        if "name" in data:
            _ensure_free(data["name"], found)
        for name, value in data.items():
            setattr(found, name, value)
        answer = movement_answer(found.dictify(user), "The movement is changed.")
        found.save_to_db()
        return answer

    @bp.problems(403, 404, 409)
    @bp.answers(200, Message)
    def delete(self, movement: str) -> ResponseReturnValue:
        """Delete a movement: its creator while nobody else is subscribed, or an admin."""
        found, user = movement_or_404(movement), caller()
        _ensure_owner(found, user)
        found.lock(alone=True)
        if not user.is_admin and found.member_count > found.is_subscribed(user):
            raise MovementInUse
        found.delete_from_db()
        return {"message": "The movement is deleted."}


@bp.route("/movements/<movement>/network")
class NetworkOfMovement(Resource):
    """Who leads whom in a movement."""

    @bp.problems(403, 404)
    @bp.answers(200, NetworkOut, streamed=True)
    @bp.arguments(NetworkIn, location="query")
    def get(self, _format: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Export who leads whom, for members; only its creator and admins see who is who."""
        found, user = movement_or_404(movement), caller()
        owner = _is_owner(found, user)
        if not owner and not found.is_subscribed(user):
            raise NotAllowed("Only members of this movement see its network")
        head = {"id": found.id, "name": found.name, "member_count": found.member_count}
        known_as = _as_it_is if owner else _Pseudonyms(found.id)
        parts = _as_json(head, found.members(), known_as)
        return Response(stream_with_context(parts), mimetype="application/json")


class _Pseudonyms:
    """Names for members that stay the same, and that nobody can follow back or elsewhere."""

    def __init__(self, movement_id: int) -> None:
        self._key = hmac.digest(
            current_app.config["SECRET_KEY"].encode(), b"network %d" % movement_id, "sha256"
        )

    def __call__(self, user_id: int) -> str:
        return hmac.digest(self._key, str(user_id).encode(), "sha256").hex()[:16]


def _as_it_is(user_id: int) -> int:
    return user_id


def _as_json(head: dict[str, Any], members: Iterator[Member], known_as: Any) -> Iterator[bytes]:
    """Yield a `NetworkOut`, a member at a time."""
    yield b'{"movement":' + orjson.dumps(head) + b',"members":['
    separator = b""
    for member in members:
        leaders = [known_as(leader_id) for leader_id in member.leaders]
        shown = {"id": known_as(member.user_id), "live": member.live, "leaders": leaders}
        yield separator + orjson.dumps(shown)
        separator = b","
    yield b"]}"


def _is_owner(movement: Movement, user: User) -> bool:
    return user.is_admin or movement.creator_id == user.id


def _ensure_owner(movement: Movement, user: User) -> None:
    if not _is_owner(movement, user):
        raise NotAllowed("Only the creator of this movement and admins may do that")


def _ensure_free(name: str, movement: Movement | None = None) -> None:
    holder = Movement.find_by_name(name)
    if holder is not None and holder is not movement:
        raise MovementNameTaken
