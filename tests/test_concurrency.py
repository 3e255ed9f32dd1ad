"""Real threads on a real database: nothing lost or broken."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from threading import Barrier, Event
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from gridt.errors import GridtError, MovementNotFound, NotFollowing, NotSubscribed, Overtaken
from gridt.http.requests import ATTEMPTS
from gridt.models import Movement, Subscription, Update, User
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD, OwnContextClient
from tests.networks import arrows_of, keys_of, make_movements, people, plant, ring, violations

THREADS = 8


def at_once(app: Flask, *jobs: Callable[[], Any]) -> list[Any]:
    """Start jobs at the same moment, and return their results.

    Each has a thread and an app context of its own.
    """
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        with app.app_context():
            barrier.wait(timeout=60)
            return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(run, job) for job in jobs]
    return [job.result() for job in running]


def swap(leader: int | None) -> Callable[[Movement, User], int | None]:
    def change(movement: Movement, user: User) -> int | None:
        chosen = movement.swap_leader(user, leader)
        return chosen and chosen.id

    return change


def post(movement: Movement, user: User) -> int:
    return movement.post_update(user).id


join, leave = Movement.add_user, Movement.remove_user


def tried_again(change: Callable[[Movement, User], Any], movement_id: int, user_id: int) -> Any:
    """Change as a request does, with retries.

    A request retries when it loses against another transaction.
    """
    for _ in range(ATTEMPTS):
        try:
            result = outcome(change, movement_id, user_id)
        except IntegrityError as error:
            result = type(error)
        if result not in {Overtaken, IntegrityError}:
            break
    return result


def outcome(change: Callable[[Movement, User], Any], movement_id: int, user_id: int) -> Any:
    """Change and save.

    Return the result, or the domain error's type.
    """
    movement, user = Movement.find_by_id(movement_id), User.find_by_id(user_id)
    try:
        if movement is None or user is None:
            raise MovementNotFound
        result = change(movement, user)
        movement.save_to_db()
        return result
    except GridtError as error:
        db.session.rollback()
        return type(error)
    finally:
        db.session.remove()


def delete_account(user_id: int) -> None:
    user = User.find_by_id(user_id)
    assert user is not None
    user.delete_from_db()


def delete_movement(movement_id: int) -> None:
    movement = Movement.find_by_id(movement_id)
    assert movement is not None
    movement.delete_from_db()


# -- storms ---------------------------------------------------------------------------------


class Wanderer:
    """Does random acts of a member.

    Only its owner lets these people join and leave.
    """

    def __init__(self, movement: int, everybody: list[int], mine: list[int], seed: int) -> None:
        self.movement, self.everybody, self.mine = movement, everybody, mine
        self.random = Random(seed)
        self.operations = 0
        self.posted: list[int] = []
        self.subscribed: dict[int, bool] = {}

    def __call__(self) -> None:
        for _ in range(self.operations):
            actions = [self.join, self.leave, self.swap, self.post]
            self.random.choices(actions, [4, 3, 4, 2])[0]()

    def join(self) -> None:
        user = self.random.choice(self.mine)
        assert tried_again(join, self.movement, user) is None
        self.subscribed[user] = True

    def leave(self) -> None:
        user = self.random.choice(self.mine)
        assert tried_again(leave, self.movement, user) is None
        self.subscribed[user] = False

    def swap(self) -> None:
        user = self.random.choice(self.everybody)
        leaders = arrows_of(self.movement).get(user, {None: None})
        db.session.remove()
        left = self.random.choice(list(leaders.values()))
        chosen = tried_again(swap(left), self.movement, user)
        assert chosen is None or chosen not in {left, user}

    def post(self) -> None:
        user = self.random.choice(self.everybody)
        update = outcome(post, self.movement, user)
        if update is not NotSubscribed:
            self.posted.append(update)


@pytest.mark.parametrize(("size", "begun"), [(20, 6), (80, 66), (110, 66), (160, 120)])
def test_a_storm_breaks_nothing_and_loses_nothing(world: Flask, size: int, begun: int) -> None:
    (movement,) = make_movements(1)
    everybody = people(size)
    plant(movement, ring(everybody[:begun]))
    id = movement.id
    wanderers = [
        Wanderer(id, everybody, everybody[number::THREADS], seed=number)
        for number in range(THREADS)
    ]
    for wanderer in wanderers:
        wanderer.operations = 40
    db.session.remove()
    at_once(world, *wanderers)

    assert violations() == []
    members = dict.fromkeys(everybody[:begun], True)
    for wanderer in wanderers:
        members |= wanderer.subscribed
    assert set(keys_of(id)) == {user for user, subscribed in members.items() if subscribed}
    posted = [update for wanderer in wanderers for update in wanderer.posted]
    assert set(db.session.scalars(sa.select(Update.id))) == set(posted)
    assert posted


# -- the same moment ------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [0, 1, 2, 3, 5])
def test_people_who_join_at_once_all_find_their_place(world: Flask, begun: int) -> None:
    movements = make_movements(4)
    everybody = people(begun + 3)
    for movement in movements:
        plant(movement, ring(everybody[:begun]))
    for id in [movement.id for movement in movements]:
        db.session.remove()
        at_once(world, *(partial(outcome, join, id, user) for user in everybody[begun:]))
        assert violations() == []
        assert set(keys_of(id)) == set(everybody)


@pytest.mark.parametrize("begun", [5, 70])
def test_joining_twice_at_once_is_once(world: Flask, begun: int) -> None:
    (movement,) = make_movements(1)
    id, users = movement.id, people(begun + 3)
    plant(movement, ring(users[:begun]))
    for user in users[begun:]:
        db.session.remove()
        assert at_once(world, *[partial(tried_again, join, id, user)] * 4) == [None] * 4
    assert violations() == []
    assert set(keys_of(id)) == set(users)


@pytest.mark.parametrize("left", [5, 70])
def test_leaving_twice_at_once_is_once(world: Flask, left: int) -> None:
    (movement,) = make_movements(1)
    id, users = movement.id, people(left + 3)
    plant(movement, ring(users))
    for user in users[left:]:
        db.session.remove()
        assert at_once(world, *[partial(outcome, leave, id, user)] * 4) == [None] * 4
    assert violations() == []
    assert set(keys_of(id)) == set(users[:left])


def test_members_who_follow_each_other_can_leave_at_once(world: Flask) -> None:
    (movement,) = make_movements(1)
    id, users = movement.id, people(9)
    plant(movement, ring(users))
    db.session.remove()
    at_once(world, *(partial(outcome, leave, id, user) for user in users[:8]))
    assert violations() == []
    assert set(keys_of(id)) == {users[8]}


def test_a_leader_is_swapped_once(world: Flask) -> None:
    (movement,) = make_movements(1)
    id, users = movement.id, people(9)
    plant(movement, ring(users))
    before = arrows_of(id)[users[0]]
    for slot, left in before.items():
        db.session.remove()
        results = at_once(world, *[partial(outcome, swap(left), id, users[0])] * 3)
        assert results.count(NotFollowing) >= 1
        assert arrows_of(id)[users[0]][slot] in results
    assert violations() == []


def test_accounts_that_share_movements_can_be_deleted_at_once(world: Flask) -> None:
    movements = make_movements(3)
    users = people(9)
    for movement in movements:
        plant(movement, ring(users))
    db.session.remove()
    at_once(world, *(partial(delete_account, user) for user in users[:6]))
    assert violations() == []
    assert set(db.session.scalars(sa.select(User.id))) == set(users[6:])


def test_a_movement_deleted_while_people_join_leaves_nothing_behind(world: Flask) -> None:
    for id in [movement.id for movement in make_movements(4)]:
        users = people(6)
        db.session.remove()
        joining = (partial(outcome, join, id, user) for user in users)
        results = at_once(world, partial(delete_movement, id), *joining)
        assert set(results) <= {None, MovementNotFound}
        assert Movement.find_by_id(id) is None
        assert keys_of(id) == {}
        assert violations() == []


def test_a_last_update_is_right_though_another_is_deleted_meanwhile(world: Flask) -> None:
    (movement,) = make_movements(1)
    id, (user_id,) = movement.id, people(1)
    plant(movement, ring([user_id]))
    outcome(post, id, user_id)
    posted = Event()

    def post_slowly() -> None:
        movement = Movement.find_by_id(id)
        update = movement.post_update(User.find_by_id(user_id))
        posted.set()
        time.sleep(0.3)  # so that the other one waits behind this
        update.save_to_db()

    def delete() -> None:
        posted.wait(timeout=60)
        Update.find_last(User.find_by_id(user_id), Movement.find_by_id(id)).delete_from_db()

    at_once(world, post_slowly, delete)
    assert violations() == []


def test_a_member_who_leaves_while_posting_has_posted_or_not(world: Flask) -> None:
    (movement,) = make_movements(1)
    id, users = movement.id, people(12)
    plant(movement, ring(users))
    for user in users[:6]:
        db.session.remove()
        before = set(db.session.scalars(sa.select(Update.id)))
        db.session.remove()
        posted, left = at_once(
            world,
            partial(outcome, post, id, user),
            partial(outcome, leave, id, user),
        )
        assert left is None
        after = set(db.session.scalars(sa.select(Update.id)))
        assert after - before == (set() if posted is NotSubscribed else {posted})
        assert db.session.get(Subscription, (user, id)) is None
    assert violations() == []


# -- over HTTP ------------------------------------------------------------------------------


def statuses(app: Flask, *calls: Callable[[], Any]) -> list[int]:
    return sorted(answer.status_code for answer in at_once(app, *calls))


@pytest.mark.parametrize("member", ["username", "email"])
def test_of_two_who_register_the_same_one_succeeds(world: Flask, member: str) -> None:
    world.test_client().get("/")  # the first call of an app does more than the others
    for number in range(6):
        rows = [
            {"username": f"{case}{number}", "email": f"{case}{number}@example.org"}
            for case in ("anna", "ANNA")
        ]
        others = {"email": f"other{number}@example.org", "username": f"other{number}"}
        rows[1] |= {other: others[other] for other in others if other != member}
        calls = [
            partial(world.test_client().post, "/register", json=row | {"password": PASSWORD})
            for row in rows
        ]
        results = at_once(world, *calls)
        assert sorted(answer.status_code for answer in results) == [201, 409]
        (refused,) = (answer for answer in results if answer.status_code == 409)
        assert refused.json["type"] == f"/problems/{member}-taken"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 6


def test_of_two_who_register_one_address_in_two_forms_one_succeeds(world: Flask) -> None:
    world.test_client().get("/")
    for number in range(4):
        domains = ("bücher.example", "xn--bcher-kva.example")
        rows = [
            {"username": f"{domain} {number}", "email": f"me{number}@{domain}"}
            for domain in domains
        ]
        calls = [
            partial(world.test_client().post, "/register", json=row | {"password": PASSWORD})
            for row in rows
        ]
        results = at_once(world, *calls)
        assert sorted(answer.status_code for answer in results) == [201, 409]
        assert [one.json["type"] for one in results if one.status_code == 409] == [
            "/problems/email-taken"
        ]


def test_only_one_of_two_equal_movements_is_started(
    world: Flask, client_for: Callable[[int], OwnContextClient]
) -> None:
    clients = [client_for(user) for user in people(2)]
    clients[0].get("/")
    for number in range(5):
        body = {
            "name": f"flossing {number}",
            "interval": "daily",
            "short_description": "floss your teeth",
        }
        calls = [partial(client.post, "/movements", json=body) for client in clients]
        assert statuses(world, *calls) == [201, 409]
    assert violations() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Movement)) == 5


def test_joining_and_leaving_over_http_at_once_breaks_nothing(
    world: Flask, client_for: Callable[[int], OwnContextClient]
) -> None:
    (movement,) = make_movements(1)
    users = people(8)
    plant(movement, ring(users[:4]))
    id, clients = movement.id, [client_for(user) for user in users]
    clients[0].get("/")
    path = f"/movements/{id}/subscriber"
    calls = [partial(client.delete, path) for client in clients[:4]]
    calls += [partial(client.put, path) for client in clients[4:]]
    assert set(statuses(world, *calls)) == {200}
    assert violations() == []
    assert set(keys_of(id)) == set(users[4:])


def test_posting_at_once_keeps_every_update(
    world: Flask, client_for: Callable[[int], OwnContextClient]
) -> None:
    (movement,) = make_movements(1)
    (user,) = people(1)
    plant(movement, ring([user]))
    path, client = f"/movements/{movement.id}/updates", client_for(user)
    client.get("/")
    answers = at_once(world, *[partial(client.post, path, json={"message": "done"})] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert set(db.session.scalars(sa.select(Update.id))) == {
        answer.json["id"] for answer in answers
    }
    assert violations() == []
