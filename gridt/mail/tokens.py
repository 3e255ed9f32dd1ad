"""Tokens that go out by mail: signed, for two hours, each for one purpose.

A token that sets a password or an address works once: it names the state of its user, and using it
changes that state, as another change of password or address does. A token that confirms an address
works as long as the user has that address, since mail programs and people open links twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest

from flask import current_app
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from gridt.errors import InvalidMailToken
from gridt.models import User
from gridt.runtime.clock import LEEWAY, utcnow

#: how long a token may lie in a mailbox
LIFETIME = timedelta(hours=2)


class Purpose(StrEnum):
    """What a token is good for, and nothing else is it."""

    RESET_PASSWORD = "reset-password"  # noqa: S105 - these are names
    CONFIRM_EMAIL = "confirm-email"
    CHANGE_EMAIL = "change-email"


@dataclass(frozen=True, slots=True)
class MailToken:
    """What a token says whose signature and age are right.

    :param state: a digest of what its user was like when it was issued
    :param address: the one to change to, where it is for that
    """

    purpose: Purpose
    user_id: int
    state: str
    address: str

    @classmethod
    def read(cls, purpose: Purpose, text: str) -> "MailToken":
        """Read a token; whether it was used before, only its user can tell.

        :raises InvalidMailToken: when we did not sign it for that purpose, or too long ago
        """
        try:
            (user_id, state, address), issued_at = _serializer(purpose).loads(
                text, return_timestamp=True
            )
        except (BadData, UnicodeError):
            raise InvalidMailToken from None
        # the clock of the server that issued it may be ahead of ours
        if not -LEEWAY <= utcnow().replace(microsecond=0) - issued_at <= LIFETIME:
            raise InvalidMailToken
        return cls(purpose, user_id, state, address)

    def user(self, *, lock: bool = False) -> User:
        """Return the user it was issued to, if it is still good for that user.

        :param lock: hold the user's row, so that of two callers with one token only one gets it
        :raises InvalidMailToken: when it was used, or overtaken by another change, or the account
            is deactivated
        """
        user = User.lock(self.user_id) if lock else User.find_by_id(self.user_id)
        if user is None or user.deactivated_at is not None:
            raise InvalidMailToken
        if not compare_digest(self.state, state_of(self.purpose, user)):
            raise InvalidMailToken
        return user


def issue(purpose: Purpose, user: User, address: str = "") -> str:
    """Return a new token for `user`."""
    text = _serializer(purpose).dumps([user.id, state_of(purpose, user), address])
    return text if isinstance(text, str) else text.decode()


def state_of(purpose: Purpose, user: User) -> str:
    """Return a digest of all that must not have changed between issuing a token and using it."""
    # when the address changed, too: going back to an old one must not revive its tokens
    bound = [user.email, user.email_changed_at]
    if purpose is Purpose.CONFIRM_EMAIL:
        # A second click confirms nothing new. The null stands for the time of confirmation, which
        # tokens named until this version.
        bound.append(None)
    else:
        bound.append(user.password_hash)
        if user.secured_at is not None:  # tokens of the version before do not know it
            bound.append(user.secured_at)
    return sha256(json.dumps(bound, default=str).encode()).hexdigest()


class _Signer(TimestampSigner):
    """Dates its tokens by our clock."""

    def get_timestamp(self) -> int:
        return int(utcnow().timestamp())


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    older: Sequence[str] = current_app.config["SECRET_KEY_FALLBACKS"]
    return URLSafeTimedSerializer(
        [*reversed(older), current_app.config["SECRET_KEY"]],  # it signs with the last
        salt=f"gridt.mail.{purpose}",
        signer=_Signer,
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
    )
