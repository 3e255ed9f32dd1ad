"""A server killed half-way: the change is finished, or repeated.

A trigger delays the change, so that the kill always comes in the middle of it.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from gridt.models import (
    MOST_READ,
    Block,
    Checkpoint,
    IdempotencyKey,
    Job,
    Login,
    Movement,
    Subscription,
    Update,
    User,
)
from gridt.models import MovementUserAssociation as Association
from gridt.models.standing.replay import recompute
from gridt.network.blocking import MOVEMENTS_AT_ONCE
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.clock import utcnow
from gridt.runtime.database import READING
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, checked_app, new_token
from tests.networks import make_movements, people, plant, ring, violations
from tests.servers import PATIENCE, SECRET_KEY, Server, change, serve

#: more than a request and its first job change
MOVEMENTS = 2 * MOVEMENTS_AT_ONCE + 10
#: places among the movements: the request changes the first, its first job the second
IN_THE_REQUEST, IN_THE_JOB = MOVEMENTS_AT_ONCE // 2, MOVEMENTS_AT_ONCE * 3 // 2

_HOLD_UP = {
    "sqlite": [
        "CREATE TRIGGER held_up BEFORE UPDATE ON {table} WHEN {condition} BEGIN"
        " SELECT count(*) FROM (WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        " SELECT x FROM n LIMIT 1000000000); END"
    ],
    "postgresql": [
        "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(600); RETURN NEW; END'",
        "CREATE TRIGGER held_up BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition})"
        " EXECUTE FUNCTION hold_up()",
    ],
}
_LET_GO = {"sqlite": "DROP TRIGGER held_up", "postgresql": "DROP FUNCTION hold_up CASCADE"}


@dataclass(frozen=True)
class Place:
    """Ann follows Ben in each of some movements.

    The ids of the movements count up.
    """

    url: str
    ann: int
    ben: int
    tokens: dict[int, str]
    movements: list[int]

    def call(
        self, server: Server, user: int, method: str, path: str, body: Any = None, key: str = ""
    ) -> tuple[int, Any]:
        """Return the status and the content of an answer.

        The status is 0 without an answer.
        """
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"Content-Type": "application/json"} if body else {}
        address = server.url.removeprefix("http://")
        with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
            try:
                connection.request(method, path, body and json.dumps(body), headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, HTTPException):
                return 0, None

    def kill_within(
        self,
        table: str,
        condition: str,
        *request: Any,
        after: Callable[[], Any] = lambda: True,
    ) -> None:
        """Kill a server in the middle of a table's change.

        :param after: returns whether the commits before that change have happened
        """
        name = db.engine.dialect.name
        for statement in _HOLD_UP[name]:
            change(self.url, statement.format(table=table, condition=condition))
        with serve(self.url) as server:
            calling = threading.Thread(target=self.call, args=(server, *request))
            calling.start()
            wait_until(after)
            wait_until(self._is_held_up)
            server.kill()
            calling.join(PATIENCE)
        if name == "postgresql":  # which notices lost clients when it answers them
            change(
                self.url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event = 'PgSleep'",
            )
        change(self.url, _LET_GO[name])

    def _is_held_up(self) -> bool:
        if db.engine.dialect.name == "postgresql":
            activity = sa.table("pg_stat_activity", sa.column("datname"), sa.column("wait_event"))
            mine = activity.c.datname == sa.func.current_database()
            return bool(count(mine, activity.c.wait_event == "PgSleep"))
        path = sa.make_url(self.url).database
        with closing(sqlite3.connect(str(path), timeout=1, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:  # no other transaction lasts for a second
                return True
            return False


@pytest.fixture
def place(request: pytest.FixtureRequest, migrated_database: Callable[[], str]) -> Iterator[Place]:
    url = migrated_database()
    with checked_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        ann, ben = (User(name, f"{name}@example.org", PASSWORD) for name in ("ann", "ben"))
        db.session.add_all([ann, ben])
        db.session.commit()
        tokens = {user.id: new_token(user) for user in (ann, ben)}
        others = people(8)
        movements = make_movements(getattr(request, "param", MOVEMENTS))
        for movement in movements:
            # Ben follows Ann, too
            plant(movement, ring([ben.id, ann.id, *others]) | {ann.id: [ben.id, *others[:3]]})
        found = Place(url, ann.id, ben.id, tokens, sorted(one.id for one in movements))
        db.session.remove()
        yield found


def wait_until(is_done: Callable[[], Any]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < give_up
        time.sleep(0.05)


@contextmanager
def restarted(place: Place) -> Iterator[Server]:
    """Serve again; the block's end finishes the rest.

    It does so once leases are over.
    """
    with serve(place.url) as server:
        yield server
        change(place.url, f"UPDATE jobs SET run_after = '{utcnow():%Y-%m-%d %H:%M:%S.%f}'")
        wait_until(lambda: not jobs())
    assert violations() == []
    assert list(found_by_sql()) == []
    db.session.rollback()


def rows(query: sa.Select[*tuple[Any, ...]]) -> list[Any]:
    """Read the commits of others, and lock nothing."""
    with db.engines[READING].connect() as connection:
        return list(connection.execute(query))


def jobs() -> list[tuple[str, str]]:
    return [(job.name, job.state) for job in rows(sa.select(Job.name, Job.state))]


def count(*conditions: sa.ColumnElement[bool]) -> int:
    ((counted,),) = rows(sa.select(sa.func.count()).where(*conditions))
    return int(counted)


def arrows_between(place: Place) -> int:
    both = (place.ann, place.ben)
    return count(Association.follower_id.in_(both), Association.leader_id.in_(both))


def test_a_block_whose_server_is_killed_between_movements_is_finished(place: Place) -> None:
    held_up = f"NEW.movement_id = {place.movements[IN_THE_JOB]}"
    put = (place.ann, "PUT", f"/identity/blocks/{place.ben}")
    place.kill_within("movement_user_associations", held_up, *put, after=jobs)
    assert count(Block.blocker_id == place.ann) == 1
    assert arrows_between(place) == 2 * (MOVEMENTS - MOVEMENTS_AT_ONCE)
    assert jobs() == [("change-shared-movements", "running")]
    with restarted(place):
        pass
    assert arrows_between(place) == 0


def plant_long_past(user_id: int, movement_id: int, minutes: int) -> int:
    """Let a member post each minute until now.

    Return the id of the first update.
    """
    movement = Movement.find_by_id(movement_id)
    assert movement is not None
    movement.interval = timedelta(minutes=1)
    ids = {"leader_id": user_id, "movement_id": movement_id}
    first = utcnow().replace(second=30) - timedelta(minutes=minutes)
    times = [first + timedelta(minutes=minute) for minute in range(minutes)]
    db.session.execute(sa.insert(Update), [ids | {"time_stamp": time} for time in times])
    mine = sa.update(Subscription).where(Subscription.user_id == user_id)
    db.session.execute(mine.values(subscribed_at=first, last_update_at=times[-1]))
    recompute(movement_id, [user_id])
    id = db.session.scalars(sa.select(sa.func.min(Update.id)).filter_by(**ids)).one()
    db.session.commit()
    db.session.remove()
    return id


@pytest.mark.parametrize("place", [1], indirect=True)
def test_a_recompute_whose_server_is_killed_between_its_steps_is_finished(place: Place) -> None:
    (movement_id,) = place.movements
    most = MOST_READ * 5 // 2
    first = plant_long_past(place.ann, movement_id, most)
    done = sa.select(Subscription.done_turns).where(Subscription.user_id == place.ann)
    # the request changes the time of the last update only, and the last step the standing
    held_up = f"NEW.user_id = {place.ann} AND NEW.done_turns <> OLD.done_turns"
    withdraw = (place.ann, "DELETE", f"/movements/{movement_id}/updates/{first}")

    def has_checkpoints() -> bool:
        return count(Checkpoint.user_id == place.ann) > 0

    place.kill_within("subscriptions", held_up, *withdraw, after=has_checkpoints)
    assert has_checkpoints(), "the first step is committed"
    assert count(Update.id == first) == 0
    assert (jobs(), rows(done)) == ([("recompute-member", "running")], [(most,)])
    with restarted(place):
        pass
    assert rows(done) == [(most - 1,)]
    assert recompute(movement_id, [place.ann]) == 0
    db.session.rollback()


def test_a_deletion_whose_server_is_killed_between_movements_is_finished(place: Place) -> None:
    held_up = f"NEW.movement_id = {place.movements[IN_THE_JOB]}"
    delete = (place.ann, "DELETE", "/identity", {"password": PASSWORD})
    place.kill_within("movement_user_associations", held_up, *delete, after=jobs)
    assert count(Subscription.user_id == place.ann) == MOVEMENTS - MOVEMENTS_AT_ONCE
    assert jobs() == [("end-account", "running")]
    with restarted(place) as server:
        assert place.call(server, place.ann, "GET", "/identity")[0] == 401
        for path in ("/movements?limit=500", f"/movements/{place.movements[-1]}/followers"):
            status, content = place.call(server, place.ben, "GET", path)
            assert (status, '"ann"' in json.dumps(content)) == (200, False)
        leader = f"/movements/{place.movements[-1]}/leader/{place.ann}"
        assert place.call(server, place.ben, "GET", leader)[0] == 404
        assert jobs() == [("end-account", "running")]
    assert count(User.id == place.ann) == count(Subscription.user_id == place.ann) == 0


def test_a_deletion_whose_server_is_killed_in_the_request_has_not_begun(place: Place) -> None:
    held_up = f"NEW.movement_id = {place.movements[IN_THE_REQUEST]}"
    delete = (place.ann, "DELETE", "/identity", {"password": PASSWORD})
    place.kill_within("movement_user_associations", held_up, *delete)
    assert count(Subscription.user_id == place.ann) == MOVEMENTS
    assert count(Login.user_id == place.ann) == 1
    assert jobs() == []
    with restarted(place) as server:
        assert place.call(server, *delete)[0] == 200
    assert count(User.id == place.ann) == 0


@pytest.mark.parametrize("place", [1], indirect=True)
def test_a_post_whose_server_is_killed_before_its_answer_is_stored_is_done_once(
    place: Place,
) -> None:
    path = f"/movements/{place.movements[0]}/updates"
    post = (place.ann, "POST", path, {"message": "once"}, str(uuid4()))
    place.kill_within("idempotency_keys", "NEW.status = 201", *post)
    assert count(Update.leader_id == place.ann) == count(IdempotencyKey.user_id == place.ann) == 0
    with serve(place.url) as server:
        first, second = (place.call(server, *post) for _ in range(2))
    assert first[0] == 201
    assert first == second
    assert count(Update.leader_id == place.ann) == 1


@pytest.mark.parametrize("place", [1], indirect=True)
def test_a_post_whose_answer_is_lost_with_the_server_is_answered_as_at_first(
    place: Place,
) -> None:
    path = f"/movements/{place.movements[0]}/updates"
    post = (place.ann, "POST", path, {"message": "once"}, str(uuid4()))
    with serve(place.url) as server:
        calling = threading.Thread(target=place.call, args=(server, *post))
        calling.start()
        wait_until(lambda: count(Update.leader_id == place.ann))
        server.kill()
        calling.join(PATIENCE)
    ((stored,),) = rows(sa.select(Update.id))
    with serve(place.url) as server:
        status, answer = place.call(server, *post)
    assert (status, answer["id"]) == (201, stored)
    assert count(Update.leader_id == place.ann) == 1
