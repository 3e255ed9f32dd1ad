"""Hashing passwords: bounded, without slowing calls that need none."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event, current_thread, get_native_id

import pytest
from flask import Flask

from gridt.errors import Busy
from gridt.models import User
from gridt.runtime import extensions
from gridt.runtime.extensions import Passwords, db
from tests.conftest import checked_app, new_token
from tests.databases import same_on_both
from tests.persons import PASSWORD, Person, account
from tests.servers import PATIENCE, SECRET_KEY, serve

pytestmark = same_on_both

#: the memory that a password takes by default; on a busy machine, three passes over it take so long
#: that the service rightly refuses the waiting calls
ROOMY = {"ARGON2_MEMORY_KIB": "65536", "ARGON2_PASSES": "1", "ARGON2_LANES": "1"}
#: hashing that keeps a server busy for seconds
SLOW = {"ARGON2_MEMORY_KIB": "8192", "ARGON2_PASSES": "60", "ARGON2_LANES": "1"}


@pytest.fixture
def hashing() -> Callable[..., Passwords]:
    """Make cheap hashing, with some slots and places to wait.

    The hashing is of passwords.
    """

    def make(slots: int, waiting: int) -> Passwords:
        app = Flask("hashing")
        app.config.update(HASHING_SLOTS=slots, HASHING_WAITING=waiting)
        app.config.update(ARGON2_MEMORY_KIB=8, ARGON2_PASSES=1, ARGON2_LANES=1)
        passwords = Passwords()
        passwords.init_app(app)
        return passwords

    return make


@contextmanager
def held(passwords: Passwords, slots: int, waiting: int) -> Iterator[list["Future[str]"]]:
    """Keep all slots busy and all places taken.

    They stay so for the length of a `with` block.
    """
    go_on, began = Event(), [Event() for _ in range(slots)]
    for event in began:
        passwords._hashers.submit(lambda event=event: (event.set(), go_on.wait(PATIENCE)))
    assert all(event.wait(PATIENCE) for event in began)
    with ThreadPoolExecutor(slots + waiting) as pool:
        try:
            yield [pool.submit(passwords.hash, PASSWORD) for _ in range(slots + waiting)]
        finally:
            go_on.set()


@pytest.mark.parametrize(("slots", "waiting"), [(1, 0), (1, 3), (2, 2)])
def test_a_caller_without_a_place_is_refused_at_once(
    hashing: Callable[..., Passwords], slots: int, waiting: int
) -> None:
    passwords = hashing(slots, waiting)
    with held(passwords, slots, waiting) as queue:
        while passwords._room._value:  # until the last one waits
            assert not any(one.done() for one in queue)
        for call in (passwords.hash, lambda password: passwords.verify(password, None)):
            with pytest.raises(Busy) as refusal:
                call(PASSWORD)
            assert refusal.value.retry_after
    assert all(passwords.verify(PASSWORD, one.result(PATIENCE))[0] for one in queue)


def test_a_place_is_free_again_after_any_outcome(hashing: Callable[..., Passwords]) -> None:
    passwords = hashing(1, 0)
    for _ in range(3):
        assert passwords.verify(PASSWORD, None) == (False, None)
        with pytest.raises(ValueError, match="hash"):
            passwords.verify(PASSWORD, "no hash at all")
        assert passwords.hash(PASSWORD).startswith("$argon2id$")


def test_passwords_are_hashed_by_threads_that_give_way(hashing: Callable[..., Passwords]) -> None:
    if not hasattr(os, "getpriority"):
        pytest.skip("nothing here has a priority")
    passwords = hashing(1, 0)

    def niceness() -> int:
        return int(os.getpriority(os.PRIO_PROCESS, get_native_id()))

    assert passwords._hashers.submit(niceness).result(PATIENCE) > niceness()
    assert passwords._hurried.submit(niceness).result(PATIENCE) == niceness()


def test_a_hash_that_starves_is_made_at_the_usual_priority(
    hashing: Callable[..., Passwords], monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords, go_on = hashing(1, 1), Event()

    def thread_of_work() -> str:
        if current_thread().name.startswith("hashing"):
            assert go_on.wait(PATIENCE)
        return current_thread().name.partition("_")[0]

    monkeypatch.setattr(extensions, "_STARVED_AFTER", 0)
    assert passwords._in_turn(thread_of_work) == "hurried"  # while the first thread still works
    monkeypatch.setattr(extensions, "_STARVED_AFTER", PATIENCE)
    assert passwords._in_turn(thread_of_work) == "hurried"  # at once
    go_on.set()
    monkeypatch.setattr(passwords, "_hurry_until", time.monotonic())
    assert passwords._in_turn(thread_of_work) == "hashing"


def test_waiting_for_other_hashes_is_no_starving(
    hashing: Callable[..., Passwords], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait for other hashes does not count as starving.

    Else a flood of logins would be hashed at the priority of all other callers.
    """
    passwords = hashing(1, 3)
    monkeypatch.setattr(extensions, "_STARVED_AFTER", 0.02)
    with held(passwords, 1, 3) as queue:
        while passwords._room._value:  # until the last one waits
            assert not any(one.done() for one in queue)
        time.sleep(0.2)  # ten times the work that a hash may take
        assert not passwords._hurried._threads


def test_a_caller_without_a_thread_in_time_is_refused(
    hashing: Callable[..., Passwords], monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords, go_on = hashing(1, 1), Event()
    monkeypatch.setattr(extensions, "_STARVED_AFTER", 0)
    monkeypatch.setattr(extensions, "PATIENCE", 0.1)
    with pytest.raises(Busy):
        passwords._in_turn(go_on.wait, PATIENCE)
    with pytest.raises(Busy):
        passwords._in_turn(go_on.wait, PATIENCE)
    go_on.set()
    monkeypatch.setattr(extensions, "PATIENCE", PATIENCE)
    assert passwords.hash(PASSWORD).startswith("$argon2id$")


# -- with a real server ---------------------------------------------------------------------


def test_a_phone_that_logs_in_in_parallel_is_never_refused(
    migrated_database: Callable[[], str],
) -> None:
    """Parallel logins of one phone are never refused.

    The published client, whose token has expired, logs in so for each call of a page.
    """
    with serve(migrated_database(), **ROOMY) as server:
        phones = [Person(server.url, "ann") for _ in range(6)]
        phones[0].register()
        with ThreadPoolExecutor(6) as threads:
            for _ in range(3):
                list(threads.map(Person.log_in, phones))
        assert phones[0].statuses.pop(0) == 201
        assert {status for phone in phones for status in phone.statuses} == {200}
        for phone in phones:
            phone.call("GET", "/movements/subscriptions")
            assert phone.statuses[-1] == 200


def test_a_flood_of_logins_leaves_threads_to_other_calls(
    migrated_database: Callable[[], str],
) -> None:
    url = migrated_database()
    with checked_app(url, SECRET_KEY=SECRET_KEY) as app, app.app_context():
        user = User("reader", "reader@example.org", PASSWORD)
        user.save_to_db()
        token = new_token(user)
        db.session.remove()
    with serve(url, **SLOW) as server, ThreadPoolExecutor(16) as threads:
        reader = Person(server.url, "reader")
        reader.token = token
        crowd = [Person(server.url, f"person{number}") for number in range(16)]
        flood = {
            threads.submit(one.call, "POST", "/register", account(one.name)): one for one in crowd
        }
        # refused logins get their answer at once, while the others wait
        refused, waiting = wait(flood, PATIENCE, FIRST_COMPLETED)
        assert waiting
        assert {flood[one].statuses[0] for one in refused} == {503}
        reader.call("GET", "/movements/subscriptions")
        assert reader.statuses[-1] == 200
        assert any(not one.done() for one in waiting), "the flood was over too early"
        statuses = [flood[one].statuses for one in flood if one.result(2 * PATIENCE)]
    assert {status for some in statuses for status in some} <= {201, 503}
