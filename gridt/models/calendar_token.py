"""Secret addresses: who knows one reads its owner's calendar, and nothing else."""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from sqlalchemy import CursorResult, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

if TYPE_CHECKING:
    from gridt.models.user import User


class CalendarToken(Model):
    """The secret address of a user's calendar; they have one or none.

    Only a hash of the secret is kept. That is fast enough to look it up by, and safe: 256 random
    bits cannot be guessed, and how long the search takes tells of the hash only, which nobody can
    steer without knowing the secret.
    """

    __tablename__ = "calendar_addresses"

    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def renew(cls, user: "User") -> str:
        """Give a user, who is locked, an address in place of the one before; return its secret."""
        secret = secrets.token_urlsafe(32)
        found = db.session.get(cls, user.id) or cls(user_id=user.id)
        found.digest, found.created_at = _digest(secret), utcnow()
        db.session.add(found)
        db.session.flush()
        return secret

    @classmethod
    def revoke(cls, user_id: int) -> bool:
        """Make a user's address lead nowhere; tell whether there was one."""
        gone = db.session.execute(delete(cls).where(cls.user_id == user_id))
        return cast("CursorResult[object]", gone).rowcount == 1

    @classmethod
    def made_at(cls, user_id: int) -> datetime | None:
        """Return since when a user has the address, or None where they have none."""
        row = execute(select(cls.created_at).where(cls.user_id == user_id)).one_or_none()
        return None if row is None else row.created_at

    @classmethod
    def owner_of(cls, secret: str) -> int | None:
        """Return the id of the user whose address has that secret, or None."""
        row = execute(select(cls.user_id).where(cls.digest == _digest(secret))).one_or_none()
        return None if row is None else row.user_id


exported_as(
    "calendar",
    select(CalendarToken.created_at).where(CalendarToken.user_id == EXPORTED_USER),
)


def _digest(secret: str) -> str:
    # a path may hold what no encoding has a word for
    return sha256(secret.encode(errors="replace")).hexdigest()
