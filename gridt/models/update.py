"""Updates: "I did it", said by a leader to whoever follows."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    BindParameter,
    Connection,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    Select,
    Text,
    bindparam,
    case,
    column,
    event,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapped,
    Mapper,
    mapped_column,
    relationship,
)

from gridt.clock import utcnow
from gridt.errors import NotSubscribed
from gridt.extensions import db
from gridt.models.base import BigId, Model, Stored, UTCDateTime, execute
from gridt.models.subscription import Subscription

if TYPE_CHECKING:
    from gridt.models.movement import Movement
    from gridt.models.user import User


class Update(Stored, Model):
    """A leader's statement to have done it, at `time_stamp`.

    Saving one also notes its time in the leader's subscription, deleting one takes it back.

    :param message: at most 280 characters for the followers
    """

    __tablename__ = "updates"
    __table_args__ = (
        Index(None, "leader_id", "movement_id", "time_stamp"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    leader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    movement_id: Mapped[int] = mapped_column(ForeignKey("movements.id"))
    time_stamp: Mapped[datetime] = mapped_column(UTCDateTime)
    message: Mapped[str | None] = mapped_column(Text)

    leader: Mapped["User"] = relationship()
    movement: Mapped["Movement"] = relationship()

    def __init__(self, leader: "User", movement: "Movement", message: str | None = None) -> None:
        self.leader = leader
        self.movement = movement
        self.message = message
        self.time_stamp = utcnow()

    @classmethod
    def record(cls, leader_id: int, movement_id: int, message: str | None = None) -> dict[str, Any]:
        """Insert an update of a member, and note its time, past the ORM: nothing is done more.

        Does not commit; locks the movement's row as its foreign key does, and then the member's
        own subscription: in the order in which who leaves does it.

        :returns: its id, time_stamp and message
        :raises NotSubscribed: when the leader is not a member, with nothing changed
        """
        posted = {"time_stamp": utcnow(), "message": message}
        ends = {"leader_id": leader_id, "movement_id": movement_id}
        mine = {"of_user": leader_id, "of_movement": movement_id}
        if not execute(_NOTE_TIME, mine | {"posted_at": posted["time_stamp"]}).rowcount:
            raise NotSubscribed
        (id,) = execute(_INSERT, ends | posted).one()
        return {"id": id, **posted}

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


def last_update_id(
    leader_id: InstrumentedAttribute[Any] | BindParameter[Any],
    movement_id: InstrumentedAttribute[Any],
) -> ScalarSelect[int]:
    """Return the subquery for the id of a leader's last update in a movement.

    Correlated: one look into the index per leader. A `GROUP BY` with `max()` reads the whole
    history of each (28 times the work at 5,000 updates).
    """
    last = Update.__table__.alias()
    return (
        select(last.c.id)
        .where(last.c.leader_id == leader_id, last.c.movement_id == movement_id)
        .order_by(last.c.time_stamp.desc(), last.c.id.desc())
        .limit(1)
        .correlate_except(last)
        .scalar_subquery()
    )


_MINE = (
    Subscription.user_id == bindparam("of_user"),
    Subscription.movement_id == bindparam("of_movement"),
)
_posted_at = bindparam("posted_at", type_=UTCDateTime())

# what the foreign key of an update locks as well, but after the subscription
_LOCKED_MOVEMENT = (
    select(column("id", Integer))
    .select_from(table("movements"))
    .where(column("id", Integer) == bindparam("of_movement"))
    .with_for_update(read=True, key_share=True)
    .scalar_subquery()
)

# Statements are made once: to build one costs as much as to run it.
_NOTE_TIME = (
    update(Subscription)
    .where(Subscription.user_id == bindparam("of_user"))
    .where(Subscription.movement_id == _LOCKED_MOVEMENT)
    .values(
        last_update_at=case(
            (Subscription.last_update_at > _posted_at, Subscription.last_update_at),
            else_=_posted_at,
        )
    )
)
_INSERT = insert(Update).returning(Update.id)
# not FOR UPDATE, which would say that the member leaves
_HOLD = select(Subscription.user_id).where(*_MINE).with_for_update(key_share=True)
_TAKE_TIME_BACK = (
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


def _subscription_of(posted: Update) -> dict[str, Any]:
    return {"of_user": posted.leader_id, "of_movement": posted.movement_id}


@event.listens_for(Update, "after_insert")
def _note_time(_mapper: Mapper[Update], connection: Connection, posted: Update) -> None:
    given = _subscription_of(posted) | {"posted_at": posted.time_stamp}
    connection.execute(_NOTE_TIME, given)


@event.listens_for(Update, "after_delete")
def _take_time_back(_mapper: Mapper[Update], connection: Connection, gone: Update) -> None:
    # whoever posts meanwhile holds this row: what they post has to be seen by the next statement
    connection.execute(_HOLD, _subscription_of(gone))
    connection.execute(_TAKE_TIME_BACK, _subscription_of(gone))
