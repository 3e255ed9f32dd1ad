"""Movements, their leaders and their updates."""

from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from gridt.http.fields import (
    WORDS,
    Flag,
    In,
    IntervalField,
    Line,
    Message,
    Name,
    PageIn,
    Whole,
    spelled,
)
from gridt.schemas.leaders import LeaderOut, leader_answer
from gridt.schemas.updates import UpdateOut
from gridt.text import fold

#: names that are fixed routes under /movements
FIXED = {"subscriptions"}

_NAME = {
    "description": "free, in any case; it stands in addresses",
    "examples": ["Stretching"],
}
_SHORT = {"description": "a line for lists", "examples": ["Ten minutes before breakfast"]}
_LONG = {"description": "all there is to say", "examples": ["Neck, back and legs."]}
_WORDS = ", ".join(f"`{word}`" for word in WORDS)
_INTERVAL = {
    "type": "string",
    "format": "interval",
    "description": f"one of {_WORDS}, or an ISO 8601 duration such as `P2D`",
    "examples": ["daily"],
}


class MovementName(Name):
    """A name that can stand in a path and cannot be taken for an id or a route there."""

    pattern = r"^(?=[^\u0000/]*\S)(?=[^\u0000/]*\D)[^\u0000/]*$"

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(*args, **kwargs)
        folded = fold(name)
        if folded.isdecimal():
            raise ValidationError("A name of digits alone would be taken for an id.")
        if folded in FIXED:
            raise ValidationError("This name is an address of the service.")
        if "/" in name:
            raise ValidationError("A name with a slash cannot stand in an address.")
        return name


class MovementPatch(In):
    """What may be changed about a movement."""

    name = MovementName(validate=Length(4, 50), metadata=_NAME)
    short_description = Line(validate=Length(10, 100), metadata=_SHORT)
    description = Line(validate=Length(max=1000), metadata=_LONG)
    interval = IntervalField(metadata=_INTERVAL)
    free_misses = Whole(
        validate=Range(0, 30),
        metadata={
            "description": "so many misses in `free_turns` turns do not end a streak",
            "examples": [2],
        },
    )
    free_turns = Whole(
        validate=Range(1, 100),
        metadata={"description": "the turns that `free_misses` counts in", "examples": [30]},
    )
    counts_every_update = Flag(
        metadata={
            "description": "whether a turn may be reported done more than once afterwards",
            "examples": [False],
        },
    )


class MovementIn(MovementPatch):
    """A new movement."""

    name = MovementName(required=True, validate=Length(4, 50), metadata=_NAME)
    short_description = Line(required=True, validate=Length(10, 100), metadata=_SHORT)
    description = Line(load_default="", validate=Length(max=1000), metadata=_LONG)
    interval = IntervalField(required=True, metadata=_INTERVAL)


class MovementsIn(PageIn):
    """Which movements are asked for, and in which order."""

    search = Line(
        load_default=None,
        validate=Length(max=100),
        metadata={"description": "part of a name or description, in any case"},
    )
    subscribed = fields.Boolean(
        load_default=None,
        metadata={"description": "only those that the caller is, or is not, a member of"},
    )
    sort = fields.String(
        load_default="name",
        validate=OneOf(["name", "newest", "members"]),
        metadata={"description": "what to order by: `members` puts the largest first"},
    )


class TurnOut(Schema):
    """The time in which something is to be done once."""

    starts_at = fields.DateTime(required=True)
    ends_at = fields.DateTime(required=True)
    done = fields.Boolean(required=True)


class CompletionOut(Schema):
    """How many turns were done, of those that count."""

    done_turns = fields.Integer(required=True)
    turns = fields.Integer(required=True, metadata={"description": "done or missed"})


class StandingOut(CompletionOut):
    """How the caller stands, by their own clock."""

    turn = fields.Nested(TurnOut, required=True)
    due_at = fields.DateTime(
        required=True, metadata={"description": "the end of the first turn that is to be done"}
    )
    streak = fields.Integer(required=True, metadata={"description": "turns since the last miss"})
    best_streak = fields.Integer(required=True)
    lately = fields.Nested(
        CompletionOut, required=True, metadata={"description": "in the last 30 turns"}
    )
    paused_until = fields.DateTime(required=True, allow_none=True)


class MovementOut(Schema):
    """A movement as the caller sees it; the last five members are for subscribers."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    short_description = fields.String(required=True)
    description = fields.String(required=True)
    interval = fields.String(
        required=True, metadata={"description": f"one of {_WORDS}, or an ISO 8601 duration"}
    )
    free_misses = fields.Integer(required=True)
    free_turns = fields.Integer(required=True)
    counts_every_update = fields.Boolean(required=True)
    created_at = fields.DateTime(required=True)
    creator_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: account deleted"}
    )
    member_count = fields.Integer(required=True)
    subscribed = fields.Boolean(required=True)
    subscribed_at = fields.DateTime()
    last_update = fields.Nested(
        UpdateOut, allow_none=True, metadata={"description": "the caller's own"}
    )
    last_signal_sent = fields.Nested(
        UpdateOut, allow_none=True, metadata={"description": "as last_update"}
    )
    standing = fields.Nested(StandingOut)
    leaders = fields.List(
        fields.Nested(LeaderOut), metadata={"description": "whom the caller follows here"}
    )


class MovementChanged(MovementOut, Message):
    """A movement as it is now."""


def movement_answer(view: dict[str, Any], message: str | None = None) -> dict[str, Any]:
    """Make a `MovementOut` of what a user sees, or with a message a `MovementChanged`."""
    view["interval"] = spelled(view["interval"])
    if view["subscribed"]:
        view["last_signal_sent"] = view["last_update"]
        for leader in view["leaders"]:
            leader_answer(leader)
    if message is not None:
        view["message"] = message
    return view
