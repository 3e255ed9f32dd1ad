"""Accounts: registering, logging in, and who one is."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length

from gridt.models import User
from gridt.models.base import fold
from gridt.schemas.base import In, Line, Message, Name

#: as RFC 5321 has it; folded too, so that every database can index it
LONGEST_EMAIL = 254


class EmailField(fields.Email):
    """An e-mail address, by its form; nobody is asked whether it exists."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        address: str = super()._deserialize(*args, **kwargs)
        if not address.isprintable():
            raise ValidationError("Not a valid email address.")
        if len(fold(address)) > LONGEST_EMAIL:
            raise ValidationError(f"Longer than maximum length {LONGEST_EMAIL}.")
        return address


class TimeZoneField(fields.String):
    """The name of a time zone in the IANA database."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name: str = super()._deserialize(*args, **kwargs)
        if name not in _zones():
            raise ValidationError('Not a time zone like "Europe/Amsterdam".')
        return name


@cache
def _zones() -> set[str]:
    return available_timezones() - {"localtime", "Factory"}  # files beside them, not places


def _new_password() -> Line:
    return Line(required=True, validate=Length(8, 128), metadata={"format": "password"})


def _given_password() -> Line:
    return Line(required=True, validate=Length(max=1024), metadata={"format": "password"})


class RegisterIn(In):
    """A new account."""

    username = Name(required=True, validate=Length(1, 32))
    email = EmailField(required=True, validate=Length(max=LONGEST_EMAIL))
    password = _new_password()


class LoginIn(In):
    """A username or an e-mail address, and the password."""

    username = Line(required=True, validate=Length(max=1024))
    password = _given_password()


class ChangePasswordIn(In):
    """The old password and the new one."""

    old_password = _given_password()
    new_password = _new_password()


class LogoutIn(In):
    """Which logins to end."""

    everywhere = fields.Boolean(
        load_default=False, metadata={"description": "every login of the caller, not only this one"}
    )


class BioIn(In):
    """What one tells about oneself."""

    bio = Line(required=True, validate=Length(max=2000))


class IdentityPatch(In):
    """What one may change about oneself."""

    username = Name(validate=Length(1, 32))
    bio = Line(validate=Length(max=2000))
    time_zone = TimeZoneField(
        metadata={"format": "time-zone", "description": "a name in the IANA database"}
    )


class Registered(Message):
    """A new account."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)


class Tokens(Message):
    """A login: the access token for each call, the refresh token for `/auth/refresh`."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class Identity(Schema):
    """Who the caller is."""

    id = fields.Integer(required=True)
    username = fields.String(required=True)
    email = fields.String(required=True)
    email_confirmed = fields.Boolean(required=True)
    bio = fields.String(required=True)
    avatar = fields.String(required=True, metadata={"description": "MD5 as Gravatar expects it"})
    role = fields.String(required=True)
    time_zone = fields.String(required=True)
    created_at = fields.DateTime(required=True)


class IdentityChanged(Identity, Message):
    """Who the caller is now."""


def identity_of(user: User) -> dict[str, Any]:
    """Return an `Identity`."""
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_confirmed": user.email_confirmed_at is not None,
        "bio": user.bio,
        "avatar": user.avatar,
        "role": user.role,
        "time_zone": user.time_zone,
        "created_at": user.created_at,
    }
