"""Registering, logging in and out."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from gridt.accounts import is_own_name
from gridt.http.clock_fields import DayStartField, WeekdayField
from gridt.http.fields import In, Line, Message
from gridt.schemas.users import (
    LONGEST_EMAIL,
    OWN_NAME,
    TIME_ZONE_NOTES,
    USERNAME_NOTES,
    EmailField,
    NewPassword,
    NewUsername,
    TimeZoneField,
    given_password,
    username_flaw,
)


class RegisterIn(In):
    """A new account."""

    username = NewUsername(required=True, validate=Length(1, 32), metadata=USERNAME_NOTES)
    email = EmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={"description": "shown to nobody else", "examples": ["robin@example.org"]},
    )
    password = NewPassword()
    time_zone = TimeZoneField(metadata=TIME_ZONE_NOTES)
    day_starts_at = DayStartField()
    week_starts_on = WeekdayField()

    @validates_schema
    def _ensure_good_username(self, data: dict[str, Any], **_: Any) -> None:
        if flaw := username_flaw(data["username"], data["email"]):
            raise ValidationError(flaw, "username")

    @validates_schema
    def _ensure_not_own_name(self, data: dict[str, Any], **_: Any) -> None:
        if is_own_name(data["password"], data["username"], data["email"]):
            raise ValidationError(OWN_NAME, "password")


class LoginIn(In):
    """A username or an e-mail address, and the password."""

    username = Line(
        required=True,
        validate=Length(max=1024),
        metadata={"description": "or the e-mail address", "examples": ["robin"]},
    )
    password = given_password()


class ChangePasswordIn(In):
    """The old password and the new one."""

    old_password = given_password()
    new_password = NewPassword()


class LogoutIn(In):
    """Which logins to end."""

    everywhere = fields.Boolean(
        load_default=False, metadata={"description": "every login of the caller, not only this one"}
    )


class Registered(Message):
    """A new account."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)


class Tokens(Message):
    """A login: the access token for each call, the refresh token for `/auth/refresh`."""

    access_token = fields.String(
        required=True, metadata={"description": "goes with every call as `Authorization: Bearer …`"}
    )
    refresh_token = fields.String(
        required=True,
        metadata={"description": "good for one call of `/auth/refresh`, which gives another"},
    )
    expires_in = fields.Integer(
        required=True,
        metadata={"description": "for how many seconds the access token holds"},
    )


class LoginOut(Schema):
    """A login of the caller that has not ended."""

    id = fields.Integer(required=True)
    device = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": 'as far as its User-Agent tells, such as "Firefox on Linux"'},
    )
    created_at = fields.DateTime(required=True)
    last_used_at = fields.DateTime(
        required=True,
        metadata={
            "description": "when it was given tokens last, by logging in or refreshing; the access"
            " token of then may have been used until it expired"
        },
    )
    expires_at = fields.DateTime(
        required=True, metadata={"description": "when it ends, unless it is refreshed before"}
    )
    current = fields.Boolean(required=True, metadata={"description": "whether it is the caller's"})
