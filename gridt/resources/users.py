"""Who one is."""

from typing import Any

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.api import Blueprint, Resource
from gridt.auth import caller, caller_id, verified
from gridt.errors import UsernameTaken
from gridt.formats import as_document, in_parts
from gridt.models import AuditEntry, User
from gridt.models.personal import sections_about
from gridt.models.terms import CLOCK, change_clock
from gridt.schemas.base import Message
from gridt.schemas.users import (
    BioIn,
    ClosingIn,
    ExportOut,
    Identity,
    IdentityChanged,
    IdentityPatch,
    identity_of,
)

bp = Blueprint("users", description="Who one is")


@bp.route("/identity")
class OwnIdentity(Resource):
    """Who is calling."""

    @bp.answers(200, Identity)
    def get(self) -> ResponseReturnValue:
        """Show who is calling."""
        return identity_of(caller())

    @bp.problems(409)
    @bp.answers(200, IdentityChanged)
    @bp.arguments(IdentityPatch)
    def patch(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change what is given."""
        user = caller()
        if "username" in data:
            holder = User.find_by_name(data["username"])
            if holder not in (None, user):
                raise UsernameTaken
        clock = {name: data.pop(name) for name in CLOCK if name in data}
        if clock:
            change_clock(user, **clock)
        for name, value in data.items():
            setattr(user, name, value)
        answer = identity_of(user) | {"message": "Your account is changed."}
        user.save_to_db()
        return answer

    @bp.problems(401, 409)
    @bp.answers(200, Message)
    @bp.arguments(ClosingIn)
    def delete(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Delete one's account and all that is one's own; movements that one started stay."""
        user = verified(caller(), data["password"])
        AuditEntry.note("account.deleted", user_id=user.id, actor_id=user.id)
        user.delete_from_db()
        return {"message": "Your account is deleted."}


@bp.route("/identity/export")
class Export(Resource):
    """All that is stored about the caller."""

    @bp.answers(200, ExportOut, streamed=True)
    def get(self) -> ResponseReturnValue:
        """Export all that is stored about the caller."""
        user_id = caller_id()
        parts = stream_with_context(in_parts(as_document(sections_about(user_id))))
        answer = Response(parts, mimetype="application/json")
        file_name = f"gridt-{user_id}.json"
        answer.headers.set("Content-Disposition", "attachment", filename=file_name)
        return answer


@bp.route("/bio")
class Bio(Resource):
    """What one tells about oneself."""

    @bp.answers(200, Message)
    @bp.arguments(BioIn)
    def put(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change what one tells about oneself."""
        user = caller()
        user.bio = data["bio"]
        user.save_to_db()
        return {"message": "Your bio is changed."}
