"""The invariants of every network, as set-based SQL.

They hold after every committed change. Each query finds the rows that break one invariant, and
counts them by movement. The numbers are those of docs/leader-network.md. The tests hold I10 to I13,
which are about operations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, null, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gridt.models import (
    DIRECTIONS,
    KEYS,
    MOVEMENTS,
    SLOTS,
    USERS,
    Block,
    Membership,
    Movement,
    Rows,
    Subscription,
    Update,
    User,
    references,
)
from gridt.models import MovementUserAssociation as Association
from gridt.runtime.extensions import db


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant of a movement, with an affected user.

    The count says how often; the user is the first affected.
    """

    invariant: str
    rule: str
    movement_id: int | None
    count: int
    user_id: int | None


def violations() -> Iterator[Violation]:
    """Check I1 to I9, I14 and I15, in all movements.

    :returns: one violation per invariant and movement; none for valid networks
    """
    for invariant, rule, broken in _checks():
        rows = broken.subquery()
        counted = (
            select(rows.c.movement_id, func.count().label("n"), func.min(rows.c.user_id).label("u"))
            .group_by(rows.c.movement_id)
            .order_by(rows.c.movement_id)
        )
        for row in db.session.execute(counted):
            yield Violation(invariant, rule, row.movement_id, row.n, row.u)


def _checks() -> Iterator[tuple[str, str, Rows]]:
    """Yield each invariant with the query for its violations.

    Such a query selects movement_id and user_id.
    """
    slots = select(Association.movement_id, Association.follower_id.label("user_id"))
    led = slots.where(Association.leader_id.is_not(None))
    of_follower = (Association.movement_id, Association.follower_id)

    themselves = slots.where(Association.leader_id == Association.follower_id)
    yield "I1", "nobody leads themselves", themselves
    twice = led.group_by(*of_follower, Association.leader_id).having(func.count() > 1)
    yield "I2", "no leader twice for one follower", twice
    too_many = led.group_by(*of_follower).having(func.count() > SLOTS)
    yield "I3", f"at most {SLOTS} leaders", too_many
    for end in (Association.follower_id, Association.leader_id):
        stranger = slots.outerjoin(Subscription, _subscription_of(end))
        stranger = stranger.where(end.is_not(None), Subscription.user_id.is_(None))
        yield "I4", f"every {end.key.removesuffix('_id')} is subscribed", stranger
    yield from _slot_checks()
    again = select(Subscription.movement_id, Subscription.user_id)
    again = again.group_by(Subscription.movement_id, Subscription.user_id)
    yield "I6", "one subscription per user and movement", again.having(func.count() > 1)
    yield from _id_checks()
    yield from _stored_checks()
    yield from _block_checks()
    yield "I15", "every member joined by a membership of the gate", _without_gate()


def _without_gate() -> Rows:
    """Select the members of gated movements without a membership."""
    return (
        select(Subscription.movement_id, Subscription.user_id)
        .join(Movement, Movement.id == Subscription.movement_id)
        .outerjoin(Membership, Membership.roster_key == Subscription.roster_key)
        .where(
            Movement.gate_id.is_not(None),
            or_(
                Membership.group_id.is_distinct_from(Movement.gate_id),
                Membership.user_id != Subscription.user_id,
            ),
        )
    )


def _slot_checks() -> Iterator[tuple[str, str, Rows]]:
    size = select(Subscription.movement_id, func.count().label("members"))
    sizes = size.group_by(Subscription.movement_id).subquery()
    blocked = _blocked_in_movements().subquery()
    eligible = sizes.c.members - 1 - func.coalesce(blocked.c.others, 0)
    wanted = case((eligible > SLOTS, SLOTS), else_=eligible)
    by_member = (
        select(Subscription.movement_id, Subscription.user_id)
        .join(sizes, sizes.c.movement_id == Subscription.movement_id)
        .outerjoin(Association, _subscription_of(Association.follower_id))
        .outerjoin(
            blocked,
            and_(
                blocked.c.user_id == Subscription.user_id,
                blocked.c.movement_id == Subscription.movement_id,
            ),
        )
        .group_by(Subscription.movement_id, Subscription.user_id, sizes.c.members, blocked.c.others)
    )
    leaders = by_member.having(func.count(Association.leader_id) != wanted)
    yield "I5", f"every member has min({SLOTS}, eligible others) leaders", leaders
    rows = by_member.having(func.count(Association.slot) != SLOTS)
    yield "I7", f"every member has {SLOTS} slots", rows


def _blocked_in_movements() -> Rows:
    """Count the members whom blocks separate from each member."""
    # starts from the blocks, because they are few
    pairs = union(*(select(a.label("one"), b.label("other")) for a, b in DIRECTIONS)).subquery()
    theirs = aliased(Subscription)
    return (
        select(Subscription.movement_id, Subscription.user_id, func.count().label("others"))
        .join(pairs, pairs.c.one == Subscription.user_id)
        .join(
            theirs,
            and_(theirs.user_id == pairs.c.other, theirs.movement_id == Subscription.movement_id),
        )
        .group_by(Subscription.movement_id, Subscription.user_id)
    )


def _block_checks() -> Iterator[tuple[str, str, Rows]]:
    for follower, leader in DIRECTIONS:
        between = and_(Association.follower_id == follower, Association.leader_id == leader)
        led = select(Association.movement_id, Association.follower_id.label("user_id"))
        yield "I14", "nobody leads whom they block, or who blocks them", led.join(Block, between)


def _id_checks() -> Iterator[tuple[str, str, Rows]]:
    """Yield the checks that ids lead to rows.

    It checks each id with a foreign key of its own.
    """
    user_references, movement_references = list(references(USERS)), list(references(MOVEMENTS))
    user_in = {reference.table.name: reference.column for reference in user_references}
    movement_in = {reference.table.name: reference.column for reference in movement_references}
    movement_in |= {MOVEMENTS: Movement.metadata.tables[MOVEMENTS].c.id}
    unknown = null().cast(Integer)
    for target, noun, all_references in (
        (User.id, "user", user_references),
        (Movement.id, "movement", movement_references),
    ):
        # composite keys lead to subscriptions, which I4 checks
        for reference in all_references:
            if not reference.is_constrained:
                continue
            table = reference.table.name
            ids = {
                "movement_id": movement_in.get(table, unknown),
                "user_id": user_in.get(table, unknown),
                f"{noun}_id": reference.column,
            }
            dangling = (
                select(*(column.label(name) for name, column in ids.items()))
                .outerjoin(target.class_, target == reference.column)
                .where(reference.column.is_not(None), target.is_(None))
            )
            yield "I8", f"every {noun} of {table} exists", dangling
    misplaced = select(Subscription.movement_id, Subscription.user_id)
    misplaced = misplaced.where(Subscription.shuffle_key // KEYS != Subscription.movement_id)
    yield "I8", "every shuffle key is in its movement's range", misplaced


def _stored_checks() -> Iterator[tuple[str, str, Rows]]:
    size = select(Subscription.movement_id, func.count().label("members"))
    sizes = size.group_by(Subscription.movement_id).subquery()
    miscounted = (
        select(Movement.id.label("movement_id"), null().cast(Integer).label("user_id"))
        .outerjoin(sizes, sizes.c.movement_id == Movement.id)
        .where(Movement.member_count != func.coalesce(sizes.c.members, 0))
    )
    yield "I9", "member_count is the number of members", miscounted
    last = select(func.max(Update.time_stamp)).where(
        Update.leader_id == Subscription.user_id, Update.movement_id == Subscription.movement_id
    )
    late = select(Subscription.movement_id, Subscription.user_id).where(
        Subscription.last_update_at.is_distinct_from(last.scalar_subquery())
    )
    yield "I9", "last_update_at is the time of the last update", late


def _subscription_of(end: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return and_(Subscription.user_id == end, Subscription.movement_id == Association.movement_id)
