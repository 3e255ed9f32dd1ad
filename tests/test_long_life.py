"""The network after a long life with silent members.

docs/leader-network.md has the figures of the full life, which `make fuzz` lives.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import settings

from gridt.models import Movement, Subscription, Update, User
from gridt.models.subscription import dice
from gridt.network.quality import NetworkQuality, measure_quality
from gridt.runtime.extensions import db
from tests.conftest import Clock
from tests.databases import same_on_both
from tests.networks import arrows_of, changed, make_movements, people, violations

pytestmark = same_on_both

DAY = timedelta(days=1)
#: active members post every second day: often enough for a daily movement
DAYS_BETWEEN_POSTS = 2


@dataclass(frozen=True)
class Life:
    """A movement's members and days.

    The shares are of the members, on each day.
    """

    members: int
    days: int
    #: members who leave, each followed by a newcomer
    leaving: float
    #: active members who never post again
    falling_silent: float
    #: slots with a silent leader whose follower swaps that leader
    swapped: float


SMALL = Life(members=120, days=40, leaving=0.05, falling_silent=0.045, swapped=0)
FULL = Life(members=5_000, days=120, leaving=0.01, falling_silent=0.0095, swapped=0.05)

#: `make fuzz`
FUZZING = settings.get_current_profile_name() == "fuzz"


class MovementLife:
    """A daily movement that lives by its own methods.

    Only posts are written in bulk.
    """

    def __init__(self, life: Life, clock: Clock) -> None:
        self.life, self.clock = life, clock
        (movement,) = make_movements(1)
        self.movement_id = movement.id
        self.outsiders = people(life.members + round(life.days * life.leaving * life.members))
        self.active: set[int] = set()
        self.silent: set[int] = set()
        #: leaders who lost their last follower to a newcomer
        self.given_up_by_all: list[int] = []

    def grow(self) -> None:
        for _ in range(self.life.members):
            self.join()

    def live(self, *, swaps: bool = False, compares: bool = False) -> None:
        for day in range(self.life.days):
            self.clock.now += DAY
            self.fall_silent()
            if day % DAYS_BETWEEN_POSTS == 0:
                self.post()
            for _ in range(round(self.life.leaving * self.life.members)):
                self.leave()
                if compares:
                    self.join_and_compare()
                else:
                    self.join()
            if swaps:
                self.swap()

    def join(self) -> None:
        newcomer = self.outsiders.pop()
        self.movement().add_user(db.session.get_one(User, newcomer))
        self.commit()
        self.active.add(newcomer)

    def join_and_compare(self) -> None:
        """Let a newcomer join, and record members without followers.

        The join took these members' last followers from them.
        """
        before = arrows_of(self.movement_id)
        self.join()
        after = arrows_of(self.movement_id)
        followed = {leader for slots in after.values() for leader in slots.values()}
        given_up = {old for old, _ in changed(before, after).values() if old is not None}
        self.given_up_by_all += given_up - followed

    def leave(self) -> None:
        leaver = dice.choice(sorted(self.active | self.silent))
        self.movement().remove_user(db.session.get_one(User, leaver))
        self.commit()
        self.active.discard(leaver)
        self.silent.discard(leaver)
        self.outsiders.insert(0, leaver)

    def fall_silent(self) -> None:
        fallen = {member for member in self.active if dice.random() < self.life.falling_silent}
        self.active -= fallen
        self.silent |= fallen

    def post(self) -> None:
        now: datetime = self.clock.now
        subscriptions = [
            {"user_id": member, "movement_id": self.movement_id, "last_update_at": now}
            for member in self.active
        ]
        updates = [
            {"leader_id": member, "movement_id": self.movement_id, "time_stamp": now}
            for member in self.active
        ]
        db.session.execute(sa.update(Subscription), subscriptions)
        db.session.execute(sa.insert(Update), updates)
        self.commit()

    def swap(self) -> None:
        """Let some followers replace silent leaders."""
        for member in self.movement().members():
            for leader in member.leaders:
                if leader in self.silent and dice.random() < self.life.swapped:
                    follower = db.session.get_one(User, member.user_id)
                    self.movement().swap_leader(follower, leader)
                    self.commit()

    def movement(self) -> Movement:
        return db.session.get_one(Movement, self.movement_id)

    def commit(self) -> None:
        db.session.commit()
        db.session.expunge_all()

    def quality(self, when: str) -> NetworkQuality:
        figures = measure_quality(self.movement())
        assert figures is not None
        print(f"\n{when}: {len(self.silent) / figures.members:.3f} silent, {figures}")
        return figures


def test_newcomers_take_few_leaders_their_last_follower(world: Flask, clock: Clock) -> None:
    """Of 240 newcomers 0 to 4 do.

    Where a random silent leader is given up, 15 to 24 do.
    """
    life = MovementLife(SMALL, clock)
    life.grow()
    life.live(compares=True)
    life.quality("after a small life")
    assert len(life.given_up_by_all) <= 10
    assert violations() == []


@pytest.mark.skipif(not FUZZING, reason="takes five minutes: `make fuzz` runs it")
def test_a_movement_of_thousands_stays_connected_through_a_long_life(
    world: Flask, clock: Clock
) -> None:
    life = MovementLife(FULL, clock)
    life.grow()
    life.live()
    without_swaps = life.quality("without swaps")
    life.live(swaps=True)
    with_swaps = life.quality("with swaps")
    assert without_swaps.without_follower < 0.07
    assert (without_swaps.largest_component or 1) > 0.9
    # silent members lose their followers by swaps, and active members lose nothing
    assert with_swaps.without_active_leader < 0.001
    assert (with_swaps.largest_component or 1) > with_swaps.active
    assert violations() == []
