"""The log of what admins did and of what concerns the safety of accounts; it only grows.

The database itself refuses to change or delete an entry. Users are told by plain numbers: the log
outlives their accounts.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, Index, String, Table, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import BigId, Model, Rows, UTCDateTime, execute
from gridt.runtime.clock import utcnow
from gridt.runtime.request_state import request_state

#: what one may tell in a detail; texts of people are longer than this
LONGEST_DETAIL = 200
#: parts of words for what must never get into a log that nobody can clean
_SECRET = ("password", "token", "email", "mail", "secret", "hash", "jti", "message", "text")


class Action(StrEnum):
    """All that is noted; whoever notes something else adds it here."""

    REGISTERED = "account.registered"
    EXPORTED = "account.exported"
    DELETED = "account.deleted"
    DEACTIVATED = "account.deactivated"
    REACTIVATED = "account.reactivated"
    ROLE_CHANGED = "role.changed"
    EMAIL_CHANGED = "email.changed"
    EMAIL_CONFIRMED = "email.confirmed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - says that, not which
    PASSWORD_RESET = "password.reset"  # noqa: S105
    PASSWORD_WRONG = "password.wrong"  # noqa: S105
    LOGGED_IN = "login.started"
    LOGGED_OUT = "login.ended"
    LOGGED_OUT_EVERYWHERE = "login.ended-everywhere"
    #: a refresh token was used twice: somebody has a copy of it
    LOGIN_COPIED = "login.copied"
    MOVEMENT_EDITED = "movement.edited"
    MOVEMENT_DELETED = "movement.deleted"
    UPDATE_REMOVED = "update.removed"
    REPORT_CLOSED = "report.closed"
    #: a secret address, which who knows it reads somebody's calendar by
    CALENDAR_MADE = "calendar.made"
    CALENDAR_REVOKED = "calendar.revoked"


class AuditEntry(Model):
    """Something that was done, by whom and to whom.

    :param actor_id: the user who did it; None for an operator, or for nobody knows whom
    :param user_id: the user whom it concerns
    :param subject: what else it concerns: the name of its table, and `subject_id`
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "actor_id", "id"),
        Index(None, "action", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    action: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[int | None]
    user_id: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(64))
    subject_id: Mapped[int | None] = mapped_column(BigId)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str | None] = mapped_column(String(64))

    @classmethod
    def note(
        cls,
        action: str,
        *,
        user_id: int | None = None,
        actor_id: int | None = None,
        subject: Model | None = None,
        **details: str | int | bool | None,
    ) -> None:
        """Add an entry to the caller's transaction. Does not commit.

        :param subject: a saved record with an `id`
        :raises ValueError: for an action that is not in `Action`, and for a detail that may tell
            what has no place here
        """
        for name, value in details.items():
            _ensure_harmless(name, value)
        entry = {
            "at": utcnow(),
            "action": Action(action).value,
            "actor_id": actor_id,
            "user_id": user_id,
            "subject": None if subject is None else subject.__tablename__,
            "subject_id": None if subject is None else cast("Any", subject).id,
            "details": details,
            "request_id": request_state().request_id,
        }
        execute(_INSERT, entry)

    @classmethod
    def concerning(cls, user_id: Any) -> ColumnElement[bool]:
        """Return the condition for what a user did or what was done to them."""
        return or_(cls.user_id == user_id, cls.actor_id == user_id)


def entries(
    user: int | None = None, action: str | None = None, since: datetime | None = None
) -> Rows:
    """Select the entries about a user, of an action, and since a time, as far as given."""
    query: Rows = select(*AuditEntry.__table__.columns)
    if user is not None:
        query = query.where(AuditEntry.concerning(user))
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    return query


_INSERT = insert(cast("Table", AuditEntry.__table__))


def _ensure_harmless(name: str, value: Any) -> None:
    if any(word in name for word in _SECRET):
        raise ValueError(f"{name!r} has no place in a log that nobody can clean")
    if isinstance(value, str) and len(value) > LONGEST_DETAIL:
        raise ValueError(f"{name!r} is longer than {LONGEST_DETAIL}")
