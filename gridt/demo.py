"""Demo data: movements with hundreds of invented people, or more.

A movement may have a million of them. The network of each movement grows in memory by the rules of
`gridt.models.network`, one newcomer after the other. Bulk statements write it in one transaction.
"""

import random
import secrets
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from gridt.addresses import fold_address
from gridt.models import (
    CHOICES,
    SLOTS,
    WINDOW,
    Model,
    Movement,
    MovementUserAssociation,
    Organisation,
    Squad,
    Subscription,
    Team,
    Update,
    User,
    random_key,
    to_columns,
)
from gridt.names import fold_username
from gridt.runtime.clock import utcnow
from gridt.runtime.database import copy_in
from gridt.runtime.extensions import db, passwords
from gridt.turns.calendar import Clock
from gridt.turns.goals import Goal, GoalSince
from gridt.turns.life import Period, score
from gridt.turns.months import Months
from gridt.turns.terms import Terms

USERNAME = "demo{}"


class _Habit(NamedTuple):
    """An invented movement."""

    name: str
    interval: timedelta
    description: str
    goal: int | None = None


_HABITS = [
    _Habit("Floss every day", timedelta(days=1), "Two minutes before bed, all the way back."),
    _Habit("Run three days a week", timedelta(days=7), "As slow as you like.", goal=3),
    _Habit("Stretch twice a day", timedelta(hours=12), "Once after waking, once after work."),
    _Habit("Write a letter", Months(1), "One a month, on paper."),
    _Habit("Call a friend", timedelta(days=7), "Half an hour of just listening."),
    _Habit("Read ten pages", timedelta(days=1), "Of a book, on paper if you can."),
    _Habit("Practise the piano", timedelta(days=1), "Fifteen minutes are enough to stay in it."),
    _Habit("Cook from scratch", timedelta(days=2), "Nothing from a box, with a guest if possible."),
]
#: the zones of invented people, the most frequent one listed twice
_ZONES = [
    *("Europe/Amsterdam", "Europe/Amsterdam", "Europe/London", "America/New_York"),
    *("America/Sao_Paulo", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney"),
]
_MESSAGES = [None, None, None, "Done!", "Barely made it.", "Felt great.", "Rainy, but did it."]

MOST_MOVEMENTS = len(_HABITS)
#: the organisation, and the squads of its teams
ORGANISATION = "Harbour Clinic"
_TEAMS = {"Night shift": ("Ward 1", "Ward 2"), "Day shift": ("Ward 3", "Ward 4")}
#: at most this many people are in the organisation; the numbers of its admin and of a coach
_IN_ORGANISATION, ADMIN_NUMBER, COACH_NUMBER = 40, 2, 3
#: all people join the first movement; at most this many join each of the others
_COMPANY = 1000
#: the first person is in this many movements, so that this account has something to show
_WITH_FIRST = 5
#: rows per bulk statement
_BATCH = 5000
#: updates in all, about; with very many members, each has a shorter past
_MOST_UPDATES = 500_000

#: invented people need no unpredictable dice; a million of them need fast ones
dice = random.Random()  # noqa: S311 - no secret


#: a user's id, the time when they joined, and the time of each update
Pasts = Sequence[tuple[int, list[datetime]]]


class Demo:
    """Some people, a few movements, and updates of some weeks.

    :param members: the number of people, all of whom join the first movement
    :param movements: their number, at most `MOST_MOVEMENTS`
    :param weeks: how far back the updates go
    :param groups: whether some of the people are in an organisation with teams and squads; that
        needs a few people
    """

    def __init__(self, members: int, movements: int, weeks: int, *, groups: bool = False) -> None:
        self.members = members
        self.has_groups = groups and members > max(ADMIN_NUMBER, COACH_NUMBER)
        self.habits = _HABITS[:movements]
        self.now = utcnow()
        self.began = self.now - timedelta(weeks=weeks)
        #: all people have the same password, so it is hashed once
        self.password = secrets.token_urlsafe(9)
        self.password_hash = passwords.hash(self.password)
        #: the clock of each user, by id
        self.clocks: dict[int, Clock] = {}

    @property
    def steps(self) -> int:
        """The number of steps of `fill`.

        They are people, and their places and slots in the first movement.
        """
        return (2 + SLOTS) * self.members

    def is_there(self) -> bool:
        """Return whether the database has any of these names."""
        movements = (Movement.find_by_name(name) for name, *_ in self.habits)
        organisation = Organisation.find_by_name(ORGANISATION) if self.has_groups else None
        return any([User.find_by_name(USERNAME.format(1)), organisation, *movements])

    def fill(self) -> Iterator[int]:
        """Insert everything in one commit; yield the steps taken."""
        connection = db.session.connection()
        yield from _load(connection, User, self._users())
        # other users may register meanwhile, but with other hashes
        ours = select(User.id, User.time_zone).where(User.password_hash == self.password_hash)
        clocks = {zone: Clock(zone) for zone in _ZONES}
        self.clocks = {id: clocks[zone] for id, zone in db.session.execute(ours.order_by(User.id))}
        ids = list(self.clocks)
        for number, habit in enumerate(self.habits):
            members = _some_of(ids, with_first=number < _WITH_FIRST) if number else ids
            movement = self._movement(habit, creator_id=dice.choice(members))
            for steps in self._fill_movement(connection, movement, members):
                yield 0 if number else steps
        if self.has_groups:
            _fill_groups([db.session.get_one(User, id) for id in ids[:_IN_ORGANISATION]])
        db.session.commit()

    def _users(self) -> Iterator[dict[str, Any]]:
        for number in range(1, self.members + 1):
            name = USERNAME.format(number)
            email = f"{name}@example.org"
            yield {
                "username": name,
                "username_folded": fold_username(name),
                "email": email,
                "email_folded": fold_address(email),
                "password_hash": self.password_hash,
                "role": "user",
                "bio": "An invented person.",
                "time_zone": _ZONES[number % len(_ZONES)],
                "created_at": self.began,
            }

    def _movement(self, habit: _Habit, creator_id: int) -> Movement:
        about = (habit.description, "Part of the demo data.")
        movement = Movement(habit.name, habit.interval, *about)
        movement.creator_id, movement.goal = creator_id, habit.goal
        db.session.add(movement)
        db.session.flush()
        return movement

    def _fill_movement(
        self, connection: Connection, movement: Movement, members: Sequence[int]
    ) -> Iterator[int]:
        """Subscribe members in this order, with their past and leaders."""
        longest = max(1, _MOST_UPDATES // len(members))
        for start in range(0, len(members), _BATCH):
            batch = members[start : start + _BATCH]
            pasts = [(user_id, self._past(movement, longest)) for user_id in batch]
            yield from _load(connection, Subscription, self._subscriptions(movement, pasts))
            yield from (0 for _ in _load(connection, Update, _updates(movement.id, pasts)))
        yield from _load(connection, MovementUserAssociation, _slots(movement.id, members))
        movement.member_count = len(members)

    def _past(self, movement: Movement, longest: int) -> list[datetime]:
        """Return the time of joining, and of each update."""
        interval = movement.interval / (movement.goal or 1)
        joined = self.began + dice.random() * (self.now - self.began)
        turns = min(longest, (self.now - joined) // interval)
        # most members do it nearly always, a few hardly ever
        diligence = dice.betavariate(4, 1)
        done = (
            self.now - (turn + dice.random()) * interval
            for turn in reversed(range(turns))
            if dice.random() < diligence
        )
        return [joined, *done]

    def _subscriptions(self, movement: Movement, pasts: Pasts) -> Iterator[dict[str, Any]]:
        for user_id, (joined, *done) in pasts:
            goals = [GoalSince(joined, Goal(movement.goal))] if movement.goal else ()
            terms = Terms(movement.interval, self.clocks[user_id], joined, goals=goals)
            period = Period(joined, terms.interval, terms.clock)
            yield {
                "user_id": user_id,
                "movement_id": movement.id,
                "subscribed_at": joined,
                "last_update_at": done[-1] if done else None,
                "shuffle_key": random_key(movement.id),
            } | to_columns(score([period], done, terms, self.now))


def _fill_groups(people: Sequence[User]) -> None:
    """Make the organisation of some people.

    Half of them are in each team, and half of a team in each squad. The admin is in no team.
    """
    organisation = Organisation(ORGANISATION, "Part of the demo data.")
    db.session.add(organisation)
    db.session.flush()
    for user in people:
        organisation.add_member(user, actor_id=user.id)
    admin = people[ADMIN_NUMBER - 1]
    organisation.add_admin(admin)
    workers = [user for user in people if user is not admin]
    for number, (name, squads) in enumerate(_TEAMS.items()):
        team = Team(name, organisation)
        db.session.add(team)
        db.session.flush()
        team_members = workers[number :: len(_TEAMS)]
        team.add_coach(people[COACH_NUMBER - 1 + number])
        for user in team_members:
            team.add_member(user, actor_id=user.id)
        for place, squad_name in enumerate(squads):
            squad = Squad(squad_name, team)
            db.session.add(squad)
            db.session.flush()
            for user in team_members[place :: len(squads)]:
                squad.add_member(user, actor_id=user.id)


def _updates(movement_id: int, pasts: Pasts) -> Iterator[dict[str, Any]]:
    for user_id, (_, *done) in pasts:
        for moment in done:
            yield {
                "leader_id": user_id,
                "movement_id": movement_id,
                "time_stamp": moment,
                "message": dice.choice(_MESSAGES),
            }


def _slots(movement_id: int, members: Sequence[int]) -> Iterator[dict[str, Any]]:
    for place, leader in enumerate(grown(len(members))):
        yield {
            "follower_id": members[place // SLOTS],
            "movement_id": movement_id,
            "slot": place % SLOTS,
            "leader_id": None if leader < 0 else members[leader],
        }


def _some_of(ids: Sequence[int], *, with_first: bool) -> Sequence[int]:
    """Return a third of the people or more.

    :param with_first: whether the first of them is among these
    """
    company = min(len(ids), _COMPANY)
    sample = dice.sample(ids[:company], dice.randint(company // 3, company))
    if not sample or (with_first and ids[0] not in sample):
        sample[:1] = ids[:1]
    return sample


def grown(members: int) -> "array[int]":
    """Grow a network without a database, with active members only.

    :returns: four places for each member in the order of joining; a place holds the number of a
        leader, or -1 where the slot is open
    """
    leaders = array("i", [-1]) * (SLOTS * members)
    followers = array("i", [0]) * members
    for newcomer in range(members):
        first = SLOTS * newcomer
        for place in range(first, first + min(SLOTS, newcomer)):
            present = leaders[first:place]
            candidates = _some(newcomer, CHOICES, present)
            leader = min(candidates, key=followers.__getitem__)
            leaders[place] = leader
            followers[leader] += 1
        if newcomer <= SLOTS:
            for member in range(newcomer):
                leaders[SLOTS * member + newcomer - 1] = newcomer
            followers[newcomer] = newcomer
        else:
            adopters = _some(newcomer, WINDOW, ())
            places = [SLOTS * adopter + slot for adopter in adopters for slot in range(SLOTS)]
            place = max(places, key=lambda place: followers[leaders[place]])
            if followers[leaders[place]] > SLOTS:
                followers[leaders[place]] -= 1
                leaders[place] = newcomer
                followers[newcomer] = 1
    return leaders


def _some(members: int, count: int, refused: Iterable[int]) -> list[int]:
    """Return up to `count` different members, none of the refused.

    :param members: how many there are, numbered from 0
    """
    refused = set(refused)
    if members - len(refused) <= count:
        return [member for member in range(members) if member not in refused]
    sample: list[int] = []
    while len(sample) < count:
        member = int(dice.random() * members)
        if member not in refused and member not in sample:
            sample.append(member)
    return sample


def _load(
    connection: Connection, model: type[Model], rows: Iterable[dict[str, Any]]
) -> Iterator[int]:
    """Insert many rows, and yield the size of each batch."""
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        if connection.dialect.name == "postgresql":
            _copy(connection, model, batch)
        else:
            connection.execute(insert(model), batch)
        yield len(batch)


def _copy(connection: Connection, model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    statement = f"COPY {model.__tablename__} ({columns}) FROM STDIN"
    copy_in(connection, statement, (list(row.values()) for row in rows))
