"""Histories of members, and statistics of movements."""

from datetime import date

from marshmallow import ValidationError, fields

from gridt.http.clock_fields import DayOrMoment
from gridt.http.fields import Growing, In, Out, QueryInteger
from gridt.http.validators import Range
from gridt.refusals import Code, Refusal
from gridt.turns.outcomes import Outcome

#: the years that a client may ask for
YEARS = Range(1970, 2999)

_WHOSE = {"description": "`me`, or the id of one of the caller's leaders."}


def _of_a_year(day: date) -> None:
    if not YEARS.min <= day.year <= YEARS.max:
        raise ValidationError(Refusal(Code.OUT_OF_YEARS, minimum=YEARS.min, maximum=YEARS.max))


def _day(words: str) -> DayOrMoment:
    description = f"{words} (years {YEARS.min} to {YEARS.max})."
    return DayOrMoment(description, load_default=None, validate=_of_a_year)


class HistoryIn(In):
    """The member, and the range of their turns."""

    user = fields.String(load_default="me", metadata=_WHOSE)

    class Meta(In.Meta):
        include = {  # noqa: RUF012 - marshmallow's way to name what Python keeps for itself
            "from": _day("The first day, or a moment; by default, the last 30 turns"),
            "to": _day("The last day, or the first moment after the range; by default, now"),
        }


class PictureIn(In):
    """The member, and the year to draw."""

    user = fields.String(load_default="me", metadata=_WHOSE)
    year = QueryInteger(
        load_default=None,
        validate=YEARS,
        metadata={"description": "The year to draw; the current one by default."},
    )


class TurnPast(Out):
    """A turn with its outcome."""

    starts_at = fields.DateTime(required=True, metadata={"description": "When the turn starts."})
    ends_at = fields.DateTime(
        required=True,
        metadata={"description": "When the turn ends: the first moment that is not part of it."},
    )
    outcome = Growing(
        *Outcome,
        description="The outcome of the turn. `open` is the current turn while it is not done;"
        " `free` is a missed turn that does not end the streak.",
    )
    updates = fields.Integer(
        required=True, metadata={"description": "How many updates the member posted in the turn."}
    )
    first_update_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When the member did it first; null if they did not."},
    )
    late = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the turn is done only by updates that were imported too late"
            " for a streak."
        },
    )
    amount = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many updates counted towards the goal; null if the turn had none."
        },
    )
    still = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "How many more it needed; null if the turn had no goal."},
    )


class StreaksOut(Out):
    """The members' current streaks, in turns."""

    average = fields.Float(required=True, metadata={"description": "The arithmetic mean."})
    median = fields.Float(required=True, metadata={"description": "The median."})
    longest = fields.Integer(required=True, metadata={"description": "The longest streak."})


class WeekOut(Out):
    """The turns that ended in a week.

    Weeks run from Monday to Sunday, by each member's own calendar.
    """

    starts_on = fields.Date(required=True, metadata={"description": "The Monday of the week."})
    done_turns = fields.Integer(
        required=True, metadata={"description": "How many turns were done."}
    )
    turns = fields.Integer(
        required=True, metadata={"description": "How many turns were done or missed."}
    )
    completion = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "`done_turns` divided by `turns`; null if `turns` is 0."},
    )


class StatisticsOut(Out):
    """How a movement's members do together."""

    members = fields.Integer(
        required=True, metadata={"description": "How many members the movement has."}
    )
    counted = fields.Integer(
        required=True,
        metadata={"description": "How many members, chosen at random, the figures below describe."},
    )
    done = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many members have done their current turn, each by their own"
            " clock; null if fewer than five are counted."
        },
    )
    paused = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many members are paused; null if fewer than five are counted."
        },
    )
    streaks = fields.Nested(
        StreaksOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The current streaks; null if fewer than five members are counted."
        },
    )
    weeks = fields.List(
        fields.Nested(WeekOut),
        required=True,
        metadata={"description": "The latest weeks of at least five members, oldest first."},
    )
