"""How members did, turn by turn, and a movement as a whole."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from gridt.errors import Invalid, NotAllowed, NotFollowing
from gridt.formats.base import SVG, SVG_POLICY
from gridt.formats.year_svg import Year, draw_year
from gridt.http.api import Blueprint
from gridt.http.auth import caller
from gridt.http.lookups import id_in, movement_or_404
from gridt.http.requests import Resource
from gridt.models import Movement, User, is_leader
from gridt.schemas.history import HistoryIn, PictureIn, StatisticsOut, TurnPast
from gridt.standing import TurnHistory, movement_statistics
from gridt.turns.calendar import DAY, Clock
from gridt.turns.scoring import INSTANT

bp = Blueprint("history", description="How members did, turn by turn")

#: so many turns are told where nobody says from when on
USUAL = 30
#: the most that are told at once, and the most that a year's picture is made of: one each hour
MOST_TOLD, MOST_DRAWN = 1000, 24 * 366


@bp.route("/movements/<movement>/history")
class HistoryOfMember(Resource):
    """What became of a member's turns."""

    @bp.problems(404, 409)
    @bp.answers(200, TurnPast(many=True))
    @bp.arguments(HistoryIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Tell how each of one's own turns, or of a leader's, went, oldest first."""
        _, history, _ = _history(movement, data["user"])
        start = _moment(data["from"], history.clock)
        end = _moment(data["to"], history.clock, after=True)
        if start is None:
            return [asdict(one) for one in history.last(USUAL, end or history.now + INSTANT)]
        if end is None:
            end = max(start, history.now) + INSTANT
        if start > end or start == end != data["to"]:  # moments may follow at once, days may not
            raise _invalid("from", "After `to`.")
        if history.turns_in(start, end) > MOST_TOLD:
            raise _invalid("from", f"More than {MOST_TOLD} turns: ask for fewer at once.")
        return [asdict(one) for one in history.between(start, end)]


@bp.route("/movements/<movement>/history.svg")
class PictureOfYear(Resource):
    """A member's year."""

    @bp.problems(404, 409)
    @bp.answers(200, {"type": "string"}, content_type=SVG)
    @bp.arguments(PictureIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Draw a calendar of a year of one's own, or of a leader's."""
        found, history, user = _history(movement, data["user"])
        number = data["year"] or history.today.year
        clock = history.clock
        start, end = (clock.start_of(date(year, 1, 1)) for year in (number, number + 1))
        if history.turns_in(start, end) > MOST_DRAWN:
            raise _invalid("year", f"A picture shows at most {MOST_DRAWN} turns.")
        turns = history.between(start, end)
        year = Year(number, found.name, user.username, clock, history.interval)
        answer = Response(draw_year(year, turns), mimetype=SVG)
        name = f"movement-{found.id}-user-{user.id}-{number}.svg"
        answer.headers.set("Content-Disposition", "inline", filename=name)
        answer.headers["Content-Security-Policy"] = SVG_POLICY
        return answer


@bp.route("/movements/<movement>/statistics")
class Statistics(Resource):
    """How the members of a movement do."""

    @bp.problems(403, 404)
    @bp.answers(200, StatisticsOut)
    def get(self, movement: str) -> ResponseReturnValue:
        """Tell members how all of them do together."""
        found = movement_or_404(movement)
        if not found.is_subscribed(caller()):
            raise NotAllowed("Only members of this movement see how it does")
        return movement_statistics(found)


def _history(movement: str, whose: str) -> tuple[Movement, TurnHistory, User]:
    """Return the history of the caller or a leader of theirs, with what and whose it is.

    :raises NotFollowing: when it is neither's
    :raises NotSubscribed: when the caller is no member
    """
    found, user = movement_or_404(movement), caller()
    if whose != "me" and (user_id := id_in(whose, User.id)) != user.id:
        leader = User.find_by_id(user_id)
        if leader is None or not is_leader(user_id, user.id, found.id):
            raise NotFollowing
        user = leader
    return found, TurnHistory(user.id, found.id), user


def _moment(given: date | None, clock: Clock, *, after: bool = False) -> datetime | None:
    """Return the moment that a date-time says, or that a member's day begins, or ends."""
    if given is None or isinstance(given, datetime):
        return given
    return clock.start_of(given + DAY if after else given)


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid([{"pointer": f"#/{name}", "detail": detail, "in": "query"}])
