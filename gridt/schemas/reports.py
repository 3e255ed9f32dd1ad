"""Reports: what admins are to look at."""

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from gridt.http.fields import In, Message, Name, PageIn
from gridt.models import CATEGORIES


class ReportIn(In):
    """Why admins should look at something."""

    reason = Name(
        required=True,
        validate=Length(1, 1000),
        metadata={"description": "for admins to read", "examples": ["This is an advertisement."]},
    )
    category = fields.String(load_default="other", validate=OneOf(CATEGORIES))


class Reported(Message):
    """A report, for whoever made it."""

    id = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)


class ReportsIn(PageIn):
    """Which reports are asked for."""

    state = fields.String(
        load_default="open",
        validate=OneOf(["open", "closed"]),
        metadata={"description": "only these"},
    )


class ResolutionIn(In):
    """What became of a report."""

    resolution = Name(
        required=True, validate=Length(1, 1000), metadata={"examples": ["Removed the update."]}
    )


class PersonOut(Schema):
    """Somebody whom a report is by or about."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)


class ReportOut(Schema):
    """A report, for admins."""

    id = fields.Integer(required=True)
    movement_id = fields.Integer(required=True)
    update_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: the movement itself"}
    )
    reporter = fields.Nested(
        PersonOut, required=True, allow_none=True, metadata={"description": "null: account deleted"}
    )
    author = fields.Nested(
        PersonOut, required=True, allow_none=True, metadata={"description": "whose words they are"}
    )
    category = fields.String(required=True)
    reason = fields.String(required=True)
    snapshot = fields.String(
        required=True, metadata={"description": "the words as they were when they were reported"}
    )
    created_at = fields.DateTime(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    closed_by = fields.Nested(PersonOut, required=True, allow_none=True)
    resolution = fields.String(required=True, allow_none=True)


class ReportChanged(ReportOut, Message):
    """A report as it is now."""
