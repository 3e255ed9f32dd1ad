"""Movements, and how the caller stands in them."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from gridt.errors import Invalid
from gridt.http.fields import (
    WORDS,
    Flag,
    Growing,
    In,
    IntervalField,
    Line,
    Message,
    Name,
    Out,
    PageIn,
    Whole,
    spelled,
)
from gridt.http.validators import Length, OneOf, Range
from gridt.models import Movement
from gridt.names import flaw_of, fold_movement_name
from gridt.refusals import Code, Refusal
from gridt.schemas.leaders import LeaderOut, LeaderWithSignal, with_signal
from gridt.schemas.standing import GOAL, GoalIn, GoalOut, StandingOut
from gridt.schemas.updates import UpdateOut
from gridt.text import tidy

#: names that are fixed routes under /movements, or that clients take out of a path
FIXED = {"subscriptions", ".", ".."}
#: the shortest and the longest name
NAME_LENGTHS = 2, 50
LONGEST_SHORT_DESCRIPTION = 100

_NAME = {
    "description": "The name, which is part of addresses. No other movement has the same name in"
    " upper or lower case, or with other blanks. It has no invisible characters and no look-alike"
    " letters.",
    "examples": ["Stretching"],
}
_SHORT = {
    "description": "One line for lists; it may be empty.",
    "examples": ["Ten minutes before breakfast"],
    "pattern": r"^[^\u0000\u000a-\u000d\u001c-\u001e\u0085\u2028\u2029]*$",
}
_LONG = {"description": "The full description.", "examples": ["Neck, back and legs."]}
_WORDS = ", ".join(f"`{word}`" for word in WORDS)
_INTERVAL = {
    "anyOf": [
        {"type": "string", "enum": list(WORDS)},
        {"type": "string", "format": "duration"},
    ],
    "description": f"How long a turn is: {_WORDS}, or an ISO 8601 duration such as `P2D`, from one"
    " minute to 365 days, or of 1, 3 or 12 months, which begin on the first of a month.",
    "examples": ["daily"],
}

_INTERVAL_SHOWN = _INTERVAL | {
    "description": f"How long a turn is: {_WORDS}, or an ISO 8601 duration.",
}


class MovementName(Name):
    """A name that can stand in a path.

    Nothing there can take it for an id or a route. A name that a movement has already is not held
    to `movement_name_flaw`.
    """

    pattern = r"^(?=[^\u0000/]*\S)(?=[^\u0000/]*\D)[^\u0000/]*$"


class NewMovementName(MovementName):
    """The name of a new movement, by the rule."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(*args, **kwargs)
        if flaw := movement_name_flaw(name):
            raise ValidationError(flaw)
        return name


class NewShortDescription(Line):
    """A new short description: a single line."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if flaw := _lines_flaw(text):
            raise ValidationError(flaw)
        return text


def movement_name_flaw(name: str) -> Refusal | None:
    """Return what is wrong with a new name, or None.

    Blanks that keyboards add are stored, and count for nothing.
    """
    shortest, _ = NAME_LENGTHS
    if len(tidy(name)) < shortest <= len(name):
        return Refusal(Code.TOO_SHORT, minimum=shortest)
    return _path_flaw(name) or flaw_of(tidy(name))


def _path_flaw(name: str) -> Refusal | None:
    folded = fold_movement_name(name)
    if folded.isdecimal():
        return Refusal(Code.DIGITS_ONLY)
    if folded in FIXED:
        return Refusal(Code.RESERVED)
    return Refusal(Code.HAS_SLASH) if "/" in name else None


def _lines_flaw(text: str) -> Refusal | None:
    return Refusal(Code.SEVERAL_LINES) if text.splitlines() not in ([], [text]) else None


def ensure_good_changes(changes: dict[str, Any], movement: Movement) -> None:
    """Check new texts; leave out an unchanged name.

    A text that stays may be from before the rules.

    :raises Invalid: with the member that is wrong
    """
    if changes.get("name") == movement.name:
        del changes["name"]
    elif "name" in changes and (flaw := movement_name_flaw(changes["name"])):
        raise Invalid.member("#/name", flaw)
    short = changes.get("short_description", movement.short_description)
    if short != movement.short_description and (flaw := _lines_flaw(short)):
        raise Invalid.member("#/short_description", flaw)


class MovementPatch(In):
    """The changes that can be made to a movement."""

    name = MovementName(validate=Length(*NAME_LENGTHS), metadata=_NAME)
    short_description = Line(validate=Length(max=LONGEST_SHORT_DESCRIPTION), metadata=_SHORT)
    description = Line(validate=Length(max=1000), metadata=_LONG)
    interval = IntervalField(metadata=_INTERVAL)
    free_misses = Whole(
        validate=Range(0, 30),
        metadata={
            "description": "Up to this many missed turns in any `free_turns` consecutive turns"
            " do not end a streak.",
            "examples": [2],
        },
    )
    free_turns = Whole(
        validate=Range(1, 100),
        metadata={
            "description": "The number of consecutive turns in which `free_misses` counts.",
            "examples": [30],
        },
    )
    counts_every_update = Flag(
        metadata={
            "description": "Whether a member can report a turn that is over more than once, and"
            " whether each update of a day counts towards a goal.",
            "examples": [True],
        },
    )
    goal = fields.Nested(
        GoalIn,
        allow_none=True,
        metadata={"description": f"{GOAL} A new goal holds from the next turn on."},
    )

    @post_load
    def _flatten(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data.get("goal"):
            data["goal"] = data["goal"]["at_least"]
        return data


class MovementIn(MovementPatch):
    """A new movement."""

    name = NewMovementName(required=True, validate=Length(*NAME_LENGTHS), metadata=_NAME)
    short_description = NewShortDescription(
        required=True, validate=Length(max=LONGEST_SHORT_DESCRIPTION), metadata=_SHORT
    )
    description = Line(load_default="", validate=Length(max=1000), metadata=_LONG)
    interval = IntervalField(required=True, metadata=_INTERVAL)


class MovementsIn(PageIn):
    """The filters and the order of a list of movements."""

    search = Line(
        load_default=None,
        validate=Length(max=100),
        metadata={"description": "Part of a name or description, in upper or lower case."},
    )
    subscribed = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Only movements that the caller has joined (`true`) or has not joined"
            " (`false`)."
        },
    )
    sort = fields.String(
        load_default="name",
        validate=OneOf(["name", "newest", "members"]),
        metadata={
            "description": "The order: by name, newest first, or by the number of members,"
            " largest first."
        },
    )


class MovementFacts(Out):
    """The part of a movement that every caller sees."""

    id = fields.Integer(required=True, metadata={"description": "The id of the movement."})
    name = fields.String(
        required=True, metadata={"description": "The name; no two movements share one."}
    )
    short_description = fields.String(
        required=True, metadata={"description": "One line for lists."}
    )
    description = fields.String(
        required=True, metadata={"description": "The full description; it may be empty."}
    )
    interval = fields.Raw(required=True, metadata=_INTERVAL_SHOWN)
    free_misses = fields.Integer(
        required=True,
        metadata={
            "description": "Up to this many missed turns in any `free_turns` consecutive turns"
            " do not end a streak."
        },
    )
    free_turns = fields.Integer(
        required=True,
        metadata={"description": "The number of consecutive turns in which `free_misses` counts."},
    )
    counts_every_update = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether a member can report a turn that is over more than once, and"
            " whether each update of a day counts towards a goal."
        },
    )
    goal = fields.Nested(
        GoalOut, required=True, allow_none=True, metadata={"description": f"{GOAL}"}
    )
    created_at = fields.DateTime(
        required=True, metadata={"description": "When the movement was started."}
    )
    creator_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "The id of the user who started it; null if that account was deleted."
        },
    )
    member_count = fields.Integer(
        required=True, metadata={"description": "How many members the movement has."}
    )
    who_sees_members = Growing(
        "creator-and-admins",
        "admins",
        description="The users who can list the members, and see when each of them joined and last"
        " posted an update.",
    )


class MovementOut(MovementFacts):
    """A movement that the caller has not joined."""

    subscribed = fields.Boolean(
        required=True, metadata={"const": False, "description": "Whether the caller is a member."}
    )


class SubscribedMovement(MovementFacts):
    """A movement that the caller joined, with standing and leaders."""

    subscribed = fields.Boolean(
        required=True, metadata={"const": True, "description": "Whether the caller is a member."}
    )
    subscribed_at = fields.DateTime(
        required=True, metadata={"description": "When the caller joined."}
    )
    last_update = fields.Nested(
        UpdateOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The caller's latest update in this movement; null if there is none."
        },
    )
    standing = fields.Nested(
        StandingOut, required=True, metadata={"description": "How the caller stands."}
    )
    leaders = fields.List(
        fields.Nested(LeaderOut),
        required=True,
        metadata={"description": "The caller's leaders."},
    )


class SubscribedMovementWithSignal(SubscribedMovement):
    """A joined movement, as the published client reads it."""

    COMPONENT = "SubscribedMovement"

    last_signal_sent = fields.Nested(
        UpdateOut,
        required=True,
        allow_none=True,
        metadata={"description": "The same as `last_update`.", "deprecated": True},
    )
    leaders = fields.List(
        fields.Nested(LeaderWithSignal),
        required=True,
        metadata={"description": "The caller's leaders."},
    )


class MovementChanged(MovementOut, Message):
    """A movement that the caller has not joined, changed."""


class SubscribedMovementChanged(SubscribedMovement, Message):
    """A movement that the caller has joined, after a change."""


#: a movement in an answer, by whether the caller has joined it
ANY_MOVEMENT = {"oneOf": [MovementOut, SubscribedMovementWithSignal]}
ANY_MOVEMENT_CHANGED = {"oneOf": [MovementChanged, SubscribedMovementChanged]}


def joined_answer(view: dict[str, Any]) -> dict[str, Any]:
    """Make a `SubscribedMovement` from the view of a movement."""
    goal = view["goal"]
    view["interval"] = spelled(view["interval"], has_goal=goal is not None)
    view["goal"] = goal and {"of": "count", "at_least": goal}
    return view


def movement_answer(view: dict[str, Any], message: str | None = None) -> dict[str, Any]:
    """Make an answer from the view of a movement.

    :param message: makes it a `MovementChanged` or a `SubscribedMovementChanged`
    """
    view = joined_answer(view)
    if message is not None:
        view["message"] = message
    elif view["subscribed"]:
        view["last_signal_sent"] = view["last_update"]
        for leader in view["leaders"]:
            with_signal(leader)
    return view
