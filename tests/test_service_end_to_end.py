"""The whole service, with many people at once."""

import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa

from gridt.models import Movement, MovementUserAssociation, Subscription, User
from gridt.models.subscription import random_key
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.conftest import checked_app
from tests.databases import same_on_both
from tests.mailbox import kept, mail_server, token_of
from tests.persons import PASSWORD, Person, account
from tests.servers import PATIENCE, ROOT, Server, environment, flask, serve


def test_a_storm_breaks_nothing(migrated_database: Callable[[], str]) -> None:
    url, movements = migrated_database(), ["Flossing", "Stretching"]
    with serve(url, processes=2) as server:
        founder = Person(server.url, "founder")
        founder.register()
        founder.log_in()
        for movement in movements:
            founder.start(movement)

        def live(number: int) -> list[int]:
            dice, person = random.Random(number), Person(server.url, f"person{number}")
            person.register()
            person.log_in()
            for _ in range(25):
                person.do_anything(dice, movements)
            return person.statuses

        with ThreadPoolExecutor(8) as threads:
            statuses = [status for one in threads.map(live, range(16)) for status in one]

    assert len(statuses) >= 200
    assert set(statuses) <= {200, 201, 404, 409}  # swapped by a leaver's refill, not subscribed
    assert {200, 201, 409} <= set(statuses)
    checked = flask(url, "gridt", "check-network")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@same_on_both
def test_a_running_request_is_answered_when_the_server_stops(
    migrated_database: Callable[[], str],
) -> None:
    url, names = migrated_database(), ["ann", "ben", "cas"]
    with serve(url) as server:
        waiting = {name: begin_to_register(server, name) for name in names}
        server.process.terminate()
        wait_for(server, "Handling signal: term")
        for name, (connection, body) in waiting.items():
            connection.send(body)
            answer = HTTPAnswer(connection)
            assert (answer.status, answer.body["username"]) == (201, name)
        server.wait()
    with serve(url) as server:
        for name in names:
            person = Person(server.url, name)
            person.log_in()
            assert person.call("GET", "/identity")["username"] == name


def begin_to_register(server: Server, name: str) -> tuple[socket.socket, bytes]:
    """Send a request but for its body.

    Return when the server has begun to serve it.
    """
    host, _, port = server.url.removeprefix("http://").partition(":")
    body = json.dumps(account(name)).encode()
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    head = [
        "POST /register HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Expect: 100-continue",
        "Connection: close",
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    assert connection.recv(1024).startswith(b"HTTP/1.1 100")
    return connection, body


class HTTPAnswer:
    """The rest of a server's answer on a connection."""

    def __init__(self, connection: socket.socket) -> None:
        with connection:
            text = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = text.partition(b"\r\n\r\n")
        self.status = int(head.split(maxsplit=2)[1])
        self.body = json.loads(body)


def wait_for(server: Server, text: str) -> None:
    """Wait until a server has printed a text."""
    give_up = time.monotonic() + PATIENCE
    while text not in server.log.read_text():
        assert time.monotonic() < give_up, f"the server never printed {text!r}"
        time.sleep(0.02)


@same_on_both
def test_a_restart_loses_nothing(new_database: Callable[[], str]) -> None:
    url = new_database()
    with serve(url, UPGRADE_ON_START="true", MOVEMENT_BY="admins") as server:
        assert "Did you mean GRIDT_MOVEMENTS_BY?" in server.log.read_text()
        ann = Person(server.url, "ann")
        ann.register()
        ann.log_in()
        ann.start("Flossing")
        before = ann.call("GET", "/movements/subscriptions")
    with serve(url, UPGRADE_ON_START="true") as server:
        ann.url = server.url
        assert ann.call("GET", "/movements/subscriptions") == before  # the token is valid, too


@same_on_both
def test_a_mail_is_sent_beside_the_requests(migrated_database: Callable[[], str]) -> None:
    with (
        mail_server() as box,
        serve(migrated_database(), SMTP_URL=f"smtp://127.0.0.1:{box.port}") as server,
    ):
        ann = Person(server.url, "ann")
        ann.register()
        token = token_of(box.next())
        ann.call("POST", "/user/confirm_email/confirm", {"token": token})
        ann.log_in()
        assert ann.call("GET", "/identity")["email_confirmed"] is True
        assert "no mail leaves" not in server.log.read_text()


@same_on_both
def test_without_a_mail_server_mails_are_kept_with_a_warning(
    migrated_database: Callable[[], str], tmp_path: Path
) -> None:
    with serve(migrated_database(), MAIL_FOLDER=str(tmp_path / "mail")) as server:
        assert "no mail leaves this machine" in server.log.read_text()
        assert str(tmp_path / "mail") in server.log.read_text()
        Person(server.url, "ann").register()
        give_up = time.monotonic() + PATIENCE
        while not (mails := kept(tmp_path / "mail")):
            assert time.monotonic() < give_up, "the mail was never written"
            time.sleep(0.02)
    assert token_of(mails[0])


def test_wrong_settings_are_named_all_together() -> None:
    wrong = {
        "DATABASE_URL": "mysql://localhost/gridt",
        "SECRET_KEY": "short",
        "ACCESS_TOKEN_SECONDS": "soon",
        "ARGON2_PASSES": "0",
        "UPGRADE_ON_START": "perhaps",
        "BIND": "x",
    }
    started = subprocess.run(
        [sys.executable, "-m", "gunicorn"],
        cwd=ROOT,
        env=environment("") | {f"GRIDT_{name}": value for name, value in wrong.items()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert started.returncode == 78
    for name in wrong:
        assert f"GRIDT_{name}: " in started.stderr
    assert "GRIDT_GRACE_SECONDS" not in started.stderr
    assert "Traceback" not in started.stderr


@same_on_both
def test_without_a_process_nothing_starts(migrated_database: Callable[[], str]) -> None:
    with pytest.raises(RuntimeError) as failed, serve(migrated_database(), processes=0):
        pass
    (printed,) = failed.value.__notes__
    assert "WEB_CONCURRENCY has to be 1 or more." in printed
    assert "Traceback" not in printed


def test_the_network_of_a_big_movement_arrives_whole(migrated_database: Callable[[], str]) -> None:
    url, members = migrated_database(), 5000
    make_ring(url, members)
    with serve(url) as server:
        person = Person(server.url, "person0")
        person.log_in()
        network = person.call("GET", "/movements/Ring/network")
        assert person.statuses[-1] == 200
        assert len(network["members"]) == network["movement"]["member_count"] == members
        assert len({member["id"] for member in network["members"]}) == members
        assert all(len(set(member["leaders"])) == 4 for member in network["members"])
        for _ in range(16):  # more than there are connections to the database
            leave_early(server, person.token)
        assert person.call("GET", "/ready") == {"status": "ok"}


def leave_early(server: Server, token: str) -> None:
    """Break off a download after its beginning."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}"}
    connection.request("GET", "/movements/Ring/network", headers=headers)
    answer = connection.getresponse()
    assert answer.read(100).startswith(b'{"movement":')
    answer.close()
    connection.close()


def make_ring(url: str, members: int) -> None:
    """Make a movement whose members follow the next four."""
    with checked_app(url) as app, app.app_context():
        person = User("person0", "person0@example.org", PASSWORD)
        person.save_to_db()
        copied = {"password_hash": person.password_hash, "role": "user", "created_at": utcnow()}
        names = [f"person{number}" for number in range(1, members)]
        people = [
            {"username": name, "username_folded": name, "email": name, "email_folded": name}
            for name in names
        ]
        db.session.execute(sa.insert(User), [one | copied for one in people])
        ring = Movement("Ring", timedelta(days=1), "Everybody follows the next four")
        ring.creator, ring.member_count = person, members
        db.session.add(ring)
        db.session.flush()
        ids = list(db.session.scalars(sa.select(User.id).order_by(User.id)))
        keys = [
            {"user_id": one, "movement_id": ring.id, "shuffle_key": random_key(ring.id)}
            for one in ids
        ]
        db.session.execute(sa.insert(Subscription), keys)
        slots = [
            {
                "follower_id": one,
                "movement_id": ring.id,
                "slot": slot,
                "leader_id": ids[(place + slot + 1) % members],
            }
            for place, one in enumerate(ids)
            for slot in range(4)
        ]
        db.session.execute(sa.insert(MovementUserAssociation), slots)
        db.session.commit()
