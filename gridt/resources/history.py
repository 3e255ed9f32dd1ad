"""Histories of members, and statistics of movements."""

from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from gridt.errors import MovementNotFound, NotFollowing, NotSubscribed
from gridt.formats.base import SVG, SVG_POLICY
from gridt.formats.year_svg import Year, draw_year
from gridt.http.api import Blueprint
from gridt.http.auth import caller
from gridt.http.lookups import id_in, movement_or_404
from gridt.http.requests import Resource
from gridt.models import Movement, User
from gridt.schemas.history import HistoryIn, PictureIn, StatisticsOut, TurnPast
from gridt.standing import TurnHistory, history_owner, movement_statistics

bp = Blueprint("history", description="History and statistics")


@bp.route("/movements/<movement>/history", get="listTurns")
class HistoryOfMember(Resource):
    """The outcomes of a member's turns."""

    @bp.own
    @bp.problems(MovementNotFound, NotFollowing, NotSubscribed)
    @bp.answers(200, TurnPast(many=True))
    @bp.arguments(HistoryIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """List a member's turns with their outcomes, oldest first.

        The member is the caller, or one of their leaders.
        """
        movement_row = movement_or_404(movement)
        history = TurnHistory(_owner(movement_row, data["user"]).id, movement_row.id)
        return [turn.view() for turn in history.shown(data["from"], data["to"])]


@bp.route("/movements/<movement>/history.svg", get="drawYear")
class PictureOfYear(Resource):
    """A member's year."""

    @bp.own
    @bp.problems(MovementNotFound, NotFollowing, NotSubscribed)
    @bp.answers(200, {"type": "string"}, content_type=SVG, description="The picture.")
    @bp.arguments(PictureIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Draw a member's year as a calendar.

        The answer is an SVG picture. The member is the caller, or one of their leaders.
        """
        movement_row = movement_or_404(movement)
        owner = _owner(movement_row, data["user"])
        history = TurnHistory(owner.id, movement_row.id)
        number = data["year"] or history.today.year
        year = Year(number, movement_row.name, owner.username, history.clock, history.interval)
        answer = Response(draw_year(year, history.of_year(number)), mimetype=SVG)
        name = f"movement-{movement_row.id}-user-{owner.id}-{number}.svg"
        answer.headers.set("Content-Disposition", "inline", filename=name)
        answer.headers["Content-Security-Policy"] = SVG_POLICY
        return answer


@bp.route("/movements/<movement>/statistics", get="getStatistics")
class Statistics(Resource):
    """Statistics of a movement."""

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed)
    @bp.answers(200, StatisticsOut)
    def get(self, movement: str) -> ResponseReturnValue:
        """Show how a movement's members do together.

        Only for members of the movement.
        """
        movement_row = movement_or_404(movement)
        if not movement_row.is_subscribed(caller()):
            raise NotSubscribed("Only members of this movement can see its statistics.")
        return movement_statistics(movement_row)


def _owner(movement: Movement, user: str) -> User:
    """Return the user whose history the request asks for."""
    viewer = caller()
    user_id = viewer.id if user == "me" else id_in(user, User.id)
    return history_owner(viewer, movement.id, user_id)
