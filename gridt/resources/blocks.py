"""Blocked users."""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import bindparam, select

from gridt.errors import Invalid, TooManyBlocks, UserNotFound
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import Message, PageIn
from gridt.http.lookups import user_or_404
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import Block, User
from gridt.network import block, unblock
from gridt.runtime.extensions import db
from gridt.schemas.blocks import BlockChanged, BlockOut

bp = Blueprint("blocks", description="Blocked users")

_BLOCKED = Listing(
    select(User.id, User.username, Block.created_at.label("blocked_at"))
    .join(User, User.id == Block.blocked_id)
    .where(Block.blocker_id == bindparam("caller_id")),
    [(Block.blocked_id, False)],
    Block,
)


@bp.route("/identity/blocks", get="listBlockedUsers")
class Blocks(Resource):
    """The users that the caller has blocked."""

    @bp.own
    @bp.answers(200, BlockOut(many=True))
    @bp.arguments(PageIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List the users I have blocked.

        The users are in the order of their ids.
        """
        rows, headers = _BLOCKED.page(**data, caller_id=caller_id())
        return [
            {"id": row.id, "username": row.username, "blocked_at": row.blocked_at} for row in rows
        ], headers


@bp.route("/identity/blocks/<user>", put="blockUser", delete="unblockUser")
class OneBlock(Resource):
    """The caller's block of a user."""

    @bp.own
    @bp.problems(UserNotFound, TooManyBlocks, Invalid)
    @bp.answers(200, BlockChanged)
    @bp.bodyless
    def put(self, user: str) -> ResponseReturnValue:
        """Block a user.

        Neither user leads the other from now on, in any movement. The blocked user is not notified.
        A second call changes nothing.
        """
        blocker, blocked = caller(), user_or_404(user)
        made = block(blocker, blocked)
        answer = {
            "id": blocked.id,
            "username": blocked.username,
            "blocked_at": made.created_at,
            "message": "You have blocked this user.",
        }
        db.session.commit()
        return answer

    @bp.own
    @bp.problems(UserNotFound)
    @bp.answers(200, Message)
    def delete(self, user: str) -> ResponseReturnValue:
        """Unblock a user.

        The call changes nothing if the caller does not block the user.
        """
        unblock(caller(), user_or_404(user))
        db.session.commit()
        return {"message": "You do not block this user any more."}
