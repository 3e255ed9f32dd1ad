"""The figures of a network, compared with simpler computations."""

import random
from array import array
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.demo import Demo, grown
from gridt.models import Movement, Subscription
from gridt.network.quality import _largest_component, measure_quality
from gridt.runtime.extensions import db


def reach(leaders: dict[int, set[int]], start: int) -> set[int]:
    reached, pending = {start}, [start]
    while pending:
        for leader in leaders[pending.pop()] - reached:
            reached.add(leader)
            pending.append(leader)
    return reached


@pytest.mark.parametrize("seed", range(20))
def test_all_members_of_the_largest_component_reach_each_other(seed: int) -> None:
    dice = random.Random(seed)
    members = dice.randrange(1, 25)
    places = array("i", [dice.choice([-1, dice.randrange(members)]) for _ in range(4 * members)])
    leaders = {member: set(places[4 * member : 4 * member + 4]) - {-1} for member in range(members)}
    reached = {member: reach(leaders, member) for member in leaders}
    together = [{b for b in reached[a] if a in reached[b]} for a in reached]
    assert _largest_component(places) == max(map(len, together))


def test_a_deep_network_needs_no_deep_stack() -> None:
    chain = array("i", [place for n in range(50_000) for place in (n + 1, -1, -1, -1)])
    chain[-4] = 0
    assert _largest_component(chain) == 50_000


def test_figures_of_a_movement(database: None) -> None:
    for _ in Demo(members=90, movements=1, weeks=1).fill():
        pass
    (movement,) = db.session.scalars(sa.select(Movement))
    gone = movement.users[:30]
    long_ago = sa.func.min(Subscription.subscribed_at)
    db.session.execute(
        sa.update(Subscription)
        .where(Subscription.user_id.in_([user.id for user in gone]))
        .values(
            subscribed_at=sa.literal(movement.created_at.replace(year=2020)), last_update_at=None
        )
    )
    assert db.session.scalar(sa.select(long_ago)).year == 2020
    members = {member.user_id: member for member in movement.members()}
    led = [(member.user_id, leader) for member in members.values() for leader in member.leaders]
    followers = sorted(sum(leader == member for _, leader in led) for member in members)
    active = [member for member in members.values() if member.active]

    figures = measure_quality(movement)

    assert figures is not None
    assert (figures.movement_id, figures.members) == (movement.id, 90)
    assert figures.most_followers == followers[-1]
    assert figures.p99_followers == followers[-2] == followers[int(0.99 * 89)]
    assert figures.without_follower == followers.count(0) / 90
    assert figures.active == len(active) / 90
    assert 0 < figures.active < 1
    forlorn = [
        member for member in active if not any(members[leader].active for leader in member.leaders)
    ]
    assert figures.without_active_leader == len(forlorn) / len(active)
    assert figures.reciprocity == sum((b, a) in led for a, b in led) / len(led)
    assert 0 < figures.largest_component <= 1


def test_an_empty_movement_and_a_single_member(make_movement: Any) -> None:
    assert measure_quality(make_movement()) is None
    figures = measure_quality(make_movement(members=1))
    assert figures is not None
    assert (figures.members, figures.most_followers, figures.without_follower) == (1, 0, 1.0)
    assert (figures.reciprocity, figures.largest_component) == (0.0, 1.0)


@pytest.mark.parametrize("members", [1, 2, 5, 6, 64, 65, 3000])
def test_demo_networks_resemble_networks_grown_by_the_rules(members: int) -> None:
    places = grown(members)
    followers = [0] * members
    for member in range(members):
        own = [leader for leader in places[4 * member : 4 * member + 4] if leader >= 0]
        assert len(own) == len(set(own)) == min(4, members - 1)
        assert member not in own
        for leader in own:
            followers[leader] += 1
    if members > 1:
        assert min(followers) >= 1
    assert max(followers) <= 8
    assert _largest_component(places) == members
