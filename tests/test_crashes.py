"""Workers that are killed in the middle of a storm: what was acknowledged is there."""

import random
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from os import kill
from signal import SIGKILL

import sqlalchemy as sa

from gridt import create_app
from gridt.extensions import db, disconnect
from gridt.models import Movement, Subscription, Update, User
from tests.conftest import settings_for
from tests.persons import Person
from tests.servers import Server, flask, serve

PEOPLE, KILLS = 8, 6
#: seconds between two kills
PAUSE = 0.4

#: how a call ends whose worker is killed: nobody knows then whether it was done
BROKEN = (OSError, HTTPException)


@dataclass
class Memory:
    """What somebody was told, and has to find again."""

    posted: int = 0
    #: calls without an answer, and those of them that may have posted or not
    broken: int = 0
    unsure: int = 0
    #: None when the last call that changed it had no answer
    subscribed: bool | None = False


def test_nothing_acknowledged_is_lost_when_workers_are_killed(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    with serve(url, processes=2) as server:
        people = [Person(server.url, f"person{number}") for number in range(PEOPLE)]
        for person in people:
            person.register()
            person.log_in()
        people[0].start("Flossing")
        people[0].call("DELETE", "/movements/Flossing/subscriber")
        over = time.monotonic() + PAUSE * (KILLS + 1)
        with ThreadPoolExecutor(PEOPLE) as threads:
            lives = [threads.submit(live, person, over) for person in people]
            for _ in range(KILLS):
                time.sleep(PAUSE)
                with suppress(ProcessLookupError):  # killed before, and its successor not up yet
                    kill(random.choice(workers(server)), SIGKILL)
            memories = [one.result() for one in lives]
        assert people[0].call("GET", "/identity")["username"] == "person0"  # it serves again
    assert sum(one.posted for one in memories) > 20
    assert sum(one.broken for one in memories) > 0
    assert {status for one in people for status in one.statuses} <= {200, 201, 404, 409}
    checked = flask(url, "gridt", "check-network")
    assert checked.returncode == 0, checked.stdout
    compare_with_database(url, people, memories)


def live(person: Person, over: float) -> Memory:
    """Join, leave, swap and post until it is over; remember what was acknowledged."""
    dice, memory, path = random.Random(person.name), Memory(), "/movements/Flossing"
    while time.monotonic() < over:
        action = dice.choice(["join", "leave", "post", "post", "swap"])
        try:
            if action == "join":
                memory.subscribed = None
                person.call("PUT", f"{path}/subscriber")
                memory.subscribed = True
            elif action == "leave":
                memory.subscribed = None
                person.call("DELETE", f"{path}/subscriber")
                memory.subscribed = False
            elif action == "post":
                memory.unsure += 1
                memory.posted += "id" in person.call("POST", f"{path}/updates", {})
                memory.unsure -= 1
            elif leaders := person.call("GET", path).get("leaders"):
                person.call("POST", f"{path}/leader/{leaders[0]['id']}")
        except BROKEN:
            memory.broken += 1
    return memory


def workers(server: Server) -> list[int]:
    """Return the processes of the workers that were started last."""
    pids = re.findall(r"Booting worker with pid: (\d+)", server.log.read_text())
    return [int(pid) for pid in pids[-2:]]


def compare_with_database(url: str, people: list[Person], memories: list[Memory]) -> None:
    app = create_app(settings_for(url))
    with app.app_context():
        movement = Movement.find_by_name("Flossing")
        for person, memory in zip(people, memories, strict=True):
            user = User.find_by_name(person.name)
            updates = sa.select(sa.func.count()).where(Update.leader_id == user.id)
            posted = db.session.scalar(updates)
            assert memory.posted <= posted <= memory.posted + memory.unsure
            subscription = db.session.get(Subscription, (user.id, movement.id))
            assert memory.subscribed in (None, subscription is not None)
        db.session.remove()
        disconnect()
