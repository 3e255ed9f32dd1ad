"""An experiment: the movement's lock, held for fewer messages to the database.

In a movement of more than 128 leaders are chosen before the lock is taken, and what is answered
is read after the commit. Whoever was chosen and left meanwhile is refused by the foreign key, and
`gridt.api.Resource` tries again. `install()` puts it in the place of what the product does, for
`bench.locks` to measure it beside that.
"""

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy import bindparam

from gridt.auth import caller
from gridt.errors import NobodyEligible, NotFollowing, NotSubscribed
from gridt.extensions import db
from gridt.models import Movement, User
from gridt.models import MovementUserAssociation as Association
from gridt.models.draw import SMALL, Wish
from gridt.models.movement_user_association import SLOTS
from gridt.models.network import _CLOSE, _FILL, _HOLES, _UNSUBSCRIBE, Network
from gridt.resources.leaders import Leader, OpenSlot, _leader_or_404
from gridt.resources.paths import id_in, movement_or_404
from gridt.resources.subscriptions import Subscriber
from gridt.schemas.movements import movement_answer

#: so many members that none of those who leave meanwhile make it a small one
_LARGE = 2 * SMALL

_REPLACE = _FILL.where(Association.leader_id == bindparam("left"))

_swap_leader = Movement.swap_leader


class _Ahead(Network):
    """Chooses ahead: notes which slots to fill instead of filling them."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self.noted: list[tuple[int, int, int | None]] = []

    def _fill(self, slots: Any) -> None:
        self.noted += slots


def add_user(self: Movement, user: User) -> None:
    large = self.member_count > _LARGE
    if large:
        ahead = _Ahead(self.id, self.member_count, self.interval)
        *windows, adopters = ahead.draw.windows(2 * SLOTS + 1)
        leaders = ahead.draw.choose([Wish(user.id)] * SLOTS, windows)
        ahead._be_adopted(user.id, [one.user_id for one in adopters])
    self.lock()
    if self._subscription(user) is not None:
        return
    network = self._network()
    if large:
        network._insert(user.id, leaders)
        network._fill(ahead.noted)
    else:
        network.join(user.id)
    self.member_count += 1
    self._flush_about(user)


def remove_user(self: Movement, user: User) -> None:
    ahead = self._network()
    expected = len(ahead._execute(_HOLES, leader_id=user.id).all())
    windows = ahead.draw.windows(2 * expected) if self.member_count > _LARGE and expected else []
    self.lock()
    if self._subscription(user) is None:
        return
    network = self._network()
    holes = network._execute(_HOLES, leader_id=user.id).all()
    present = network._leaders_by_follower([one for one, _ in holes]) if holes else {}
    wishes = [Wish(one, present[one]) for one, _ in holes]
    fits = len(holes) <= expected and len(holes) <= 20
    chosen = network.draw.choose(wishes, windows[: 2 * len(holes)] if fits else ())
    network._fill([(*hole, leader) for hole, leader in zip(holes, chosen, strict=True)])
    network._execute(_CLOSE, follower_id=user.id)
    network._execute(_UNSUBSCRIBE, follower_id=user.id)
    self.member_count -= 1
    self._flush_about(user)


def swap_leader(self: Movement, user: User, leader: User | int | None) -> Any:
    """Return the new leader's id."""
    if self.member_count <= _LARGE:
        found = _swap_leader(self, user, leader)
        return None if found is None else found.id
    network = self._network()
    slots = network.slots_of(user.id)
    if leader is None and not slots:
        raise NotSubscribed
    slot = next((slot for slot, leader_id in slots.items() if leader_id == leader), None)
    if slot is None:
        if leader is not None:
            raise NotFollowing
        return None
    present = [leader_id for leader_id in slots.values() if leader_id is not None]
    (chosen,) = network.draw.choose([Wish(user.id, present)])
    self.lock()
    given = {
        "of_follower": user.id,
        "of_movement": self.id,
        "of_slot": slot,
        "leader_id": chosen,
        "left": leader,
    }
    if db.session.execute(_REPLACE, given).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFollowing
    self._flush_about(user)
    return chosen


def put(self: Subscriber, movement: str) -> ResponseReturnValue:
    found, user = movement_or_404(movement), caller()
    found.add_user(user)
    found.save_to_db()
    return movement_answer(found.dictify(user), "You are subscribed to this movement.")


def post(self: Leader, movement: str, user: str) -> ResponseReturnValue:
    found, follower = movement_or_404(movement), caller()
    chosen = found.swap_leader(follower, id_in(user, User.id))
    if chosen is None:
        raise NobodyEligible
    found.save_to_db()
    return _leader_or_404(found, follower, chosen)


def fill(self: OpenSlot, movement: str) -> ResponseReturnValue:
    found, user = movement_or_404(movement), caller()
    chosen = found.swap_leader(user, None)
    if chosen is None:
        raise NobodyEligible
    found.save_to_db()
    return _leader_or_404(found, user, chosen), 201


def install() -> None:
    """Let this process hold its movements' locks as briefly as that."""
    for method in (add_user, remove_user, swap_leader):
        setattr(Movement, method.__name__, method)
    Subscriber.put, Leader.post, OpenSlot.post = put, post, fill
    db.session.session_factory.kw["expire_on_commit"] = False
