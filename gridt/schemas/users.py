"""The caller's account: names, passwords and settings."""

from contextlib import suppress
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields
from marshmallow.validate import Email
from sqlalchemy import Row

from gridt.accounts import is_common, is_own_name, sections
from gridt.addresses import encoded_domain, fold_address
from gridt.errors import Invalid
from gridt.http.clock_fields import WEEKDAYS, DayStartField, WeekdayField, day_start, weekday
from gridt.http.fields import Flag, Growing, In, Line, Message, Name, Out
from gridt.http.validators import Length, OneOf
from gridt.models import AccountRow, User, avatar_of
from gridt.names import flaw_of, fold_username
from gridt.refusals import Code, Refusal
from gridt.runtime.extensions import normal
from gridt.text import tidy
from gridt.words import LANGUAGES

#: the limit of RFC 5321; also for the folded address, so that every database can index it
LONGEST_EMAIL = 254
#: the shortest and the longest password
PASSWORD_LENGTHS = 8, 128
#: the roles of users
ROLES = ["user", "admin"]

_BIO = {
    "description": "A text about the user, which other users can read.",
    "examples": ["Up at six, more or less."],
}
OWN_NAME = Refusal(Code.OWN_NAME)
USERNAME_NOTES = {
    "description": "The name that other users see. No other user has the same name in upper or"
    " lower case. It has no invisible characters and no look-alike letters; an e-mail address"
    " must be the user's own.",
    "examples": ["robin"],
}
TIME_ZONE_NOTES = {
    "format": "time-zone",
    "description": "A name in the IANA database. The first one that a user chooses holds for all"
    " their past.",
    "examples": ["Europe/Amsterdam"],
}


_HIDES_STREAKS = {
    "description": "Whether the user's app shows no streaks. It changes nothing else."
}
_DISCREET = {"description": "Whether notifications name neither movements nor users."}
_is_address = Email()


class NewUsername(Name):
    """A new username, without invisible blanks."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return tidy(super()._deserialize(*args, **kwargs))


class EmailField(fields.Email):
    """An e-mail address, checked by its form only.

    Keyboards of phones add blanks around it, which are removed.
    """

    # the library gives it to a validator of its own
    default_error_messages = {"invalid": Refusal(Code.NOT_AN_EMAIL_ADDRESS)}  # noqa: RUF012

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        address: str = super()._deserialize(*args, **kwargs).strip()
        if len(address) > LONGEST_EMAIL:  # or two validators refuse it
            raise ValidationError(Refusal(Code.TOO_LONG, maximum=LONGEST_EMAIL))
        # an encoded word (RFC 2047) has no place in an address; decoded it may be whole headers
        if not address.isprintable() or "=?" in address:
            raise ValidationError(Refusal(Code.NOT_AN_EMAIL_ADDRESS))
        if len(fold_address(address)) > LONGEST_EMAIL:
            raise ValidationError(Refusal(Code.TOO_LONG, maximum=LONGEST_EMAIL))
        return address


class NewEmailField(EmailField):
    """A new e-mail address, whose domain can get e-mail."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        address = super()._deserialize(*args, **kwargs)
        domain = address.rpartition("@")[2]
        if not domain.isascii() and encoded_domain(domain) is None:
            raise ValidationError(Refusal(Code.NOT_A_DOMAIN))
        return address


class TimeZoneField(fields.String):
    """The name of a time zone in the IANA database."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name: str = super()._deserialize(*args, **kwargs)
        if name not in _zones():
            raise ValidationError(Refusal(Code.NOT_A_TIME_ZONE))
        return name


@cache
def _zones() -> set[str]:
    return available_timezones() - {"localtime", "Factory"}  # files beside them, not places


class NewPassword(Line):
    """A new password; each Unicode code point is one character."""

    def __init__(self) -> None:
        description = (
            "A new password. Common passwords, the username and the e-mail address are refused."
        )
        metadata = {"format": "password", "description": description, "examples": ["correct horse"]}
        super().__init__(required=True, validate=Length(*PASSWORD_LENGTHS), metadata=metadata)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        password: str = super()._deserialize(*args, **kwargs)
        shortest, longest = PASSWORD_LENGTHS
        if not shortest <= len(password) <= longest:
            return password  # which `Length` refuses
        # the hashed text has another length: two signs may be one letter, and one eighteen
        if not shortest <= len(normal(password)) <= longest:
            limits = {"minimum": shortest, "maximum": longest}
            raise ValidationError(Refusal(Code.NORMALIZED_LENGTH, **limits))
        if is_common(password):
            raise ValidationError(Refusal(Code.COMMON_PASSWORD))
        return password


def ensure_not_own_name(password: str, user: User, member: str = "password") -> None:
    """Refuse a password that is the user's own name.

    The e-mail address counts as a name, too.

    :param member: the member of the request's body that has the password
    :raises Invalid: with that member
    """
    if is_own_name(password, user.username, user.email):
        raise Invalid.member(f"#/{member}", OWN_NAME)


def ensure_good_username(username: str, email: str) -> None:
    """Refuse a username that is invisible or looks like another.

    :param email: the address of the username's owner
    :raises Invalid: with the member `username`
    """
    if flaw := username_flaw(username, email):
        raise Invalid.member("#/username", flaw)


def username_flaw(username: str, email: str) -> Refusal | None:
    """Return what is wrong with a new username, or None."""
    address = fold_address(fold_username(username))  # full-width letters make addresses, too
    if address != fold_address(email):
        with suppress(ValidationError):
            _is_address(address)
            return Refusal(Code.FOREIGN_EMAIL_ADDRESS)
    return flaw_of(username)


def language_field() -> fields.String:
    """Return the field of a user's language."""
    metadata = {
        "description": "The language of the user's e-mails and app; `en` by default.",
        "examples": ["nl"],
    }
    return fields.String(validate=OneOf(LANGUAGES), metadata=metadata)


def given_password() -> Line:
    """Return the field of a password that proves an identity."""
    metadata = {
        "format": "password",
        "description": "The caller's password.",
        "examples": ["correct horse"],
    }
    return Line(required=True, validate=Length(max=1024), metadata=metadata)


class ClosingIn(In):
    """The password of the account to delete."""

    password = given_password()


class BioIn(In):
    """A new bio."""

    bio = Line(required=True, validate=Length(max=2000), metadata=_BIO)


class IdentityPatch(In):
    """The changes that users can make to their accounts."""

    username = Name(validate=Length(1, 32), metadata=USERNAME_NOTES)
    bio = Line(validate=Length(max=2000), metadata=_BIO)
    time_zone = TimeZoneField(metadata=TIME_ZONE_NOTES)
    day_starts_at = DayStartField()
    week_starts_on = WeekdayField()
    language = language_field()
    hides_streaks = Flag(metadata=_HIDES_STREAKS)
    discreet = Flag(metadata=_DISCREET)


class AccountFacts(Out):
    """The part of an account that admins see, too."""

    id = fields.Integer(required=True, metadata={"description": "The id of the user."})
    username = fields.String(required=True, metadata={"description": "The username."})
    email = fields.String(required=True, metadata={"description": "The e-mail address."})
    email_confirmed = fields.Boolean(
        required=True,
        metadata={"description": "Whether the user has confirmed their e-mail address."},
    )
    bio = fields.String(
        required=True,
        metadata={"description": "A text about the user, which other users can read."},
    )
    avatar = fields.String(
        required=True, metadata={"description": "The MD5 hash that Gravatar expects."}
    )
    role = Growing(*ROLES, description="The role of the user.")
    time_zone = fields.String(
        required=True, metadata={"description": "The time zone of the user's days and weeks."}
    )
    day_starts_at = fields.String(
        required=True, metadata={"description": 'When the user\'s days start, such as "04:00".'}
    )
    week_starts_on = Growing(
        *WEEKDAYS, description='The first day of the user\'s weeks, such as "monday".'
    )
    created_at = fields.DateTime(
        required=True, metadata={"description": "When the account was opened."}
    )


class Identity(AccountFacts):
    """The caller's account."""

    language = Growing(*LANGUAGES, description="The language of the user's e-mails and app.")
    hides_streaks = fields.Boolean(required=True, metadata=_HIDES_STREAKS)
    discreet = fields.Boolean(required=True, metadata=_DISCREET)


class IdentityChanged(Identity, Message):
    """The caller's account after a change."""


class ExportIn(In):
    """The format of the export."""

    format = fields.String(
        load_default="json",
        validate=OneOf(["json", "csv", "ics"]),
        metadata={
            "description": "`json` has everything; `csv` and `ics` have the completed turns only."
        },
    )


ExportOut = Out.from_dict(
    {
        name: fields.List(
            fields.Dict(),
            required=True,
            metadata={"description": f"Everything in the section `{name}`."},
        )
        for name in sections()
    },
    name="ExportOut",
)


def identity_of(account: AccountRow) -> dict[str, Any]:
    """Return an `Identity`."""
    return account_facts(account) | {
        "language": account.language,
        "hides_streaks": bool(account.hides_streaks),
        "discreet": bool(account.discreet),
    }


def account_facts(user: User | AccountRow | Row[Any]) -> dict[str, Any]:
    """Return `AccountFacts`."""
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_confirmed": user.email_confirmed_at is not None,
        "bio": user.bio,
        "avatar": avatar_of(user.email),
        "role": user.role,
        "time_zone": user.time_zone,
        "day_starts_at": day_start(user.day_starts_at),
        "week_starts_on": weekday(user.week_starts_on),
        "created_at": user.created_at,
    }
