"""Logins: one row each, which its tokens depend on."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Self, cast
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Index,
    ScalarSelect,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased, mapped_column

from gridt.models.base import BigId, Model, Rows, Stored, UTCDateTime
from gridt.models.calendar_token import CalendarToken
from gridt.models.event import EventKind, record
from gridt.models.invitation import Invitation
from gridt.models.ownership import EXPORTED_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: longest user agent that is stored
LONGEST_USER_AGENT = 256
#: how long a spent refresh token still gets its successor, because an answer can get lost
REFRESH_GRACE = timedelta(seconds=30)


class Login(Stored, Model):
    """A login of a user on a device.

    Every token carries the id and the nonce of its login. The nonce is random: after a restore of
    a backup another login may get the same id, but never the same nonce.

    :param user_agent: as the device sends it; only the beginning is stored
    """

    __tablename__ = "logins"
    # an id that a token may carry is never used for another login
    __table_args__ = (
        # for the users in the order in which they were last seen
        Index(None, "refreshed_at", "user_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(owned_by_user(), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    refreshed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: the refresh token that is valid now; empty for a login in a browser, which has none
    refresh_jti: Mapped[str] = mapped_column(String(36))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: set only where there is a replica (gridt/http/replica.py); logging in is a write, too
    wrote_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    user_agent: Mapped[str | None] = mapped_column(String(LONGEST_USER_AGENT))
    #: the refresh token that was spent last, at `refreshed_at`
    spent_jti: Mapped[str | None] = mapped_column(String(36))
    #: 32 hex digits; null until the first refresh of a login from before this column
    nonce: Mapped[str | None] = mapped_column(String(32))
    #: when such a login got its nonce; its older tokens carry none
    nonce_since: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def __init__(self, user_id: int, user_agent: str | None = None) -> None:
        self.user_id = user_id
        self.user_agent = user_agent[:LONGEST_USER_AGENT] if user_agent else None
        self.created_at = self.refreshed_at = self.wrote_at = utcnow()
        self.refresh_jti = str(uuid4())
        self.nonce = token_hex(16)

    @classmethod
    def in_browser(cls, user_id: int, user_agent: str | None = None) -> Self:
        """Return a login of the web app, without refresh tokens."""
        login = cls(user_id, user_agent)
        login.refresh_jti = ""
        return login

    def renew(self, jti: str) -> bool:
        """Spend a refresh token; return whether it has a successor.

        If so, `refresh_jti` names the successor. A token that was spent less than `REFRESH_GRACE`
        ago has the same successor again, as long as that one is unspent. One statement decides, so
        that only one of two callers with the same token makes a successor.
        """
        now = utcnow()
        values = {"refresh_jti": str(uuid4()), "spent_jti": Login.refresh_jti, "refreshed_at": now}
        if self.nonce is None:
            values |= {"nonce": token_hex(16), "nonce_since": now}
        result = db.session.execute(
            update(Login)
            .where(Login.id == self.id, Login.refresh_jti == jti, Login.revoked_at.is_(None))
            .values(values)
        )
        if cast("CursorResult[object]", result).rowcount == 1:
            return True
        # another caller may have spent the token, or ended or deleted the login
        login = db.session.get(Login, self.id, populate_existing=True)
        return (
            login is not None
            and login.revoked_at is None
            and login.spent_jti == jti
            and utcnow() - login.refreshed_at <= REFRESH_GRACE
        )

    def prolong(self) -> None:
        """Let this login last as long as a new one."""
        self.refreshed_at = utcnow()

    def end(self) -> None:
        """End this login at its user's request. Does not commit."""
        self.revoke()
        record(EventKind.LOGIN_ENDED, actor_id=self.user_id, user_id=self.user_id)

    def end_as_copied(self) -> None:
        """End this login as copied. Does not commit.

        Its refresh token was used twice. It also ends the calendar's address, unless that is older
        than the login: the person who copied the token may have made the address.
        """
        self.revoke()
        CalendarToken.revoke_since(self.user_id, self.created_at)
        Invitation.revoke_of(self.user_id, since=self.created_at)
        record(EventKind.LOGIN_COPIED, user_id=self.user_id)

    def revoke(self) -> None:
        """End this login, unless it has ended already."""
        self.revoked_at = self.revoked_at or utcnow()

    @classmethod
    def revoke_all(cls, user_id: int, keep: int | None = None) -> None:
        """End every login of a user, except the login `keep`."""
        others = update(cls).where(cls.user_id == user_id, cls.revoked_at.is_(None))
        if keep is not None:
            others = others.where(cls.id != keep)
        db.session.execute(others.values(revoked_at=utcnow()))

    @classmethod
    def last_seen(cls, user_id: int | InstrumentedAttribute[int]) -> ScalarSelect[datetime]:
        """Select the last login or refresh of a user.

        No copy of this time is needed: `forget_ended` comes with a newer login.
        """
        # Without `coalesce`, PostgreSQL may read the logins of all users, last refreshed first.
        newest = func.max(func.coalesce(cls.refreshed_at, cls.created_at))
        return select(newest).where(cls.user_id == user_id).scalar_subquery()

    @classmethod
    def is_newest(cls) -> ColumnElement[bool]:
        """Return the condition for the newest login of each user."""
        other = aliased(cls)
        is_newer = or_(
            other.refreshed_at > cls.refreshed_at,
            and_(other.refreshed_at == cls.refreshed_at, other.id > cls.id),
        )
        return ~select(other.id).where(other.user_id == cls.user_id, is_newer).exists()

    @classmethod
    def forget_ended(cls, user_id: int, lifetime: timedelta) -> None:
        """Delete a user's logins without a valid token.

        :param lifetime: how long the longest-lived token is valid
        """
        horizon = utcnow() - lifetime
        ended = or_(cls.refreshed_at < horizon, cls.revoked_at < horizon)
        db.session.execute(delete(cls).where(cls.user_id == user_id, ended))


#: the kinds of logins: of a client that has tokens, and of the web app in a browser
LOGIN_KINDS = ("token", "browser")
_KIND = case((Login.refresh_jti == "", "browser"), else_="token").label("kind")

exported_as(
    "logins",
    select(
        Login.id, _KIND, Login.created_at, Login.refreshed_at, Login.revoked_at, Login.user_agent
    )
    .where(Login.user_id == EXPORTED_USER)
    .order_by(Login.id),
)

_COLUMNS = (Login.id, _KIND, Login.created_at, Login.refreshed_at, Login.user_agent)
#: a user's logins that have not ended and were used since `horizon`
ACTIVE_LOGINS: Rows = select(*_COLUMNS).where(
    Login.user_id == bindparam("user_id"),
    Login.revoked_at.is_(None),
    Login.refreshed_at >= bindparam("horizon"),
)
