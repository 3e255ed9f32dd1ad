"""The shape of a network after many changes.

docs/leader-network.md has the limits.
"""

from dataclasses import dataclass

import pytest
from flask import Flask

from gridt.models import Movement, User
from gridt.models.subscription import dice
from gridt.network.invariants import violations
from gridt.network.quality import measure_quality
from gridt.runtime.extensions import db
from tests.networks import make_movements, people


@dataclass(frozen=True)
class Size:
    """A movement, and how often its members change or swap.

    The shares are the limits in so small a movement, with room for chance.
    """

    members: int
    churn: int
    swaps: int
    without_follower: float
    largest_component: float


SIZES = {
    "small": Size(150, 150, 300, without_follower=0.04, largest_component=0.95),
    "full": Size(1_000, 5_000, 8_000, without_follower=0.005, largest_component=0.99),
}


def test_growth_churn_and_swaps_keep_the_network_in_shape(
    request: pytest.FixtureRequest, world: Flask
) -> None:
    """Growth, churn and swaps keep a network in shape.

    They run in many transactions, because PostgreSQL would read all outdated rows of a single one.
    """
    size = SIZES[request.config.getoption("--storm")]
    (movement,) = make_movements(1)
    id, members, *spare = movement.id, people(size.members), *people(20)
    for member in members:
        change(id, member, joins=True)
    grown = measure_quality(db.session.get_one(Movement, id))
    assert grown is not None
    assert (grown.without_follower, grown.largest_component) == (0, 1)
    assert grown.most_followers <= 8

    for _ in range(size.churn):
        place = dice.randrange(len(members))
        change(id, members[place], joins=False)
        members[place], spare = spare[0], [*spare[1:], members[place]]
        change(id, members[place], joins=True)
    for _ in range(size.swaps):
        swap(id, dice.choice(members))

    figures = measure_quality(db.session.get_one(Movement, id))
    print(f"\n{size}: {figures}")
    assert figures is not None
    assert list(violations()) == []
    assert figures.most_followers <= 12
    assert figures.without_follower <= size.without_follower
    assert figures.largest_component >= size.largest_component


def change(movement_id: int, user_id: int, *, joins: bool) -> None:
    movement, user = db.session.get_one(Movement, movement_id), db.session.get_one(User, user_id)
    (movement.add_user if joins else movement.remove_user)(user)
    db.session.commit()
    db.session.expunge_all()


def swap(movement_id: int, user_id: int) -> None:
    movement, user = db.session.get_one(Movement, movement_id), db.session.get_one(User, user_id)
    assert movement.swap_leader(user, dice.choice(movement.leaders_of(user))) is not None
    db.session.commit()
    db.session.expunge_all()
