"""Guessing passwords takes longer each time, and reveals nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from gridt.errors import TooManyAttempts
from gridt.models import LoginThrottle, User
from gridt.models.login_throttle import (
    ACQUAINTANCE,
    FREE_ATTEMPTS,
    FREE_ATTEMPTS_PER_ACCOUNT,
    MEMORY,
    PasswordAttempt,
    delay_of_mail,
)
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD


@pytest.fixture
def try_(client):
    """Try a password; return the answer."""

    def attempt(login="ann", address="192.0.2.1", **right):
        body = {"username": login, "password": "wrong"} | right
        return client.post("/auth", json=body, environ_overrides={"REMOTE_ADDR": address})

    return attempt


def rows():
    return db.session.scalars(sa.select(LoginThrottle)).all()


@pytest.mark.parametrize("login", ["ann", "ANN@example.org", "nobody"])
def test_each_wrong_password_doubles_the_delay(try_, ann, clock, login):
    assert [try_(login).status_code for _ in range(FREE_ATTEMPTS)] == [401] * FREE_ATTEMPTS
    delays = []
    for _ in range(12):
        refused = try_(login)
        assert refused.status_code == 429
        assert refused.json["type"] == "/problems/too-many-attempts"
        delays.append(int(refused.headers["Retry-After"]) - 1)
        clock.pass_(seconds=delays[-1])
        assert try_(login).status_code == 401
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@pytest.mark.parametrize("spread", [FREE_ATTEMPTS, FREE_ATTEMPTS_PER_ACCOUNT])
def test_an_account_is_one_by_whichever_name_it_is_tried(try_, ann, spread):
    addresses = (
        ["192.0.2.1"] * spread
        if spread == FREE_ATTEMPTS
        else [f"192.0.2.{n}" for n in range(spread)]
    )
    names = ["ann", "ann@example.org", "ANN", "Ann@Example.org"]
    tries = [
        try_(names[number % len(names)], address).status_code
        for number, address in enumerate(addresses)
    ]
    assert tries == [401] * spread
    elsewhere = addresses[0] if spread == FREE_ATTEMPTS else "192.0.2.200"
    assert {try_(name, elsewhere).status_code for name in names} == {429}
    assert try_("somebody else", elsewhere).status_code == 401


def test_where_the_owner_is_known_they_are_by_whichever_name(try_, ann):
    assert try_("ann", "198.51.100.1", password=PASSWORD).status_code == 200
    for number in range(FREE_ATTEMPTS_PER_ACCOUNT):
        try_("ann@example.org", f"192.0.2.{number}")
    assert try_("ann@example.org", "198.51.100.2", password=PASSWORD).status_code == 429
    assert try_("ann@example.org", "198.51.100.1", password=PASSWORD).status_code == 200


@pytest.mark.parametrize("between", ["\n", " ", "", '", "'])
def test_no_name_reads_like_an_account_and_its_owners_address(try_, ann, between):
    home = "198.51.100.1"
    assert try_(password=PASSWORD, address=home).status_code == 200
    for name in ("ann", str(ann.id)):
        for number in range(FREE_ATTEMPTS_PER_ACCOUNT + 1):
            try_(f"{name}{between}{home}", f"192.0.2.{number}")
    assert try_(password=PASSWORD, address=home).status_code == 200


def test_the_right_password_is_refused_as_well_during_a_delay(try_, ann, clock):
    for _ in range(FREE_ATTEMPTS):
        try_()
    assert try_(password=PASSWORD).status_code == 429
    clock.pass_(seconds=1)
    assert try_(password=PASSWORD).status_code == 200


def test_a_success_clears(try_, ann):
    for _ in range(3):
        for _ in range(FREE_ATTEMPTS - 1):
            assert try_().status_code == 401
        assert try_(password=PASSWORD).status_code == 200


def test_without_an_attempt_all_is_forgotten(try_, ann, clock):
    for _ in range(FREE_ATTEMPTS):
        try_()
    clock.pass_(seconds=MEMORY.total_seconds())
    assert [try_().status_code for _ in range(FREE_ATTEMPTS)] == [401] * FREE_ATTEMPTS


def test_from_elsewhere_the_owner_gets_in(try_, ann):
    for _ in range(FREE_ATTEMPTS):
        try_()
    assert try_(password=PASSWORD, address="192.0.2.2").status_code == 200


def test_guessing_from_everywhere_is_slowed_down_but_not_where_the_owner_is(try_, ann, clock):
    home, elsewhere = "198.51.100.1", "198.51.100.2"
    assert try_(password=PASSWORD, address=home).status_code == 200
    tries = [
        try_(address=f"192.0.2.{number}").status_code
        for number in range(FREE_ATTEMPTS_PER_ACCOUNT + 1)
    ]
    assert tries == [401] * FREE_ATTEMPTS_PER_ACCOUNT + [429]

    assert try_(password=PASSWORD, address=elsewhere).status_code == 429
    assert try_(password=PASSWORD, address=home).status_code == 200

    # a correct password clears the count for all; an address is not the owner's for ever
    clock.pass_(seconds=ACQUAINTANCE.total_seconds())
    for number in range(FREE_ATTEMPTS_PER_ACCOUNT):
        try_(address=f"192.0.2.{number}")
    assert try_(password=PASSWORD, address=home).status_code == 429


def test_the_owners_own_mistakes_do_not_count_for_others(try_, ann):
    assert try_(password=PASSWORD).status_code == 200
    for _ in range(FREE_ATTEMPTS):
        try_()
    (kept,) = rows()
    assert kept.failures == FREE_ATTEMPTS


def test_changing_the_password_is_an_attempt_as_well(client_of, ann, try_):
    client = client_of(ann)
    body = {"old_password": "wrong", "new_password": "a better one"}
    answers = [client.post("/user/change_password", json=body) for _ in range(FREE_ATTEMPTS + 1)]
    assert [answer.status_code for answer in answers] == [401] * FREE_ATTEMPTS + [429]
    assert try_("ann@example.org", "127.0.0.1", password=PASSWORD).status_code == 429


def test_the_table_reveals_no_names_and_stays_small(try_, ann, clock):
    for number in range(8):
        try_(f"guess {number}")
    assert len(rows()) == 16
    assert not [row for row in rows() if "guess" in row.key or "192" in row.key]
    clock.pass_(seconds=MEMORY.total_seconds() + 1)
    try_()
    try_()
    assert len(rows()) == 2


def test_of_parallel_guesses_the_right_one_is_refused_after_the_wrong_ones(database, clock):
    """All are admitted before one of them has failed."""
    attempts = [PasswordAttempt.on(1, "192.0.2.1", "key") for _ in range(FREE_ATTEMPTS + 1)]
    for attempt in attempts:
        attempt.ensure_allowed()
    *wrong, right = attempts
    for attempt in wrong:
        attempt.fail(None)
    with pytest.raises(TooManyAttempts):
        right.succeed()
    assert {row.failures for row in rows()} == {FREE_ATTEMPTS}  # nothing was reset
    clock.pass_(seconds=1)
    right.succeed()
    assert [row.failures for row in rows()] == [0]


def test_of_many_at_once_no_more_are_told_than_may_try(own_app):
    with own_app.app_context():
        User("ann", "ann@example.org", PASSWORD).save_to_db()

    def attempt(_number):
        body = {"username": "ann", "password": "wrong"}
        return own_app.test_client().post("/auth", json=body).status_code

    with ThreadPoolExecutor(8) as threads:  # as many as may hash or wait for it
        statuses = list(threads.map(attempt, range(20)))

    with own_app.app_context():
        failures = statuses.count(401)
        (per_address,) = (row for row in rows() if row.blocked_until is not None)
        assert set(statuses) == {401, 429}
        # one each time the delay was over, as for attempts in turn
        assert failures == per_address.failures
        assert failures <= FREE_ATTEMPTS + 2


def test_a_requested_mail_deletes_outdated_counts(database, clock):
    delay_of_mail("ann@example.org", "a secret")
    clock.pass_(seconds=MEMORY.total_seconds() + 1)
    delay_of_mail("ben@example.org", "a secret")
    assert len(rows()) == 1
