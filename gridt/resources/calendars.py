"""Calendars to subscribe to: what one did and is to do, by a secret address."""

from flask import Response
from flask.typing import ResponseReturnValue

from gridt.errors import InvalidToken, NotFound
from gridt.formats.calendar import ICALENDAR, activity_calendar
from gridt.http.api import Blueprint
from gridt.http.auth import caller_id
from gridt.http.fields import Message
from gridt.http.requests import Resource
from gridt.models import CalendarToken, User
from gridt.runtime.extensions import db
from gridt.schemas.calendars import CalendarMade, CalendarStatus
from gridt.standing import recent_and_due

bp = Blueprint("calendars", description="Calendars to subscribe to")


@bp.route("/identity/calendar")
class OwnCalendar(Resource):
    """The secret address of one's calendar."""

    @bp.answers(200, CalendarStatus)
    def get(self) -> ResponseReturnValue:
        """Tell whether one's calendar has a secret address, and since when; not which."""
        return {"since": CalendarToken.made_at(caller_id())}

    @bp.repeatable(found_at="/identity/calendar")
    @bp.answers(201, CalendarMade)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Make a secret address of one's calendar; the one before leads nowhere from then on."""
        user = User.lock(caller_id())  # so that the account does not end meanwhile
        if user is None or user.deactivated_at is not None:
            raise InvalidToken("This login has ended")
        secret = CalendarToken.renew(user.id)
        answer = {
            "url": f"/calendars/{secret}.ics",
            "since": CalendarToken.made_at(user.id),
            "message": "Who knows this address sees what you did; it is not told again.",
        }
        db.session.commit()
        return answer, 201

    @bp.answers(200, Message)
    def delete(self) -> ResponseReturnValue:
        """Let the secret address of one's calendar lead nowhere."""
        CalendarToken.revoke_by_owner(caller_id())
        db.session.commit()
        return {"message": "Your calendar has no address any more."}


@bp.route("/calendars/<secret>.ics")
class Calendar(Resource):
    """A calendar, for who knows its address."""

    @bp.token(None)
    @bp.problems(404, 503)
    @bp.answers(200, {"type": "string"}, content_type=ICALENDAR)
    def get(self, secret: str) -> ResponseReturnValue:
        """Show a calendar: what its owner did in the last year, without words, and is to do."""
        user_id = CalendarToken.owner_of(secret)
        if user_id is None:
            raise NotFound
        written = activity_calendar(recent_and_due(user_id), messages=False)
        return Response("".join(written), mimetype=ICALENDAR)
