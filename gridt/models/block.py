"""Blocks: neither of two users becomes the other's leader."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    Index,
    bindparam,
    or_,
    select,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from gridt.models.base import Model, UTCDateTime, execute
from gridt.models.ownership import EXPORTED_USER, OTHER_USER, exported_as, owned_by_user
from gridt.runtime.clock import utcnow


class Block(Model):
    """A block of a user by another.

    The blocked user does not see it. Adding or removing a block changes networks too:
    `gridt.network.blocking` does both.
    """

    __tablename__ = "blocks"
    __table_args__ = (
        CheckConstraint("blocker_id <> blocked_id", name="not_oneself"),
        Index(None, "blocked_id", "blocker_id"),
    )

    blocker_id: Mapped[int] = mapped_column(owned_by_user(), primary_key=True)
    blocked_id: Mapped[int] = mapped_column(owned_by_user(), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    #: the ids of movements where the blocker followed the other just before; None: not known
    followed_in: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))


exported_as(
    "blocks",
    select(Block.created_at, OTHER_USER.c.username.label("blocked"), Block.followed_in)
    .join(OTHER_USER, OTHER_USER.c.id == Block.blocked_id)
    .where(Block.blocker_id == EXPORTED_USER)
    .order_by(Block.blocked_id),
)

#: both directions of a block; a look-up in each uses an index of its own
DIRECTIONS: tuple[tuple[InstrumentedAttribute[int], InstrumentedAttribute[int]], ...] = (
    (Block.blocker_id, Block.blocked_id),
    (Block.blocked_id, Block.blocker_id),
)


def blocked_between(
    user_id: ColumnElement[int] | Any, other_id: ColumnElement[int] | Any
) -> ColumnElement[bool]:
    """Return the condition that either user blocked the other."""
    return or_(
        *(
            select(Block.blocker_id).where(end == user_id, other_end == other_id).exists()
            for end, other_end in DIRECTIONS
        )
    )


_BLOCKED_AMONG = union(
    *(
        select(other_end.label("user_id")).where(
            end == bindparam("user_id"), other_end.in_(bindparam("others", expanding=True))
        )
        for end, other_end in DIRECTIONS
    )
)


def blocked_among(user_id: int, others: Collection[int]) -> set[int]:
    """Return the others in a block with a user."""
    if not others:
        return set()
    rows = execute(_BLOCKED_AMONG, {"user_id": user_id, "others": list(others)})
    return {row.user_id for row in rows}


_FOLLOWED_IN = select(Block.followed_in).where(
    Block.blocker_id == bindparam("blocker_id"),
    Block.blocked_id == bindparam("blocked_id"),
    Block.created_at >= bindparam("posted_at"),
)


def followed_before(blocker: int, blocked: int, movement: int, posted_at: datetime) -> bool:
    """Return whether a later block hides an update.

    It does if the blocker followed the other user there when the update was posted, and blocked
    them after it.
    """
    parameters = {"blocker_id": blocker, "blocked_id": blocked, "posted_at": posted_at}
    row = execute(_FOLLOWED_IN, parameters).one_or_none()
    return row is not None and movement in (row.followed_in or ())
