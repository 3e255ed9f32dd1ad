"""Screens: everything that one screen of a client shows."""

from marshmallow import fields

from gridt.http.fields import Out
from gridt.schemas.leaders import LeaderOut
from gridt.schemas.movements import SubscribedMovement
from gridt.schemas.pauses import PauseOut
from gridt.schemas.updates import UpdateOut
from gridt.schemas.users import Identity

#: how many of the caller's followers and updates an overview has, at most
FOLLOWERS_SHOWN, UPDATES_SHOWN = 100, 10
#: a row of outcomes, as a schema describes it
_LETTERS = (
    "`d` is done, `f` is free (a miss that does not end the streak), `p` is paused, `m` is missed,"
    " `o` is open, and `-` is a time without a turn"
)


class MovementToday(SubscribedMovement):
    """A movement of the caller's, with their last turns."""

    last_turns = fields.String(
        required=True,
        metadata={
            "description": "The outcomes of the caller's last seven turns, oldest first; the last"
            f" one is the current turn. {_LETTERS}. Earlier turns that were paused are left out.",
            "pattern": "^[dfpmo-]{7}$",
            "examples": ["--dmddo"],
        },
    )


class Today(Out):
    """The caller's account and movements."""

    now = fields.DateTime(
        required=True,
        metadata={
            "description": "The time on the server's clock. The `ETag` does not depend on it."
        },
    )
    identity = fields.Nested(
        Identity, required=True, metadata={"description": "The caller's account."}
    )
    movements = fields.List(
        fields.Nested(MovementToday),
        required=True,
        metadata={"description": "A page of the caller's movements, in the order of their ids."},
    )


class DaysOut(Out):
    """The caller's last days, with a letter for each."""

    days = fields.String(
        required=True,
        metadata={
            "description": "The outcomes of the days of the caller's calendar, up to today; at most"
            f" 371 days. {_LETTERS}. A day of several turns is done if one of them is; so is a day"
            " on which an update counted towards the goal of a longer turn.",
            "pattern": "^[dfpmo-]{1,371}$",
            "examples": ["-----ddmdddddfdo"],
        },
    )

    class Meta(Out.Meta):
        include = {  # noqa: RUF012 - marshmallow's way to name what Python keeps for itself
            "from": fields.Date(
                required=True,
                metadata={"description": "The first of the days, on which a week begins."},
            )
        }


class Overview(Out):
    """A movement of the caller's, with everything about it."""

    movement = fields.Nested(
        SubscribedMovement, required=True, metadata={"description": "The movement."}
    )
    followers = fields.List(
        fields.Nested(LeaderOut),
        required=True,
        metadata={
            "description": f"The caller's first {FOLLOWERS_SHOWN} followers, in the order of their"
            " ids."
        },
    )
    pause = fields.Nested(
        PauseOut,
        required=True,
        allow_none=True,
        metadata={"description": "The caller's pause; null if they are not paused."},
    )
    updates = fields.List(
        fields.Nested(UpdateOut),
        required=True,
        metadata={"description": f"The caller's last {UPDATES_SHOWN} updates, newest first."},
    )
    year = fields.Nested(
        DaysOut, required=True, metadata={"description": "The caller's last 53 weeks."}
    )
