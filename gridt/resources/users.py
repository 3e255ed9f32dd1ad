"""Who one is."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.accounts import delete_account, sections_about
from gridt.errors import UsernameTaken
from gridt.formats.account_json import account_document
from gridt.formats.activity_csv import CSV, activity_table
from gridt.formats.base import in_parts
from gridt.formats.calendar import ICALENDAR, activity_calendar
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id, verified
from gridt.http.fields import Message
from gridt.http.requests import Resource
from gridt.http.spooling import spooled
from gridt.models import User
from gridt.schemas.users import (
    BioIn,
    ClosingIn,
    ExportIn,
    ExportOut,
    Identity,
    IdentityChanged,
    IdentityPatch,
    ensure_good_username,
    identity_of,
)
from gridt.standing import CLOCK, change_clock, done_by
from gridt.text import tidy

bp = Blueprint("users", description="Who one is")

_TEXT = {"type": "string"}


def _document(user_id: int) -> Iterator[str]:
    return account_document(sections_about(user_id))


def _table(user_id: int) -> Iterator[str]:
    return activity_table(done_by(user_id))


def _calendar(user_id: int) -> Iterator[str]:
    return activity_calendar(done_by(user_id), messages=True)


_EXPORTS: dict[str, tuple[str, Callable[[int], Iterator[str]]]] = {
    "json": ("application/json", _document),
    "csv": (CSV, _table),
    "ics": (ICALENDAR, _calendar),
}


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
        if data.get("username", user.username) != user.username:
            data["username"] = tidy(data["username"])
            ensure_good_username(data["username"], user.email)
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
        delete_account(user, actor_id=user.id)
        return {"message": "Your account is deleted."}


@bp.route("/identity/export")
class Export(Resource):
    """All that is stored about the caller."""

    @bp.answers(200, ExportOut, streamed=True)
    @bp.answers(200, _TEXT, content_type=CSV, streamed=True)
    @bp.answers(200, _TEXT, content_type=ICALENDAR, streamed=True)
    @bp.arguments(ExportIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Export all that is stored about the caller; as a table or a calendar, what they did."""
        media_type, write = _EXPORTS[data["format"]]
        user_id = caller_id()
        parts = stream_with_context(spooled(in_parts(write(user_id))))
        answer = Response(parts, mimetype=media_type)
        file_name = f"gridt-{user_id}.{data['format']}"
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
