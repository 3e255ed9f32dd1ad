"""The leader network of one movement: joining, leaving and swapping, in ids and rows.

`Movement` calls this under its lock. The rules, the figures behind them and the invariants
I1 to I13 stand in docs/leader-network.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from gridt.clock import utcnow
from gridt.extensions import db
from gridt.models.draw import WINDOW, Draw, Wish
from gridt.models.movement_user_association import SLOTS
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.subscription import Subscription, dice, random_key
from gridt.models.update import Update

#: open slots that one newcomer fills; without a cap, imported data can make one the leader of all
MOST_FILLED = 2 * SLOTS
#: slots refilled together when somebody leaves
REFILLED_AT_ONCE = 200
#: rows held in memory while a network is read
FETCHED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """A member, whether they were active lately, and whom they follow."""

    user_id: int
    live: bool
    leaders: list[int]


class Network:
    """Who leads whom in one movement.

    :param movement_id: the movement, which the caller has locked to change anything
    :param members: how many it has now
    :param interval: of the movement; it decides who is live
    """

    def __init__(self, movement_id: int, members: int, interval: timedelta) -> None:
        self.movement_id = movement_id
        self.draw = Draw(movement_id, members, interval)

    def slots_of(self, follower_id: int) -> dict[int, int | None]:
        """Return a member's slots, each with its leader or None; empty for others."""
        query = (
            select(Association.slot, Association.leader_id)
            .where(
                Association.follower_id == follower_id,
                Association.movement_id == self.movement_id,
            )
            .order_by(Association.slot)
        )
        return {row.slot: row.leader_id for row in db.session.execute(query)}

    def candidates(self, refused: Collection[int | None]) -> list[int]:
        """Return members other than those refused, in random order, a sample of many."""
        drawn = {one.user_id for window in self.draw.windows(2 * SLOTS) for one in window}
        eligible = sorted(drawn.difference(refused))
        return dice.sample(eligible, len(eligible))

    def members(self) -> Iterator[Member]:
        """Return all members in random order, fetched from the database a few at a time."""
        query = (
            select(
                Subscription.user_id,
                Subscription.subscribed_at,
                Subscription.last_update_at,
                Association.leader_id,
            )
            .outerjoin(
                Association,
                and_(
                    Association.follower_id == Subscription.user_id,
                    Association.movement_id == Subscription.movement_id,
                ),
            )
            .where(Subscription.of(self.movement_id))
            .order_by(Subscription.shuffle_key, Subscription.user_id, Association.slot)
            .execution_options(yield_per=FETCHED_AT_ONCE)
        )
        return self._members(db.session.execute(query))

    def _members(self, rows: Iterable[Row[Any]]) -> Iterator[Member]:
        for (user_id, *activity), slots in groupby(rows, key=itemgetter(0, 1, 2)):
            leaders = [slot.leader_id for slot in slots if slot.leader_id is not None]
            yield Member(user_id, self.draw.is_live(*activity), leaders)

    def join(self, newcomer_id: int) -> None:
        """Subscribe a user, with leaders for four slots and at least one follower."""
        *windows, adopters = self.draw.windows(2 * SLOTS + 1)
        leaders = self.draw.choose([Wish(newcomer_id)] * SLOTS, windows)
        self._insert(newcomer_id, leaders)
        # who fills an open slot has a follower; nobody has to give up a leader for them
        if not self._fill_open_slots(newcomer_id):
            self._be_adopted(newcomer_id, [one.user_id for one in adopters])

    def leave(self, leaver_id: int) -> None:
        """Unsubscribe a user and refill the slots that pointed at them, in place."""
        self._refill_slots_of(leaver_id)
        for owner in (Association.follower_id, Subscription.user_id):
            of_movement = owner.class_.movement_id == self.movement_id
            db.session.execute(delete(owner.class_).where(owner == leaver_id, of_movement))

    def swap(self, follower_id: int, slot: int, slots: Mapping[int, int | None]) -> int | None:
        """Fill one of a member's slots with a leader they do not have.

        :param slots: all slots of the member, as `slots_of` returns them
        :returns: the new leader's id, or None, with nothing changed, when nobody is eligible
        """
        present = [leader_id for leader_id in slots.values() if leader_id is not None]
        (chosen,) = self.draw.choose([Wish(follower_id, present)])
        if chosen is not None:
            self._fill([(follower_id, slot, chosen)])
        return chosen

    def _insert(self, user_id: int, leaders: Sequence[int | None]) -> None:
        # who comes back did it before: their last update stays true
        last = select(func.max(Update.time_stamp)).where(
            Update.leader_id == user_id, Update.movement_id == self.movement_id
        )
        db.session.execute(
            insert(Subscription).values(
                user_id=user_id,
                movement_id=self.movement_id,
                subscribed_at=utcnow(),
                last_update_at=last.scalar_subquery(),
                shuffle_key=random_key(self.movement_id),
            )
        )
        rows = [self._slot(user_id, slot, leader_id) for slot, leader_id in enumerate(leaders)]
        db.session.execute(insert(Association), rows)

    def _fill_open_slots(self, newcomer_id: int) -> bool:
        """Make a newcomer the leader in one open slot of each of up to eight members."""
        open_slots = (
            select(Association.follower_id, func.min(Association.slot))
            .where(
                Association.leader_id.is_(None),
                Association.movement_id == self.movement_id,
                Association.follower_id != newcomer_id,
            )
            .group_by(Association.follower_id)
            .order_by(Association.follower_id)
            .limit(MOST_FILLED)
        )
        found = db.session.execute(open_slots).all()
        self._fill([(follower_id, slot, newcomer_id) for follower_id, slot in found])
        return bool(found)

    def _be_adopted(self, newcomer_id: int, adopters: Sequence[int]) -> None:
        """Give a newcomer the first follower, or nobody would ever hear of them.

        Of a few random members, one follows the newcomer instead of a silent leader, or else
        of the leader with most followers, if more than four follow that one.
        """
        few = dice.sample(adopters, min(len(adopters), WINDOW))
        slot = aliased(Association)
        followers = select(func.count()).where(
            Association.leader_id == slot.leader_id, Association.movement_id == slot.movement_id
        )
        leading = and_(
            Subscription.user_id == slot.leader_id, Subscription.movement_id == slot.movement_id
        )
        query = (
            select(
                slot.follower_id,
                slot.slot,
                Subscription.subscribed_at,
                Subscription.last_update_at,
                followers.scalar_subquery().label("followers"),
            )
            .join(Subscription, leading)
            .where(slot.follower_id.in_(few), slot.movement_id == self.movement_id)
        )
        rows = list(db.session.execute(query))
        dice.shuffle(rows)
        silent = [one for one in rows if not self.draw.is_live(*one[2:4])]
        crowded = [one for one in rows if one.followers > SLOTS]
        given_up = (
            silent[0] if silent else max(crowded, key=lambda one: one.followers, default=None)
        )
        if given_up is not None:
            self._fill([(given_up.follower_id, given_up.slot, newcomer_id)])

    def _refill_slots_of(self, leaver_id: int) -> None:
        holes = (
            select(Association.follower_id, Association.slot)
            .where(Association.leader_id == leaver_id, Association.movement_id == self.movement_id)
            .order_by(Association.follower_id)
        )
        found = db.session.execute(holes).all()
        for start in range(0, len(found), REFILLED_AT_ONCE):
            part = found[start : start + REFILLED_AT_ONCE]
            present = self._leaders_by_follower([follower_id for follower_id, _ in part])
            chosen = self.draw.choose([Wish(one, present[one]) for one, _ in part])
            self._fill(
                [(one, slot, leader) for (one, slot), leader in zip(part, chosen, strict=True)]
            )

    def _leaders_by_follower(self, followers: Sequence[int]) -> dict[int, list[int]]:
        query = select(Association.follower_id, Association.leader_id).where(
            Association.follower_id.in_(followers),
            Association.movement_id == self.movement_id,
        )
        present: dict[int, list[int]] = {follower_id: [] for follower_id in followers}
        for row in db.session.execute(query):
            if row.leader_id is not None:
                present[row.follower_id].append(row.leader_id)
        return present

    def _fill(self, slots: Sequence[tuple[int, int, int | None]]) -> None:
        """Set the leader of each (follower, slot) in place, by one statement."""
        if slots:
            db.session.execute(update(Association), [self._slot(*slot) for slot in slots])

    def _slot(self, follower_id: int, slot: int, leader_id: int | None) -> dict[str, int | None]:
        return {
            "follower_id": follower_id,
            "movement_id": self.movement_id,
            "slot": slot,
            "leader_id": leader_id,
        }
