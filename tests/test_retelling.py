"""Standings as they are kept are those that the past tells, whatever happened."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from gridt.errors import AlreadyDone, Invalid, NotSubscribed
from gridt.extensions import db
from gridt.jobs import run_until_idle
from gridt.jobs.retelling import tell_anew
from gridt.models import Movement, Subscription, Update, User
from gridt.models.pausing import pause, resume
from gridt.models.standings import retell, terms_in, told, whole_in
from gridt.models.terms import change_clock, change_terms
from gridt.standing import Standing, advance

ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"]
INTERVALS = [timedelta(hours=12), timedelta(days=1), timedelta(days=2), timedelta(days=7)]
INTERVALS += [timedelta(hours=5)]
GRACE = timedelta(hours=2)


def standings(moment: datetime) -> dict[tuple[int, int], Standing]:
    """Return how everybody stands by what is kept."""
    db.session.expire_all()
    found = {}
    for ids in db.session.execute(sa.select(Subscription.user_id, Subscription.movement_id)):
        row = told(*ids)
        terms = terms_in(row)
        found[tuple(ids)] = advance(whole_in(row, terms), moment, terms)
    return found


class Lives:
    """A few people in two movements, and what they do; each step commits."""

    def __init__(self, dice: random.Random, clock: Any, people: list[int], movements: list[int]):
        self.dice, self.clock, self.people, self.movements = dice, clock, people, movements

    def step(self) -> str:
        acts = [self.post, self.post, self.post, self.wait, self.wait, self.late, self.withdraw]
        acts += [self.pause, self.resume, self.change_clock, self.change_terms, self.come_and_go]
        act = self.dice.choice(acts)
        try:
            act()
            db.session.commit()
        except (NotSubscribed, Invalid, AlreadyDone):
            db.session.rollback()
            return f"{act.__name__} refused"
        return act.__name__

    def one(self) -> tuple[User, Movement]:
        user = User.find_by_id(self.dice.choice(self.people))
        return user, Movement.find_by_id(self.dice.choice(self.movements))

    def post(self) -> None:
        user, movement = self.one()
        Update.record(user.id, movement.id)

    def late(self) -> None:
        user, movement = self.one()
        at = self.clock.now - self.dice.random() * timedelta(hours=30)
        Update.record(user.id, movement.id, at=at, grace=GRACE)

    def withdraw(self) -> None:
        user, movement = self.one()
        if mine := db.session.scalars(Update.of(user.id, movement.id)).all():
            db.session.delete(self.dice.choice(mine[:5]))

    def wait(self) -> None:
        some = [timedelta(seconds=0.5), timedelta(hours=3), timedelta(days=1), timedelta(days=9)]
        self.clock.now += self.dice.random() * self.dice.choice(some)

    def pause(self) -> None:
        user, movement = self.one()
        ahead = self.dice.choice([timedelta(hours=2), timedelta(days=3), timedelta(days=40)])
        until = self.clock.now + self.dice.random() * ahead
        pause(user.id, movement.id, until.date() if self.dice.random() < 0.3 else until)

    def resume(self) -> None:
        user, movement = self.one()
        resume(user.id, movement.id)

    def change_clock(self) -> None:
        user, _ = self.one()
        changes = {"time_zone": self.dice.choice(ZONES)}
        changes |= {"day_starts_at": self.dice.choice([0, 0, 240, 720])}
        changes |= {"week_starts_on": self.dice.randrange(7)}
        change_clock(user, **dict(self.dice.sample(list(changes.items()), 2)))

    def change_terms(self) -> None:
        if self.dice.random() < 0.5:
            return
        _, movement = self.one()
        some = {
            "interval": self.dice.choice(INTERVALS),
            "free_misses": self.dice.randrange(3),
            "free_turns": self.dice.choice([1, 7, 30]),
        }
        name = self.dice.choice(list(some))
        if change_terms(movement, {name: some[name]}):
            tell_anew(movement.id)
        db.session.commit()
        run_until_idle()

    def come_and_go(self) -> None:
        user, movement = self.one()
        if not movement.is_subscribed(user):
            movement.add_user(user)
        elif self.dice.random() < 0.3:
            movement.remove_user(user)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_kept_is_what_the_past_tells(make_user, make_movement, clock, seed):
    clock.now = datetime(2024, 3, 1, 12, tzinfo=UTC)  # with changes of summer time to come
    dice = random.Random(seed)
    users = [make_user() for _ in range(4)]
    movements = [make_movement(*users) for _ in range(2)]
    ids = [user.id for user in users], [movement.id for movement in movements]
    lives, story = Lives(dice, clock, *ids), []
    for _ in range(12):
        story += [lives.step() for _ in range(15)]
        kept = standings(clock.now)
        for movement_id in lives.movements:
            members = [user for user, movement in kept if movement == movement_id]
            assert retell(movement_id, members) == 0, story
        assert standings(clock.now) == kept
        db.session.rollback()
    assert {one.split()[0] for one in story} >= {"post", "late", "pause", "change_clock", "wait"}


def test_the_command_tells_how_many_stood_otherwise(app, make_movement, clock):
    movement, _ = make_movement(members=3), make_movement(members=2)
    clock.pass_(days=3)
    db.session.execute(sa.update(Subscription).values(turn_starts_at=clock.now, streak=7))
    db.session.execute(sa.update(Subscription).values(turn_ends_at=clock.now + timedelta(days=1)))
    db.session.commit()

    def run(*arguments: str) -> str:
        return app.test_cli_runner().invoke(args=["gridt", "rebuild-standing", *arguments]).output

    assert "3 standings told, 3 otherwise" in run("--movement", movement.name)
    assert "5 standings told, 2 otherwise" in run()
    assert "5 standings told, none otherwise" in run()
    assert "no movement" in run("--movement", "nothing of the kind")
