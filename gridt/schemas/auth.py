"""Registration, sessions and passwords."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from gridt.accounts import is_own_name
from gridt.http.clock_fields import DayStartField, WeekdayField
from gridt.http.fields import Growing, In, Line, Message, Out
from gridt.http.validators import Length
from gridt.models import LOGIN_KINDS
from gridt.schemas.invitations import LONGEST_CODE
from gridt.schemas.users import (
    LONGEST_EMAIL,
    OWN_NAME,
    TIME_ZONE_NOTES,
    USERNAME_NOTES,
    NewEmailField,
    NewPassword,
    NewUsername,
    TimeZoneField,
    given_password,
    language_field,
    username_flaw,
)


class RegisterIn(In):
    """A new account."""

    username = NewUsername(required=True, validate=Length(1, 32), metadata=USERNAME_NOTES)
    email = NewEmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={
            "description": "The e-mail address; other users never see it.",
            "examples": ["robin@example.org"],
        },
    )
    password = NewPassword()
    time_zone = TimeZoneField(metadata=TIME_ZONE_NOTES)
    day_starts_at = DayStartField()
    week_starts_on = WeekdayField()
    language = language_field()
    invitation = Line(
        validate=Length(1, LONGEST_CODE),
        metadata={
            "description": "The code of an invitation, for services where people need one. With an"
            " invitation into a group, the new account joins that.",
            "examples": ["3f8a1c5d9e2b4706a1d8c3f5e7094b62"],
        },
    )

    @validates_schema
    def _ensure_good_username(self, data: dict[str, Any], **_: Any) -> None:
        if flaw := username_flaw(data["username"], data["email"]):
            raise ValidationError(flaw, "username")

    @validates_schema
    def _ensure_not_own_name(self, data: dict[str, Any], **_: Any) -> None:
        if is_own_name(data["password"], data["username"], data["email"]):
            raise ValidationError(OWN_NAME, "password")


class LoginIn(In):
    """The credentials to log in with."""

    username = Line(
        required=True,
        validate=Length(max=1024),
        metadata={"description": "The username or the e-mail address.", "examples": ["robin"]},
    )
    password = given_password()


class ChangePasswordIn(In):
    """The old password and the new one."""

    old_password = given_password()
    new_password = NewPassword()


class LogoutIn(In):
    """The sessions to end."""

    everywhere = fields.Boolean(
        load_default=False,
        metadata={"description": "End all sessions of the caller, instead of this one only."},
    )


class Registered(Message):
    """A new account."""

    id = fields.Integer(required=True, metadata={"description": "The id of the new user."})
    username = fields.String(
        required=True, metadata={"description": "The username, without blanks at its ends."}
    )


class Tokens(Message):
    """The tokens of a session."""

    access_token = fields.String(
        required=True,
        metadata={
            "description": "The token for requests, in the header `Authorization: Bearer …`."
        },
    )
    refresh_token = fields.String(
        required=True,
        metadata={
            "description": "The token for one request to `POST /auth/refresh`, whose answer has"
            " the next one."
        },
    )
    expires_in = fields.Integer(
        required=True,
        metadata={"description": "How many seconds the access token is valid."},
    )


class LoginOut(Out):
    """An active session of the caller."""

    id = fields.Integer(required=True, metadata={"description": "The id of the session."})
    device = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": 'The device, read from the User-Agent header, such as "Firefox on'
            ' Linux".'
        },
    )
    kind = Growing(
        *LOGIN_KINDS,
        description="`browser` for a session of the web app, which has a cookie and a key; `token`"
        " for all others.",
    )
    created_at = fields.DateTime(
        required=True, metadata={"description": "When the user logged in."}
    )
    last_used_at = fields.DateTime(
        required=True,
        metadata={
            "description": "When the session last got tokens or a cookie, by logging in, refreshing"
            " or renewing. It may have been used later, until they expired."
        },
    )
    expires_at = fields.DateTime(
        required=True,
        metadata={"description": "When the session ends, unless it is renewed before."},
    )
    current = fields.Boolean(
        required=True, metadata={"description": "Whether this is the session of the request."}
    )
