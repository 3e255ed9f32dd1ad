"""One row per login: what makes its tokens worthless at once when the login ends."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from sqlalchemy import CursorResult, ForeignKey, String, delete, or_, update
from sqlalchemy.orm import Mapped, mapped_column

from gridt.clock import utcnow
from gridt.extensions import db
from gridt.models.base import BigId, Model, Stored, UTCDateTime

if TYPE_CHECKING:
    from gridt.models.user import User


class Login(Stored, Model):
    """A user who logged in on some device; every token carries the id of its login."""

    __tablename__ = "logins"
    # an id that a token may name is never given to somebody else
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refreshed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refresh_jti: Mapped[str] = mapped_column(String(36))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: kept up only where there is a replica (see gridt/replica.py); logging in changes something
    wrote_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def __init__(self, user: "User") -> None:
        self.user_id = user.id
        self.created_at = self.refreshed_at = self.wrote_at = utcnow()
        self.refresh_jti = str(uuid4())

    def renew(self, jti: str) -> bool:
        """Spend the refresh token `jti`; tell whether it was the one not yet spent.

        Where it was, `refresh_jti` names the next one. One statement decides, so that of
        two callers with the same token only one gets a new one.
        """
        fresh = str(uuid4())
        result = db.session.execute(
            update(Login)
            .where(Login.id == self.id, Login.refresh_jti == jti, Login.revoked_at.is_(None))
            .values(refresh_jti=fresh, refreshed_at=utcnow())
        )
        return cast("CursorResult[object]", result).rowcount == 1

    def revoke(self) -> None:
        """End this login."""
        self.revoked_at = utcnow()

    @classmethod
    def revoke_all(cls, user: "User", keep: int | None = None) -> None:
        """End every login of `user`, except the one with the id `keep`."""
        others = update(cls).where(cls.user_id == user.id, cls.revoked_at.is_(None))
        if keep is not None:
            others = others.where(cls.id != keep)
        db.session.execute(others.values(revoked_at=utcnow()))

    @classmethod
    def forget_ended(cls, user: "User", lifetime: timedelta) -> None:
        """Delete the logins of `user` of which no token can still be valid.

        :param lifetime: how long the longest-lived token is valid
        """
        horizon = utcnow() - lifetime
        ended = or_(cls.refreshed_at < horizon, cls.revoked_at < horizon)
        db.session.execute(delete(cls).where(cls.user_id == user.id, ended))
