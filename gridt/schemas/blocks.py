"""Blocks and reports: what keeps people from each other, and what admins are to look at."""

from marshmallow import Schema, fields

from gridt.http.fields import Message


class BlockOut(Schema):
    """Somebody whom the caller blocked."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)
    blocked_at = fields.DateTime(required=True)


class BlockChanged(BlockOut, Message):
    """A block that was made, now or before."""
