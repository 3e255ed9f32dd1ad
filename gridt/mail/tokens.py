"""Tokens in e-mails: signed, for two hours and one purpose.

A token that sets a password or an address works once: it contains a digest of its user's state, and
using it changes that state, as another change of password or address does. A token that confirms an
address works as long as the user has that address, because people and mail programs open links
twice.
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

#: how long a token is valid
LIFETIME = timedelta(hours=2)


class Purpose(StrEnum):
    """The one purpose that a token is valid for."""

    RESET_PASSWORD = "reset-password"  # noqa: S105 - these are names
    CONFIRM_EMAIL = "confirm-email"
    CHANGE_EMAIL = "change-email"


@dataclass(frozen=True, slots=True)
class MailToken:
    """A token with a valid signature and age.

    :param state: a digest of the user's state when the token was issued
    :param address: the new address, in a token that changes it
    """

    purpose: Purpose
    user_id: int
    state: str
    address: str

    @classmethod
    def read(cls, purpose: Purpose, text: str) -> "MailToken":
        """Read a token, without checking whether it was used.

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
        """Return the token's user, if it is still valid.

        :param lock: lock the user's row, so that only one of two callers with one token gets it
        :raises InvalidMailToken: when it was used, or another change came before, or the account is
            deactivated
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
    """Return a digest of the facts behind a token."""
    # with the time of the change: returning to an old address must not revive its tokens
    bound = [user.email, user.email_changed_at]
    if purpose is Purpose.CONFIRM_EMAIL:
        # A second click confirms nothing new. The null stands for the time of confirmation, which
        # tokens named until this version.
        bound.append(None)
    else:
        bound.append(user.password_hash)
        if user.secured_at is not None:  # tokens of the version before do not have it
            bound.append(user.secured_at)
    return sha256(json.dumps(bound, default=str).encode()).hexdigest()


class _Signer(TimestampSigner):
    """A signer that dates tokens by our clock."""

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
