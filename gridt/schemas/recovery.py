"""What comes in where somebody has to show that they read mail at an address."""

from marshmallow.validate import Length

from gridt.http.fields import In, Line
from gridt.schemas.users import LONGEST_EMAIL, EmailField, NewPassword, given_password

#: no token of ours is that long
LONGEST_TOKEN = 4096


def _token() -> Line:
    return Line(
        required=True,
        validate=Length(max=LONGEST_TOKEN),
        metadata={"description": "as the mail has it", "examples": ["eyJwIjoi…"]},
    )


class ResetPasswordRequestIn(In):
    """Where to send what a new password can be set with."""

    email = EmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={"examples": ["robin@example.org"]},
    )


class ResetPasswordConfirmIn(In):
    """A token from a mail, and the new password."""

    token = _token()
    password = NewPassword()


class ChangeEmailRequestIn(In):
    """The password, and the address to have from now on."""

    password = given_password()
    new_email = EmailField(
        required=True,
        validate=Length(max=LONGEST_EMAIL),
        metadata={"examples": ["robin@example.com"]},
    )


class MailTokenIn(In):
    """A token from a mail."""

    token = _token()
