"""Invitations to register."""

from marshmallow import fields

from gridt.http.fields import Growing, In, Line, Message, Moment, Out, PageIn, Whole
from gridt.http.validators import Length, OneOf, Range
from gridt.models import GROUP_KINDS
from gridt.permissions import COACH
from gridt.schemas.reports import PersonOut
from gridt.schemas.users import LONGEST_EMAIL, NewEmailField

#: characters of a code, with blanks that were copied along with it
LONGEST_CODE = 128
#: the word for an invitation that gives a membership only
NO_ROLE = "none"
#: a code in the OpenAPI document
EXAMPLE_CODE = "3f8a1c5d9e2b4706a1d8c3f5e7094b62"


class InvitationIn(In):
    """A new invitation."""

    label = Line(
        load_default="",
        validate=Length(max=100),
        metadata={
            "description": "A note for admins, such as the name of the person.",
            "examples": ["The rowing club"],
        },
    )
    max_uses = Whole(
        load_default=1,
        validate=Range(1, 1000),
        metadata={"description": "How many people may register with it."},
    )
    expires_at = Moment(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Until when people may register with it: a moment with its offset, or"
            " `Z`, at most 90 days ahead. By default it is 7 days ahead."
        },
    )
    email = NewEmailField(
        load_default=None,
        allow_none=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={
            "description": "The only e-mail address that may register with it, once. gridt sends no"
            " mail there.",
            "examples": ["eva@example.org"],
        },
    )


class InvitationOut(Out):
    """An invitation, as admins see it."""

    id = fields.Integer(required=True, metadata={"description": "The id of the invitation."})
    label = fields.String(required=True, metadata={"description": "The note for admins."})
    email = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The only e-mail address that may register with it; null for any."
        },
    )
    state = Growing(
        *("open", "used-up", "revoked", "expired"),
        description="Whether it can be used, or why not.",
    )
    uses = fields.Integer(
        required=True, metadata={"description": "How many people have registered with it."}
    )
    max_uses = fields.Integer(
        required=True, metadata={"description": "How many people may register with it."}
    )
    created_by = fields.Nested(
        PersonOut,
        required=True,
        allow_none=True,
        metadata={
            "description": "The admin who made it; null for an operator, or if that account was"
            " deleted."
        },
    )
    created_at = fields.DateTime(required=True, metadata={"description": "When it was made."})
    expires_at = fields.DateTime(
        required=True, metadata={"description": "Until when people may register with it."}
    )
    revoked_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it was revoked; null if it was not."},
    )


class InvitationMade(InvitationOut, Message):
    """A new invitation with its code, shown only once."""

    token = fields.String(
        required=True,
        metadata={
            "description": "The code. `POST /register` takes it as `invitation`.",
            "examples": [EXAMPLE_CODE],
        },
    )


class InvitationsIn(PageIn):
    """The filters of a list of invitations."""

    state = fields.String(
        load_default=None,
        validate=OneOf(["open", "over"]),
        metadata={"description": "Only invitations that can be used, or only all others."},
    )


class LookIn(In):
    """The code of an invitation."""

    token = Line(
        required=True,
        validate=Length(1, LONGEST_CODE),
        metadata={"description": "The code.", "examples": [EXAMPLE_CODE]},
    )


class InvitedGroupOut(Out):
    """A group that people are invited into."""

    id = fields.Integer(required=True, metadata={"description": "The id of the group."})
    name = fields.String(required=True, metadata={"description": "The name of the group."})
    kind = Growing(*GROUP_KINDS, description="The kind of the group.")


class InvitedOrganisationOut(Out):
    """The organisation of a group."""

    id = fields.Integer(required=True, metadata={"description": "The id of the organisation."})
    name = fields.String(required=True, metadata={"description": "The name of the organisation."})


class OfferOut(Out):
    """An invitation, as a person with its code sees it."""

    expires_at = fields.DateTime(
        required=True, metadata={"description": "Until when people may register or join with it."}
    )
    email_hint = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The beginning and the domain of the only e-mail address that may"
            " register with it; null for any.",
            "examples": ["e…@example.org"],
        },
    )
    group = fields.Nested(
        InvitedGroupOut,
        required=True,
        allow_none=True,
        metadata={"description": "The group that people join with it; null if they only register."},
    )
    organisation = fields.Nested(
        InvitedOrganisationOut,
        required=True,
        allow_none=True,
        metadata={"description": "The organisation of the group; null without one."},
    )
    role = Growing(
        *(NO_ROLE, COACH),
        description="The role in the group that comes with the membership: `coach`, or `none`.",
    )
