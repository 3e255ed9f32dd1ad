"""Problem types."""

from marshmallow import fields

from gridt.http.fields import Out


class ProblemTypeOut(Out):
    """A type of problem."""

    type = fields.String(
        required=True, metadata={"description": "The path in the member `type` of such problems."}
    )
    title = fields.String(required=True, metadata={"description": "The type, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    meaning = fields.String(required=True, metadata={"description": "The meaning of the problem."})
    advice = fields.String(required=True, metadata={"description": "The advice for the client."})
