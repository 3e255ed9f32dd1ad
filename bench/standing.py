"""The cost of standing in the list of subscriptions.

It is measured beside the same list without it.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import median
from typing import Any, NamedTuple
from unittest import mock

from flask import Flask
from sqlalchemy import Row, bindparam, insert, select, update

from bench.databases import World
from bench.load import JOINED, Call
from bench.profiling import answer, environ_of
from bench.report import Effort, Section, compared
from bench.report import Row as Figures
from gridt.http.auth import tokens_for
from gridt.http.paging import Listing
from gridt.models import Login, Movement, Subscription, Update, User, fetch, movement_lookup, read
from gridt.models import MovementUserAssociation as Association
from gridt.models.standing.store import to_columns
from gridt.models.user import avatar_of
from gridt.models.views import last_update_id
from gridt.resources import subscriptions
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.turns.calendar import DAY, Clock, turn_at, until_of
from gridt.turns.outcomes import Standing

#: members of the same movements; each has four of the others as leaders
_PEOPLE = 6
#: the number of updates of each member in each movement
_UPDATES = (10, 10_000)
#: how many days ago each member did it last
LAST_DONE = {"today": 0, "yesterday": 1, "four days ago, every streak over": 4}

_ABOUT = """\
The table shows the processor time of the list of {joined} subscriptions with four leaders each,
inside the measuring process, in {rounds} rounds of {calls} calls. They alternate with the same list
*without* standing: its statements have no column of standing, and the answer does not contain it.
`ratio` is the median of the rounds' own ratios, with their quartiles."""


def section(worlds: list[World], effort: Effort) -> Section:
    """Measure beside the smallest movement of each engine."""
    least = min(world.members for world in worlds)
    rows = [row for world in worlds if world.members == least for row in _measured(world, effort)]
    columns = ("engine", "operation", "members", "updates", "without_ms", "with_ms", "ratio")
    about = _ABOUT.format(joined=JOINED, rounds=3 * effort.rounds, calls=effort.calls // 5)
    return Section("The cost of standing in the list of subscriptions", about, columns, rows)


def _measured(world: World, effort: Effort) -> Iterator[Figures]:
    for updates in _UPDATES:
        with world.app.app_context():
            token, movements = people_with(updates)
        for when, days in LAST_DONE.items():
            with world.app.app_context():
                keep(movements, utcnow() - days * DAY)
            found = _compared(world.app, Call("GET", "/movements/subscriptions", token), effort)
            yield {
                "engine": world.engine,
                "operation": f"{JOINED} subscriptions, done {when}",
                "members": world.members,
                "updates": updates,
                "without_ms": round(median(found["without"]), 2),
                "with_ms": round(median(found["with"]), 2),
                **compared("ratio", found["with"], found["without"]),
            }


def _compared(app: Flask, call: Call, effort: Effort) -> Mapping[str, list[float]]:
    """Return a call's milliseconds with and without standing.

    They are of each round.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(-1, 3 * effort.rounds):  # the first one only warms up
        for name, patched in {"without": _without, "with": _as_it_is}.items():
            with patched():
                began = time.process_time()
                for _ in range(effort.calls // 5):
                    answer(app, environ_of(call))
                spent = time.process_time() - began
            if number >= 0:
                found[name].append(1000 * spent / (effort.calls // 5))
    return found


def people_with(updates: int, name: str = "busy") -> tuple[str, list[int]]:
    """Make some people post often.

    Return the token of one, and the movements' ids.

    :param name: the first word of all names
    """
    people = [
        User(
            f"{name} {updates} {number}", f"{name}{updates}.{number}@example.org", "a good password"
        )
        for number in range(_PEOPLE)
    ]
    db.session.add_all(people)
    now, ids = utcnow(), []
    for number in range(JOINED):
        movement = Movement(f"{name} {updates} {number}", DAY, "something to do")
        movement.users = people
        movement.save_to_db()
        ids.append(movement.id)
        for one in people:
            ends = {"leader_id": one.id, "movement_id": movement.id, "message": None}
            moments = (now - (4 * DAY + step * timedelta(hours=8)) for step in range(updates))
            db.session.execute(insert(Update), [ends | {"time_stamp": at} for at in moments])
    login = Login(people[0].id)
    db.session.add(login)
    db.session.commit()
    token: str = tokens_for(login)["access_token"]
    return token, ids


def keep(movements: Sequence[int], moment: datetime) -> None:
    """Store standings as if all members had posted for weeks.

    The last time is a given moment.
    """
    turn = turn_at(moment, DAY, Clock(), moment)
    standing = Standing(
        turn,
        until_of(turn, DAY, Clock()),
        None,
        True,
        12,
        20,
        90,
        100,
        "ddddddddm" * 10 + "dddddddddd",
        "",
    )
    db.session.execute(
        update(Subscription)
        .where(Subscription.movement_id.in_(movements))
        .values(last_update_at=moment, subscribed_at=moment - 100 * DAY, **to_columns(standing))
    )
    db.session.commit()


# -- the list without standing ----------------------------------------------------------------


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _without() -> Iterator[None]:
    with (
        mock.patch.object(subscriptions, "JOINED", _BARE_LIST),
        mock.patch.object(movement_lookup, "movement_views", _bare_movements),
    ):
        yield


class _BareMovement(NamedTuple):
    """`MovementRow` without the columns of standing."""

    id: int
    name: str
    short_description: str
    description: str
    interval: timedelta
    free_misses: int
    free_turns: int
    counts_every_update: bool
    created_at: datetime
    creator_id: int | None
    member_count: int
    subscribed_at: datetime
    update_id: int | None
    last_update_at: datetime | None
    message: str | None


class _BarePerson(NamedTuple):
    """`PersonRow` without the columns of standing."""

    movement_id: int
    id: int
    username: str
    bio: str
    email: str
    update_id: int | None
    last_update_at: datetime | None
    message: str | None


_views = Movement.view_query(subscribed=True)
_BARE_LIST = Listing(
    _views.with_only_columns(*(_views.selected_columns[name] for name in _BareMovement._fields)),
    [(Movement.id, False)],
    Movement,
)
_BARE_LEADERS = (
    select(
        Association.movement_id,
        User.id,
        User.username,
        User.bio,
        User.email,
        Update.id.label("update_id"),
        Update.time_stamp.label("last_update_at"),
        Update.message,
    )
    .join(User, User.id == Association.leader_id)
    .outerjoin(Update, Update.id == last_update_id(Association.leader_id, Association.movement_id))
    .where(
        Association.follower_id == bindparam("follower_id"),
        Association.movement_id.in_(bindparam("movement_ids", expanding=True)),
    )
    .order_by(Association.movement_id, Association.slot)
)


def _bare_movements(
    rows: Sequence[Row[*tuple[Any, ...]]], user_id: int, **_: bool
) -> list[dict[str, Any]]:
    movements = [read(_BareMovement, row) for row in rows]
    leaders: dict[int, list[dict[str, Any]]] = {row.id: [] for row in movements}
    ids = {"follower_id": user_id, "movement_ids": list(leaders)}
    for person in fetch(_BarePerson, _BARE_LEADERS, ids):
        leaders[person.movement_id].append(_bare_person(person))
    return [_bare_movement(row, leaders) for row in movements]


def _bare_person(row: _BarePerson) -> dict[str, Any]:
    return {
        "id": row.id,
        "username": row.username,
        "bio": row.bio,
        "avatar": avatar_of(row.email),
        "last_update": _last_update(row),
    }


def _bare_movement(row: _BareMovement, leaders: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "short_description": row.short_description,
        "description": row.description,
        "interval": row.interval,
        "free_misses": row.free_misses,
        "free_turns": row.free_turns,
        "counts_every_update": row.counts_every_update,
        "created_at": row.created_at,
        "creator_id": row.creator_id,
        "member_count": row.member_count,
        "subscribed": True,
        "subscribed_at": row.subscribed_at,
        "last_update": _last_update(row),
        "leaders": leaders[row.id],
    }


def _last_update(row: _BareMovement | _BarePerson) -> dict[str, Any] | None:
    if row.update_id is None:
        return None
    return {"id": row.update_id, "time_stamp": row.last_update_at, "message": row.message}
