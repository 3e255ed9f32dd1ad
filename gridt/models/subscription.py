"""Subscriptions: the members of each movement, in random order."""

import random
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    and_,
    bindparam,
    column,
    false,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    Policy,
    exported_as,
    owned_by_movement,
    owned_by_user,
)
from gridt.runtime.clock import utcnow
from gridt.turns.outcomes import REMEMBERED

#: keys of one movement lie in one range of this many
KEYS = 1 << 32
#: a member who posted or joined within this many intervals is active
ACTIVE_INTERVALS = 3

dice = random.SystemRandom()


class Subscription(Model):
    """A user's membership of a movement.

    `shuffle_key` is `movement_id << 32 | 32 random bits`. A range of its index is a movement in
    random order, in one column. The planner estimates such a range well for every movement, even
    for one that its statistics have not seen yet (docs/leader-network.md).
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("(roster_key & 4294967295) = user_id", name="roster_key"),
        Index(
            None,
            "roster_key",
            sqlite_where=column("roster_key").is_not(None),
            postgresql_where=column("roster_key").is_not(None),
        ),
    )

    user_id: Mapped[int] = mapped_column(owned_by_user(Policy.LEAVE), primary_key=True)
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(rows_of=lambda movement_id: Subscription.of(movement_id)),
        primary_key=True,
    )
    subscribed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    last_update_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    shuffle_key: Mapped[int] = mapped_column(BigInteger, index=True)
    #: the start of the standing, if imported updates are older than the subscription
    counted_from: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # the member's `gridt.turns.scoring.Standing`, by the same names; without a turn, no standing is
    # stored yet, as in rows from before standings were stored
    turn_starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    turn_ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    turn_done: Mapped[bool] = mapped_column(server_default=false())
    streak: Mapped[int] = mapped_column(server_default="0")
    best_streak: Mapped[int] = mapped_column(server_default="0")
    done_turns: Mapped[int] = mapped_column(server_default="0")
    turns: Mapped[int] = mapped_column(server_default="0")
    recent: Mapped[str | None] = mapped_column(String(REMEMBERED))
    #: the last pause, which may be over
    paused_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: part of the standing as well, in the form of `gridt.turns.weeks`; null in older rows
    weeks: Mapped[str | None] = mapped_column(Text)
    # for the quotas: the updates posted in this membership, the part of them in one turn, and the
    # end of that turn; deleted updates count
    posted: Mapped[int] = mapped_column(default=0, server_default="0")
    posted_in_turn: Mapped[int] = mapped_column(default=0, server_default="0")
    posted_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: the date up to which the turn runs, as a clock shows it; the moments of a plain interval are
    #: in UTC; null in rows from before it was stored
    turn_until: Mapped[datetime | None] = mapped_column(DateTime)
    #: when a turn last left out a date
    leapt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: whether the turn has late updates only
    turn_late: Mapped[bool] = mapped_column(server_default=false())
    #: the last import of updates from before the subscription; the clock of that moment scores that
    #: time
    imported_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # the updates of the turn that count towards its goal: all of them, and those on time; each with
    # the member's last day of one, and the moment of the first; null in a turn without any
    turn_amount: Mapped[float | None] = mapped_column(Double)
    turn_counted_on: Mapped[date | None] = mapped_column(Date)
    turn_amount_on_time: Mapped[float | None] = mapped_column(Double)
    turn_on_time_on: Mapped[date | None] = mapped_column(Date)
    turn_counted_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    turn_on_time_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: the membership by which the user joined, in a movement with a gate
    roster_key: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("memberships.roster_key"))

    @classmethod
    def of(cls, movement_id: int) -> ColumnElement[bool]:
        """Return the condition for the subscriptions to a movement.

        Use it alone: with `movement_id = …` beside it, PostgreSQL sorts the whole range.
        """
        first = movement_id * KEYS
        return and_(cls.shuffle_key >= first, cls.shuffle_key < first + KEYS)

    @classmethod
    def members_of(cls, movement_id: int) -> Select[int]:
        """Select the ids of a movement's members."""
        return select(cls.user_id).where(cls.of(movement_id))


exported_as(
    "subscriptions",
    select(
        Subscription.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        Subscription.subscribed_at,
        Subscription.last_update_at,
        Subscription.counted_from,
        Subscription.imported_at,
        Subscription.posted,
        Subscription.posted_in_turn,
        Subscription.posted_until,
        Subscription.turn_starts_at,
        Subscription.turn_ends_at,
        Subscription.turn_done,
        Subscription.turn_until,
        Subscription.leapt_at,
        Subscription.turn_late,
        Subscription.turn_amount,
        Subscription.turn_counted_on,
        Subscription.turn_counted_from,
        Subscription.turn_amount_on_time,
        Subscription.turn_on_time_on,
        Subscription.turn_on_time_from,
        Subscription.streak,
        Subscription.best_streak,
        Subscription.done_turns,
        Subscription.turns,
        Subscription.recent,
        Subscription.weeks,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == Subscription.movement_id)
    .where(Subscription.user_id == EXPORTED_USER)
    .order_by(Subscription.movement_id),
)

#: the same condition for a prepared statement, with the parameters of `keys_of`
IN_MOVEMENT = and_(
    Subscription.shuffle_key >= bindparam("first"), Subscription.shuffle_key < bindparam("end")
)


def keys_of(movement_id: int) -> dict[str, int]:
    """Return the parameters of `IN_MOVEMENT` for a movement."""
    return {"first": movement_id * KEYS, "end": (movement_id + 1) * KEYS}


def random_key(movement_id: int) -> int:
    """Draw a shuffle key within the range of a movement."""
    return movement_id * KEYS + dice.randrange(KEYS)
