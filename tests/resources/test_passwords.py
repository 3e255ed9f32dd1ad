"""Allowed passwords, in every call that sets one."""

import pytest
from passlib.hash import argon2

from gridt.accounts.password_policy import is_common
from gridt.models import User
from gridt.runtime.extensions import db
from gridt.text import fold
from tests.conftest import CHEAP, PASSWORD
from tests.databases import same_on_both
from tests.servers import ROOT

pytestmark = same_on_both

ROBIN = {"username": "Robin of Locksley", "email": "Robin.Hood@Example.org"}

#: the longest passwords: characters of four bytes, and letters of two characters each
GOOD = [
    "\N{PILE OF POO}" * 8,
    "\N{PILE OF POO}" * 128,
    "e\N{COMBINING ACUTE ACCENT}" * 8,
    "        ",
    "ABCD efgh",
    "\N{CYRILLIC SMALL LETTER ES}" * 9,
    "x" * 128,
    "correct horse",
]
TOO_SHORT = ["", "x" * 7, "\N{PILE OF POO}" * 7, "e\N{COMBINING ACUTE ACCENT}" * 4]
TOO_LONG = ["x" * 129, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 8]
COMMON = [
    "password",
    "PassWord1",
    "12345678",
    "qwertyuiop",
    "\N{FULLWIDTH LATIN SMALL LETTER P}assword",
]
OWN_NAMES = [
    "Robin of Locksley",
    "ROBIN OF LOCKSLEY",
    "robin.hood@example.org",
    "Robin.Hood",
    "\N{FULLWIDTH LATIN SMALL LETTER R}obin.hood ",
]


@pytest.fixture(params=["register", "change_password"])
def choose(request, client, client_of):
    """Choose a password for Robin.

    Return the answer, and the pointer to the member.
    """

    def register(password):
        return client.post("/register", json=ROBIN | {"password": password}), "#/password"

    def change(password):
        robin = User.find_by_name(ROBIN["username"])
        if robin is None:
            robin = User(**ROBIN, password=PASSWORD)
            robin.save_to_db()
        body = {"old_password": PASSWORD, "new_password": password}
        return client_of(robin).post("/user/change_password", json=body), "#/new_password"

    return register if request.param == "register" else change


@pytest.mark.parametrize("password", GOOD, ids=range(len(GOOD)))
def test_a_good_password_is_taken_and_logs_in(choose, client, password):
    answer, _ = choose(password)
    assert answer.status_code in {200, 201}, answer.json
    body = {"username": ROBIN["email"], "password": password}
    assert client.post("/auth", json=body).status_code == 200


@pytest.mark.parametrize("password", TOO_SHORT + TOO_LONG + COMMON + OWN_NAMES, ids=ascii)
def test_a_bad_password_is_refused_in_a_sentence(choose, password):
    answer, pointer = choose(password)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].endswith(".")
    robin = User.find_by_name(ROBIN["username"])
    assert robin is None or robin.verify_password(PASSWORD)


def test_the_list_is_as_it_is_looked_up():
    lines = (ROOT / "gridt" / "data" / "common-passwords.txt").read_text().splitlines()
    assert len(lines) > 16_000
    assert [line for line in lines if fold(line).strip() != line or len(line) < 8] == []
    assert lines == sorted(set(lines))
    assert all(map(is_common, (lines[0], lines[-1])))
    assert not is_common(f"{lines[0]}\n{lines[1]}".replace("\n", "\n\n"))


def test_a_user_may_later_take_their_password_as_name(client_of, make_user):
    """Only its hash is known by then."""
    ann = make_user("ann")
    answer = client_of(ann).patch("/identity", json={"username": PASSWORD})
    assert answer.status_code == 200


def test_a_hash_by_other_parameters_is_renewed_at_login(client, make_user):
    old = argon2.using(memory_cost=16, rounds=1, parallelism=2).hash(PASSWORD)
    ann = make_user("ann", password_hash=old)
    hashes = [old]
    for password, status in (("wrong", 401), (PASSWORD, 200), (PASSWORD, 200)):
        answer = client.post("/auth", json={"username": "ann", "password": password})
        assert answer.status_code == status
        db.session.refresh(ann)
        hashes.append(ann.password_hash)
    assert (hashes[1] == old, hashes[2] == old, hashes[3] == hashes[2]) == (True, False, True)
    assert f"m={CHEAP['ARGON2_MEMORY_KIB']}," in ann.password_hash


def test_a_password_that_normalizing_makes_very_long_is_wrong(client, client_of, make_user):
    bomb = "\ufdfa" * 1024
    ann = make_user("ann")
    for login in ("ann", "nobody"):
        answer = client.post("/auth", json={"username": login, "password": bomb})
        assert answer.json["type"] == "/problems/wrong-credentials"
    body = {"old_password": bomb, "new_password": "a better one"}
    answer = client_of(ann).post("/user/change_password", json=body)
    assert answer.json["type"] == "/problems/wrong-credentials"
    assert client_of(ann).delete("/identity", json={"password": bomb}).status_code == 401
    assert not ann.verify_password(bomb)


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        (
            "POST",
            "/user/change_password",
            {"old_password": "wrong", "new_password": "a better one"},
            "The old password is wrong.",
        ),
        (
            "POST",
            "/user/change_email/request",
            {"password": "wrong", "new_email": "new@example.org"},
            "The password is wrong.",
        ),
        ("DELETE", "/identity", {"password": "wrong"}, "The password is wrong."),
        (
            "POST",
            "/auth",
            {"username": "ann", "password": "wrong"},
            "The username or the password is wrong.",
        ),
    ],
)
def test_the_message_says_which_password_is_wrong(client_of, ann, method, path, body, sentence):
    answer = client_of(ann).open(path, method=method, json=body)
    assert (answer.status_code, answer.json["message"]) == (401, sentence)
    assert answer.json["type"] == "/problems/wrong-credentials"
