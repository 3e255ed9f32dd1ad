"""Activity: a user's completed and due turns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, select
from sqlalchemy.orm import aliased

from gridt.models import (
    FETCHED_AT_ONCE,
    SERVICE_NAME,
    STANDING_ROW,
    DueEvent,
    Movement,
    MovementRename,
    Revision,
    Rows,
    StandingRow,
    Subscription,
    Update,
    User,
    UTCDateTime,
    execute,
    goals_before,
    own_standing_view,
    read,
    revise_due_events,
    service_id,
)
from gridt.runtime.clock import utcnow
from gridt.turns.calendar import Clock, turn_at
from gridt.turns.months import interval_of

#: how far a calendar of a user's activity goes back, and the updates in it at most
CALENDAR_SPAN, CALENDAR_UPDATES = timedelta(days=366), 1000


@dataclass(frozen=True, slots=True)
class CalendarOwner:
    """The service and the user in event ids."""

    service: str
    person: str


@dataclass(frozen=True, slots=True)
class CompletedTurn:
    """An update of a user, with its movement and day.

    :param at: in their own time zone
    :param day: their own date on which its turn began
    :param revision: how often the movement was renamed, and the time of the last change
    """

    id: int
    movement_id: int
    movement: str
    at: datetime
    day: date
    message: str | None
    revision: Revision


@dataclass(frozen=True, slots=True)
class DueTurn:
    """A turn that a user can complete until its end.

    :param revision: that of the movement's due turn in the user's calendar
    :param progress: "2 of 3" updates that the goal needs, or nothing
    """

    movement_id: int
    movement: str
    starts_at: datetime
    due_at: datetime
    revision: Revision
    progress: str = ""

    @property
    def digest(self) -> str:
        """A hash of what the calendar shows."""
        shown = f"{self.starts_at.isoformat()} {self.due_at.isoformat()} {self.movement}"
        return _hash(f"{shown} {self.progress}" if self.progress else shown)


def _hash(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


#: beside the table `movements` of `STANDING_ROW`
_named = aliased(Movement)
_me: BindParameter[int] = bindparam("user_id")

# Statements are built once, because building one costs as much as running it.
_OWNER = select(User.created_at, SERVICE_NAME.label("service")).where(User.id == _me)
_CLOCK = select(User.time_zone, User.day_starts_at, User.week_starts_on).where(User.id == _me)
_UPDATES: Rows = (
    select(
        Update.id,
        Update.movement_id,
        Movement.name.label("movement"),
        Movement.interval,
        Movement.interval_months,
        Update.time_stamp,
        Update.message,
        Subscription.subscribed_at,
        Subscription.counted_from,
        MovementRename.revision,
        MovementRename.revised_at,
    )
    .join(Movement, Movement.id == Update.movement_id)
    .outerjoin(MovementRename, MovementRename.movement_id == Update.movement_id)
    .where(Update.leader_id == _me)
)
_MEMBERSHIP = and_(
    Subscription.user_id == Update.leader_id, Subscription.movement_id == Update.movement_id
)
_COMPLETED = (
    _UPDATES.outerjoin(Subscription, _MEMBERSHIP)
    .order_by(Update.movement_id, Update.time_stamp, Update.id)
    .execution_options(yield_per=FETCHED_AT_ONCE)
)
_RECENTLY_COMPLETED = (
    _UPDATES.join(Subscription, _MEMBERSHIP)
    .where(Update.time_stamp >= bindparam("horizon", type_=UTCDateTime()))
    .order_by(Update.time_stamp.desc(), Update.id.desc())
    .limit(CALENDAR_UPDATES)
)
_DUE: Rows = (
    STANDING_ROW.add_columns(
        _named.name.label("movement"), DueEvent.digest, DueEvent.revision, DueEvent.revised_at
    )
    .join(_named, _named.id == Subscription.movement_id)
    .outerjoin(
        DueEvent,
        and_(
            DueEvent.user_id == Subscription.user_id,
            DueEvent.movement_id == Subscription.movement_id,
        ),
    )
    .where(Subscription.user_id == _me)
    .order_by(Subscription.movement_id)
)


def calendar_owner(user_id: int) -> CalendarOwner:
    """Return the service and user in event ids.

    Another account may get the same number when a backup is restored, but not at the same moment.
    """
    row = execute(_OWNER, {"user_id": user_id}).one_or_none()
    service = (row and row.service) or service_id()
    created_at = row.created_at.isoformat() if row else ""
    return CalendarOwner(service, _hash(f"{service} {user_id} {created_at}")[:16])


def done_by(user_id: int) -> Iterator[CompletedTurn]:
    """Yield all updates of a user, movement by movement."""
    return _completed(_COMPLETED, user_id)


def recent_and_due(user_id: int) -> Iterator[CompletedTurn | DueTurn]:
    """Yield a user's recent completed turns, and due turns.

    Only turns of their present movements count. It stores the revisions of due turns that have
    changed. Only for requests that read.
    """
    yield from _completed(_RECENTLY_COMPLETED, user_id, horizon=utcnow() - CALENDAR_SPAN)
    yield from _due(user_id)


def _due(user_id: int) -> list[DueTurn]:
    moment = utcnow()
    turns, changed = list[DueTurn](), list[tuple[int, str]]()
    rows = execute(_DUE, {"user_id": user_id}).all()
    mine = {row.movement_id: read(StandingRow, row) for row in rows}
    former = goals_before(mine)
    for row in rows:
        goals = former.get(row.movement_id, ())
        standing = own_standing_view(mine[row.movement_id], moment, goals)
        turn = standing["turn"]
        starts_at = turn["ends_at"] if turn["done"] else turn["starts_at"]
        # in a pause, no turn is due
        starts_at = max(starts_at, standing["paused_until"] or starts_at)
        revision = Revision(row.revision or 0, row.revised_at or moment)
        due_at, progress = standing["due_at"], _progress(standing)
        due = DueTurn(row.movement_id, row.movement, starts_at, due_at, revision, progress)
        turns.append(due)
        if due.digest != row.digest:
            changed.append((due.movement_id, due.digest))
    if not changed:
        return turns
    revised = revise_due_events(user_id, changed)
    return [replace(due, revision=revised[due.movement_id]) for due in turns]


def _progress(standing: dict[str, Any]) -> str:
    """Return how much of its goal a due turn has."""
    turn = standing["turn"]
    if turn["amount"] is None or turn["ends_at"] != standing["due_at"]:
        return ""
    return f"{turn['amount']} of {turn['amount'] + turn['still']}"


def _completed(query: Rows, user_id: int, **parameters: datetime) -> Iterator[CompletedTurn]:
    row_of_clock = execute(_CLOCK, {"user_id": user_id}).one_or_none()
    if row_of_clock is None:  # the account was deleted
        return
    clock = Clock(*row_of_clock)
    for row in execute(query, {"user_id": user_id, **parameters}):
        # a member who left has no subscription to count from
        since = row.counted_from or row.subscribed_at or row.time_stamp
        turn = turn_at(row.time_stamp, interval_of(row.interval, row.interval_months), clock, since)
        yield CompletedTurn(
            row.id,
            row.movement_id,
            row.movement,
            row.time_stamp.astimezone(clock.tzinfo),
            clock.day_of(turn.starts_at),
            row.message,
            Revision(row.revision or 0, max(row.time_stamp, row.revised_at or row.time_stamp)),
        )
