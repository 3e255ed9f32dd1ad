"""Blocks: no blocked user becomes a leader."""

import pytest
import sqlalchemy as sa

from gridt.accounts.data_export import sections_about
from gridt.errors import Invalid, TooManyBlocks, UserNotFound
from gridt.models import Block, Report, Update, User
from gridt.network import block, unblock
from gridt.network.blocking import MOST_BLOCKED
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.extensions import db
from tests.networks import (
    arrows_of,
    changed,
    make_movements,
    people,
    plant,
    plant_blocks,
    put_apart,
    ring,
    violations,
)


def movement_of(members, leaders=None):
    (movement,) = make_movements(1)
    plant(movement, ring(members) | (leaders or {}))
    return movement


def user(id):
    return User.find_by_id(id)


def sound():
    assert violations() == []
    assert list(found_by_sql()) == []


# -- blocking -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 64, 65, 300])
@pytest.mark.parametrize("forth", [True, False])
def test_a_blocked_leader_is_replaced_in_the_same_slot(database, size, forth):
    members = people(size)
    follower, leader = members[0], members[2]
    movement = movement_of(members)
    before = arrows_of(movement.id)
    put_apart(*((follower, leader) if forth else (leader, follower)))
    difference = changed(before, arrows_of(movement.id))
    assert {place: old for place, (old, _) in difference.items()} == {(follower, 1): leader}
    assert not {new for _, new in difference.values()} & {
        None,
        follower,
        *before[follower].values(),
    }
    sound()


def test_a_block_ends_both_directions_in_every_shared_movement(database):
    user_id, other_id, *others = people(9)
    movements = [
        movement_of([user_id, other_id, *others], {other_id: [user_id, *others[:3]]})
        for _ in range(3)
    ]
    foreign = movement_of([user_id, *others])
    before = arrows_of(foreign.id)
    put_apart(user_id, other_id)
    for movement in movements:
        arrows = arrows_of(movement.id)
        assert other_id not in arrows[user_id].values()
        assert user_id not in arrows[other_id].values()
        assert None not in [*arrows[user_id].values(), *arrows[other_id].values()]
    assert arrows_of(foreign.id) == before
    sound()


def test_a_slot_stays_open_without_an_eligible_member(database):
    members = people(4)
    movement = movement_of(members)
    put_apart(*members[:2])
    assert sorted(map(str, arrows_of(movement.id)[members[0]].values())).count("None") == 2
    sound()


def test_a_second_block_changes_nothing(database):
    members = people(6)
    movement = movement_of(members)
    put_apart(*members[:2])
    before, made = arrows_of(movement.id), db.session.scalars(sa.select(Block)).one().created_at
    put_apart(*members[:2])
    assert arrows_of(movement.id) == before
    assert db.session.scalars(sa.select(Block)).one().created_at == made


def test_no_user_blocks_themselves_or_a_deleted_user(database):
    blocker, other = map(user, people(2))
    with pytest.raises(Invalid):
        block(blocker, blocker)
    gone = User.find_by_id(other.id)
    db.session.execute(sa.delete(User).where(User.id == other.id))
    with pytest.raises(UserNotFound):
        block(blocker, gone)


def test_a_user_may_block_a_thousand_others(database):
    blocker, *others = people(MOST_BLOCKED + 2)
    plant_blocks((blocker, other) for other in others[:-1])
    with pytest.raises(TooManyBlocks):
        put_apart(blocker, others[-1])
    put_apart(blocker, others[0])  # an existing block
    put_apart(others[-1], blocker)
    unblock(user(blocker), user(others[0]))
    put_apart(blocker, others[-1])


# -- no blocked leader by any operation -----------------------------------------------------


@pytest.mark.parametrize("forth", [True, False])
@pytest.mark.parametrize("size", [6, 66])
def test_a_newcomer_gets_no_blocked_leader(database, size, forth):
    members, (newcomer,) = people(size), people(1)
    kept = members[:3]
    plant_blocks(
        (newcomer, member) if forth else (member, newcomer)
        for member in members
        if member not in kept
    )
    movement = movement_of(members)
    movement.add_user(user(newcomer))
    movement.save_to_db()
    arrows = arrows_of(movement.id)
    assert {leader for leader in arrows[newcomer].values() if leader} == set(kept)
    followers = {member for member, slots in arrows.items() if newcomer in slots.values()}
    assert followers <= set(kept)
    sound()


@pytest.fixture
def cornered(database):
    """Make a movement with a member whom blocks have cornered.

    They leave the member only their leaders, and one other.
    """

    def make(size):
        member, *others = members = people(size)
        leaders, spare = others[:4], others[4]
        # no member outside of these follows them
        arrows = ring(others) | {member: leaders, spare: [member, *others[5:8]]}
        movement = movement_of(members, arrows)
        plant_blocks((other, member) for other in others[5:])
        sound()
        return movement, member, leaders, spare

    return make


each_size = pytest.mark.parametrize("size", [9, 66, 300])


@each_size
def test_a_swap_finds_the_only_eligible_member(cornered, size):
    movement, member, leaders, spare = cornered(size)
    leader = movement.swap_leader(user(member), leaders[0])
    assert leader.id == spare
    movement.save_to_db()
    sound()
    put_apart(member, leaders[0])
    assert movement.swap_leader(user(member), leaders[1]) is None
    sound()


@each_size
def test_a_refill_finds_the_only_eligible_member(cornered, size):
    movement, member, leaders, spare = cornered(size)
    for leaver, expected in ((leaders[1], spare), (leaders[2], None)):
        movement.remove_user(user(leaver))
        movement.save_to_db()
        slots = arrows_of(movement.id)[member]
        assert slots[leaders.index(leaver)] == expected
        sound()
    (newcomer,) = people(1)  # fills the slot that stayed open
    movement.add_user(user(newcomer))
    movement.save_to_db()
    assert arrows_of(movement.id)[member][2] == newcomer
    sound()


def test_find_leaders_leaves_out_blocked_users(cornered):
    movement, member, _leaders, spare = cornered(20)
    assert movement.find_leaders(user(member)) == [spare]
    put_apart(spare, member)
    assert movement.find_leaders(user(member)) == []


def test_a_block_separates_assigned_members(database):
    members = people(6)
    plant_blocks([(members[0], members[1]), (members[2], members[0])])
    (movement,) = make_movements(1)
    movement.users = [user(id) for id in members]
    movement.save_to_db()
    assert {*arrows_of(movement.id)[members[0]].values()} == {None, *members[3:]}
    sound()


# -- withdrawing ----------------------------------------------------------------------------


@each_size
def test_a_slot_that_a_block_kept_open_is_filled(cornered, size):
    movement, member, leaders, spare = cornered(size)
    for other in (spare, leaders[3]):
        put_apart(member, other)
    assert arrows_of(movement.id)[member][3] is None
    sound()
    put_apart(spare, member)
    for blocker, blocked, expected in ((member, spare, None), (spare, member, spare)):
        unblock(user(blocker), user(blocked))
        db.session.commit()
        assert arrows_of(movement.id)[member][3] == expected
        sound()


def test_removing_a_missing_block_changes_nothing(database):
    members = people(6)
    movement = movement_of(members)
    before = arrows_of(movement.id)
    unblock(*map(user, members[:2]))
    db.session.commit()
    assert arrows_of(movement.id) == before


# -- checks, and the end of blocks ----------------------------------------------------------


def test_a_violated_block_is_found(database):
    members = people(6)
    movement = movement_of(members)
    put_apart(members[0], members[5])
    sound()
    plant_blocks([(members[2], members[0]), (members[1], members[2])])
    broken = [
        (violation.invariant, violation.movement_id, violation.count)
        for violation in found_by_sql()
    ]
    assert broken == [("I5", movement.id, 2), ("I14", movement.id, 2), ("I14", movement.id, 1)]
    assert {text[:3] for text in violations()} == {"I5:", "I14"}


def test_blocks_go_with_the_account(database):
    first, second, third = map(user, people(3))
    plant_blocks([(first.id, second.id), (second.id, third.id), (third.id, first.id)])
    second.delete_from_db()
    assert [(b.blocker_id, b.blocked_id) for b in db.session.scalars(sa.select(Block))] == [
        (third.id, first.id)
    ]


def test_reports_outlive_accounts_without_the_texts_of_deleted_users(database):
    reporter, author, admin = map(user, people(3))
    (movement,) = make_movements(1)
    movement.creator = author
    movement.users = [reporter, author]
    posted = movement.post_update(author, "something bad")
    movement.save_to_db()
    of_update = Report(reporter.id, posted.snapshot(), "look")
    of_movement = Report(reporter.id, movement.snapshot(), "look here too")
    for report in (of_update, of_movement):
        report.save_to_db()
        report.close(admin.id, "done")
    sections = {name: list(rows) for name, rows in sections_about(reporter.id)}
    assert [row["reason"] for row in sections["reports"]] == ["look", "look here too"]
    assert {name: list(rows) for name, rows in sections_about(author.id)}["reports"] == []
    for gone in (reporter, admin):
        gone.delete_from_db()
    db.session.expire_all()
    for report in (of_update, of_movement):
        assert (report.reporter_id, report.closed_by_id, report.author_id) == (
            None,
            None,
            author.id,
        )
    author.delete_from_db()
    (left,) = db.session.scalars(sa.select(Report).execution_options(populate_existing=True))
    assert (left.reason, left.author_id) == ("look here too", None)
    assert db.session.scalar(sa.select(Update.id)) is None
