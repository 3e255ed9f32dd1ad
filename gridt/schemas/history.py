"""What became of turns, one by one and for a movement as a whole."""

from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import OneOf, Range

from gridt.schemas.base import DAY_OR_MOMENT, In
from gridt.standing import Outcome

#: a year that anybody may ask for
YEARS = Range(1970, 2999)

_WHOSE = {"description": "`me`, or the id of a leader of the caller"}


class DayOrMoment(fields.Field[date]):
    """A date, for a day of the member's own, or a date-time with its offset."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = _moment(value)
        YEARS(found.year)
        return found


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError("Neither a date (2026-01-31) nor a date-time.") from None
    if found.tzinfo is None:
        raise ValidationError("A date-time without its offset (`Z`, or `%2B01:00`).")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValidationError("Out of range.") from None


def _day(words: str) -> DayOrMoment:
    told = f"{words} ({YEARS.min} to {YEARS.max})"
    return DayOrMoment(load_default=None, metadata=DAY_OR_MOMENT | {"description": told})


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
    year = fields.Integer(
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
