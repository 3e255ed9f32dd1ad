"""Turns, goals, and how the caller stands in a movement."""

from marshmallow import fields

from gridt.http.fields import Growing, In, Out, Whole
from gridt.http.validators import OneOf, Range


class GoalIn(In):
    """A goal for the turns of a movement."""

    of = fields.String(
        required=True,
        validate=OneOf(["count"]),
        metadata={"description": "The measure of the goal: `count` is the number of updates."},
    )
    at_least = Whole(
        required=True,
        validate=Range(1, 50),
        metadata={"description": "This many complete a turn.", "examples": [3]},
    )


class GoalOut(Out):
    """The goal for the turns of a movement."""

    of = Growing("count", description="The measure of the goal: `count` is the number of updates.")
    at_least = fields.Integer(required=True, metadata={"description": "This many complete a turn."})


GOAL = (
    "How many updates complete a turn; without a goal, one does. The first update of each of the"
    " member's days counts, or with `counts_every_update` each one."
)


class TurnOut(Out):
    """A turn: the time in which to do it once."""

    starts_at = fields.DateTime(required=True, metadata={"description": "When the turn starts."})
    ends_at = fields.DateTime(
        required=True,
        metadata={"description": "When the turn ends: the first moment that is not part of it."},
    )
    done = fields.Boolean(
        required=True, metadata={"description": "Whether the caller has done it."}
    )
    amount = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many updates count towards the goal so far; null if the turn has no"
            " goal."
        },
    )
    still = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "How many more are needed to reach the goal; null if the turn has none."
        },
    )


class CompletionOut(Out):
    """How many turns were done."""

    done_turns = fields.Integer(
        required=True, metadata={"description": "How many turns were done."}
    )
    turns = fields.Integer(
        required=True, metadata={"description": "How many turns were done or missed."}
    )


class StandingOut(CompletionOut):
    """The caller's standing in a movement, by their own clock."""

    turn = fields.Nested(TurnOut, required=True, metadata={"description": "The current turn."})
    due_at = fields.DateTime(
        required=True, metadata={"description": "The end of the first turn that is not done yet."}
    )
    streak = fields.Integer(
        required=True,
        metadata={"description": "How many turns the caller has done since their last miss."},
    )
    best_streak = fields.Integer(
        required=True, metadata={"description": "The caller's longest streak ever, in turns."}
    )
    lately = fields.Nested(
        CompletionOut, required=True, metadata={"description": "The last 30 turns."}
    )
    paused_until = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When the caller's pause ends; null if they are not paused."},
    )
