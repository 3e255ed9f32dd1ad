"""Membership of one network: joining, leaving and swapping leaders.

`Movement` calls this under its lock, which many transactions may share. So each operation also
locks the rows that it changes or relies on, slots in the order of follower and slot, so that no
transactions wait for each other in a circle. The rules, the figures behind them, the invariants
I1 to I15 and the locks stand in docs/leader-network.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Executable,
    Integer,
    Table,
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    table,
)

from gridt.errors import Overtaken
from gridt.models.base import UTCDateTime, execute
from gridt.models.block import blocked_among, blocked_between
from gridt.models.event import EventKind, record
from gridt.models.former_membership import go_on, keep_membership
from gridt.models.member_removal import MemberRemoval
from gridt.models.movement_user_association import SLOTS
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network.first_follower import assign_first_follower
from gridt.models.network.locking import SMALL
from gridt.models.network.selection import (
    IS_ACTIVE_OR_PAUSED,
    LeaderSelection,
    LockedCandidates,
    Vacancy,
)
from gridt.models.network.slots import fill, take
from gridt.models.quotas import ANY_NUMBER, JOINED_BY_FOLLOWER
from gridt.models.schedule import SubscriptionPause
from gridt.models.subscription import IN_MOVEMENT, Subscription, dice, keys_of, random_key
from gridt.models.update import Update
from gridt.models.user import User
from gridt.runtime.clock import utcnow

#: open slots that one newcomer fills; without a cap, imported data could make a newcomer the leader
#: of all members. Only in a large movement can blocks leave more open slots than this.
MOST_FILLED = SMALL
#: slots that are refilled together when a member leaves
REFILLED_AT_ONCE = 200
#: rows held in memory while a network is read
FETCHED_AT_ONCE = 1000


_OF_FOLLOWER = (
    Association.follower_id == bindparam("follower_id"),
    Association.movement_id == bindparam("movement_id"),
)
_SUBSCRIPTION_OF = (
    Subscription.user_id == bindparam("follower_id"),
    Subscription.movement_id == bindparam("movement_id"),
)
_REMOVAL_OF = (
    MemberRemoval.movement_id == bindparam("movement_id"),
    MemberRemoval.user_id == bindparam("follower_id"),
)
# by name, because these models import this module
_movements = table("movements", column("id", Integer), column("gate_id", Integer))
_memberships = table(
    "memberships",
    column("user_id", Integer),
    column("group_id", Integer),
    column("roster_key", BigInteger),
)
_IS_OF_GATE = and_(
    _memberships.c.user_id == User.id, _memberships.c.group_id == _movements.c.gate_id
)
_associations = cast("Table", Association.__table__)
_subscriptions = cast("Table", Subscription.__table__)

# Statements are built once, because building one costs as much as running it.
_SLOTS_OF = select(Association.slot, Association.leader_id).where(*_OF_FOLLOWER)
_SLOTS_OF = _SLOTS_OF.order_by(Association.slot)
_LOCK_SLOTS_OF = _SLOTS_OF.with_for_update()

_MEMBERS = (
    select(
        Subscription.user_id,
        # the database computes it, because reading two times per slot of each member is slower
        IS_ACTIVE_OR_PAUSED.label("live"),
        Association.leader_id,
    )
    .outerjoin(
        Association,
        and_(
            Association.follower_id == Subscription.user_id,
            Association.movement_id == Subscription.movement_id,
        ),
    )
    .where(IN_MOVEMENT)
    .order_by(Subscription.shuffle_key, Subscription.user_id, Association.slot)
    .execution_options(yield_per=FETCHED_AT_ONCE)
)

# The updates of a member who comes back are kept, and the last of them still counts. A movement
# with a gate needs a membership of its group, which the new row names. If another transaction ends
# that membership meanwhile, the foreign key refuses the row.
_SUBSCRIBE = (
    insert(_subscriptions)
    .from_select(
        ["user_id", "movement_id", "subscribed_at", "shuffle_key", "last_update_at", "roster_key"],
        select(
            bindparam("follower_id", type_=Integer()),
            bindparam("movement_id", type_=Integer()),
            bindparam("subscribed_at", type_=UTCDateTime()),
            bindparam("shuffle_key", type_=BigInteger()),
            select(func.max(Update.time_stamp))
            .where(
                Update.leader_id == bindparam("follower_id"),
                Update.movement_id == bindparam("movement_id"),
            )
            .scalar_subquery(),
            _memberships.c.roster_key,
        )
        .select_from(User)
        .join(_movements, _movements.c.id == bindparam("movement_id"))
        .outerjoin(_memberships, _IS_OF_GATE)
        .where(or_(_movements.c.gate_id.is_(None), _memberships.c.roster_key.is_not(None)))
        .where(User.id == bindparam("follower_id"), User.deactivated_at.is_(None))
        .where(~exists().where(*_SUBSCRIPTION_OF))
        .where(~exists().where(*_REMOVAL_OF))
        .where(JOINED_BY_FOLLOWER < bindparam("most_joined", type_=Integer()))
        # Blocking a user and ending an account lock this row too, so the later of two transactions
        # sees the changes of the other. Not FOR KEY SHARE, which every foreign key takes.
        .with_for_update(read=True, of=User),
    )
    .returning(Subscription.user_id)
)

_OPEN_SLOTS = (
    select(Association.follower_id, func.min(Association.slot).label("slot"))
    .where(
        Association.leader_id.is_(None),
        Association.movement_id == bindparam("movement_id"),
        Association.follower_id != bindparam("newcomer_id"),
        ~blocked_between(Association.follower_id, bindparam("newcomer_id")),
    )
    .group_by(Association.follower_id)
    .order_by(Association.follower_id)
    .limit(MOST_FILLED)
)

# From here on, no selection chooses the leaver. A transaction that chose them earlier has committed
# when this lock is granted.
_LOCK_SUBSCRIPTION = select(Subscription.user_id).where(*_SUBSCRIPTION_OF).with_for_update()

# in the order in which all operations lock slots
_LOCK_SLOTS_ABOUT = (
    select(Association.follower_id, Association.slot)
    .where(
        or_(
            Association.leader_id == bindparam("leaver_id"),
            Association.follower_id == bindparam("leaver_id"),
        ),
        Association.movement_id == bindparam("movement_id"),
    )
    .order_by(Association.follower_id, Association.slot)
    .with_for_update()
)

# A transaction that gives either of the two a leader commits before this lock is granted, or sees
# the block between them.
_LOCK_SLOTS_OF_BOTH = (
    select(Association.follower_id, Association.slot, Association.leader_id)
    .where(
        Association.follower_id.in_(bindparam("both", expanding=True)),
        Association.movement_id == bindparam("movement_id"),
    )
    .order_by(Association.follower_id, Association.slot)
    .with_for_update()
)

_LEADERS = select(Association.follower_id, Association.leader_id).where(
    Association.follower_id.in_(bindparam("followers", expanding=True)),
    Association.movement_id == bindparam("movement_id"),
)

_DELETE_SLOTS = delete(_associations).where(*_OF_FOLLOWER)
_DELETE_PAUSES = delete(cast("Table", SubscriptionPause.__table__)).where(
    SubscriptionPause.user_id == bindparam("follower_id"),
    SubscriptionPause.movement_id == bindparam("movement_id"),
)
_UNSUBSCRIBE = delete(_subscriptions).where(*_SUBSCRIPTION_OF)


@dataclass(frozen=True, slots=True)
class Member:
    """A member, their recent activity, and the leaders they follow."""

    user_id: int
    #: also of members who are pausing
    active: bool
    leaders: list[int]


class Network:
    """The leaders and followers of one movement.

    :param movement_id: the movement, which the caller has locked to change anything
    :param members: how many it has now
    :param interval: of the movement; a member's activity is measured in intervals
    :param exclusive: whether the lock keeps all others from changing the network
    """

    def __init__(
        self, movement_id: int, members: int, interval: timedelta, *, exclusive: bool = True
    ) -> None:
        self.movement_id = movement_id
        self.selection = LeaderSelection(movement_id, members, interval, exclusive=exclusive)

    def slots_of(self, follower_id: int, *, lock: bool = False) -> dict[int, int | None]:
        """Return the leader of each slot of a member.

        :param lock: keep others from changing the slots before the transaction ends
        """
        rows = self._execute(_LOCK_SLOTS_OF if lock else _SLOTS_OF, follower_id=follower_id)
        return {row.slot: row.leader_id for row in rows}

    def candidates(self, follower_id: int, refused: Collection[int | None]) -> list[int]:
        """Return a member's possible leaders, in random order.

        In a large movement they are a sample.

        :param refused: the ids of users to leave out
        """
        windows = self.selection.windows(2 * SLOTS)
        sample = {candidate.user_id for window in windows for candidate in window}
        sample -= {follower_id, *refused}
        eligible = sorted(sample - blocked_among(follower_id, sample))
        return dice.sample(eligible, len(eligible))

    def members(self) -> Iterator[Member]:
        """Yield all members in random order, fetched in batches."""
        # The first read comes with the first member: by then a streamed answer has its own session.
        parameters: dict[str, Any] = {**keys_of(self.movement_id)}
        parameters |= {"active_since": self.selection.active_since, "now": self.selection.now}
        rows = execute(_MEMBERS, parameters)
        for (user_id, active), slots in groupby(rows, key=itemgetter(0, 1)):
            leaders = [leader_id for *_, leader_id in slots if leader_id is not None]
            yield Member(user_id, bool(active), leaders)

    def join(self, newcomer_id: int, most_joined: int | None = None) -> bool:
        """Subscribe a user, with four leaders and a follower.

        :returns: whether they were neither subscribed nor removed, and had joined less than
            `most_joined`
        """
        if not self._subscribe(newcomer_id, most_joined):
            return False
        *windows, adopters = self.selection.windows(2 * SLOTS + 1)
        leaders = self.selection.choose([Vacancy(newcomer_id)] * SLOTS, windows)
        self._insert_slots(newcomer_id, leaders)
        # A newcomer who fills an open slot has a follower: no member has to give up a leader.
        if not self._fill_open_slots(newcomer_id):
            assign_first_follower(self.selection, newcomer_id, adopters)
        go_on(newcomer_id, self.movement_id)
        self._record(EventKind.MEMBER_JOINED, actor_id=newcomer_id)
        return True

    def leave(self, leaver_id: int, *, removed: bool = False) -> bool:
        """Unsubscribe a user, and refill their followers' slots in place.

        :param removed: whether the membership may go on after a removal
        :returns: whether they were subscribed
        """
        if self._execute(_LOCK_SUBSCRIPTION, follower_id=leaver_id).first() is None:
            return False
        keep_membership(leaver_id, self.movement_id, removed=removed)
        self._refill_slots_of_followers(leaver_id)
        self._execute(_DELETE_SLOTS, follower_id=leaver_id)
        self._execute(_DELETE_PAUSES, follower_id=leaver_id)
        self._execute(_UNSUBSCRIBE, follower_id=leaver_id)
        self._record(EventKind.MEMBER_LEFT, actor_id=leaver_id)
        return True

    def separate(self, user_id: int, other_id: int) -> None:
        """Replace two members as each other's leaders, in place.

        If one of them loses their last follower by that, they get another one.
        """
        both = [user_id, other_id]
        rows = self._execute(_LOCK_SLOTS_OF_BOTH, both=both)
        slots = [row for row in rows if row.leader_id in both]
        self._refill([(row.follower_id, row.slot) for row in slots])
        self.adopt([row.leader_id for row in slots])

    def reconnect(self, user_id: int, other_id: int) -> None:
        """Fill one open slot of each of two members.

        One is enough: each of them gains at most one member to follow, the other. If one of them
        has no follower then, they get one.
        """
        rows = self._execute(_LOCK_SLOTS_OF_BOTH, both=[user_id, other_id])
        open_slots = {row.follower_id: row.slot for row in rows if row.leader_id is None}
        self._refill(list(open_slots.items()))
        self.adopt([user_id, other_id])

    def adopt(self, user_ids: Collection[int]) -> None:
        """Give members without a follower one, as at a join."""
        # A locked member stays until the slot that names them is committed. A member who is leaving
        # is left out.
        locked = LockedCandidates(self.movement_id)
        locked.lock(user_ids)
        for user_id, followers in locked.followers.items():
            if not followers:
                (adopters,) = self.selection.windows(1)
                assign_first_follower(self.selection, user_id, adopters)

    def swap(self, follower_id: int, slot: int, slots: Mapping[int, int | None]) -> int | None:
        """Fill a member's slot with another leader.

        :param slots: all slots of the member, as `slots_of` returns and locks them
        :returns: the new leader's id, or None, with nothing changed, without an eligible member
        """
        present = [leader_id for leader_id in slots.values() if leader_id is not None]
        (leader_id,) = self.selection.choose([Vacancy(follower_id, present)])
        if leader_id is not None:
            fill(self.movement_id, [(follower_id, slot, leader_id)])
            self._record(EventKind.LEADER_SWAPPED, actor_id=follower_id, leader_id=leader_id)
        return leader_id

    def _subscribe(self, user_id: int, most_joined: int | None) -> bool:
        new: dict[str, Any] = {"most_joined": most_joined or ANY_NUMBER}
        new |= {"subscribed_at": utcnow(), "shuffle_key": random_key(self.movement_id)}
        return self._execute(_SUBSCRIBE, follower_id=user_id, **new).first() is not None

    def _insert_slots(self, user_id: int, leaders: Sequence[int | None]) -> None:
        keys: dict[str, int | None] = {"follower_id": user_id, "movement_id": self.movement_id}
        rows = [keys | {"slot": slot, "leader_id": id} for slot, id in enumerate(leaders)]
        execute(insert(_associations), rows)

    def _fill_open_slots(self, newcomer_id: int) -> bool:
        """Let a newcomer lead in open slots, one per member."""
        open_slots = self._execute(_OPEN_SLOTS, newcomer_id=newcomer_id).all()
        if not open_slots:
            return False
        filled = take(self.movement_id, [(*row, None) for row in open_slots], newcomer_id)
        if filled < len(open_slots):
            # Another transaction has locked such a slot, and may leave it open because it has not
            # seen the newcomer.
            raise Overtaken(retry_after=1)
        return True

    def _refill_slots_of_followers(self, leaver_id: int) -> None:
        """Replace a leaver as leader; lock their own slots too."""
        rows = self._execute(_LOCK_SLOTS_ABOUT, leaver_id=leaver_id).all()
        self._refill([(row.follower_id, row.slot) for row in rows if row.follower_id != leaver_id])

    def _refill(self, slots: Sequence[tuple[int, int]]) -> None:
        """Replace the leader of each locked slot, or open it."""
        for start in range(0, len(slots), REFILLED_AT_ONCE):
            batch = slots[start : start + REFILLED_AT_ONCE]
            present = self._leaders_by_follower([follower_id for follower_id, _ in batch])
            vacancies = [Vacancy(follower_id, present[follower_id]) for follower_id, _ in batch]
            leaders = self.selection.choose(vacancies)
            fill(
                self.movement_id,
                [(*slot, leader_id) for slot, leader_id in zip(batch, leaders, strict=True)],
            )
        if slots:
            self._record(EventKind.SLOTS_REFILLED, slots=len(slots))

    def _leaders_by_follower(self, followers: Sequence[int]) -> dict[int, list[int]]:
        leaders: dict[int, list[int]] = {follower_id: [] for follower_id in followers}
        for row in self._execute(_LEADERS, followers=followers):
            if row.leader_id is not None:
                leaders[row.follower_id].append(row.leader_id)
        return leaders

    def _record(self, kind: EventKind, **facts: Any) -> None:
        record(kind, movement_id=self.movement_id, **facts)

    def _execute(self, statement: Executable, **parameters: Any) -> CursorResult[*tuple[Any, ...]]:
        """Send a statement about this movement."""
        return execute(statement, parameters | {"movement_id": self.movement_id})
