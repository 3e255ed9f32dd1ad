"""An experiment: a leader network guarded row by row instead of by its movement's row.

`install()` puts it in the place of `Movement.lock`, on PostgreSQL only, for `bench.locks` to
measure it beside the product. Whoever changes a network holds

- a lock on the movement, advisory or of its row: shared; exclusive in a movement of up to 64,
  where candidates can run out;
- who leaves: their own subscription, then every slot of theirs and every slot that points at
  them, in one order for everybody;
- who swaps: their own subscription, then their slots;
- who chooses: the subscriptions of those compared, FOR KEY SHARE, skipping who leaves just now;
- the movement's row at the very end, to count.

So nobody waits in a circle, except two who give one follower the same leader: the database lets
one of them fail, and `gridt.api.Resource` tries again. `Movement.delete_from_db` is left as it is,
and would need the exclusive lock.
"""

from collections.abc import Iterable, Sequence
from functools import partialmethod
from typing import Any

from sqlalchemy import Executable, Integer, Result, bindparam, func, literal, or_, select, update
from sqlalchemy.orm.exc import StaleDataError

from gridt.errors import MovementNotFound
from gridt.extensions import db
from gridt.models import Movement, Subscription, User
from gridt.models import MovementUserAssociation as Association
from gridt.models.draw import SMALL, Candidate, Draw, Wish
from gridt.models.network import _SLOTS_OF, _SLOTS_TO_GIVE_UP, Network, _slots

#: what an advisory lock goes by: a number of our own, and the movement
_NAME = (literal(4), bindparam("movement_id", type_=Integer()))
#: stands for the followers of somebody who leaves: nobody is chosen less gladly
_LEAVING = 1 << 30

_READ_ANEW = (
    select(Movement)
    .where(Movement.id == bindparam("movement_id"))
    .execution_options(populate_existing=True)
)
#: what takes a movement's lock, shared and exclusive, and reads the movement after it
LOCKS: dict[str, dict[bool, Sequence[Executable]]] = {
    "advisory": {
        False: [select(func.pg_advisory_xact_lock_shared(*_NAME)), _READ_ANEW],
        True: [select(func.pg_advisory_xact_lock(*_NAME)), _READ_ANEW],
    },
    # the same by the movement's row: one message less
    "keyshare": {
        False: [_READ_ANEW.with_for_update(read=True, key_share=True)],
        True: [_READ_ANEW.with_for_update()],
    },
}
_MYSELF = (
    select(Subscription.user_id)
    .where(
        Subscription.user_id == bindparam("follower_id"),
        Subscription.movement_id == bindparam("movement_id"),
    )
    .with_for_update(key_share=True)
)
_ALL_ABOUT = (
    select(Association.follower_id, Association.slot)
    .where(
        or_(
            Association.leader_id == bindparam("user_id"),
            Association.follower_id == bindparam("user_id"),
        ),
        Association.movement_id == bindparam("movement_id"),
    )
    .order_by(Association.follower_id, Association.slot)
    .with_for_update()
)
_COMPARED = (
    select(
        Subscription.user_id,
        select(func.count())
        .where(
            Association.leader_id == Subscription.user_id,
            Association.movement_id == Subscription.movement_id,
        )
        .correlate(Subscription)
        .scalar_subquery()
        .label("followers"),
    )
    .where(
        Subscription.user_id.in_(bindparam("user_ids", expanding=True)),
        Subscription.movement_id == bindparam("movement_id"),
    )
    .order_by(Subscription.user_id)
    .with_for_update(read=True, key_share=True, skip_locked=True, of=Subscription)
)
_COUNT = (
    update(Movement)
    .where(Movement.id == bindparam("of_movement"))
    .values(member_count=Movement.member_count + bindparam("joined"))
    .execution_options(synchronize_session=False)
)
#: statements of the product that lock what they read here
_LOCKING: dict[Executable, Executable] = {
    _SLOTS_OF: _SLOTS_OF.with_for_update(),
    _SLOTS_TO_GIVE_UP: _SLOTS_TO_GIVE_UP.with_for_update(of=_slots, skip_locked=True),
}


class RowDraw(Draw):
    """Draws as the product does, and holds those compared until the end of the transaction."""

    def _choose(self, wishes: Sequence[Wish], pools: list[list[Candidate]]) -> list[int | None]:
        self.leaving: set[int] = set()
        chosen = super()._choose(wishes, pools)
        if self.leaving.intersection(chosen):
            raise StaleDataError("all who were compared leave just now")  # so try again
        return chosen

    def _followers(self, leaders: Iterable[int]) -> dict[int, int]:
        ids = sorted(leaders)
        if not ids:
            return {}
        given = {"user_ids": ids, "movement_id": self.movement_id}
        held = {row.user_id: row.followers for row in db.session.execute(_COMPARED, given)}
        self.leaving.update(set(ids).difference(held))
        return {one: held.get(one, _LEAVING) for one in ids}


class RowNetwork(Network):
    """Changes a network as the product does, and locks the rows that it changes."""

    def __init__(self, movement: Movement) -> None:
        super().__init__(movement.id, movement.member_count, movement.interval)
        self.draw = RowDraw(movement.id, movement.member_count, movement.interval)

    def slots_of(self, follower_id: int) -> dict[int, int | None]:
        self._execute(_MYSELF, follower_id=follower_id)
        return super().slots_of(follower_id)

    def _refill_slots_of(self, leaver_id: int) -> None:
        held = self._execute(_ALL_ABOUT, user_id=leaver_id)
        holes = [row for row in held if row.follower_id != leaver_id]
        present = self._leaders_by_follower([follower_id for follower_id, _ in holes])
        chosen = self.draw.choose([Wish(one, present[one]) for one, _ in holes])
        self._fill([(*hole, leader) for hole, leader in zip(holes, chosen, strict=True)])

    def _execute(self, statement: Executable, **given: Any) -> Result[*tuple[Any, ...]]:
        return super()._execute(_LOCKING.get(statement, statement), **given)


def install(locks: str) -> None:
    """Let movements of this process guard their networks row by row.

    :param locks: a key of `LOCKS`
    """
    for method in (add_user, remove_user, save_to_db, dictify, _network, _subscription):
        setattr(Movement, method.__name__, method)
    setattr(Movement, "lock", partialmethod(lock, LOCKS[locks]))  # noqa: B010 - mypy


def add_user(self: Movement, user: User) -> None:
    self.lock()
    if self._subscription(user) is None:
        self._network().join(user.id)
        vars(self)["joined"] = 1
        self._flush_about(user)


def remove_user(self: Movement, user: User) -> None:
    self.lock()
    if self._subscription(user) is not None:
        self._network().leave(user.id)
        vars(self)["joined"] = -1
        self._flush_about(user)


def save_to_db(self: Movement) -> None:
    """Count at the very end: the counter is the one row that everybody writes."""
    db.session.flush()
    joined = vars(self).pop("joined", 0)
    if joined:
        db.session.execute(_COUNT, {"of_movement": self.id, "joined": joined})
    db.session.commit()


_dictify = Movement.dictify


def dictify(self: Movement, user: User) -> dict[str, Any]:
    seen = _dictify(self, user)
    return seen | {"member_count": seen["member_count"] + vars(self).get("joined", 0)}


def lock(self: Movement, locks: dict[bool, Sequence[Executable]]) -> None:
    db.session.flush()
    vars(self).pop("joined", None)  # of an attempt that failed
    small = self.member_count <= SMALL
    _take(self, locks[small])
    if not small and self.member_count <= SMALL:
        _take(self, locks[True])  # two who both want that: one is made to try again


def _take(movement: Movement, statements: Sequence[Executable]) -> None:
    for statement in statements:
        found = db.session.execute(statement, {"movement_id": movement.id}).first()
    if found is None:
        raise MovementNotFound


def _network(self: Movement) -> RowNetwork:
    return RowNetwork(self)


def _subscription(self: Movement, user: User) -> Subscription | None:
    key = (user.id, self.id)
    return db.session.get(Subscription, key, populate_existing=True, with_for_update=True)
