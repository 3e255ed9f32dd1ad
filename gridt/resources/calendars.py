"""Calendars of completed and due turns, by a secret address."""

from flask import Response
from flask.typing import ResponseReturnValue

from gridt.errors import Busy, InvalidToken, NotFound
from gridt.formats.calendar import ICALENDAR, activity_calendar
from gridt.http.api import Blueprint
from gridt.http.auth import caller_id
from gridt.http.fields import Message
from gridt.http.requests import Resource
from gridt.models import CalendarToken, User
from gridt.runtime.extensions import db
from gridt.schemas.calendars import CalendarMade, CalendarStatus
from gridt.standing import calendar_owner, recent_and_due

bp = Blueprint("calendars", description="Calendar subscriptions")


@bp.route(
    "/identity/calendar", get="getMyCalendar", post="createMyCalendar", delete="revokeMyCalendar"
)
class OwnCalendar(Resource):
    """The secret address of the caller's calendar."""

    @bp.own
    @bp.answers(200, CalendarStatus)
    def get(self) -> ResponseReturnValue:
        """Show whether my calendar has a secret address.

        The answer says when the address was created, but not the address itself.
        """
        return {"since": CalendarToken.made_at(caller_id())}

    @bp.own
    @bp.repeatable(found_at="/identity/calendar")
    @bp.answers(201, CalendarMade)
    @bp.bodyless
    def post(self) -> ResponseReturnValue:
        """Create a secret address for my calendar.

        Each person who knows the address can read the calendar. The answer shows it this once. The
        previous address stops working.
        """
        user = User.lock(caller_id())  # so that the account does not end meanwhile
        if user is None or user.deactivated_at is not None:
            raise InvalidToken("This session has ended. Please log in again.")
        secret = CalendarToken.renew(user.id)
        answer = {
            "url": f"/calendars/{secret}.ics",
            "since": CalendarToken.made_at(user.id),
            "message": "Everybody who knows this address can read your calendar."
            " It is shown only once.",
        }
        db.session.commit()
        return answer, 201

    @bp.own
    @bp.answers(200, Message)
    def delete(self) -> ResponseReturnValue:
        """Revoke my calendar's secret address.

        The call changes nothing if there is no address.
        """
        CalendarToken.revoke_by_owner(caller_id())
        db.session.commit()
        return {"message": "Your calendar has no secret address any more."}


@bp.route("/calendars/<secret>.ics", get="readCalendar")
class Calendar(Resource):
    """A calendar at its secret address."""

    @bp.open
    @bp.ignores_parameters
    @bp.problems(NotFound, Busy)
    @bp.answers(200, {"type": "string"}, content_type=ICALENDAR, description="The calendar.")
    def get(self, secret: str) -> ResponseReturnValue:
        """Read a calendar by its secret address.

        The calendar has the turns that its owner completed in the last year, without messages, and
        the turns that are due.
        """
        user_id = CalendarToken.owner_of(secret)
        if user_id is None:
            raise NotFound
        owner = calendar_owner(user_id)
        written = activity_calendar(recent_and_due(user_id), owner, messages=False)
        return Response("".join(written), mimetype=ICALENDAR)
