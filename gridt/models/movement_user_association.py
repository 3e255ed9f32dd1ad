"""Slots: four places for leaders of each member."""

from typing import TYPE_CHECKING, Any, Optional

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    and_,
    delete,
    event,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from gridt.models.base import Model, Stored
from gridt.models.ownership import (
    EXPORTED_USER,
    OTHER_USER,
    Policy,
    exported_as,
    names_movement,
    names_user,
)
from gridt.models.subscription import Subscription
from gridt.runtime.extensions import db

if TYPE_CHECKING:
    from gridt.models.movement import Movement
    from gridt.models.user import User

#: how many leaders a member of a movement has, where there are enough members
SLOTS = 4


def _rows_of(movement_id: int) -> ColumnElement[bool]:
    """Return the condition for a movement's slots.

    An index finds them by the follower.
    """
    return and_(
        MovementUserAssociation.follower_id.in_(Subscription.members_of(movement_id)),
        MovementUserAssociation.movement_id == movement_id,
    )


class MovementUserAssociation(Stored, Model):
    """A follower's slot in a movement, filled or open.

    Both ends have to be subscribed to the movement. An association that a script makes takes, when
    it is saved, the lowest slot without a leader.

    :param leader: None where the slot is open
    :raises ValueError: on saving, when all four slots of the follower are filled
    """

    __tablename__ = "movement_user_associations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["follower_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_movement_user_associations_follower",
        ),
        # no cascade, so that a forgotten refill fails
        ForeignKeyConstraint(
            ["leader_id", "movement_id"],
            ["subscriptions.user_id", "subscriptions.movement_id"],
            name="fk_movement_user_associations_leader",
        ),
        UniqueConstraint("follower_id", "movement_id", "leader_id"),
        CheckConstraint(f"slot BETWEEN 0 AND {SLOTS - 1}", name="slot"),
        CheckConstraint("leader_id <> follower_id", name="not_oneself"),
        # for the followers of a leader; with NULL, for the open slots of a movement
        Index(None, "leader_id", "movement_id", "follower_id"),
    )

    follower_id: Mapped[int] = mapped_column(primary_key=True, info=names_user(Policy.LEAVE))
    movement_id: Mapped[int] = mapped_column(
        primary_key=True, info=names_movement(Policy.DELETE, rows_of=_rows_of)
    )
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    leader_id: Mapped[int | None] = mapped_column(info=names_user(Policy.LEAVE))

    movement: Mapped["Movement"] = relationship(
        primaryjoin="Movement.id == foreign(MovementUserAssociation.movement_id)"
    )
    follower: Mapped["User"] = relationship(
        primaryjoin="User.id == foreign(MovementUserAssociation.follower_id)"
    )
    leader: Mapped[Optional["User"]] = relationship(
        primaryjoin="User.id == foreign(MovementUserAssociation.leader_id)"
    )

    def __init__(
        self,
        movement: "Movement | None" = None,
        follower: "User | None" = None,
        leader: "User | None" = None,
    ) -> None:
        if movement is not None:
            self.movement = movement
        if follower is not None:
            self.follower = follower
        if leader is not None:
            self.leader = leader

    def _take_lowest_slot(self, session: Session) -> None:
        """Take the follower's first open slot, or a missing one."""
        follower_id = self.follower.id if self.follower else self.follower_id
        movement_id = self.movement.id if self.movement else self.movement_id
        of_follower = (
            MovementUserAssociation.follower_id == follower_id,
            MovementUserAssociation.movement_id == movement_id,
        )
        filled = set(
            session.scalars(
                select(MovementUserAssociation.slot).where(
                    *of_follower, MovementUserAssociation.leader_id.is_not(None)
                )
            )
        )
        filled.update(
            new.slot
            for new in session.new
            if isinstance(new, MovementUserAssociation)
            and new.slot is not None
            and (new.follower, new.movement) == (self.follower, self.movement)
        )
        slot = next((slot for slot in range(SLOTS) if slot not in filled), None)
        if slot is None:
            raise ValueError(f"user {follower_id} has {SLOTS} leaders here already")
        session.execute(
            delete(MovementUserAssociation).where(
                *of_follower, MovementUserAssociation.slot == slot
            )
        )
        self.slot = slot


# a job removes an account that has ended from its movements; it is hidden until then
_HAS_NOT_ENDED = OTHER_USER.c.deactivated_at.is_(None)

exported_as(
    "leaders",
    select(
        MovementUserAssociation.movement_id,
        MovementUserAssociation.slot,
        OTHER_USER.c.username.label("leader"),
    )
    .join(OTHER_USER, OTHER_USER.c.id == MovementUserAssociation.leader_id)
    .where(MovementUserAssociation.follower_id == EXPORTED_USER, _HAS_NOT_ENDED)
    .order_by(MovementUserAssociation.movement_id, MovementUserAssociation.slot),
)
exported_as(
    "followers",
    select(MovementUserAssociation.movement_id, OTHER_USER.c.username.label("follower"))
    .join(OTHER_USER, OTHER_USER.c.id == MovementUserAssociation.follower_id)
    .where(MovementUserAssociation.leader_id == EXPORTED_USER, _HAS_NOT_ENDED)
    .order_by(MovementUserAssociation.movement_id, MovementUserAssociation.follower_id),
)


@event.listens_for(db.session, "before_flush")
def _take_slots(session: Session, *_: Any) -> None:
    for new in session.new:
        if isinstance(new, MovementUserAssociation) and new.slot is None:
            new._take_lowest_slot(session)
