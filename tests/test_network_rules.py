"""Random lives of two movements: I1 to I14 always hold.

docs/leader-network.md explains the invariants.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis.stateful import initialize, invariant, precondition, rule

from gridt.errors import NotFollowing, NotSubscribed
from gridt.models import Block, Movement, Update, User
from gridt.models import MovementUserAssociation as Association
from gridt.network import block, unblock
from gridt.runtime.extensions import db
from gridt.standing.pauses import pause, resume
from tests.conftest import Clock
from tests.lives import Life, live
from tests.networks import (
    Arrows,
    arrows_of,
    changed,
    keys_of,
    make_movements,
    people,
    plant,
    ring,
    violations,
)

# -- the rules ------------------------------------------------------------------------------

PEOPLE = 12

someone = st.integers(0, PEOPLE - 1)
somewhere = st.integers(0, 1)


class LifeOfTwelve(Life):
    """Two movements and the acts of twelve people.

    The members of `crowd` never act.
    """

    crowd = 0

    def __init__(self) -> None:
        super().__init__()
        self.ids = people(PEOPLE)
        self.movements = make_movements(2, creator_id=people(1)[0])

    @initialize(sizes=st.tuples(st.integers(0, PEOPLE), st.integers(0, PEOPLE)))
    def begin(self, sizes: tuple[int, int]) -> None:
        crowd = people(self.crowd)
        for movement, size in zip(self.movements, sizes, strict=True):
            plant(movement, ring([*self.ids[:size], *crowd]))

    def state(self) -> tuple[list[Arrows], list[dict[int, int]]]:
        ids = [movement.id for movement in self.movements]
        return [arrows_of(id) for id in ids], [keys_of(id) for id in ids]

    def user(self, number: int) -> User:
        user = User.find_by_id(self.ids[number])
        assert user is not None
        return user

    def candidates(self, where: int, user: int) -> set[int]:
        """Return the members whom a member could follow."""
        arrows = arrows_of(self.movements[where].id)
        return set(arrows) - {user} - set(arrows[user].values()) - self.kept_from(user)

    def kept_from(self, user: int) -> set[int]:
        pairs = db.session.execute(sa.select(Block.blocker_id, Block.blocked_id)).all()
        return {member for pair in pairs if user in pair for member in pair} - {user}

    def ensure_nothing_changed_but(self, where: int, before: Any, after: Any) -> None:
        for part_before, part_after in zip(before, after, strict=True):
            assert part_before[1 - where] == part_after[1 - where]

    @rule(number=someone, where=somewhere)
    def join(self, number: int, where: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        movement.add_user(user)
        movement.save_to_db()
        after = self.state()
        self.ensure_nothing_changed_but(where, before, after)
        if user.id in before[1][where]:
            assert after == before  # I12
            return
        difference = changed(before[0][where], after[0][where])  # I10
        assert all(new == user.id for _, new in difference.values())
        filled = [follower for (follower, _), (old, _) in difference.items() if old is None]
        adopted = [old for old, _ in difference.values() if old is not None]
        assert len(filled) == len(set(filled))
        assert len(adopted) <= 1
        if len(before[0][where]) <= 8 and self.candidates_of_newcomer(where, user.id, before):
            assert difference  # all of them were asked to adopt

    def candidates_of_newcomer(self, where: int, user: int, before: Any) -> set[int]:
        return set(before[0][where]) - self.kept_from(user)

    @rule(number=someone, where=somewhere)
    def leave(self, number: int, where: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        movement.remove_user(user)
        movement.save_to_db()
        after = self.state()
        self.ensure_nothing_changed_but(where, before, after)
        if user.id not in before[1][where]:
            assert after == before  # I12
            return
        self.ensure_only_refilled(user.id, before[0][where], after[0][where])

    def ensure_only_refilled(self, leaver: int, before: Arrows, after: Arrows) -> None:
        assert set(after) == set(before) - {leaver}
        difference = changed(before, after)
        assert all(old == leaver for old, _ in difference.values())  # I10
        for (follower, _), (_, new) in difference.items():
            assert new is None or new not in before[follower].values()

    @rule(number=someone, where=somewhere)
    def come_back(self, number: int, where: int) -> None:
        user, movement = self.user(number), self.movements[where]
        before = keys_of(movement.id).get(user.id)
        movement.remove_user(user)
        movement.add_user(user)
        movement.save_to_db()
        assert keys_of(movement.id)[user.id] != before  # I13

    @rule(number=someone, where=somewhere, slot=st.integers(0, 3))
    def swap(self, number: int, where: int, slot: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        left = before[0][where].get(user.id, {}).get(slot)
        if left is None:
            return
        eligible = self.candidates(where, user.id)
        leader = movement.swap_leader(user, User.find_by_id(left))
        movement.save_to_db()
        after = self.state()
        if leader is None:
            assert not eligible
            assert after == before  # I11
            return
        assert leader.id in eligible  # I11
        assert changed(before[0][where], after[0][where]) == {(user.id, slot): (left, leader.id)}
        self.ensure_nothing_changed_but(where, before, after)

    @rule(number=someone, other=someone, where=somewhere)
    def swap_somebody_not_followed(self, number: int, other: int, where: int) -> None:
        user, stranger, before = self.user(number), self.user(other), self.state()
        if stranger.id in before[0][where].get(user.id, {}).values():
            return
        with pytest.raises(NotFollowing):
            self.movements[where].swap_leader(user, stranger)
        self.movements[where].save_to_db()
        assert self.state() == before

    @rule(number=someone, where=somewhere, slot=st.integers(0, 3))
    def fill_open_slot(self, number: int, where: int, slot: int) -> None:
        user, movement = self.user(number), self.movements[where]
        if user.id not in keys_of(movement.id):
            with pytest.raises(NotSubscribed):
                movement.swap_leader(user, None)
            return
        db.session.execute(  # as an import may leave it
            sa.update(Association)
            .where(Association.follower_id == user.id, Association.movement_id == movement.id)
            .where(Association.slot == slot)
            .values(leader_id=None)
        )
        before, eligible = self.state(), self.candidates(where, user.id)
        leader = movement.swap_leader(user, None)
        movement.save_to_db()
        after = self.state()
        if leader is None:
            assert not eligible
            assert after == before
            return
        assert leader.id in eligible
        ((follower, _), (old, new)) = next(iter(changed(before[0][where], after[0][where]).items()))
        assert (follower, old, new) == (user.id, None, leader.id)

    @rule(number=someone, where=somewhere)
    def find_leaders(self, number: int, where: int) -> None:
        user, movement = self.user(number), self.movements[where]
        leaders = movement.find_leaders(user)
        if user.id not in keys_of(movement.id):
            assert leaders is None
            return
        eligible = self.candidates(where, user.id)
        assert len(leaders) == len(set(leaders))
        if movement.member_count <= 64:
            assert set(leaders) == eligible
        else:
            assert set(leaders) <= eligible
            assert max(0, 3 - len(self.kept_from(user.id))) <= len(leaders) <= 64

    @rule(number=someone, where=somewhere)
    def post(self, number: int, where: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        if user.id in before[1][where]:
            movement.post_update(user).save_to_db()
            assert Update.find_last(user, movement).time_stamp == self.clock.now
        else:
            with pytest.raises(NotSubscribed):
                movement.post_update(user)
            db.session.rollback()
        assert self.state() == before

    @rule(number=someone, where=somewhere, days=st.integers(1, 9))
    def pause(self, number: int, where: int, days: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        if user.id in before[1][where]:
            pause(user.id, movement.id, self.clock.now + timedelta(days=days))
            db.session.commit()
        assert self.state() == before

    @rule(number=someone, where=somewhere)
    def resume(self, number: int, where: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        if user.id in before[1][where]:
            resume(user.id, movement.id)
            db.session.commit()
        assert self.state() == before

    @rule(number=someone, where=somewhere, newest=st.booleans())
    def take_an_update_back(self, number: int, where: int, newest: bool) -> None:
        user, before = self.user(number), self.state()
        mine = db.session.scalars(Update.of(user.id, self.movements[where].id)).all()
        if mine:
            mine[0 if newest else -1].delete_from_db()
        assert self.state() == before

    @rule(number=someone, other=someone)
    def block(self, number: int, other: int) -> None:
        if number == other:
            return
        blocker, blocked, before = self.user(number), self.user(other), self.state()
        block(blocker, blocked)
        db.session.commit()
        after = self.state()
        assert after[1] == before[1]
        for where in (0, 1):
            both = {blocker.id, blocked.id}
            difference = changed(before[0][where], after[0][where])  # I10
            refilled = {
                slot: leaders
                for slot, leaders in difference.items()
                if {slot[0], leaders[0]} == both
            }
            for (follower, _), (_, new) in refilled.items():
                assert new not in before[0][where][follower].values() or new is None
            adopted = [leaders for slot, leaders in difference.items() if slot not in refilled]
            self.ensure_only_adopted(
                adopted, {old for old, _ in refilled.values()}, after[0][where]
            )
        block(blocker, blocked)
        db.session.commit()
        assert self.state() == after  # I12

    @rule(number=someone, others=st.sets(someone))
    def block_many(self, number: int, others: set[int]) -> None:
        for other in others - {number}:
            block(self.user(number), self.user(other))
        db.session.commit()

    def ensure_only_adopted(self, adopted: Any, expected: set[int], after: Arrows) -> None:
        """Check that adopted members were expected and are followed.

        Each has exactly one follower now.
        """
        followed = [leader for slots in after.values() for leader in slots.values()]
        newly = [new for _, new in adopted]
        assert set(newly) <= expected
        assert [followed.count(member) for member in newly] == [1] * len(newly)

    @rule(data=st.data())
    def unblock(self, data: st.DataObject) -> None:
        pairs = db.session.execute(sa.select(Block.blocker_id, Block.blocked_id)).all()
        if not pairs:
            return
        pair = data.draw(st.sampled_from(sorted(tuple(pair) for pair in pairs)))
        blocker, blocked = (User.find_by_id(id) for id in pair)
        before = self.state()
        unblock(blocker, blocked)
        db.session.commit()
        after = self.state()
        for where in (0, 1):
            both = {blocker.id, blocked.id}
            difference = changed(before[0][where], after[0][where])  # I10
            adopted = []
            for (follower, _), (old, new) in difference.items():
                if old is None:
                    assert {follower, new} == both
                else:
                    adopted.append((old, new))
            self.ensure_only_adopted(adopted, both, after[0][where])
        unblock(blocker, blocked)
        db.session.commit()
        assert self.state() == after

    @rule(number=someone)
    def delete_an_account(self, number: int) -> None:
        user, before = self.user(number), self.state()
        leaver = user.id
        user.delete_from_db()
        after = self.state()
        for where in (0, 1):
            self.ensure_only_refilled(leaver, before[0][where], after[0][where])
        (self.ids[number],) = people(1)

    @rule(numbers=st.sets(someone), where=somewhere)
    def assign(self, numbers: set[int], where: int) -> None:
        movement = self.movements[where]
        crowd = [user for user in movement.users if user.id not in self.ids]
        movement.users = [*crowd, *(self.user(number) for number in numbers)]
        movement.save_to_db()
        members = {user.id for user in crowd} | {self.ids[number] for number in numbers}
        assert set(keys_of(movement.id)) == members

    @rule(number=someone, where=somewhere)
    def change_ones_mind(self, number: int, where: int) -> None:
        user, movement, before = self.user(number), self.movements[where], self.state()
        change = movement.remove_user if movement.is_subscribed(user) else movement.add_user
        change(user)
        assert self.state() != before
        db.session.rollback()
        assert self.state() == before

    @precondition(lambda self: self.clock.now < self.started + timedelta(days=60))
    @rule(days=st.integers(1, 5))
    def let_time_pass(self, days: int) -> None:
        self.clock.pass_(days=days)

    @invariant()
    def nothing_is_violated(self) -> None:
        assert violations() == []


class CrowdedLife(LifeOfTwelve):
    """The same in a crowded movement.

    It has the size from which leaders are drawn by windows.
    """

    crowd = 59


@pytest.mark.parametrize(("life", "examples"), [(LifeOfTwelve, 20), (CrowdedLife, 8)])
def test_invariants_hold_whatever_people_do(
    database: None, clock: Clock, life: type[Life], examples: int
) -> None:
    live(life, clock, examples, steps=30)


def test_violations_finds_each_fault(make_movement: Callable[..., Movement]) -> None:
    movement = make_movement(members=6)
    assert violations() == []
    (follower, slots), *_ = arrows_of(movement.id).items()
    of_follower = sa.and_(
        Association.follower_id == follower, Association.movement_id == movement.id
    )
    db.session.execute(sa.update(Association).where(of_follower).values(leader_id=None))
    db.session.execute(sa.delete(Association).where(of_follower, Association.slot == 3))
    movement.member_count = 5
    db.session.flush()
    assert [text[:2] for text in violations()] == ["I9", "I5", "I7"]
    assert len(slots) == 4
