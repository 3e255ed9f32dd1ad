"""Reports of movements and updates."""

from marshmallow import fields

from gridt.http.fields import Growing, In, Message, Name, Out, PageIn, QueryInteger
from gridt.http.validators import Length, OneOf, Range
from gridt.models import CATEGORIES, User, largest_in


class ReportIn(In):
    """The reason for a report."""

    reason = Name(
        required=True,
        validate=Length(1, 1000),
        metadata={
            "description": "The problem, in the caller's words, for admins.",
            "examples": ["This is an advertisement."],
        },
    )
    category = fields.String(
        load_default="other",
        validate=OneOf(CATEGORIES),
        metadata={"description": "The kind of problem."},
    )


class Reported(Message):
    """A report, as its reporter sees it."""

    id = fields.Integer(required=True, metadata={"description": "The id of the report."})
    created_at = fields.DateTime(
        required=True, metadata={"description": "When the caller reported it."}
    )


class ReportsIn(PageIn):
    """The filters of a list of reports."""

    state = fields.String(
        load_default="open",
        validate=OneOf(["open", "closed"]),
        metadata={"description": "Only open reports, or only closed ones."},
    )
    reporter = QueryInteger(
        load_default=None,
        validate=Range(1, largest_in(User.id)),
        metadata={"description": "Only reports by the user with this id."},
    )


class ResolutionIn(In):
    """The admins' decision on a report."""

    resolution = Name(
        required=True,
        validate=Length(1, 1000),
        metadata={
            "description": "The action that the admins took.",
            "examples": ["Removed the update."],
        },
    )


class PersonOut(Out):
    """A user."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "The username."})


class ReportOut(Out):
    """A report, as admins see it."""

    id = fields.Integer(required=True, metadata={"description": "The id of the report."})
    movement_id = fields.Integer(required=True, metadata={"description": "The id of the movement."})
    update_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "The id of the reported update; null if the movement itself was"
            " reported."
        },
    )
    reporter = fields.Nested(
        PersonOut,
        required=True,
        allow_none=True,
        metadata={"description": "The user who reported it; null if that account was deleted."},
    )
    author = fields.Nested(
        PersonOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The user who wrote the reported words; null if that account was"
            " deleted."
        },
    )
    category = Growing(*CATEGORIES, description="The kind of problem.")
    reason = fields.String(
        required=True, metadata={"description": "The problem, in the reporter's words."}
    )
    snapshot = fields.String(
        required=True, metadata={"description": "The reported words, as they were at that moment."}
    )
    created_at = fields.DateTime(required=True, metadata={"description": "When it was reported."})
    closed_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When an admin closed the report; null while it is open."},
    )
    closed_by = fields.Nested(
        PersonOut,
        required=True,
        allow_none=True,
        metadata={"description": "The admin who closed the report."},
    )
    resolution = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The action that the admins took; null while the report is open."},
    )


class ReportChanged(ReportOut, Message):
    """A report after a change."""
