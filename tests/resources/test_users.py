"""A user's account, and its public parts."""

from hashlib import md5
from urllib.parse import quote

import pytest

from gridt.runtime.extensions import db


@pytest.fixture
def ann(make_user):
    return make_user("Ann", bio="flosses")


def test_identity_shows_the_caller(client_of, ann):
    answer = client_of(ann).get("/identity")

    assert answer.status_code == 200
    assert answer.json == {
        "id": ann.id,
        "username": "Ann",
        "email": ann.email,
        "email_confirmed": False,
        "bio": "flosses",
        "avatar": ann.avatar,
        "role": "user",
        "time_zone": "UTC",
        "day_starts_at": "00:00",
        "week_starts_on": "monday",
        "language": "en",
        "hides_streaks": False,
        "discreet": False,
        "created_at": ann.created_at.isoformat(),
    }
    assert answer.json["created_at"].endswith("+00:00")


def test_avatar_is_the_md5_of_the_lower_case_address(client_of, ann):
    ann.email = "MyEmailAddress@Example.com"
    ann.save_to_db()
    expected = md5(b"myemailaddress@example.com", usedforsecurity=False).hexdigest()
    assert client_of(ann).get("/identity").json["avatar"] == expected


@pytest.mark.parametrize(
    "change",
    [
        {"username": "Änn B."},
        {"username": "ANN"},  # the own name, in another case
        {"bio": ""},
        {"bio": "x" * 2000},
        {"time_zone": "Europe/Amsterdam"},
        {"language": "nl"},
        {"hides_streaks": True},
        {"language": "de", "discreet": True, "hides_streaks": False},
        {"username": "ben", "bio": "sings", "time_zone": "America/Argentina/Ushuaia"},
        {},
    ],
)
def test_patch_changes_only_the_given_members(client_of, ann, change):
    client = client_of(ann)
    before = client.get("/identity").json

    answer = client.patch("/identity", json=change)

    assert answer.status_code == 200
    assert isinstance(answer.json["message"], str)
    assert answer.json == before | change | {"message": answer.json["message"]}
    assert client.get("/identity").json == before | change


@pytest.mark.parametrize("name", ["Ben", "bEN", "\N{FULLWIDTH LATIN CAPITAL LETTER B}en"])
def test_patch_refuses_a_name_that_is_taken(client_of, make_user, ann, name):
    make_user("Ben")

    answer = client_of(ann).patch("/identity", json={"username": name, "bio": "changed"})

    assert answer.status_code == 409
    db.session.expire_all()
    assert (ann.username, ann.bio) == ("Ann", "flosses")


@pytest.mark.parametrize("member", ["email", "role", "id", "avatar", "password", "created_at"])
def test_patch_refuses_other_members(client_of, ann, member):
    answer = client_of(ann).patch("/identity", json={member: "admin@example.org"})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [f"#/{member}"]
    db.session.expire_all()
    assert ann.role == "user"


def test_bio_is_put(client_of, ann):
    answer = client_of(ann).put("/bio", json={"bio": "sings"})

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    assert client_of(ann).get("/identity").json["bio"] == "sings"


def test_the_address_of_others_appears_nowhere(client_of, make_user, make_movement, ann):
    ben, *others = (
        make_user(name, email=f"secret.address.{name}@example.org")
        for name in ("ben", "cas", "dan", "eli", "fay")
    )
    movement = make_movement(ann, ben, *others[:2], creator=ben)
    client_of(ben).post(f"/movements/{movement.id}/updates", json={"message": "done"})
    client = client_of(ann)
    base = f"/movements/{movement.id}"
    calls = [
        ("GET", "/movements"),
        ("GET", "/movements/subscriptions"),
        ("GET", base),
        ("GET", f"/movements/{quote(movement.name)}"),
        ("GET", f"{base}/followers"),
        ("GET", "/today"),
        ("GET", f"{base}/overview"),
        ("GET", f"{base}/updates?user={ben.id}"),
        ("GET", f"{base}/leader/{ben.id}"),
        ("PUT", f"{base}/subscriber"),
        ("GET", "/identity"),
    ]
    for method, path in calls:
        answer = client.open(path, method=method)
        assert answer.status_code < 400, path
        assert "secret.address" not in answer.text, path
    assert ben.avatar in client.get(base).text
    for other in others[2:]:
        movement.add_user(other)
    movement.save_to_db()
    swapped = client.post(f"{base}/leader/{ann.leaders(movement)[0].id}")
    assert swapped.status_code == 200
    assert "secret.address" not in swapped.text
