"""The audit log of admins' acts and accounts' safety.

It only grows. The database itself refuses to change or delete an entry. Entries name users by plain
numbers without a foreign key, because the log outlives their accounts.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, Index, String, Table, case, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import BigId, Model, Rows, UTCDateTime, execute
from gridt.models.event import Event, EventKind, in_transaction
from gridt.models.ownership import EXPORTED_USER, Policy, exported_as, names, names_user
from gridt.runtime.clock import utcnow
from gridt.runtime.request_state import request_state

#: characters that a detail may have; most texts of people are longer
LONGEST_DETAIL = 200
#: parts of names of facts that must never get into a log that no operator can clean
_SECRET = ("password", "token", "email", "mail", "secret", "hash", "jti", "message", "text")


#: the kinds of events that the log keeps
AUDITED = (
    EventKind.ACCOUNT_REGISTERED,
    EventKind.ACCOUNT_EXPORTED,
    EventKind.ACCOUNT_DELETED,
    EventKind.ACCOUNT_DEACTIVATED,
    EventKind.ACCOUNT_REACTIVATED,
    EventKind.ROLE_CHANGED,
    EventKind.EMAIL_CHANGED,
    EventKind.EMAIL_CONFIRMED,
    EventKind.PASSWORD_CHANGED,
    EventKind.PASSWORD_RESET,
    EventKind.PASSWORD_WRONG,
    EventKind.LOGIN_STARTED,
    EventKind.LOGIN_ENDED,
    EventKind.LOGIN_ENDED_EVERYWHERE,
    EventKind.LOGIN_COPIED,
    EventKind.MOVEMENT_EDITED,
    EventKind.MOVEMENT_DELETED,
    EventKind.MOVEMENT_CLOSED,
    EventKind.MEMBER_REMOVED,
    EventKind.REMOVAL_LIFTED,
    EventKind.UPDATE_REMOVED,
    EventKind.REPORT_CLOSED,
    EventKind.CALENDAR_MADE,
    EventKind.CALENDAR_REVOKED,
    EventKind.INVITATION_MADE,
    EventKind.INVITATION_REVOKED,
    EventKind.INVITATION_ACCEPTED,
    EventKind.GROUP_DELETED,
    EventKind.GROUP_MEMBER_ADDED,
    EventKind.GROUP_MEMBER_REMOVED,
    EventKind.GROUP_ROLE_GIVEN,
    EventKind.GROUP_ROLE_REMOVED,
)


class AuditEntry(Model):
    """An act or event, with the users concerned.

    :param actor_id: the user who did it; None for an operator, or where the user is not known
    :param user_id: the user whom it concerns
    :param subject: the name of the table of anything else that it concerns, in `subject_id`
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "actor_id", "id"),
        Index(None, "action", "id"),
        {"sqlite_autoincrement": True, "info": names("subject", "subject_id", Policy.KEEP)},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    action: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[int | None] = mapped_column(info=names_user(Policy.KEEP))
    user_id: Mapped[int | None] = mapped_column(info=names_user(Policy.KEEP))
    subject: Mapped[str | None] = mapped_column(String(64))
    subject_id: Mapped[int | None] = mapped_column(BigId)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str | None] = mapped_column(String(64))

    @classmethod
    def concerning(cls, user_id: Any) -> ColumnElement[bool]:
        """Return the condition for acts by or on a user."""
        return or_(cls.user_id == user_id, cls.actor_id == user_id)


exported_as(
    "audit",
    select(
        AuditEntry.at,
        AuditEntry.action,
        case((AuditEntry.actor_id == EXPORTED_USER, True), else_=False).label("by_yourself"),
        AuditEntry.details,
    )
    .where(AuditEntry.concerning(EXPORTED_USER))
    .order_by(AuditEntry.id),
)


def entries(
    user: int | None = None, action: str | None = None, since: datetime | None = None
) -> Rows:
    """Select entries by user, action and time.

    Each condition applies if it is set.
    """
    query: Rows = select(*AuditEntry.__table__.columns)
    if user is not None:
        query = query.where(AuditEntry.concerning(user))
    if action is not None:
        query = query.where(AuditEntry.action == action)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    return query


_INSERT = insert(cast("Table", AuditEntry.__table__))


@in_transaction(*AUDITED)
def _write_entry(event: Event) -> None:
    """Add an entry to the transaction of an event.

    :raises ValueError: for a fact that may hold something that does not belong in the log
    """
    for name, value in event.facts.items():
        _ensure_harmless(name, value)
    subject = event.subject
    entry = {
        "at": utcnow(),
        "action": event.kind.value,
        "actor_id": event.actor_id,
        "user_id": event.user_id,
        "subject": None if subject is None else subject.__tablename__,
        "subject_id": None if subject is None else cast("Any", subject).id,
        "details": dict(event.facts),
        "request_id": request_state().request_id,
    }
    execute(_INSERT, entry)


def _ensure_harmless(name: str, value: Any) -> None:
    if any(word in name for word in _SECRET):
        raise ValueError(f"{name!r} has no place in a log that nobody can clean")
    if isinstance(value, str) and len(value) > LONGEST_DETAIL:
        raise ValueError(f"{name!r} is longer than {LONGEST_DETAIL}")
