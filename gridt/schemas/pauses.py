"""Pauses."""

from marshmallow import Schema, fields
from marshmallow.validate import Length

from gridt.http.clock_fields import DayOrMoment
from gridt.http.fields import In, Line, Message


class PauseIn(In):
    """Until when nothing is expected of the caller, at most a year ahead."""

    until = DayOrMoment(
        "a moment with its zone, or the day, by one's own calendar, on which one is back",
        required=True,
    )
    reason = Line(
        load_default=None,
        allow_none=True,
        validate=Length(max=280),
        metadata={"description": "for oneself; nobody else sees it", "examples": ["Skiing."]},
    )


class PauseOut(Schema):
    """A time in which nothing is expected of the caller."""

    paused_from = fields.DateTime(required=True, allow_none=True)
    paused_until = fields.DateTime(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class PauseChanged(PauseOut, Message):
    """The caller's pause as it is now."""
