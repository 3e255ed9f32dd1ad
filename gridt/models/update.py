"""Updates: "I did it", posted by leaders for followers."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    Connection,
    Index,
    Select,
    Text,
    bindparam,
    event,
    false,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import (
    Mapped,
    Mapper,
    mapped_column,
    relationship,
)

from gridt.errors import AlreadyDone, NotSubscribed
from gridt.models.base import BigId, Model, Stored, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    delete_owned,
    exported_as,
    owned_by_movement,
    owned_by_user,
)
from gridt.models.quotas import (
    COUNTED_EVERY,
    NO_QUOTAS,
    Quotas,
    ensure_turn_allows,
    ensure_updates_allowed,
    posted_in_turn,
)
from gridt.models.report import Snapshot
from gridt.models.rows import StandingRow, read
from gridt.models.schedule import clock_of
from gridt.models.standing import (
    EVERY,
    STANDING_ROW,
    enqueue_recompute_of,
    has_counted,
    is_complete,
    load_row,
    lock_row,
    recompute_soon,
    record_done,
    terms_of,
    terms_since,
    turn_open_for,
)
from gridt.models.subscription import ACTIVE_INTERVALS, Subscription
from gridt.runtime.clock import no_later_than, utcnow
from gridt.runtime.extensions import db
from gridt.turns.calendar import DAY, Turn, turn_at

if TYPE_CHECKING:
    from gridt.models.movement import Movement
    from gridt.models.user import User


class Update(Stored, Model):
    """A leader's statement that they did it, at `time_stamp`.

    Saving or deleting one also changes the leader's stored standing and time of the last update.

    :param message: at most 280 characters for the followers
    """

    __tablename__ = "updates"
    __table_args__ = (
        Index(None, "leader_id", "movement_id", "time_stamp"),
        {"sqlite_autoincrement": True},
    )
    # two requests may delete one update at once; for the second it is gone already
    __mapper_args__ = {"confirm_deleted_rows": False}  # noqa: RUF012 - read once, by SQLAlchemy

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    leader_id: Mapped[int] = mapped_column(owned_by_user())
    movement_id: Mapped[int] = mapped_column(owned_by_movement())
    time_stamp: Mapped[datetime] = mapped_column(UTCDateTime)
    message: Mapped[str | None] = mapped_column(Text)
    #: whether it was imported after its turn had been over for longer than the grace
    late: Mapped[bool] = mapped_column(default=False, server_default=false())

    leader: Mapped["User"] = relationship()
    movement: Mapped["Movement"] = relationship()

    def __init__(self, leader: "User", movement: "Movement", message: str | None = None) -> None:
        self.leader = leader
        self.movement = movement
        self.message = message
        self.time_stamp = utcnow()

    def snapshot(self) -> Snapshot:
        """Return this update as a report stores it."""
        return Snapshot(self.movement_id, self.id, self.leader_id, self.message or "")

    @classmethod
    def record(
        cls,
        leader_id: int,
        movement_id: int,
        message: str | None = None,
        *,
        at: datetime | None = None,
        grace: timedelta = timedelta(),
        quotas: Quotas = NO_QUOTAS,
    ) -> dict[str, Any]:
        """Insert a member's update, and store their new standing.

        Does not commit. The member can neither leave nor post meanwhile.

        :param at: if not now; up to five minutes ahead is now, and a known moment is returned
        :param grace: how long after its end a turn can still be reported as done
        :returns: the update, whether it `is_new`, and whether it is `counted` towards a goal
        :raises NotSubscribed: when the leader is not a member, with nothing changed
        :raises NotInTime: when `at` is further ahead, or in a turn that is over for too long
        :raises AlreadyDone: when the turn of `at` is done, and the movement counts only one
        """
        if (row := lock_row(leader_id, movement_id)) is None:
            raise NotSubscribed
        ends = {"leader_id": leader_id, "movement_id": movement_id}
        if at is not None and (saved := _saved_at(at, ends)):
            return saved
        if at is not None or row.posted % COUNTED_EVERY == 0:
            ensure_updates_allowed(leader_id, 1, quotas.updates)
        moment = utcnow()
        is_next = at is None and _is_next(row, moment)
        if at is not None:
            moment = _reported(no_later_than(moment, at), ends, row, grace, quotas)
        if is_next:
            is_next, counted = record_done(row, moment, quotas.updates_per_turn)
        posted = {"time_stamp": moment, "message": message}
        (id,) = execute(_INSERT, ends | posted).one()
        if not is_next:
            counted = _recomputed(row, moment)
        _record_posted(id, row)
        return {"id": id, **posted, "late": False, "is_new": True, "counted": counted}

    def withdraw(self, user: "User") -> None:
        """Delete this update for its author or an admin; commit."""
        if self.leader_id != user.id:
            record(
                EventKind.UPDATE_REMOVED,
                actor_id=user.id,
                user_id=self.leader_id,
                subject=self,
                movement=self.movement_id,
            )
        self.delete_from_db()

    @classmethod
    def of(cls, leader_id: int, movement_id: int) -> Select[Self]:
        """Select a leader's updates in a movement, newest first."""
        return (
            select(cls)
            .where(cls.leader_id == leader_id, cls.movement_id == movement_id)
            .order_by(cls.time_stamp.desc(), cls.id.desc())
        )

    @classmethod
    def find_last(cls, user: "User", movement: "Movement") -> Self | None:
        """Return the last update of `user` in `movement`, or None."""
        return db.session.scalars(cls.of(user.id, movement.id).limit(1)).first()

    def delete_from_db(self) -> None:
        """Delete this update with its rows, and commit."""
        delete_owned(self)
        super().delete_from_db()


exported_as(
    "updates",
    select(
        Update.id,
        Update.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        Update.time_stamp,
        Update.message,
        Update.late,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == Update.movement_id)
    .where(Update.leader_id == EXPORTED_USER)
    .order_by(Update.movement_id, Update.time_stamp, Update.id),
)


_MINE = (
    Subscription.user_id == bindparam("of_user"),
    Subscription.movement_id == bindparam("of_movement"),
)

# Statements are built once, because building one costs as much as running it.
_INSERT = insert(Update).returning(Update.id)
_COUNT_IN = (
    select(Update.id)
    .where(
        Update.leader_id == bindparam("leader_id"),
        Update.movement_id == bindparam("movement_id"),
        Update.time_stamp >= bindparam("starts_at", type_=UTCDateTime()),
        Update.time_stamp < bindparam("ends_at", type_=UTCDateTime()),
    )
    .limit(bindparam("most"))
)
_SAVED = (
    select(Update.id, Update.time_stamp, Update.message, Update.late)
    .where(
        Update.leader_id == bindparam("leader_id"),
        Update.movement_id == bindparam("movement_id"),
        Update.time_stamp == bindparam("moment", type_=UTCDateTime()),
    )
    .order_by(Update.id)
    .limit(1)
)
_SET_TIME = (
    update(Subscription)
    .where(*_MINE)
    .values(
        last_update_at=select(func.max(Update.time_stamp))
        .where(
            Update.leader_id == bindparam("of_user"),
            Update.movement_id == bindparam("of_movement"),
        )
        .scalar_subquery()
    )
)
_COUNT_POSTED = (
    update(Subscription)
    .where(*_MINE)
    .values(
        posted=Subscription.posted + 1,
        posted_in_turn=bindparam("new_posted_in_turn"),
        posted_until=bindparam("new_posted_until", type_=UTCDateTime()),
    )
)
_COUNT_FROM = (
    update(Subscription).where(*_MINE).values(counted_from=bindparam("since", type_=UTCDateTime()))
)
_COUNT_IMPORTED = _COUNT_FROM.values(imported_at=bindparam("imported_at", type_=UTCDateTime()))
_COUNTED_EARLIER = (
    STANDING_ROW.add_columns(Subscription.subscribed_at)
    .where(*_MINE, Subscription.counted_from.is_not(None))
    .with_for_update(key_share=True, of=Subscription)
)
_FIRST = select(func.min(Update.time_stamp)).where(
    Update.leader_id == bindparam("of_user"),
    Update.movement_id == bindparam("of_movement"),
    # the updates of an earlier membership do not count
    Update.time_stamp >= bindparam("since", type_=UTCDateTime()),
)


def _saved_at(moment: datetime, ends: dict[str, int]) -> dict[str, Any] | None:
    """Return a member's update of an exact moment, or None.

    This precedes the check of the turn. The first post of a repeated one has completed the turn,
    which may be over by now.
    """
    row = execute(_SAVED, ends | {"moment": moment}).first()
    return None if row is None else {**row._mapping, "is_new": False, "counted": None}


def _reported(
    moment: datetime, ends: dict[str, int], row: StandingRow, grace: timedelta, quotas: Quotas
) -> datetime:
    """Count and return a locked member's update of a moment."""
    # read again under the lock, because the clock may have changed meanwhile
    row = load_row(ends["leader_id"], ends["movement_id"]) or row
    turn = turn_open_for(row, moment, utcnow(), grace)
    _count_late(moment, turn, ends, row, quotas.updates_per_turn)
    return moment


def _posted_in(stretch: Turn, ends: dict[str, int], most: int) -> int:
    """Count a member's updates in a stretch of time.

    It stops at a limit.
    """
    bounds = {"starts_at": stretch.starts_at, "ends_at": stretch.ends_at, "most": most}
    return len(execute(_COUNT_IN, ends | bounds).all())


def _count_late(
    moment: datetime, turn: Turn, ends: dict[str, int], row: StandingRow, most: int | None
) -> None:
    """Count a reported update of this turn or the last.

    :raises AlreadyDone: when there is one, and the movement counts only one: in a turn, or with a
        goal in a day
    :raises TooManyUpdatesInTurn: when there are as many as a turn may have
    """
    goal = terms_since(row, turn.starts_at).goal_of(turn)
    if not (goal.every_update if goal else row.counts_every_update):
        stretch = turn_at(moment, DAY, clock_of(row), moment) if goal else turn
        if _posted_in(stretch, ends, 1):
            raise AlreadyDone
    if most is None:
        return
    stored, now = _posted_in(turn, ends, most), utcnow()
    if now < turn.ends_at:
        posted, until = posted_in_turn(row, turn, now)
        stored = max(stored, posted)
        counts = {"new_posted_in_turn": stored + 1, "new_posted_until": until}
        execute(_COUNT_POSTED, _mine(**ends) | counts)
    ensure_turn_allows(ends["leader_id"], stored + 1, most, turn.ends_at)


def _mine(leader_id: int, movement_id: int) -> dict[str, Any]:
    return {"of_user": leader_id, "of_movement": movement_id}


def _is_next(row: StandingRow, moment: datetime) -> bool:
    """Return whether a moment follows everything in a row."""
    # our clock may have been set back, or another server's clock may be ahead of it
    latest = max(row.turn_starts_at or row.since, row.last_update_at or row.since)
    return is_complete(row) and moment >= latest


@event.listens_for(Update, "after_insert")
def _after_insert(_mapper: Mapper[Update], _connection: Connection, posted: Update) -> None:
    ids: dict[str, Any] = {"actor_id": posted.leader_id, "movement_id": posted.movement_id}
    row = lock_row(posted.leader_id, posted.movement_id)
    if row is None:
        record(EventKind.UPDATE_POSTED, update_id=posted.id, **ids)
        return
    _record_posted(posted.id, row)
    is_next = is_complete(row) and posted.time_stamp >= (row.turn_starts_at or row.since)
    if not is_next or not record_done(row, posted.time_stamp)[0]:
        recompute_member(posted.leader_id, posted.movement_id, posted.time_stamp)


@event.listens_for(Update, "after_delete")
def _after_delete(_mapper: Mapper[Update], _connection: Connection, deleted: Update) -> None:
    _count_from_first(deleted.leader_id, deleted.movement_id)
    recompute_member(deleted.leader_id, deleted.movement_id, deleted.time_stamp)


def _record_posted(id: int, row: StandingRow) -> None:
    """Record an update, and the end of an author's silence.

    :param row: of the author before the update
    """
    ids: dict[str, Any] = {"actor_id": row.user_id, "movement_id": row.movement_id}
    record(EventKind.UPDATE_POSTED, update_id=id, **ids)
    active_at = max(row.since, row.last_update_at or row.since)
    if active_at + ACTIVE_INTERVALS * row.interval < utcnow():
        record(EventKind.MEMBER_RETURNED, **ids)
    if row.posted and row.posted % EVERY == 0:
        enqueue_recompute_of(row.user_id, row.movement_id)


def recompute_member(leader_id: int, movement_id: int, since: datetime) -> None:
    """Recompute a member whose updates changed since some moment."""
    recompute_soon(leader_id, movement_id, since)
    # `recompute_soon` waited for the lock of a concurrent post, whose update is visible now
    execute(_SET_TIME, {"of_user": leader_id, "of_movement": movement_id})


def _recomputed(row: StandingRow, moment: datetime) -> bool | None:
    """Recompute for a new update; return whether it counts."""
    recompute_member(row.user_id, row.movement_id, moment)
    return has_counted(row, moment)


def count_imported(user_id: int, movement_id: int, since: datetime, imported_at: datetime) -> None:
    """Let a standing begin earlier, by an import's clock.

    The standing is not recomputed.
    """
    mine = {"of_user": user_id, "of_movement": movement_id}
    execute(_COUNT_IMPORTED, mine | {"since": since, "imported_at": imported_at})


def _count_from_first(user_id: int, movement_id: int) -> None:
    """Let an imported standing begin with its first remaining update."""
    mine = {"of_user": user_id, "of_movement": movement_id}
    wider_row = execute(_COUNTED_EARLIER, mine).one_or_none()
    if wider_row is None:
        return
    row = read(StandingRow, wider_row)
    first = execute(_FIRST, mine | {"since": row.since}).scalar_one()
    is_older = first is not None and first < wider_row.subscribed_at
    since = terms_of(row).turn_at(first).starts_at if is_older else None
    execute(_COUNT_FROM, mine | {"since": since})
