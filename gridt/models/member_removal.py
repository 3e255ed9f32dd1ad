"""Removals: members that a creator or an admin removed."""

from datetime import datetime
from typing import cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Integer,
    bindparam,
    column,
    delete,
    exists,
    or_,
    select,
    table,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import MovementInUse, RemovedFromMovement
from gridt.models.base import Model, UTCDateTime
from gridt.models.former_membership import FormerMembership
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    exported_as,
    owned_by_movement,
    owned_by_user,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db


class MemberRemoval(Model):
    """A removal, which keeps a user from joining again.

    The audit log has the user who removed them.
    """

    __tablename__ = "member_removals"

    # on delete cascade: the version before this table deletes users and movements without it
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        owned_by_user(ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    removed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def exists(cls, movement_id: int, user_id: int) -> bool:
        """Return whether a user is removed from a movement."""
        return bool(db.session.scalar(select(exists().where(*cls._of(movement_id, user_id)))))

    @classmethod
    def ensure_none(cls, movement_id: int, user_id: int) -> None:
        """Check that a user is not removed.

        :raises RemovedFromMovement: when they are
        """
        if cls.exists(movement_id, user_id):
            raise RemovedFromMovement

    @classmethod
    def ensure_deletable(cls, movement_id: int, *, is_admin: bool) -> None:
        """Check that no removed user has updates in a movement.

        They may come back, and go on where they were.

        :param is_admin: whether an admin deletes the movement, who may
        :raises MovementInUse: when one has
        """
        if not is_admin and db.session.scalar(_POSTED, {"movement_id": movement_id}):
            words = "Members that you removed have updates in this movement."
            raise MovementInUse(f"{words} Only an admin can delete it.")

    @classmethod
    def add(cls, movement_id: int, user_id: int) -> None:
        """Keep a user from joining a movement. Flushes."""
        db.session.add(cls(movement_id=movement_id, user_id=user_id, removed_at=utcnow()))
        db.session.flush()

    @classmethod
    def lift(cls, movement_id: int, user_id: int) -> bool:
        """Let a user join; return whether they were removed."""
        lifted = db.session.execute(delete(cls).where(*cls._of(movement_id, user_id)))
        return cast("CursorResult[object]", lifted).rowcount == 1

    @classmethod
    def _of(cls, movement_id: int, user_id: int) -> tuple[ColumnElement[bool], ...]:
        return cls.movement_id == movement_id, cls.user_id == user_id


_updates = table("updates", column("leader_id", Integer), column("movement_id", Integer))
_POSTED = select(
    or_(
        *(
            exists().where(
                removed.movement_id == bindparam("movement_id"),
                _updates.c.leader_id == removed.user_id,
                _updates.c.movement_id == bindparam("movement_id"),
                *conditions,
            )
            # those of the second kind are let in, and have not joined yet
            for removed, conditions in (
                (MemberRemoval, ()),
                (FormerMembership, (FormerMembership.removed,)),
            )
        )
    )
)

exported_as(
    "removals",
    select(
        MemberRemoval.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        MemberRemoval.removed_at,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == MemberRemoval.movement_id)
    .where(MemberRemoval.user_id == EXPORTED_USER)
    .order_by(MemberRemoval.movement_id),
)
