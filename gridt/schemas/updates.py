"""Updates."""

from marshmallow import Schema, fields
from marshmallow.validate import Length

from gridt.http.fields import In, Line, Moment, PageIn


class UpdateIn(In):
    """An update; most need no words."""

    message = Line(
        load_default=None,
        allow_none=True,
        validate=Length(max=280),
        metadata={"description": "for one's followers", "examples": ["Touched my toes!"]},
    )
    at = Moment(
        format="iso",
        load_default=None,
        allow_none=True,
        metadata={
            "description": "when it was done, if not now: in this turn, or in the one that has just"
            " ended; up to five minutes ahead is taken as now"
        },
    )


class UpdatesIn(PageIn):
    """Whose updates are asked for."""

    user = fields.String(
        load_default="me", metadata={"description": "`me`, or the id of a leader of the caller"}
    )


class UpdateOut(Schema):
    """Somebody did it."""

    id = fields.Integer(required=True)
    time_stamp = fields.DateTime(required=True, metadata={"description": "when, in UTC"})
    message = fields.String(
        required=True, allow_none=True, metadata={"description": "null: without words"}
    )
    late = fields.Boolean(
        required=True,
        metadata={"description": "imported too late to join a streak; it counts as done"},
    )
