"""Members of a movement, and removed ones."""

from marshmallow import fields

from gridt.http.fields import Line, Out, PageIn
from gridt.http.validators import Length


class MembersIn(PageIn):
    """The filter of a list of members."""

    username = Line(
        load_default=None,
        validate=Length(max=254),
        metadata={
            "description": "Only the member with this username, in upper or lower case.",
            "examples": ["robin"],
        },
    )


class MemberOut(Out):
    """A member of a movement."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "The username."})
    subscribed_at = fields.DateTime(
        required=True, metadata={"description": "When the user joined the movement."}
    )
    last_update_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "The time of their latest update; null if there is none."},
    )


class RemovalOut(Out):
    """A user who was removed from a movement."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "The username."})
    removed_at = fields.DateTime(
        required=True, metadata={"description": "When the user was removed."}
    )
