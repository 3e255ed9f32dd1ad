"""Pauses."""

from marshmallow import fields

from gridt.http.clock_fields import DayOrMoment
from gridt.http.fields import In, Line, Message, Out
from gridt.http.validators import Length


class PauseIn(In):
    """The end of a pause, at most 366 days ahead."""

    until = DayOrMoment(
        "When the pause ends: a moment, or a day by the caller's calendar.",
        required=True,
    )
    reason = Line(
        load_default=None,
        allow_none=True,
        validate=Length(max=280),
        metadata={
            "description": "A note for the caller; no other user sees it.",
            "examples": ["Skiing."],
        },
    )


class PauseOut(Out):
    """The caller's current pause; null in each member without one."""

    paused_from = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When the pause started."}
    )
    paused_until = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When the pause ends."}
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "The caller's note."}
    )


class PauseChanged(PauseOut, Message):
    """The caller's pause after a change."""
