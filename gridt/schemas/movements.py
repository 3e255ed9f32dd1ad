"""Movements, their leaders and their updates."""

from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from gridt.formats import MOST_DRAWN, TEXTS
from gridt.models.base import fold
from gridt.schemas.base import (
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


class UpdateIn(In):
    """An update; most need no words."""

    message = Line(
        load_default=None,
        allow_none=True,
        validate=Length(max=280),
        metadata={"description": "for one's followers", "examples": ["Touched my toes!"]},
    )
    at = fields.AwareDateTime(
        format="iso",
        load_default=None,
        allow_none=True,
        metadata={
            "description": "when it was done, if not now: in this turn, or in the one that has just"
            " ended; never in the future"
        },
    )


class ImportIn(In):
    """How updates are to be imported."""

    skip_duplicates = fields.Boolean(
        load_default=False,
        metadata={"description": "leave out what was reported before, instead of complaining"},
    )


class ImportOut(Message):
    """What became of the rows of a file."""

    imported = fields.Integer(required=True)
    duplicates = fields.Integer(required=True, metadata={"description": "left out"})
    of_other_movements = fields.Integer(required=True, metadata={"description": "left out"})


class UpdatesIn(PageIn):
    """Whose updates are asked for."""

    user = fields.String(
        load_default="me", metadata={"description": "`me`, or the id of a leader of the caller"}
    )


class NetworkIn(In):
    """How the network is to be written down."""

    format = fields.String(
        load_default="json",
        validate=OneOf([*TEXTS, "svg"]),
        metadata={"description": f"`svg` is a picture, of up to {MOST_DRAWN} members"},
    )


class UpdateOut(Schema):
    """Somebody did it."""

    id = fields.Integer(required=True)
    time_stamp = fields.DateTime(required=True, metadata={"description": "when, in UTC"})
    message = fields.String(
        required=True, allow_none=True, metadata={"description": "null: without words"}
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


_LABELS = [{"type": "integer"}, {"type": "string"}]


class NetworkMember(Schema):
    """A member, and whom they follow."""

    id = fields.Raw(
        required=True,
        metadata={
            "oneOf": _LABELS,
            "description": "for the creator and admins the user's id, else a pseudonym",
        },
    )
    live = fields.Boolean(required=True)
    leaders = fields.List(fields.Raw(metadata={"oneOf": _LABELS}), required=True)


class NetworkMovement(Schema):
    """The movement that a network is of."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    member_count = fields.Integer(required=True)


class NetworkOut(Schema):
    """The leader network of a movement."""

    movement = fields.Nested(NetworkMovement, required=True)
    you = fields.Raw(
        required=True,
        metadata={
            "oneOf": [*_LABELS, {"type": "null"}],
            "description": "the member who asks; null for a creator or an admin who is none",
        },
    )
    members = fields.List(fields.Nested(NetworkMember), required=True)


def movement_answer(seen: dict[str, Any], message: str | None = None) -> dict[str, Any]:
    """Make a `MovementOut` of what a user sees, or with a message a `MovementChanged`."""
    seen["interval"] = spelled(seen["interval"])
    if seen["subscribed"]:
        seen["last_signal_sent"] = seen["last_update"]
        for leader in seen["leaders"]:
            leader_answer(leader)
    if message is not None:
        seen["message"] = message
    return seen


def leader_answer(seen: dict[str, Any]) -> dict[str, Any]:
    """Make a `LeaderOut` of a leader or follower as the other sees them."""
    seen["last_signal"] = seen["last_update"]
    return seen
