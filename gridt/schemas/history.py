"""What became of turns, one by one and for a movement as a whole."""

from datetime import date

from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range

from gridt.http.clock_fields import DayOrMoment
from gridt.http.fields import In, QueryInteger
from gridt.turns.scoring import Outcome

#: a year that anybody may ask for
YEARS = Range(1970, 2999)

_WHOSE = {"description": "`me`, or the id of a leader of the caller"}


def _of_a_year(day: date) -> None:
    YEARS(day.year)


def _day(words: str) -> DayOrMoment:
    description = f"{words} ({YEARS.min} to {YEARS.max})"
    return DayOrMoment(description, load_default=None, validate=_of_a_year)


class HistoryIn(In):
    """Whose turns are asked for, and which."""

    user = fields.String(load_default="me", metadata=_WHOSE)

    class Meta(In.Meta):
        include = {  # noqa: RUF012 - marshmallow's way to name what Python keeps for itself
            "from": _day("the first of their days, or a moment; else the last 30 turns are told"),
            "to": _day("the last of their days, or the moment that is the first not meant; or now"),
        }


class PictureIn(In):
    """Whose year is to be drawn."""

    user = fields.String(load_default="me", metadata=_WHOSE)
    year = QueryInteger(
        load_default=None, validate=YEARS, metadata={"description": "the present one if left out"}
    )


class TurnPast(Schema):
    """A turn, and what became of it."""

    starts_at = fields.DateTime(required=True)
    ends_at = fields.DateTime(required=True)
    outcome = fields.String(
        required=True,
        validate=OneOf([*Outcome]),
        metadata={"description": "`open`: the present one, which is not done yet"},
    )
    updates = fields.Integer(required=True, metadata={"description": "how many were posted"})
    first_update_at = fields.DateTime(required=True, allow_none=True)
    late = fields.Boolean(
        required=True,
        metadata={"description": "done, but only by updates imported too late for a streak"},
    )


class StreaksOut(Schema):
    """How long the streaks of members are."""

    average = fields.Float(required=True)
    median = fields.Float(required=True)
    longest = fields.Integer(required=True)


class WeekOut(Schema):
    """How many turns were done in a week, Monday to Sunday by each member's own calendar."""

    starts_on = fields.Date(required=True)
    done_turns = fields.Integer(required=True)
    turns = fields.Integer(required=True, metadata={"description": "done or missed"})
    completion = fields.Float(
        required=True, allow_none=True, metadata={"description": "the one by the other"}
    )


class StatisticsOut(Schema):
    """How the members of a movement do, together."""

    members = fields.Integer(required=True)
    counted = fields.Integer(
        required=True,
        metadata={"description": "the members, drawn by chance, whom all that follows is of"},
    )
    done = fields.Integer(
        required=True, allow_none=True, metadata={"description": "by their own clocks"}
    )
    paused = fields.Integer(required=True, allow_none=True)
    streaks = fields.Nested(StreaksOut, required=True, allow_none=True)
    weeks = fields.List(fields.Nested(WeekOut), required=True)
