"""Blocked users."""

from marshmallow import fields

from gridt.http.fields import Message, Out


class BlockOut(Out):
    """A user whom the caller has blocked."""

    id = fields.Integer(required=True, metadata={"description": "The id of the blocked user."})
    username = fields.String(
        required=True, metadata={"description": "The username of the blocked user."}
    )
    blocked_at = fields.DateTime(
        required=True, metadata={"description": "When the caller blocked the user."}
    )


class BlockChanged(BlockOut, Message):
    """A blocked user, after the caller blocked them."""
