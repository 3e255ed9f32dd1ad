"""Movements, and the network of leaders in each."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Interval,
    SmallInteger,
    Text,
    bindparam,
    false,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates
from sqlalchemy.orm.attributes import set_committed_value

from gridt.errors import (
    MovementInUse,
    MovementNotFound,
    NotFollowing,
    NotSubscribed,
    Overtaken,
)
from gridt.models.base import Model, PlainText, UTCDateTime, execute
from gridt.models.event import EventKind, record
from gridt.models.group_owned import GroupOwned, Visibility, constraints
from gridt.models.interval import HasInterval, chosen
from gridt.models.member_removal import MemberRemoval
from gridt.models.movement_lookup import MovementLookup
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network import Member, Network
from gridt.models.ownership import EXPORTED_USER, Policy, delete_owned, exported_as, owned_by_user
from gridt.models.quotas import NO_QUOTAS, Quotas, count_swap, ensure_may_join
from gridt.models.report import Snapshot
from gridt.models.subscription import Subscription
from gridt.models.update import Update
from gridt.models.user import User
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.text import fold
from gridt.turns.terms import RECENT_TURNS


class Movement(HasInterval, GroupOwned, MovementLookup, Model):
    """A habit with an interval, shared by people.

    :param name: unique in every way to write it
    :param interval: how often the habit is to be done
    :param months: 1, 3 or 12 calendar months, instead of an interval
    :param group: the group that owns it, which is saved; None for an open movement
    :param visibility: `members` if only the group sees it, and may join; else `public`
    :raises ValueError: for both of these, or none, or another number of months
    """

    __tablename__ = "movements"
    __table_args__ = (*constraints(), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_folded: Mapped[str] = mapped_column(PlainText, unique=True)
    short_description: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    #: name and descriptions folded, so that searching gives the same on every engine
    search_text: Mapped[str] = mapped_column(PlainText)
    duration: Mapped[timedelta] = mapped_column("interval", Interval)
    creator_id: Mapped[int | None] = mapped_column(owned_by_user(Policy.LEAVE), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    member_count: Mapped[int] = mapped_column(default=0)
    #: up to this many missed turns in any `free_turns` consecutive turns do not end a streak
    free_misses: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    free_turns: Mapped[int] = mapped_column(SmallInteger, default=RECENT_TURNS, server_default="30")
    #: whether a member may post more than one update in a turn
    counts_every_update: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: when it lost both its creator and its last member; no user finds it since then
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: when the creator's account was deleted; a movement of a script never had a creator
    creator_left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    interval_months: Mapped[int | None] = mapped_column(SmallInteger)
    #: how many updates complete a turn; null if one does
    goal: Mapped[int | None] = mapped_column(SmallInteger)
    #: the turns that began before have the former goals; null if there are none
    goal_since: Mapped[datetime | None] = mapped_column(UTCDateTime)

    creator: Mapped[User | None] = relationship()
    user_associations: Mapped[list[Association]] = relationship(
        primaryjoin="Movement.id == foreign(MovementUserAssociation.movement_id)",
        order_by="MovementUserAssociation.follower_id, MovementUserAssociation.slot",
        viewonly=True,
    )

    def __init__(
        self,
        name: str,
        interval: timedelta | None = None,
        short_description: str = "",
        description: str = "",
        *,
        months: int | None = None,
        group: Any = None,
        visibility: Visibility = "members",
    ) -> None:
        self.name = name
        if group is not None:
            self._belong_to(group, visibility)
        self.interval = chosen(interval, months)
        self.short_description = short_description
        self.description = description
        self.created_at = utcnow()
        self.member_count = 0
        self.free_misses, self.free_turns = 0, RECENT_TURNS
        self.counts_every_update = False
        #: the users to subscribe when a movement that is not in the database yet is saved
        self._awaited: list[User] = []

    @validates("name", "short_description", "description")
    def _fold(self, key: str, value: str) -> str:
        texts = {
            "name": self.name,
            "short_description": self.short_description,
            "description": self.description,
            key: value,
        }
        if key == "name":  # an old name keeps its form while other texts change
            self.name_folded = self._key_of(value)
        self.search_text = fold("\n".join(text or "" for text in texts.values()))
        return value

    # -- members ----------------------------------------------------------------------------

    @property
    def users(self) -> list[User]:
        """The members. Assigning subscribes and unsubscribes the difference.

        For scripts: a movement may have a million.
        """
        if self._is_new():
            return list(self._awaited)
        members = (
            select(User)
            .join(Subscription, Subscription.user_id == User.id)
            .where(Subscription.of(self.id))
            .order_by(Subscription.subscribed_at, User.id)
        )
        return list(db.session.scalars(members))

    @users.setter
    def users(self, users: Iterable[User]) -> None:
        wanted = list(dict.fromkeys(users))
        if self._is_new():
            self._awaited = wanted
            return
        self.lock(exclusive=True)  # many changes in one transaction lock slots in no order
        for user in self.users:
            if user not in wanted:
                self._drop(user)
        for user in wanted:
            self.add_user(user)
        self.close_if_abandoned()

    def save_to_db(self) -> None:
        """Add this movement, subscribe its assigned users, and commit."""
        db.session.add(self)
        db.session.flush()
        for user in vars(self).pop("_awaited", []):
            self.add_user(user)
        db.session.commit()

    def add_user(self, user: User, *, quotas: Quotas = NO_QUOTAS) -> None:
        """Subscribe a user, with leaders and a follower.

        Does nothing for a member. Flushes and does not commit; where the movement is not saved
        yet, `save_to_db` subscribes the user.

        :param quotas: to hold them, the caller has locked the user
        :raises Overtaken: when the account is deactivated or deleted
        :raises MovementNotFound: when the movement is closed
        :raises NotAMember: (a ValueError) when only members of a group may join
        :raises RemovedFromMovement: when the creator or an admin removed the user
        """
        if self._is_new():
            self._awaited = list(dict.fromkeys([*self._awaited, user]))
            return
        db.session.add(user)
        db.session.flush()
        self.lock()
        if self.closed_at is not None:
            raise MovementNotFound
        most_joined = None if user.is_admin else quotas.subscriptions
        if self._network().join(user.id, most_joined):
            self._count(1)
            self._flush_about(user)
        elif not self.is_subscribed(user):
            MemberRemoval.ensure_none(self.id, user.id)
            self._ensure_gate_open(user.id)
            ensure_may_join(user.id, most_joined)
            raise Overtaken(retry_after=1)  # another transaction is ending the account

    def remove_user(self, user: User) -> None:
        """Unsubscribe a user; their followers get other leaders.

        Flushes and does not commit. Does nothing for a user who is not subscribed. The last member
        of a movement that has lost its creator closes it.
        """
        if self._is_new():
            self._awaited = [other for other in self._awaited if other is not user]
            return
        self.unsubscribe(user)

    def unsubscribe(self, user: User, *, removed: bool = False) -> bool:
        """Do as `remove_user`; return whether they were subscribed."""
        self.lock()
        left = self._drop(user, removed=removed)
        if left and self.member_count == 0:
            self.close_if_abandoned()
        return left

    def lose_creator(self) -> None:
        """Forget the creator, whose account ends. Flushes.

        A movement without members is closed then.
        """
        self.lock()
        self.creator, self.creator_left_at = None, utcnow()
        db.session.flush()
        self.close_if_abandoned()

    # -- leaders ----------------------------------------------------------------------------

    def find_leaders(self, user: User, exclude: Iterable[User | int] = ()) -> list[int] | None:
        """Return the ids of possible leaders, in random order.

        :param exclude: users, or their ids, to leave out besides the present leaders
        :returns: all of them in a movement of up to 64 members, a sample above; None for others
        """
        network = self._network()
        slots = network.slots_of(user.id)
        if not slots:
            return None
        refused = {user if isinstance(user, int) else user.id for user in exclude}
        return network.candidates(user.id, refused.union(slots.values()))

    def swap_leader(self, user: User, leader: User | int | None) -> User | None:
        """Replace a user's leader, or fill an open slot.

        Flushes and does not commit.

        :param leader: the user, or their id; None to fill the user's first open slot
        :returns: the new leader, or None, with nothing changed, when no member is eligible or
            no slot is open
        :raises NotFollowing: (a ValueError) when the user does not follow that leader
        :raises NotSubscribed: when `leader` is None and the user is not subscribed
        """
        return User.find_by_id(self.swap_leader_id(user, leader) or 0)

    def swap_leader_id(
        self, user: User, leader: User | int | None, quotas: Quotas = NO_QUOTAS
    ) -> int | None:
        """Do as `swap_leader`, within a quota; return an id."""
        self.lock()
        network = self._network()
        slots = network.slots_of(user.id, lock=True)
        left_id = leader.id if isinstance(leader, User) else leader
        if left_id is None and not slots:
            raise NotSubscribed
        slot = next((slot for slot, leader_id in slots.items() if leader_id == left_id), None)
        if slot is None:
            if left_id is not None:
                raise NotFollowing
            return None
        leader_id = network.swap(user.id, slot, slots)
        if leader_id is not None and not user.is_admin:
            count_swap(user.id, self.id, quotas.swaps)
        self._flush_about(user)
        return leader_id

    def separate(self, user: User, other: User) -> None:
        """Replace blocked members as each other's leaders. Flushes."""
        self._network().separate(user.id, other.id)
        self._flush_about(user, other)

    def reconnect(self, user: User, other: User) -> None:
        """Fill slots that a removed block kept open. Flushes."""
        self._network().reconnect(user.id, other.id)
        self._flush_about(user, other)

    def adopt(self, user: User) -> None:
        """Give a member a follower if they have none. Flushes."""
        self.lock()
        self._network().adopt([user.id])
        self._flush_about(user)

    def post_update(self, user: User, message: str | None = None) -> Update:
        """Post an update of a user. Flushes, does not commit.

        :raises NotSubscribed: when the user is not subscribed
        """
        db.session.flush()
        posted = Update.record(user.id, self.id, message)
        return db.session.get_one(Update, posted["id"])

    def delete_from_db(self) -> None:
        """Delete this movement with its subscriptions and updates, and commit."""
        self.lock(exclusive=True)
        delete_owned(self)
        super().delete_from_db()

    def delete_by(self, user: User) -> None:
        """Delete this movement for its creator or an admin; commit.

        :raises MovementInUse: for others than admins, when users are members, or were removed
        """
        self.lock(exclusive=True)
        if not user.is_admin and self.member_count > self.is_subscribed(user):
            raise MovementInUse
        MemberRemoval.ensure_deletable(self.id, is_admin=user.is_admin)
        self.record_override(EventKind.MOVEMENT_DELETED, user, name=self.name)
        self.delete_from_db()

    def record_override(self, kind: EventKind, user: User, **facts: str) -> None:
        """Record an admin's change of another user's movement."""
        if self.creator_id != user.id:
            record(kind, actor_id=user.id, user_id=self.creator_id, subject=self, **facts)

    # -- views of a user --------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return this movement as a report stores it."""
        words = "\n".join((self.name, self.short_description, self.description))
        return Snapshot(self.id, None, self.creator_id, words)

    def is_subscribed(self, user: User) -> bool:
        """Return whether a user is a member."""
        return db.session.get(Subscription, (user.id, self.id), populate_existing=True) is not None

    def members(self) -> Iterator[Member]:
        """Yield all members with their leaders, in random order."""
        return self._network().members()

    # -- helpers ----------------------------------------------------------------------------

    def _is_new(self) -> bool:
        return self.id is None  # before the first flush

    def _network(self) -> Network:
        exclusive = self.locked_exclusively
        return Network(self.id, self.member_count, self.interval, exclusive=exclusive)

    def _drop(self, user: User, *, removed: bool = False) -> bool:
        """Unsubscribe a user from a locked movement, and close nothing."""
        left = self._network().leave(user.id, removed=removed)
        if left:
            self._count(-1)
            self._flush_about(user)
        return left

    def _count(self, joined: int) -> None:
        """Add to the number of members.

        This comes last, because its lock keeps other transactions from counting until the commit.
        """
        counted = execute(_COUNT, {"of_movement": self.id, "joined": joined})
        set_committed_value(self, "member_count", counted.scalar_one())

    def _flush_about(self, *users: User) -> None:
        """Flush, and expire the changed parts of a network."""
        db.session.flush()
        for loaded in db.session.identity_map.values():
            if isinstance(loaded, Association):
                db.session.expire(loaded)
        db.session.expire(self, ["user_associations"])
        for user in users:
            db.session.expire(user, ["follower_associations", "movements"])


exported_as(
    "created_movements",
    select(
        Movement.id,
        Movement.name,
        Movement.short_description,
        Movement.description,
        Movement.duration.label("interval"),
        Movement.interval_months,
        Movement.goal,
        Movement.created_at,
    )
    .where(Movement.creator_id == EXPORTED_USER)
    .order_by(Movement.id),
)

# Statements are built once, because building one costs as much as running it.
_COUNT = (
    update(Movement)
    .where(Movement.id == bindparam("of_movement"))
    .values(member_count=Movement.member_count + bindparam("joined"))
    .returning(Movement.member_count)
)
