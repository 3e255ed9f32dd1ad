"""Invitations into groups."""

from datetime import timedelta
from typing import Any

import isodate
from marshmallow import ValidationError, fields

from gridt.accounts import (
    LINK_TIME,
    LONGEST_TIME,
    MOST_USES,
    SHORTEST_LINK_TIME,
    USUAL_LINK_USES,
    USUAL_TIME,
)
from gridt.http.fields import Growing, In, Message, Out, PageIn, Whole
from gridt.http.validators import OneOf, Range
from gridt.models import LINK
from gridt.permissions import COACH
from gridt.refusals import Code, Refusal
from gridt.schemas.invitations import EXAMPLE_CODE, NO_ROLE, InvitedGroupOut, InvitedOrganisationOut
from gridt.schemas.reports import PersonOut

_ROLE = "The role that comes with the membership: `coach`, or `none`."


class LinkTime(fields.Field[timedelta]):
    """An ISO 8601 duration of 1 to 90 days."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        if not isinstance(value, str):
            raise ValidationError(Refusal(Code.NOT_TEXT))
        try:
            found: Any = None if value.endswith("T") else isodate.parse_duration(value)
        except (isodate.ISO8601Error, ArithmeticError, ValueError):
            found = None
        if not isinstance(found, timedelta) or not SHORTEST_LINK_TIME <= found <= LONGEST_TIME:
            raise ValidationError(LINK_TIME)
        return found


class LinkIn(In):
    """A new invitation into a group."""

    kind = fields.String(
        load_default=LINK,
        validate=OneOf([LINK]),
        metadata={"description": "`link`: all people with the code can accept it."},
    )
    role = fields.String(
        load_default=NO_ROLE,
        validate=OneOf([NO_ROLE, COACH]),
        metadata={"description": _ROLE + " Only admins give a role, and not in a squad."},
    )
    max_uses = Whole(
        load_default=USUAL_LINK_USES,
        validate=Range(1, MOST_USES),
        metadata={"description": "How many people may accept it."},
    )
    expires_in = LinkTime(
        load_default=USUAL_TIME,
        metadata={
            "type": "string",
            "format": "duration",
            "default": "P7D",
            "description": "For how long people may accept it: an ISO 8601 duration from `P1D` to"
            " `P90D`.",
            "examples": ["P14D"],
        },
    )


class LinksIn(PageIn):
    """The filters of a list of invitations into a group."""

    state = fields.String(
        load_default=None,
        validate=OneOf(["open", "over"]),
        metadata={"description": "Only invitations that can be used, or only all others."},
    )


class LinkOut(Out):
    """An invitation into a group, as coaches see it."""

    id = fields.Integer(required=True, metadata={"description": "The id of the invitation."})
    group_id = fields.Integer(required=True, metadata={"description": "The id of the group."})
    kind = Growing(LINK, description="How people get it: `link`, by its code.")
    role = Growing(NO_ROLE, COACH, description=_ROLE)
    uses = fields.Integer(
        required=True, metadata={"description": "How many people have accepted it."}
    )
    max_uses = fields.Integer(
        required=True, metadata={"description": "How many people may accept it."}
    )
    created_by = fields.Nested(
        PersonOut,
        required=True,
        allow_none=True,
        metadata={"description": "The user who made it; null if that account was deleted."},
    )
    created_at = fields.DateTime(required=True, metadata={"description": "When it was made."})
    expires_at = fields.DateTime(
        required=True, metadata={"description": "Until when people may accept it."}
    )
    state = Growing(
        *("open", "used-up", "revoked", "expired", "void"),
        description="Whether it can be used, or why not. It is `void` while its maker may not"
        " invite.",
    )


class LinkMade(LinkOut, Message):
    """A new invitation into a group, with its code."""

    token = fields.String(
        required=True,
        metadata={
            "description": "The code. `POST /invitations/accept` takes it, and `POST /register`"
            " takes it as `invitation`.",
            "examples": [EXAMPLE_CODE],
        },
    )
    address = fields.String(
        required=True,
        metadata={
            "description": "The path and fragment of the page where people accept it, on this"
            " service. A browser does not send the fragment, which has the code.",
            "examples": [f"/app/invitation#token={EXAMPLE_CODE}"],
        },
    )


class AcceptedOut(Message):
    """The group that the caller has joined."""

    group = fields.Nested(
        InvitedGroupOut, required=True, metadata={"description": "The group of the invitation."}
    )
    organisation = fields.Nested(
        InvitedOrganisationOut,
        required=True,
        metadata={"description": "The organisation of the group, which may be the group itself."},
    )
    role = Growing(NO_ROLE, COACH, description=_ROLE)
