"""Leaders and followers."""

from typing import Any

from marshmallow import Schema, fields

from gridt.schemas.updates import UpdateOut


class LeaderOut(Schema):
    """Somebody whom the caller follows, or who follows the caller."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)
    bio = fields.String(required=True)
    avatar = fields.String(required=True, metadata={"description": "MD5 as Gravatar expects it"})
    last_update = fields.Nested(UpdateOut, required=True, allow_none=True)
    last_signal = fields.Nested(
        UpdateOut, required=True, allow_none=True, metadata={"description": "as last_update"}
    )
    done = fields.Boolean(
        required=True, metadata={"description": "whether their present turn is, by their own clock"}
    )
    streak = fields.Integer(required=True, metadata={"description": "turns since the last miss"})
    paused_until = fields.DateTime(required=True, allow_none=True)


class LeaderWithHistory(LeaderOut):
    """A leader, with what they said lately."""

    message_history = fields.List(fields.Nested(UpdateOut), required=True)


def leader_answer(view: dict[str, Any]) -> dict[str, Any]:
    """Make a `LeaderOut` of a leader or follower as the other sees them."""
    view["last_signal"] = view["last_update"]
    return view
