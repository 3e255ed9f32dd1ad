"""One row per login: what makes its tokens worthless at once when the login ends."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from sqlalchemy import CursorResult, String, bindparam, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import BigId, Model, Rows, Stored, UTCDateTime
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

if TYPE_CHECKING:
    from gridt.models.user import User

#: of what somebody logged in with, so much is kept
LONGEST_USER_AGENT = 256


class Login(Stored, Model):
    """A user who logged in on some device; every token carries the id of its login.

    :param user_agent: what the device says of itself; only the beginning is kept
    """

    __tablename__ = "logins"
    # an id that a token may name is never given to somebody else
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by_user(), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refreshed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refresh_jti: Mapped[str] = mapped_column(String(36))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: kept up only where there is a replica (gridt/http/replica.py); logging in changes something
    wrote_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    user_agent: Mapped[str | None] = mapped_column(String(LONGEST_USER_AGENT))

    def __init__(self, user: "User", user_agent: str | None = None) -> None:
        self.user_id = user.id
        self.user_agent = user_agent[:LONGEST_USER_AGENT] if user_agent else None
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
        """End this login; when it ended first is what stays."""
        self.revoked_at = self.revoked_at or utcnow()

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


exported_as(
    "logins",
    select(Login.id, Login.created_at, Login.refreshed_at, Login.revoked_at, Login.user_agent)
    .where(Login.user_id == EXPORTED_USER)
    .order_by(Login.id),
)

#: the logins of a user that have neither ended nor been left alone since `horizon`
LIVE_LOGINS: Rows = select(Login.id, Login.created_at, Login.refreshed_at, Login.user_agent).where(
    Login.user_id == bindparam("user_id"),
    Login.revoked_at.is_(None),
    Login.refreshed_at >= bindparam("horizon"),
)
