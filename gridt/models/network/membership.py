"""The leader network of one movement: joining, leaving and swapping, in ids and rows.

`Movement` calls this under its lock, which many may share: what is changed or counted on here is
locked as well, slots in the order of follower and slot, so that nobody waits in a circle. The
rules, the figures behind them, the invariants I1 to I14 and the locks stand in
docs/leader-network.md.
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
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from gridt.errors import Overtaken
from gridt.models.base import UTCDateTime, execute
from gridt.models.block import barred, barred_from
from gridt.models.movement_user_association import SLOTS
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network.locking import SMALL
from gridt.models.network.selection import IS_ACTIVE_OR_PAUSED, WINDOW, LeaderSelection, Vacancy
from gridt.models.network.slots import fill, take
from gridt.models.schedule import SubscriptionPause
from gridt.models.subscription import IN_MOVEMENT, Subscription, dice, keys_of, random_key
from gridt.models.update import Update
from gridt.models.user import User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.runtime.metrics import metrics

#: open slots that one newcomer fills; without a cap, imported data can make one the leader of all.
#: Blocks can leave more of them than there are members of a small movement only in a large one.
MOST_FILLED = SMALL
#: slots refilled together when somebody leaves
REFILLED_AT_ONCE = 200
#: rows held in memory while a network is read
FETCHED_AT_ONCE = 1000


_MINE = (
    Association.follower_id == bindparam("follower_id"),
    Association.movement_id == bindparam("movement_id"),
)
_ME = (
    Subscription.user_id == bindparam("follower_id"),
    Subscription.movement_id == bindparam("movement_id"),
)
_associations = cast("Table", Association.__table__)
_subscriptions = cast("Table", Subscription.__table__)
_slots = _associations.alias()

# Statements are made once: to build one costs as much as to run it.
_SLOTS_OF = select(Association.slot, Association.leader_id).where(*_MINE).order_by(Association.slot)
_HELD_SLOTS_OF = _SLOTS_OF.with_for_update()

_MEMBERS = (
    select(
        Subscription.user_id,
        # told by the database: to read two times for each slot of each member takes longer
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

# who comes back did it before: their last update stays true
_SUBSCRIBE = (
    insert(_subscriptions)
    .from_select(
        ["user_id", "movement_id", "subscribed_at", "shuffle_key", "last_update_at"],
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
        )
        .select_from(User)
        .where(User.id == bindparam("follower_id"), User.deactivated_at.is_(None))
        .where(~exists().where(*_ME))
        # Who blocks, and whose account ends, holds this row too: who waited sees what they did, and
        # they see the newcomer. Not FOR KEY SHARE, which every foreign key asks for.
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
        ~barred(Association.follower_id, bindparam("newcomer_id")),
    )
    .group_by(Association.follower_id)
    .order_by(Association.follower_id)
    .limit(MOST_FILLED)
)

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
        ~barred(_slots.c.follower_id, bindparam("newcomer_id")),
    )
)

# from here on nobody chooses them; who did already has committed when this is granted
_STOP_BEING_CHOSEN = select(Subscription.user_id).where(*_ME).with_for_update()

# in the order in which everybody locks slots
_ALL_ABOUT = (
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

# who gives one of the two a leader just now ends first, or sees the block between them
_OF_BOTH = (
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

_CLOSE = delete(_associations).where(*_MINE)
_FORGET_PAUSES = delete(cast("Table", SubscriptionPause.__table__)).where(
    SubscriptionPause.user_id == bindparam("follower_id"),
    SubscriptionPause.movement_id == bindparam("movement_id"),
)
_UNSUBSCRIBE = delete(_subscriptions).where(*_ME)


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
    :param alone: whether the lock lets nobody else change anything meanwhile
    """

    def __init__(
        self, movement_id: int, members: int, interval: timedelta, *, alone: bool = True
    ) -> None:
        self.movement_id = movement_id
        self.draw = LeaderSelection(movement_id, members, interval, alone=alone)

    def slots_of(self, follower_id: int, *, hold: bool = False) -> dict[int, int | None]:
        """Return a member's slots, each with its leader or None; empty for others.

        :param hold: let nobody else change them before the transaction ends
        """
        rows = self._execute(_HELD_SLOTS_OF if hold else _SLOTS_OF, follower_id=follower_id)
        return {row.slot: row.leader_id for row in rows}

    def candidates(self, follower_id: int, refused: Collection[int | None]) -> list[int]:
        """Return whom a member could follow but for those refused, in random order.

        A sample of them where there are many members.
        """
        drawn = {one.user_id for window in self.draw.windows(2 * SLOTS) for one in window}
        drawn -= {follower_id, *refused}
        eligible = sorted(drawn - barred_from(follower_id, drawn))
        return dice.sample(eligible, len(eligible))

    def members(self) -> Iterator[Member]:
        """Yield all members in random order, fetched from the database a few at a time."""
        # begins to read when somebody does: a streamed answer has a session of its own by then
        given: dict[str, Any] = {**keys_of(self.movement_id)}
        given |= {"live_since": self.draw.live_since, "now": self.draw.now}
        for (user_id, live), slots in groupby(execute(_MEMBERS, given), key=itemgetter(0, 1)):
            leaders = [leader_id for *_, leader_id in slots if leader_id is not None]
            yield Member(user_id, bool(live), leaders)

    def join(self, newcomer_id: int) -> bool:
        """Subscribe a user, with leaders for four slots and at least one follower.

        :returns: whether they were not subscribed
        """
        if not self._subscribe(newcomer_id):
            return False
        *windows, adopters = self.draw.windows(2 * SLOTS + 1)
        leaders = self.draw.choose([Vacancy(newcomer_id)] * SLOTS, windows)
        self._insert_slots(newcomer_id, leaders)
        # who fills an open slot has a follower; nobody has to give up a leader for them
        if not self._fill_open_slots(newcomer_id):
            others = [one.user_id for one in adopters if one.user_id != newcomer_id]
            self._be_adopted(newcomer_id, others)
        metrics.count_on_commit(db.session(), "join")
        return True

    def leave(self, leaver_id: int) -> bool:
        """Unsubscribe a user and refill the slots that pointed at them, in place.

        :returns: whether they were subscribed
        """
        if self._execute(_STOP_BEING_CHOSEN, follower_id=leaver_id).first() is None:
            return False
        self._refill_slots_of(leaver_id)
        self._execute(_CLOSE, follower_id=leaver_id)
        self._execute(_FORGET_PAUSES, follower_id=leaver_id)
        self._execute(_UNSUBSCRIBE, follower_id=leaver_id)
        metrics.count_on_commit(db.session(), "leave")
        return True

    def part(self, one: int, other: int) -> None:
        """Give two members, where they lead each other, somebody else in the same slot."""
        both = [one, other]
        held = self._execute(_OF_BOTH, both=both)
        self._refill([(row.follower_id, row.slot) for row in held if row.leader_id in both])

    def meet_again(self, one: int, other: int) -> None:
        """Fill an open slot of each of two members: at most that is what is new to follow."""
        held = self._execute(_OF_BOTH, both=[one, other])
        open_slots = {row.follower_id: row.slot for row in held if row.leader_id is None}
        self._refill(list(open_slots.items()))

    def swap(self, follower_id: int, slot: int, slots: Mapping[int, int | None]) -> int | None:
        """Fill one of a member's slots with a leader they do not have.

        :param slots: all slots of the member, as `slots_of` returns and holds them
        :returns: the new leader's id, or None, with nothing changed, when nobody is eligible
        """
        present = [leader_id for leader_id in slots.values() if leader_id is not None]
        (chosen,) = self.draw.choose([Vacancy(follower_id, present)])
        if chosen is not None:
            fill(self.movement_id, [(follower_id, slot, chosen)])
            metrics.count_on_commit(db.session(), "swap")
        return chosen

    def _subscribe(self, user_id: int) -> bool:
        """Insert the subscription of a user who has none; tell whether that was so."""
        new = {"subscribed_at": utcnow(), "shuffle_key": random_key(self.movement_id)}
        return self._execute(_SUBSCRIBE, follower_id=user_id, **new).first() is not None

    def _insert_slots(self, user_id: int, leaders: Sequence[int | None]) -> None:
        rows = [
            {
                "follower_id": user_id,
                "movement_id": self.movement_id,
                "slot": slot,
                "leader_id": one,
            }
            for slot, one in enumerate(leaders)
        ]
        execute(insert(_associations), rows)

    def _fill_open_slots(self, newcomer_id: int) -> bool:
        """Make a newcomer the leader in one open slot of each of up to eight members."""
        found = self._execute(_OPEN_SLOTS, newcomer_id=newcomer_id).all()
        filled = (
            take(self.movement_id, [(*one, None) for one in found], newcomer_id) if found else 0
        )
        if filled < len(found):
            # somebody holds the slot, who may leave it open without having seen the newcomer
            raise Overtaken(retry_after=1)
        return filled > 0

    def _be_adopted(self, newcomer_id: int, adopters: Sequence[int]) -> None:
        """Give a newcomer the first follower, or nobody would ever hear of them.

        Of a few random members, one follows the newcomer instead of a silent leader, or else
        of the leader with most followers, if more than four follow that one.
        """
        few = dice.sample(adopters, min(len(adopters), WINDOW))
        rows = list(self._execute(_SLOTS_TO_GIVE_UP, adopters=few, newcomer_id=newcomer_id))
        dice.shuffle(rows)
        silent = [
            one
            for one in rows
            if not self.draw.is_live(one.subscribed_at, one.last_update_at)
            and not self.draw.is_paused(one.paused_until)
        ]
        crowded = [one for one in rows if one.followers > SLOTS]
        crowded.sort(key=lambda one: one.followers, reverse=True)
        for one in [*silent, *crowded]:
            # mostly at the first: the others are for when somebody changes it just now
            if take(self.movement_id, [one[:3]], newcomer_id):
                return

    def _refill_slots_of(self, leaver_id: int) -> None:
        """Choose other leaders for the leaver's followers; hold also the leaver's own slots."""
        held = self._execute(_ALL_ABOUT, leaver_id=leaver_id).all()
        self._refill([(row.follower_id, row.slot) for row in held if row.follower_id != leaver_id])

    def _refill(self, held: Sequence[tuple[int, int]]) -> None:
        """Choose another leader for each (follower, slot) that is held, or open it."""
        for start in range(0, len(held), REFILLED_AT_ONCE):
            part = held[start : start + REFILLED_AT_ONCE]
            present = self._leaders_by_follower([follower_id for follower_id, _ in part])
            chosen = self.draw.choose([Vacancy(one, present[one]) for one, _ in part])
            fill(
                self.movement_id,
                [(*hole, leader) for hole, leader in zip(part, chosen, strict=True)],
            )
        metrics.count_on_commit(db.session(), "refill", len(held))

    def _leaders_by_follower(self, followers: Sequence[int]) -> dict[int, list[int]]:
        present: dict[int, list[int]] = {follower_id: [] for follower_id in followers}
        for row in self._execute(_LEADERS, followers=followers):
            if row.leader_id is not None:
                present[row.follower_id].append(row.leader_id)
        return present

    def _execute(self, statement: Executable, **given: Any) -> CursorResult[*tuple[Any, ...]]:
        """Send a statement about this movement."""
        return execute(statement, given | {"movement_id": self.movement_id})
