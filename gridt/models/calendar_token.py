"""Secret addresses, which open their owner's calendar and nothing else."""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import cast

from sqlalchemy import CursorResult, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db


class CalendarToken(Model):
    """The secret address of a user's calendar, at most one.

    The table stores a hash of the secret only. A fast hash is safe: no caller can guess 256
    random bits. The time of a look-up depends on the hash, which a caller without the secret
    cannot steer.
    """

    __tablename__ = "calendar_addresses"

    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def renew(cls, user_id: int) -> str:
        """Replace a locked user's address; return its secret."""
        secret = secrets.token_urlsafe(32)
        token = db.session.get(cls, user_id) or cls(user_id=user_id)
        token.digest, token.created_at = _digest(secret), utcnow()
        db.session.add(token)
        db.session.flush()
        record(EventKind.CALENDAR_MADE, actor_id=user_id, user_id=user_id)
        return secret

    @classmethod
    def revoke_by_owner(cls, user_id: int) -> None:
        """Revoke a user's address, because the user asked for it."""
        if cls.revoke(user_id):
            record(EventKind.CALENDAR_REVOKED, actor_id=user_id, user_id=user_id)

    @classmethod
    def revoke(cls, user_id: int) -> bool:
        """Delete a user's address; return whether there was one."""
        result = db.session.execute(delete(cls).where(cls.user_id == user_id))
        return cast("CursorResult[object]", result).rowcount == 1

    @classmethod
    def revoke_since(cls, user_id: int, moment: datetime) -> None:
        """Delete a user's address made since a moment."""
        db.session.execute(delete(cls).where(cls.user_id == user_id, cls.created_at >= moment))

    @classmethod
    def made_at(cls, user_id: int) -> datetime | None:
        """Return when a user's address was made, or None."""
        row = execute(select(cls.created_at).where(cls.user_id == user_id)).one_or_none()
        return None if row is None else row.created_at

    @classmethod
    def owner_of(cls, secret: str) -> int | None:
        """Return the user's id for a secret, or None."""
        row = execute(select(cls.user_id).where(cls.digest == _digest(secret))).one_or_none()
        return None if row is None else row.user_id


exported_as(
    "calendar",
    select(CalendarToken.created_at).where(CalendarToken.user_id == EXPORTED_USER),
)


def _digest(secret: str) -> str:
    # a path may have surrogates, which UTF-8 cannot encode
    return sha256(secret.encode(errors="replace")).hexdigest()
