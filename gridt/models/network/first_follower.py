"""A first follower for newcomers and for members without one."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, and_, bindparam, func, select

from gridt.models.base import execute
from gridt.models.block import blocked_between
from gridt.models.movement_user_association import SLOTS
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network.selection import WINDOW, Candidate, LeaderSelection
from gridt.models.network.slots import take
from gridt.models.subscription import Subscription, dice

_slots = cast("Table", Association.__table__).alias()

_SLOTS_TO_GIVE_UP = (
    select(
        _slots.c.follower_id,
        _slots.c.slot,
        _slots.c.leader_id,
        Subscription.subscribed_at,
        Subscription.last_update_at,
        Subscription.paused_until,
        select(func.count())
        .where(
            Association.leader_id == _slots.c.leader_id,
            Association.movement_id == _slots.c.movement_id,
        )
        .correlate(_slots)
        .scalar_subquery()
        .label("followers"),
    )
    .join_from(
        _slots,
        Subscription,
        and_(
            Subscription.user_id == _slots.c.leader_id,
            Subscription.movement_id == _slots.c.movement_id,
        ),
    )
    .where(
        _slots.c.follower_id.in_(bindparam("adopters", expanding=True)),
        _slots.c.movement_id == bindparam("movement_id"),
        ~blocked_between(_slots.c.follower_id, bindparam("newcomer_id")),
    )
)


def assign_first_follower(
    selection: LeaderSelection, member_id: int, adopters: Sequence[Candidate]
) -> None:
    """Give a member without followers one.

    So another member sees their updates. Among a few random members, one follows this member. That
    one gives up the inactive leader with most followers, or else the active leader with most, if
    that leader has more than four.

    :param selection: of the movement
    :param adopters: random members, the member perhaps among them
    """
    others = [adopter.user_id for adopter in adopters if adopter.user_id != member_id]
    parameters = {
        "adopters": dice.sample(others, min(len(others), WINDOW)),
        "newcomer_id": member_id,
        "movement_id": selection.movement_id,
    }
    rows = list(execute(_SLOTS_TO_GIVE_UP, parameters))
    # sorting keeps the order of equals, so shuffling breaks ties at random
    dice.shuffle(rows)
    rows.sort(key=lambda row: row.followers, reverse=True)
    inactive = [
        row
        for row in rows
        if not selection.is_active(row.subscribed_at, row.last_update_at)
        and not selection.is_paused(row.paused_until)
    ]
    crowded = [row for row in rows if row.followers > SLOTS]
    for row in [*inactive, *crowded]:
        # the first one nearly always succeeds, unless another transaction is changing it
        if take(selection.movement_id, [row[:3]], member_id):
            return
