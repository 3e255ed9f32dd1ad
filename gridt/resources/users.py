"""The caller's account."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.accounts import delete_account, sections_about
from gridt.errors import LastAdmin, TooManyAttempts, TooManyClocks, UsernameTaken, WrongCredentials
from gridt.formats.account_json import account_document
from gridt.formats.activity_csv import CSV, activity_table
from gridt.formats.base import in_parts
from gridt.formats.calendar import ICALENDAR, activity_calendar
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_account, caller_id, verified
from gridt.http.fields import Message
from gridt.http.requests import Resource, standing_notice
from gridt.http.spooling import spooled
from gridt.models import PREFERENCES, User, UserPreferences, service_id
from gridt.runtime.extensions import db
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
from gridt.standing import CLOCK, MOST_CLOCKS, calendar_owner, change_clock, done_by
from gridt.text import tidy

bp = Blueprint("users", description="Account")

_TEXT = {"type": "string"}
_FILE = "The export as a file."


def _document(user_id: int) -> Iterator[str]:
    return account_document(sections_about(user_id))


def _table(user_id: int) -> Iterator[str]:
    return activity_table(done_by(user_id), service_id())


def _calendar(user_id: int) -> Iterator[str]:
    return activity_calendar(done_by(user_id), calendar_owner(user_id), messages=True)


_EXPORTS: dict[str, tuple[str, Callable[[int], Iterator[str]]]] = {
    "json": ("application/json", _document),
    "csv": (CSV, _table),
    "ics": (ICALENDAR, _calendar),
}


@bp.route("/identity", get="getMyAccount", patch="changeMyAccount", delete="deleteMyAccount")
class OwnIdentity(Resource):
    """The caller's account."""

    @bp.own
    @bp.answers(200, Identity)
    def get(self) -> ResponseReturnValue:
        """Get my account.

        The answer has the caller's e-mail address and settings.
        """
        return identity_of(caller_account())

    @bp.own
    @bp.problems(UsernameTaken, TooManyClocks)
    @bp.answers(200, IdentityChanged)
    @bp.arguments(IdentityPatch)
    def patch(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change my account.

        Members that the body leaves out stay as they are. After a change of the clock, gridt
        recalculates the caller's standings at once, as far as one request can, and the others
        within a minute or so; then the message says so. Up to ten changes of the clock in 24 hours
        are possible.
        """
        user = caller()
        if data.get("username", user.username) != user.username:
            data["username"] = tidy(data["username"])
            ensure_good_username(data["username"], user.email)
            holder = User.find_by_name(data["username"])
            if holder not in (None, user):
                raise UsernameTaken
        else:
            data.pop("username", None)  # an old name keeps the form that it is found by
        clock = {name: data.pop(name) for name in CLOCK if name in data}
        if clock:
            change_clock(user, most=MOST_CLOCKS, **clock)
        preferences = {name: data.pop(name) for name in PREFERENCES if name in data}
        if preferences:
            UserPreferences.change(user.id, **preferences)
        for name, value in data.items():
            setattr(user, name, value)
        message = f"Your account is changed.{standing_notice()}"
        db.session.flush()
        answer = identity_of(caller_account()) | {"message": message}
        user.save_to_db()
        return answer

    @bp.own
    @bp.problems(WrongCredentials, LastAdmin, TooManyAttempts)
    @bp.answers(200, Message)
    @bp.arguments(ClosingIn)
    def delete(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Delete my account.

        gridt deletes everything that belongs to the caller. Movements that the caller started stay.
        """
        user = verified(caller(), data["password"], complaint="The password is wrong.")
        delete_account(user, actor_id=user.id)
        return {"message": "Your account is deleted."}


@bp.route("/identity/export", get="exportMyAccount")
class Export(Resource):
    """Everything stored about the caller."""

    @bp.own
    @bp.answers(200, ExportOut, streamed=True, description=_FILE)
    @bp.answers(200, _TEXT, content_type=CSV, streamed=True, description=_FILE)
    @bp.answers(200, _TEXT, content_type=ICALENDAR, streamed=True, description=_FILE)
    @bp.arguments(ExportIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Export everything stored about me.

        The JSON file has everything. The CSV and iCalendar files have the completed turns only.
        """
        media_type, write = _EXPORTS[data["format"]]
        user_id = caller_id()
        parts = stream_with_context(spooled(in_parts(write(user_id))))
        answer = Response(parts, mimetype=media_type)
        file_name = f"gridt-{user_id}.{data['format']}"
        answer.headers.set("Content-Disposition", "attachment", filename=file_name)
        return answer


@bp.route("/bio", put="changeMyBio")
class Bio(Resource):
    """The caller's bio."""

    @bp.own
    @bp.answers(200, Message)
    @bp.arguments(BioIn)
    def put(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change my bio.

        `PATCH /identity` can do this, too.
        """
        user = caller()
        user.bio = data["bio"]
        user.save_to_db()
        return {"message": "Your bio is changed."}
