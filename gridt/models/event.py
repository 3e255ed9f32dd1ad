"""Events: recorded in the transaction that makes them happen.

Domain methods call `record`, which calls the listeners of that kind of event, in two phases. A
listener `in_transaction` runs at once: its changes are committed together with the event's, and its
failure is the caller's. A listener `after_commit` runs when the change is permanent: its failure is
logged, and the next listener runs.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import event as sqlalchemy_event

from gridt.models.base import Model
from gridt.runtime.database import Session
from gridt.runtime.extensions import db

log = logging.getLogger(__name__)


class EventKind(StrEnum):
    """The kinds of events.

    A family that records another kind adds it here.
    """

    ACCOUNT_REGISTERED = "account.registered"
    ACCOUNT_EXPORTED = "account.exported"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_DEACTIVATED = "account.deactivated"
    ACCOUNT_REACTIVATED = "account.reactivated"
    ROLE_CHANGED = "role.changed"
    EMAIL_CHANGED = "email.changed"
    EMAIL_CONFIRMED = "email.confirmed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - the name of an event
    PASSWORD_RESET = "password.reset"  # noqa: S105 - the same
    PASSWORD_WRONG = "password.wrong"  # noqa: S105 - the same
    LOGIN_STARTED = "login.started"
    LOGIN_ENDED = "login.ended"
    LOGIN_ENDED_EVERYWHERE = "login.ended-everywhere"
    #: a refresh token was used twice, so it must have been copied
    LOGIN_COPIED = "login.copied"
    #: an admin changed or deleted a movement that another user created
    MOVEMENT_EDITED = "movement.edited"
    MOVEMENT_DELETED = "movement.deleted"
    #: it lost its creator and its last member
    MOVEMENT_CLOSED = "movement.closed"
    #: a movement's creator or an admin removed a member, or let them join again
    MEMBER_REMOVED = "member.removed"
    REMOVAL_LIFTED = "removal.lifted"
    #: an admin deleted another user's update
    UPDATE_REMOVED = "update.removed"
    REPORT_CLOSED = "report.closed"
    CALENDAR_MADE = "calendar.made"
    CALENDAR_REVOKED = "calendar.revoked"
    INVITATION_MADE = "invitation.made"
    INVITATION_REVOKED = "invitation.revoked"
    #: a person joined a group by it
    INVITATION_ACCEPTED = "invitation.accepted"
    GROUP_DELETED = "group.deleted"
    GROUP_MEMBER_ADDED = "group.member-added"
    GROUP_MEMBER_REMOVED = "group.member-removed"
    GROUP_ROLE_GIVEN = "group.role-given"
    GROUP_ROLE_REMOVED = "group.role-removed"

    UPDATE_POSTED = "update.posted"
    MEMBER_JOINED = "member.joined"
    MEMBER_LEFT = "member.left"
    #: a member who was inactive posted an update
    MEMBER_RETURNED = "member.returned"
    LEADER_SWAPPED = "leader.swapped"
    #: slots that lost their leader were filled, or opened; fact `slots`: how many
    SLOTS_REFILLED = "slots.refilled"
    #: a movement may have lost its creator and its last member
    MOVEMENT_EMPTIED = "movement.emptied"
    JOB_ENQUEUED = "job.enqueued"


@dataclass(frozen=True, slots=True)
class Event:
    """An event, with the users concerned.

    :param actor_id: the user who did it; None for an operator, or where the user is not known
    :param user_id: the user whom it concerns
    :param subject: the record that it concerns, if that is neither of the two
    :param facts: further facts, by name
    """

    kind: EventKind
    actor_id: int | None
    user_id: int | None
    subject: Model | None
    facts: Mapping[str, Any]


Listener = Callable[[Event], None]
Decorated = TypeVar("Decorated", bound=Listener)

_IN_TRANSACTION: defaultdict[EventKind, list[Listener]] = defaultdict(list)
_AFTER_COMMIT: defaultdict[EventKind, list[Listener]] = defaultdict(list)
#: the name under which a session keeps the events that wait for its commit
_PENDING = "gridt.events"


def in_transaction(*kinds: EventKind) -> Callable[[Decorated], Decorated]:
    """Call a function with these events, in their transaction."""
    return lambda listener: _register(listener, _IN_TRANSACTION, kinds)


def after_commit(*kinds: EventKind) -> Callable[[Decorated], Decorated]:
    """Call a function with these events, after their commit.

    The function has no transaction: it must not use the database.
    """
    return lambda listener: _register(listener, _AFTER_COMMIT, kinds)


def _register(
    listener: Decorated,
    listeners: defaultdict[EventKind, list[Listener]],
    kinds: tuple[EventKind, ...],
) -> Decorated:
    for kind in kinds:
        listeners[EventKind(kind)].append(listener)
    return listener


def record(
    kind: EventKind,
    *,
    actor_id: int | None = None,
    user_id: int | None = None,
    subject: Model | None = None,
    **facts: Any,
) -> None:
    """Record an event in the present transaction. Does not commit.

    :param kind: an `EventKind`, or its value
    :raises ValueError: for a kind that does not exist, or facts that a listener refuses
    """
    kind = EventKind(kind)
    at_once, later = _IN_TRANSACTION.get(kind), _AFTER_COMMIT.get(kind)
    if not at_once and not later:
        return
    event = Event(kind, actor_id, user_id, subject, facts)
    for listener in at_once or ():
        listener(event)
    if later:
        db.session.info.setdefault(_PENDING, []).append(event)


@sqlalchemy_event.listens_for(Session, "after_commit")
def _deliver(session: Session) -> None:
    for event in session.info.pop(_PENDING, ()):
        for listener in _AFTER_COMMIT[event.kind]:
            try:
                listener(event)
            except Exception:
                log.exception("a listener of %s failed", event.kind)


@sqlalchemy_event.listens_for(Session, "after_soft_rollback")
def _drop(session: Session, _transaction: Any) -> None:
    session.info.pop(_PENDING, None)
