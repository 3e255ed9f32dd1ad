"""Two real clusters: a primary, and a late standby."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import sql

from gridt.http.replica import PAUSE, replica
from gridt.models import User
from gridt.runtime.config import Settings
from gridt.runtime.extensions import db
from tests import postgres
from tests.cables import Cable, cable_to
from tests.conftest import PASSWORD, Clock, OwnContextClient, logged_in, migrated_app
from tests.networks import make_movements, people, plant, ring

LAG = Settings.REPLICA_LAG.total_seconds()

#: seconds until waiting for a standby fails
PATIENCE = 30


def driver_url(server: postgres.Server) -> str:
    url = sa.make_url(server.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


@dataclass
class Clusters:
    """A primary, its standby, a cable, and an app."""

    primary: postgres.Server
    standby: postgres.Server
    cable: Cable
    app: Flask

    def ask_standby(self, query: sql.SQL, database: str = "postgres") -> Any:
        with psycopg.connect(driver_url(self.standby), dbname=database, autocommit=True) as link:
            row = link.execute(query).fetchone()
        assert row is not None
        return row[0]

    def catch_up(self) -> None:
        """Wait until the standby has all the primary's commits.

        The commits are those that the primary has now.
        """
        with psycopg.connect(driver_url(self.primary)) as link:
            row = link.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        assert row is not None
        known = sql.SQL("SELECT pg_last_wal_replay_lsn() >= {}").format(sql.Literal(row[0]))
        self._wait_until(lambda: self.ask_standby(known))

    @contextmanager
    def late(self) -> Iterator[None]:
        """Keep all changes from the standby for a `with` block."""
        self.catch_up()
        self.ask_standby(sql.SQL("SELECT pg_wal_replay_pause()"))
        state = sql.SQL("SELECT pg_get_wal_replay_pause_state()")
        self._wait_until(lambda: self.ask_standby(state) == "paused")
        try:
            yield
        finally:
            self.ask_standby(sql.SQL("SELECT pg_wal_replay_resume()"))
        self.catch_up()

    @staticmethod
    def _wait_until(done: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < give_up
            time.sleep(0.02)


@pytest.fixture(scope="module")
def clusters(request: pytest.FixtureRequest) -> Iterator[Clusters]:
    if request.config.getoption("--database") == "sqlite":
        pytest.skip("only PostgreSQL has replicas")
    with (
        # on, so that commits are written, and the positions compared below as well
        postgres.serve(synchronous_commit="on") as primary,
        postgres.follow(primary, lock_timeout="200ms") as standby,
        cable_to(standby.url) as (cable, cable_url),
    ):
        url = postgres.create_database(primary.url, "gridt")
        copy = sa.make_url(cable_url).set(database="gridt")
        replica_uri = copy.render_as_string(hide_password=False)
        with migrated_app(url, REPLICA_URI=replica_uri) as app:
            yield Clusters(primary, standby, cable, app)


@dataclass
class World:
    """A movement, and two members: a writer and a follower."""

    clusters: Clusters
    path: str
    writer: OwnContextClient
    reader: OwnContextClient
    writer_id: int
    reader_id: int
    #: the statements sent, each with its bind
    asked: list[tuple[str | None, str]] = field(default_factory=list)

    def post(self) -> int:
        answer = self.writer.post(f"{self.path}/updates", json={})
        assert answer.status_code == 201
        return int(answer.json["id"])

    def last_seen(self) -> int | None:
        """Return the writer's last update as a follower sees it.

        The update is an id here.
        """
        answer = self.reader.get(f"{self.path}/leader/{self.writer_id}")
        assert answer.status_code == 200
        last = answer.json["last_update"]
        return last and int(last["id"])

    def last_own(self) -> int | None:
        """Return the writer's last update as they see it.

        The update is an id here.
        """
        answer = self.writer.get(self.path)
        assert answer.status_code == 200
        last = answer.json["last_update"]
        return last and int(last["id"])

    def binds(self, call: Callable[[], Any]) -> set[str | None]:
        """Return the binds of a call's statements.

        The statement for the token's login is left out.
        """
        self.asked.clear()
        call()
        return {bind for bind, statement in self.asked if "FROM logins" not in statement}


@pytest.fixture
def world(clusters: Clusters, clock: Clock) -> Iterator[World]:
    app = clusters.app
    replica.init_app(app)  # a replica that another test found away is there again
    with app.app_context():
        (movement,) = make_movements(1)
        writer, reader, *others = people(6)
        plant(movement, ring([reader, writer, *others]))  # the reader follows the writer
        ids = writer, reader
        clients = [logged_in(app, User.find_by_id(id)) for id in ids]
        world = World(clusters, f"/movements/{movement.id}", *clients, *ids)
        names = {engine: bind for bind, engine in db.engines.items()}
    clock.pass_(minutes=1)
    clusters.catch_up()

    def note(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        world.asked.append((names[connection.engine], statement))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield world
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_readers_use_the_replica_and_writers_see_their_writes(world: World, clock: Clock) -> None:
    with world.clusters.late():
        posted = world.post()
        assert (world.last_seen(), world.last_own()) == (None, posted)
        clock.pass_(seconds=2 * LAG - 1)
        assert (world.last_seen(), world.last_own()) == (None, posted)
        clock.pass_(seconds=1)  # the replica should be up to date by now
        assert (world.last_seen(), world.last_own()) == (None, None)
    assert (world.last_seen(), world.last_own()) == (posted, posted)


def test_only_the_login_is_read_from_the_primary(world: World) -> None:
    assert world.binds(world.last_seen) == {"replica"}
    assert [bind for bind, statement in world.asked if "FROM logins" in statement] == ["reading"]


def test_a_write_soon_after_another_is_covered_without_a_record(world: World, clock: Clock) -> None:
    with world.clusters.late():
        noted = []
        for seconds in (0, LAG - 1, 1):
            clock.pass_(seconds=seconds)
            world.asked.clear()
            posted = world.post()
            noted.append(sum("UPDATE logins" in statement for _, statement in world.asked))
            if seconds == LAG - 1:
                # only the first write was recorded; the second is read for as long as the lag
                at = clock.now
                clock.pass_(seconds=LAG)
                assert world.last_own() == posted
                clock.now = at
        assert noted == [1, 0, 1]


def test_a_refused_write_is_not_recorded(world: World) -> None:
    assert world.writer.post(f"{world.path}/leader").status_code == 409
    assert world.binds(world.last_own) == {"replica"}


def test_a_login_ended_on_the_primary_is_refused(world: World) -> None:
    with world.clusters.late():
        assert world.writer.delete("/auth").status_code == 200
        assert world.writer.get(world.path).status_code == 401
        standing = sql.SQL("SELECT count(*) FROM logins WHERE user_id = {} AND revoked_at IS NULL")
        query = standing.format(sql.Literal(world.writer_id))
        assert world.clusters.ask_standby(query, "gridt") == 1


def test_a_role_lost_on_the_primary_is_refused(world: World) -> None:
    def give(role: str) -> None:
        with world.clusters.app.app_context():
            db.session.execute(sa.update(User).values(role=role))
            db.session.commit()

    give("admin")
    world.clusters.catch_up()
    with world.clusters.late():
        assert world.reader.get("/admin/audit").status_code == 200
        assert world.binds(lambda: world.last_seen()) == {"replica"}
        give("user")
        role = sql.SQL("SELECT role FROM users WHERE id = {}").format(sql.Literal(world.reader_id))
        assert world.clusters.ask_standby(role, "gridt") == "admin"
        assert world.reader.get("/admin/audit").status_code == 403
        assert world.reader.get("/admin/users").status_code == 403


def test_new_logins_see_earlier_writes(world: World) -> None:
    name = f"new{uuid4().hex[:8]}"
    newcomer: OwnContextClient = world.clusters.app.test_client()
    known = {"username": name, "password": PASSWORD}
    with world.clusters.late():
        newcomer.post("/register", json=known | {"email": f"{name}@example.org"})
        newcomer.token = newcomer.post("/auth", json=known).json["access_token"]
        assert newcomer.get("/identity").json["username"] == name
        newcomer.put(f"{world.path}/subscriber")
        newcomer.token = newcomer.post("/auth", json=known).json["access_token"]
        assert len(newcomer.get("/movements/subscriptions").json) == 1


def test_rows_missing_on_the_replica_are_read_from_the_primary(world: World) -> None:
    movement = {
        "name": f"new {uuid4().hex[:8]}",
        "short_description": "nobody else knows of it yet",
        "interval": "daily",
    }
    with world.clusters.late():
        made = world.writer.post("/movements", json=movement)
        assert made.status_code == 201
        found = world.reader.get(f"/movements/{made.json['id']}")
        assert (found.status_code, found.json["name"]) == (200, movement["name"])


def test_an_export_is_of_the_primary(world: World) -> None:
    with world.clusters.late():
        assert world.writer.delete(f"{world.path}/subscriber").status_code == 200
        counts = [
            world.reader.get(world.path).json["member_count"],
            world.reader.get(f"{world.path}/network").json["movement"]["member_count"],
        ]
    assert counts == [6, 5]


def test_readiness_is_that_of_the_primary(world: World) -> None:
    ready = world.binds(lambda: world.reader.get("/ready"))
    assert ready == {"reading"}


# -- a replica that does not answer ---------------------------------------------------------


def test_a_replica_that_is_away_is_not_missed(
    world: World, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    posted = world.post()
    with world.clusters.standby.away():
        assert world.last_seen() == posted
        assert " on the replica" in caplog.text
        assert world.binds(world.last_seen) == {"reading"}  # without trying again and again
    assert world.binds(world.last_seen) == {"reading"}
    clock.pass_(seconds=PAUSE.total_seconds())
    assert world.binds(world.last_seen) == {"replica"}
    world.clusters.catch_up()
    assert world.last_seen() == posted


@pytest.mark.parametrize("delivering", [True, False])
def test_a_read_lost_on_the_replica_goes_to_the_primary(world: World, delivering: bool) -> None:
    world.last_seen()
    world.clusters.cable.break_at("FROM movements", delivering=delivering)
    assert world.binds(world.last_seen) == {"replica", "reading"}
    assert not world.clusters.cable.is_to_break


def test_a_read_cancelled_on_the_replica_goes_to_the_primary(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A read that the replica cancels goes to the primary.

    A lock that the replica repeats from the primary is a conflict with recovery.
    """
    clusters = world.clusters
    with psycopg.connect(driver_url(clusters.primary), dbname="gridt") as link:
        link.execute("LOCK movements IN ACCESS EXCLUSIVE MODE")
        link.execute("SELECT pg_switch_wal()")  # writes the lock where the standby reads of it
        with clusters.late():
            link.commit()
            assert world.binds(world.last_seen) == {"replica", "reading"}
            assert "LockNotAvailable on the replica" in caplog.text
    assert world.binds(world.last_seen) == {"replica"}  # at once, because it was there all the time


def test_without_a_replica_no_write_is_recorded(own_app: Flask, statements: list[str]) -> None:
    with own_app.app_context():
        user = User("ann", "ann@example.org", PASSWORD)
        user.save_to_db()
        client = logged_in(own_app, user)
        db.session.remove()
    assert client.put("/bio", json={"bio": "me"}).status_code == 200
    assert not [statement for statement in statements if "UPDATE logins" in statement]
