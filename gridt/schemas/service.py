"""The service itself: what it is and how it is."""

from marshmallow import Schema, fields


class Links(Schema):
    """Where to go on."""

    documentation = fields.String(required=True)
    openapi = fields.String(required=True)
    register = fields.String(required=True)
    login = fields.String(required=True)
    movements = fields.String(required=True)


class About(Schema):
    """What this is."""

    name = fields.String(required=True)
    description = fields.String(required=True)
    version = fields.String(required=True)
    links = fields.Nested(Links, required=True)


class Status(Schema):
    """How it is."""

    status = fields.String(required=True)
    note = fields.String(metadata={"description": "where there is more to say"})
