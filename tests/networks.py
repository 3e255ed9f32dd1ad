"""Networks for tests: planted and read without the models."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from gridt.models import Block, Movement, Subscription, User
from gridt.models import MovementUserAssociation as Association
from gridt.models.subscription import random_key
from gridt.network import block
from gridt.runtime import clock as gridt_clock
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: the leader in each slot of each member: {follower: {slot: leader or None}}
Arrows = dict[int, dict[int, int | None]]

_numbers = count(1)


def people(amount: int) -> list[int]:
    """Insert users in bulk, without hashing passwords; return their ids."""
    names = [f"someone{next(_numbers)}" for _ in range(amount)]
    rows = [
        {
            "username": name,
            "username_folded": name,
            "email": f"{name}@example.org",
            "email_folded": f"{name}@example.org",
            "password_hash": "nobody logs in with this",
            "role": "user",
            "created_at": gridt_clock.utcnow(),
        }
        for name in names
    ]
    if rows:
        db.session.execute(sa.insert(User), rows)
    made = sa.select(User.id).where(User.username.in_(names)).order_by(User.id)
    ids = list(db.session.scalars(made))
    db.session.commit()
    return ids


def make_movements(amount: int, creator_id: int | None = None) -> list[Movement]:
    """Save some movements without members.

    One without creator is closed when its last member leaves.
    """
    movements = [Movement(f"movement {next(_numbers)}", timedelta(days=1)) for _ in range(amount)]
    for movement in movements:
        movement.creator_id = creator_id
        movement.save_to_db()
    return movements


def ring(members: Sequence[int]) -> dict[int, list[int]]:
    """Let each member follow the next four, or fewer."""
    size = len(members)
    return {
        member: [members[(place + step) % size] for step in range(1, min(5, size))]
        for place, member in enumerate(members)
    }


def plant(
    movement: Movement,
    leaders: dict[int, list[int]],
    *,
    keys: Iterable[int] = (),
    since: datetime | None = None,
) -> None:
    """Fill an empty movement with members and their leaders.

    :param keys: the low halves of their shuffle keys; random by default
    :param since: when they subscribed
    """
    ends = [movement.id * 2**32 + key for key in keys] or [random_key(movement.id) for _ in leaders]
    subscriptions = [
        {
            "user_id": member,
            "movement_id": movement.id,
            "subscribed_at": since or gridt_clock.utcnow(),
            "shuffle_key": key,
        }
        for member, key in zip(leaders, ends, strict=True)
    ]
    slots = [
        {"follower_id": member, "movement_id": movement.id, "slot": slot, "leader_id": leader}
        for member, chosen in leaders.items()
        for slot, leader in enumerate([*chosen, None, None, None, None][:4])
    ]
    if leaders:
        db.session.execute(sa.insert(Subscription), subscriptions)
        db.session.execute(sa.insert(Association), slots)
    movement.member_count = len(leaders)
    db.session.commit()


def arrows_of(movement_id: int) -> Arrows:
    """Read the slots of a movement."""
    rows = db.session.execute(
        sa.select(Association.follower_id, Association.slot, Association.leader_id)
        .where(Association.movement_id == movement_id)
        .order_by(Association.follower_id, Association.slot)
    )
    arrows: Arrows = {}
    for follower, slot, leader in rows:
        arrows.setdefault(follower, {})[slot] = leader
    return arrows


def keys_of(movement_id: int) -> dict[int, int]:
    """Read the members of a movement with their shuffle keys."""
    rows = db.session.execute(
        sa.select(Subscription.user_id, Subscription.shuffle_key).where(
            Subscription.movement_id == movement_id
        )
    )
    return dict(rows.all())


def violations() -> list[str]:
    """Return violations of invariants in any movement.

    The invariants are I1 to I9, and I14.
    """
    tables = db.metadata.tables
    users = set(db.session.scalars(sa.select(tables["users"].c.id)))
    counts = dict(
        db.session.execute(
            sa.select(tables["movements"].c.id, tables["movements"].c.member_count)
        ).all()
    )
    subscriptions = db.session.execute(sa.select(tables["subscriptions"])).all()
    slots = db.session.execute(sa.select(tables["movement_user_associations"])).all()
    updates = db.session.execute(sa.select(tables["updates"])).all()
    blocks = db.session.execute(sa.select(tables["blocks"])).all()
    pairs_apart = {(row.blocker_id, row.blocked_id) for row in blocks}
    pairs_apart |= {(blocked, blocker) for blocker, blocked in pairs_apart}
    members = Counter(subscription.movement_id for subscription in subscriptions)
    broken = [
        f"I9: movement {id} counts {stored} of {members[id]}"
        for id, stored in counts.items()
        if stored != members[id]
    ]
    pairs = Counter((row.user_id, row.movement_id) for row in subscriptions)
    broken += [f"I6: {pair} subscribed {times} times" for pair, times in pairs.items() if times > 1]
    ids = {(subscription.user_id, subscription.movement_id) for subscription in subscriptions}
    ids |= {(update.leader_id, update.movement_id) for update in updates}
    ids |= {(slot.follower_id, slot.movement_id) for slot in slots}
    broken += [f"I8: {end}" for end in ids if end[0] not in users or end[1] not in counts]
    broken += [
        f"key of {subscription.user_id} out of movement {subscription.movement_id}"
        for subscription in subscriptions
        if subscription.shuffle_key >> 32 != subscription.movement_id
    ]
    latest: dict[tuple[int, int], datetime] = {}
    for update in updates:
        pair = (update.leader_id, update.movement_id)
        latest[pair] = max(latest.get(pair, update.time_stamp), update.time_stamp)
    broken += [
        f"I9: last update of {row.user_id} in {row.movement_id} is not {row.last_update_at}"
        for row in subscriptions
        if row.last_update_at != latest.get((row.user_id, row.movement_id))
    ]
    for movement_id in counts:
        users_in = {user for user, movement in pairs if movement == movement_id}
        slots_in = [slot for slot in slots if slot.movement_id == movement_id]
        broken += _violations_in(users_in, slots_in, pairs_apart)
    return broken


def _violations_in(
    members: set[int], slots: Sequence[Any], apart: set[tuple[int, int]]
) -> list[str]:
    broken = []
    blocked = Counter(user for user, other in apart if {user, other} <= members)
    leaders: dict[int, list[int]] = {member: [] for member in members}
    numbers: dict[int, list[int]] = {member: [] for member in members}
    for slot in slots:
        if slot.leader_id == slot.follower_id:
            broken.append(f"I1: {slot.follower_id} leads themselves")
        if not {slot.follower_id, slot.leader_id} - {None} <= members:
            broken.append(f"I4: {slot.follower_id} or {slot.leader_id} is not subscribed")
        numbers.setdefault(slot.follower_id, []).append(slot.slot)
        if slot.leader_id is not None:
            leaders.setdefault(slot.follower_id, []).append(slot.leader_id)
    for follower, followed in leaders.items():
        if len(set(followed)) != len(followed):
            broken.append(f"I2: {follower} follows {followed}")
        if len(followed) > 4:
            broken.append(f"I3: {follower} follows {followed}")
        if len(followed) != min(4, len(members) - 1 - blocked[follower]):
            broken.append(f"I5: {follower} of {len(members)} members follows {followed}")
        if {(follower, leader) for leader in followed} & apart:
            broken.append(f"I14: {follower} follows {followed}")
    broken += [
        f"I7: {user} has slots {own}" for user, own in numbers.items() if sorted(own) != [*range(4)]
    ]
    return broken


def put_apart(blocker: int, blocked: int) -> None:
    """Let one user block another, and commit."""
    block(*(User.find_by_id(id) for id in (blocker, blocked)))
    db.session.commit()


def changed(before: Arrows, after: Arrows) -> dict[tuple[int, int], tuple[int | None, int | None]]:
    """Return the changes of remaining members: {(follower, slot): (old, new)}."""
    return {
        (follower, slot): (old, after[follower][slot])
        for follower, slots in before.items()
        if follower in after
        for slot, old in slots.items()
        if after[follower][slot] != old
    }


def plant_blocks(pairs: Iterable[tuple[int, int]]) -> None:
    """Insert blocks, even if they break rules."""
    now = utcnow()
    rows = [{"blocker_id": a, "blocked_id": b, "created_at": now} for a, b in pairs]
    db.session.execute(sa.insert(Block), rows)
    db.session.commit()
