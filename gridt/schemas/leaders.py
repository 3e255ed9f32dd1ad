"""Leaders and followers."""

from typing import Any

from marshmallow import fields

from gridt.http.fields import Out
from gridt.schemas.updates import UpdateOut


class LeaderOut(Out):
    """A leader or a follower of the caller."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "Their username."})
    bio = fields.String(required=True, metadata={"description": "Their bio."})
    avatar = fields.String(
        required=True, metadata={"description": "The MD5 hash that Gravatar expects."}
    )
    last_update = fields.Nested(
        UpdateOut,
        required=True,
        allow_none=True,
        metadata={"description": "Their latest update in this movement; null if there is none."},
    )
    done = fields.Boolean(
        required=True,
        metadata={"description": "Whether they have done their current turn, by their own clock."},
    )
    streak = fields.Integer(
        required=True,
        metadata={"description": "How many turns they have done since their last miss."},
    )
    amount = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many updates count towards the goal of their current turn so far;"
            " null if it has no goal."
        },
    )
    still = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many more they need to reach that goal; null if there is none."
        },
    )
    paused_until = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When their pause ends; null if they are not paused."},
    )


class LeaderWithSignal(LeaderOut):
    """A leader, as the published client reads them."""

    last_signal = fields.Nested(
        UpdateOut,
        required=True,
        allow_none=True,
        metadata={"description": "The same as `last_update`.", "deprecated": True},
    )


class LeaderWithHistory(LeaderOut):
    """A leader with their latest messages."""

    message_history = fields.List(
        fields.Nested(UpdateOut),
        required=True,
        metadata={"description": "Their last 10 updates with a message, newest first."},
    )


def with_signal(view: dict[str, Any]) -> dict[str, Any]:
    """Make a `LeaderWithSignal` from a view of a user."""
    view["last_signal"] = view["last_update"]
    return view
