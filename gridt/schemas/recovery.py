"""Requests with tokens from e-mails."""

from gridt.http.fields import In, Line
from gridt.http.validators import Length
from gridt.schemas.users import (
    LONGEST_EMAIL,
    EmailField,
    NewEmailField,
    NewPassword,
    given_password,
)

#: longer than any token of ours
LONGEST_TOKEN = 4096


def _token() -> Line:
    return Line(
        required=True,
        validate=Length(max=LONGEST_TOKEN),
        metadata={"description": "The token from the e-mail.", "examples": ["eyJwIjoi…"]},
    )


class ResetPasswordRequestIn(In):
    """The address of the account whose password is lost."""

    email = EmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={
            "description": "The e-mail address of the account.",
            "examples": ["robin@example.org"],
        },
    )


class ResetPasswordConfirmIn(In):
    """A token from a mail, and the new password."""

    token = _token()
    password = NewPassword()


class ChangeEmailRequestIn(In):
    """The password, and the new e-mail address."""

    password = given_password()
    new_email = NewEmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={
            "description": "The new e-mail address; gridt sends a token there.",
            "examples": ["robin@example.com"],
        },
    )


class MailTokenIn(In):
    """A token from a mail."""

    token = _token()
