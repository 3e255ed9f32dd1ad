"""Who belongs to which movement, in an order that chance made."""

import random
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, and_, bindparam
from sqlalchemy.orm import Mapped, mapped_column

from gridt.clock import utcnow
from gridt.models.base import Model, UTCDateTime

#: keys of one movement lie in one range of this many
KEYS = 1 << 32

dice = random.SystemRandom()


class Subscription(Model):
    """A user's membership of a movement.

    `shuffle_key` is `movement_id << 32 | 32 random bits`: a range of its index is a movement
    in random order, in one column that the planner knows well for every movement, also for
    one that its statistics have not seen yet (docs/leader-network.md).
    """

    __tablename__ = "subscriptions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    movement_id: Mapped[int] = mapped_column(ForeignKey("movements.id"), primary_key=True)
    subscribed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    last_update_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    shuffle_key: Mapped[int] = mapped_column(BigInteger, index=True)

    @classmethod
    def of(cls, movement_id: int) -> ColumnElement[bool]:
        """Return the condition that holds for the subscriptions to a movement.

        It stands alone: beside it, `movement_id = …` makes PostgreSQL sort the whole range.
        """
        first = movement_id * KEYS
        return and_(cls.shuffle_key >= first, cls.shuffle_key < first + KEYS)


#: the same condition for a prepared statement, with the parameters of `keys_of`
IN_MOVEMENT = and_(
    Subscription.shuffle_key >= bindparam("first"), Subscription.shuffle_key < bindparam("end")
)


def keys_of(movement_id: int) -> dict[str, int]:
    """Return the parameters that `IN_MOVEMENT` has for a movement."""
    return {"first": movement_id * KEYS, "end": (movement_id + 1) * KEYS}


def random_key(movement_id: int) -> int:
    """Draw a shuffle key within the range of a movement."""
    return movement_id * KEYS + dice.randrange(KEYS)
