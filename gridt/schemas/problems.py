"""Problem types."""

from marshmallow import Schema, fields


class ProblemTypeOut(Schema):
    """A type of problem."""

    type = fields.String(
        required=True, metadata={"description": "The path in the member `type` of such problems."}
    )
    title = fields.String(required=True, metadata={"description": "The type, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    meaning = fields.String(required=True, metadata={"description": "What has happened."})
    advice = fields.String(required=True, metadata={"description": "What the client can do."})
