"""Invented people, to look at a movement that is alive.

Everybody joins through the product's own rules, so that the network is what it would be.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from gridt.clock import utcnow
from gridt.extensions import db, passwords
from gridt.models import Movement, Subscription, Update, User
from gridt.models.base import fold
from gridt.models.subscription import dice

USERNAME = "demo{}"

_HABITS = [
    ("Floss every day", timedelta(days=1), "Two minutes before bed, all the way back."),
    ("Morning pages", timedelta(days=1), "Three pages by hand, before anybody talks to you."),
    ("Stretch twice a day", timedelta(hours=12), "Once after waking, once after work."),
    ("Call somebody you miss", timedelta(days=7), "Half an hour of just listening."),
    ("Run or walk 5 km", timedelta(days=2), "As slow as you like, as long as you go."),
    ("Read ten pages", timedelta(days=1), "Of a book, on paper if you can."),
    ("Practise the piano", timedelta(days=1), "Fifteen minutes are enough to stay in it."),
    ("Cook from scratch", timedelta(days=2), "Nothing from a box, somebody invited if possible."),
]
_MESSAGES = [None, None, None, "Done!", "Barely made it.", "Felt great.", "Rainy, but did it."]

MOST_MOVEMENTS = len(_HABITS)


class Demo:
    """Some hundred people, a few movements, and what they did over the last weeks.

    :param members: how many people; each joins up to three of the movements
    :param movements: how many, at most `MOST_MOVEMENTS`
    :param weeks: how far back the updates go
    """

    def __init__(self, members: int, movements: int, weeks: int) -> None:
        self.members = members
        self.habits = _HABITS[:movements]
        self.began = utcnow() - timedelta(weeks=weeks)
        #: everybody's, hashed once
        self.password = secrets.token_urlsafe(9)

    @property
    def steps(self) -> int:
        """How many times `fill` yields."""
        return self.members + len(self.habits)

    def is_there(self) -> bool:
        """Tell whether there is demo data in the database."""
        return User.find_by_name(USERNAME.format(1)) is not None

    def fill(self) -> Iterator[None]:
        """Put everything into the database by one commit, yielding after each step."""
        users = self._users()
        movements = [self._movement(*habit, dice.choice(users)) for habit in self.habits]
        for user in users:
            for movement in dice.sample(movements, min(len(movements), dice.randint(1, 3))):
                movement.add_user(user)
            yield
        for movement in movements:
            self._post_updates(movement)
            yield
        db.session.commit()

    def _users(self) -> list[User]:
        password_hash = passwords.hash(self.password)
        rows = [self._user(USERNAME.format(n + 1), password_hash) for n in range(self.members)]
        return list(db.session.scalars(insert(User).returning(User), rows))

    def _user(self, name: str, password_hash: str) -> dict[str, Any]:
        email = f"{name}@example.org"
        return {
            "username": name,
            "username_folded": fold(name),
            "email": email,
            "email_folded": fold(email),
            "password_hash": password_hash,
            "role": "user",
            "bio": "An invented person.",
            "time_zone": "UTC",
            "created_at": self.began,
        }

    def _movement(
        self, name: str, interval: timedelta, description: str, creator: User
    ) -> Movement:
        movement = Movement(name, interval, description, "Part of the demo data.")
        movement.creator = creator
        db.session.add(movement)
        db.session.flush()
        return movement

    def _post_updates(self, movement: Movement) -> None:
        """Let members have joined at some time, and most have kept to it since."""
        rows: list[dict[str, Any]] = []
        for member in list(movement.members()):
            joined = self.began + dice.random() * (utcnow() - self.began)
            mine = Subscription.user_id == member.user_id, Subscription.movement_id == movement.id
            db.session.execute(update(Subscription).where(*mine).values(subscribed_at=joined))
            rows += self._updates(member.user_id, movement, joined)
        if rows:
            db.session.execute(insert(Update), rows)
        last = select(func.max(Update.time_stamp)).where(
            Update.leader_id == Subscription.user_id, Update.movement_id == Subscription.movement_id
        )
        everybody = update(Subscription).where(Subscription.of(movement.id))
        db.session.execute(
            everybody.values(last_update_at=last.scalar_subquery()),
            execution_options={"synchronize_session": False},
        )

    def _updates(
        self, user_id: int, movement: Movement, joined: datetime
    ) -> Iterator[dict[str, Any]]:
        diligence = dice.betavariate(4, 1)  # most do it nearly always, a few hardly ever
        turn = joined
        while (turn := turn + movement.interval) < utcnow():
            if dice.random() < diligence:
                yield {
                    "leader_id": user_id,
                    "movement_id": movement.id,
                    "time_stamp": turn - dice.random() * movement.interval,
                    "message": dice.choice(_MESSAGES),
                }
