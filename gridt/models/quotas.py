"""Quotas: limits on the rows and acts of an account.

Each operation compares under the lock that it takes anyway, so two requests of one account cannot
both take the last place. Operators, demo data and scripts pass no quotas.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    BindParameter,
    Date,
    Integer,
    String,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.errors import (
    TooManyMovements,
    TooManySubscriptions,
    TooManySwaps,
    TooManyUpdates,
    TooManyUpdatesInTurn,
)
from gridt.models.base import Model, execute
from gridt.models.ownership import (
    EXPORTED_USER,
    NAMED_MOVEMENT,
    exported_as,
    owned_by_movement,
    owned_by_user,
)
from gridt.models.rows import StandingRow
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import with_noun
from gridt.turns.calendar import Turn
from gridt.turns.terms import SPREAD

#: the first of this many updates of a membership counts all updates of the account
COUNTED_EVERY = 100

#: more than any account can have
ANY_NUMBER = 2**31 - 1

# tables by name, because the models of these import this module
_users = table("users", column("id", Integer), column("role", String))
_subscriptions = table("subscriptions", column("user_id", Integer))
_movements = table("movements", column("creator_id", Integer))
_updates = table("updates", column("leader_id", Integer))


class Quotas(NamedTuple):
    """The limits of one account; None is no limit."""

    #: movements that it started and that are still there
    movements: int | None = None
    subscriptions: int | None = None
    updates_per_turn: int | None = None
    #: in all movements together
    updates: int | None = None
    #: reports that no admin has closed
    reports: int | None = None
    #: in one movement, on one UTC day
    swaps: int | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return the quotas of a configuration; 0 is no limit."""
        return cls(*(config[f"QUOTA_{name.upper()}"] or None for name in cls._fields))


#: for operators, demo data and scripts
NO_QUOTAS = Quotas()


class SwapCount(Model):
    """The count of a member's swaps on one UTC day.

    There is one for each movement. The row stays when the member leaves: joining again does not
    start another count.
    """

    __tablename__ = "swap_counts"

    # on delete cascade: the version before this table deletes users without their counts
    user_id: Mapped[int] = mapped_column(owned_by_user(ondelete="CASCADE"), primary_key=True)
    movement_id: Mapped[int] = mapped_column(
        owned_by_movement(ondelete="CASCADE"), primary_key=True, index=True
    )
    day: Mapped[date] = mapped_column(Date)
    amount: Mapped[int]


exported_as(
    "swaps",
    select(
        SwapCount.movement_id,
        NAMED_MOVEMENT.c.name.label("movement"),
        SwapCount.day,
        SwapCount.amount,
    )
    .join(NAMED_MOVEMENT, NAMED_MOVEMENT.c.id == SwapCount.movement_id)
    .where(SwapCount.user_id == EXPORTED_USER)
    .order_by(SwapCount.movement_id),
)

# Statements are built once, because building one costs as much as running it.
_COUNT_UPDATES = select(func.count()).select_from(
    select(_updates.c.leader_id)
    .where(_updates.c.leader_id == bindparam("user_id"))
    .limit(bindparam("most"))
    .subquery()
)
#: how many movements a user has joined, as a subquery by `follower_id`
JOINED_BY_FOLLOWER = (
    select(func.count())
    .where(_subscriptions.c.user_id == bindparam("follower_id"))
    .scalar_subquery()
)
_user_id: BindParameter[int] = bindparam("user_id")
_STARTED = select(func.count()).select_from(_movements).where(_movements.c.creator_id == _user_id)
_JOINED = (
    select(func.count()).select_from(_subscriptions).where(_subscriptions.c.user_id == _user_id)
)
_ROLE = select(_users.c.role).where(_users.c.id == bindparam("user_id"))
_IS_SAME_DAY = SwapCount.day == bindparam("today", type_=Date())


def _count_swap(insert: Any) -> Any:
    """Return the statement that counts a swap.

    Above the quota it returns no row.
    """
    return (
        insert(SwapCount)
        .values(
            user_id=bindparam("of_user"),
            movement_id=bindparam("of_movement"),
            day=bindparam("today", type_=Date()),
            amount=1,
        )
        .on_conflict_do_update(
            index_elements=["user_id", "movement_id"],
            set_={
                "day": bindparam("today", type_=Date()),
                "amount": case((_IS_SAME_DAY, SwapCount.amount + 1), else_=1),
            },
            where=or_(~_IS_SAME_DAY, SwapCount.amount < bindparam("most", type_=Integer())),
        )
        .returning(SwapCount.amount)
    )


_COUNT_SWAP = {
    "sqlite": _count_swap(sqlite.insert),
    "postgresql": _count_swap(postgresql.insert),
}


def is_exempt(user_id: int) -> bool:
    """Return whether a user is an admin, without quotas."""
    return execute(_ROLE, {"user_id": user_id}).scalar_one_or_none() == "admin"


def ensure_may_start(user_id: int, most: int | None) -> None:
    """Compare a locked user's started movements with a quota.

    :raises TooManyMovements: when the user may not start another one
    """
    if most is not None and execute(_STARTED, {"user_id": user_id}).scalar_one() >= most:
        raise TooManyMovements(
            f"You have started {with_noun(most, 'movement')}, as many as one account may."
            " Try again after you delete one."
        )


def ensure_may_join(user_id: int, most: int | None) -> None:
    """Compare a locked user's joined movements with a quota.

    :raises TooManySubscriptions: when the user may not join another one
    """
    if most is not None and count_joined(user_id) >= most:
        raise TooManySubscriptions(
            f"You have joined {with_noun(most, 'movement')}, as many as one account may."
            " Try again after you leave one."
        )


def count_joined(user_id: int) -> int:
    """Return how many movements a user has joined."""
    joined: int = execute(_JOINED, {"user_id": user_id}).scalar_one()
    return joined


def posted_in_turn(row: StandingRow, turn: Turn, now: datetime) -> tuple[int, datetime]:
    """Return a member's updates in the present turn.

    Also returns when that turn ends. A member whose clock changes keeps the count. It starts again
    if their turns became much shorter.
    """
    until = row.posted_until
    if until is not None and now < until <= turn.ends_at + SPREAD:
        return row.posted_in_turn, until
    return 0, turn.ends_at


def ensure_updates_allowed(user_id: int, new: int, most: int | None) -> None:
    """Count the updates of an account in all movements.

    :param new: the number of updates to add
    :raises TooManyUpdates: when the account would have too many
    """
    if most is None:
        return
    stored = execute(_COUNT_UPDATES, {"user_id": user_id, "most": most}).scalar_one()
    if stored + new > most and not is_exempt(user_id):
        raise TooManyUpdates(
            f"You have {with_noun(stored, 'update')}, and one account may have {most}."
            " Try again after you delete some."
        )


def count_swap(user_id: int, movement_id: int, most: int | None) -> None:
    """Count a swap of a member today. Does not commit.

    :raises TooManySwaps: above the quota
    """
    if most is None:
        return
    now = utcnow()
    statement = _COUNT_SWAP[db.session.get_bind().dialect.name]
    ids = {"of_user": user_id, "of_movement": movement_id}
    counted = execute(statement, ids | {"today": now.date(), "most": most})
    if counted.first() is None:
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        leaders = with_noun(most, "leader")
        detail = f"A member may swap {leaders} a day (UTC) in a movement."
        raise TooManySwaps(detail, retry_after=seconds_until(tomorrow))


def seconds_until(moment: datetime) -> int:
    """Return the whole seconds after which a moment has come."""
    return int((moment - utcnow()).total_seconds()) + 1


def ensure_turn_allows(user_id: int, posted: int, most: int | None, ends_at: datetime) -> None:
    """Compare the updates of one turn with the quota.

    :param posted: the number of updates that the member would have posted in the turn
    :param ends_at: when the turn ends
    :raises TooManyUpdatesInTurn: when these are too many
    """
    if most is not None and posted > most and not is_exempt(user_id):
        updates = with_noun(most, "update")
        detail = f"A member may post {updates} in a turn."
        raise TooManyUpdatesInTurn(detail, retry_after=max(1, seconds_until(ends_at)))
