"""Updates."""

from marshmallow import fields

from gridt.http.fields import In, Line, Moment, Out, PageIn
from gridt.http.validators import Length


class UpdateIn(In):
    """A new update; it needs no message."""

    message = Line(
        load_default=None,
        allow_none=True,
        validate=Length(max=280),
        metadata={
            "description": "A message to the caller's followers.",
            "examples": ["Touched my toes!"],
        },
    )
    at = Moment(
        format="iso",
        load_default=None,
        allow_none=True,
        metadata={
            "description": "When the caller did it, if not now: in this turn, or in the one that"
            " has just ended. It has its offset, or `Z`. A moment up to five minutes ahead counts"
            " as now.",
        },
    )


class UpdatesIn(PageIn):
    """The author of the updates."""

    user = fields.String(
        load_default="me",
        metadata={"description": "`me`, or the id of one of the caller's leaders."},
    )


class UpdateOut(Out):
    """An update: its author did what the movement is about."""

    id = fields.Integer(required=True, metadata={"description": "The id of the update."})
    time_stamp = fields.DateTime(
        required=True, metadata={"description": "When its author did it, in UTC."}
    )
    message = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The message to followers; null if there is none."},
    )
    late = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the update was imported too late for a streak. It counts as"
            " done."
        },
    )


class PostedUpdate(UpdateOut):
    """An update that the caller has just posted."""

    counted = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whether it counts towards the goal of the present turn. An update of a"
            " day that has one already does not, unless the movement counts every update. It is"
            " null where the turn has no goal or is over, and for an update that was posted before."
        },
    )
