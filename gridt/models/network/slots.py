"""Writing leaders into many slots by one statement."""

from collections.abc import Iterable, Sequence
from typing import cast

from sqlalchemy import Table, bindparam, select, update

from gridt.models.base import execute
from gridt.models.movement_user_association import MovementUserAssociation as Association

_associations = cast("Table", Association.__table__)
_slots = _associations.alias()

# Statements are built once, because building one costs as much as running it.
# The prefix `of_` keeps the parameters that name the slot apart from the slot's own columns.
_OF_FOLLOWER = (
    Association.follower_id == bindparam("of_follower"),
    Association.movement_id == bindparam("of_movement"),
)
_FILL = (
    update(_associations)
    .where(*_OF_FOLLOWER, Association.slot == bindparam("of_slot"))
    .values(leader_id=bindparam("leader_id"))
)
# SKIP LOCKED never waits, so the order does not matter. A slot that another transaction is changing
# stays as it is.
_TAKE = (
    update(_associations)
    .where(
        *_OF_FOLLOWER,
        Association.slot
        == select(_slots.c.slot)
        .where(
            _slots.c.follower_id == bindparam("of_follower"),
            _slots.c.movement_id == bindparam("of_movement"),
            _slots.c.slot == bindparam("of_slot"),
            _slots.c.leader_id.is_not_distinct_from(bindparam("left_id")),
        )
        .with_for_update(skip_locked=True)
        .scalar_subquery(),
    )
    .values(leader_id=bindparam("leader_id"))
)


def fill(movement_id: int, slots: Iterable[tuple[int, int, int | None]]) -> None:
    """Set the leader of each locked (follower, slot)."""
    rows = [
        _slot(movement_id, follower_id, slot) | {"leader_id": leader_id}
        for follower_id, slot, leader_id in slots
    ]
    if rows:
        execute(_FILL, rows)


def take(movement_id: int, slots: Iterable[Sequence[int | None]], leader_id: int) -> int:
    """Make a user the leader in each unchanged slot.

    A slot is named by follower, slot and leader.

    :returns: the number of these slots, without those that another transaction is changing
    """
    rows = [
        _slot(movement_id, follower_id, slot) | {"left_id": left_id, "leader_id": leader_id}
        for follower_id, slot, left_id in slots
    ]
    return execute(_TAKE, rows).rowcount


def _slot(movement_id: int, follower_id: int | None, slot: int | None) -> dict[str, int | None]:
    return {"of_follower": follower_id, "of_movement": movement_id, "of_slot": slot}
