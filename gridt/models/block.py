"""Who does not want to meet whom: neither of them is given the other as leader."""

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
    """A user who blocked another, who is never told.

    To make or to take back one changes networks too: `gridt.network.blocking` does both.
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

#: both directions a block is looked up in, each by an index of its own
DIRECTIONS: tuple[tuple[InstrumentedAttribute[int], InstrumentedAttribute[int]], ...] = (
    (Block.blocker_id, Block.blocked_id),
    (Block.blocked_id, Block.blocker_id),
)


def barred(one: ColumnElement[int] | Any, other: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """Return the condition that one of two users blocked the other."""
    return or_(
        *(select(Block.blocker_id).where(a == one, b == other).exists() for a, b in DIRECTIONS)
    )


_BARRED = union(
    *(
        select(b.label("user_id")).where(
            a == bindparam("one"), b.in_(bindparam("others", expanding=True))
        )
        for a, b in DIRECTIONS
    )
)


def barred_from(one: int, others: Collection[int]) -> set[int]:
    """Return those of some users who blocked one user, or whom that one blocked."""
    if not others:
        return set()
    return {row.user_id for row in execute(_BARRED, {"one": one, "others": list(others)})}


_FOLLOWED_IN = select(Block.followed_in).where(
    Block.blocker_id == bindparam("blocker_id"),
    Block.blocked_id == bindparam("blocked_id"),
    Block.created_at >= bindparam("posted_at"),
)


def followed_before(blocker: int, blocked: int, movement: int, posted_at: datetime) -> bool:
    """Tell whether one blocked the other after something was posted, and could read it before."""
    given = {"blocker_id": blocker, "blocked_id": blocked, "posted_at": posted_at}
    row = execute(_FOLLOWED_IN, given).one_or_none()
    return row is not None and movement in (row.followed_in or ())
