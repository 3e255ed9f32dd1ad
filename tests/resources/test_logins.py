"""The list of a user's sessions, and ending them."""

import re
from datetime import datetime, timedelta

import jwt
import pytest

from gridt.http.auth import tokens_for
from gridt.models import Login
from gridt.models.audit import entries
from gridt.models.login import LONGEST_USER_AGENT
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD

LIFETIME = timedelta(days=30)


@pytest.fixture
def log_in(client, ann):
    """Log Ann in with a device.

    Return the tokens and the id of the login.
    """

    def call(user_agent="curl/8.5.0"):
        body = {"username": "ann", "password": PASSWORD}
        tokens = client.post("/auth", json=body, headers={"User-Agent": user_agent}).json
        claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
        return tokens, claims["login"]

    return call


def with_(token: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def ids(answer) -> list[int]:
    return [login["id"] for login in answer.json]


def test_the_list_shows_each_device_and_its_times(client, log_in, clock):
    _, first = log_in()
    began = clock.now
    clock.pass_(hours=1)
    tokens, second = log_in("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")

    answer = client.get("/auth/logins", **with_(tokens["access_token"]))

    assert answer.json == [
        {
            "id": second,
            "device": "Firefox on Linux",
            "kind": "token",
            "created_at": clock.now.isoformat(),
            "last_used_at": clock.now.isoformat(),
            "expires_at": (clock.now + LIFETIME).isoformat(),
            "current": True,
        },
        {
            "id": first,
            "device": "curl",
            "kind": "token",
            "created_at": began.isoformat(),
            "last_used_at": began.isoformat(),
            "expires_at": (began + LIFETIME).isoformat(),
            "current": False,
        },
    ]


def test_refreshing_is_using(client, log_in, clock):
    tokens, _ = log_in()
    began = clock.now
    clock.pass_(days=3)
    tokens = client.post("/auth/refresh", **with_(tokens["refresh_token"])).json
    (login,) = client.get("/auth/logins", **with_(tokens["access_token"])).json
    assert datetime.fromisoformat(login["created_at"]) == began
    assert datetime.fromisoformat(login["last_used_at"]) == clock.now
    assert datetime.fromisoformat(login["expires_at"]) == clock.now + LIFETIME


def test_only_ones_own_logins_that_stand_are_listed(client, make_user, log_in, clock):
    log_in()  # not used for 31 days by then
    clock.pass_(days=31)
    _, ended = log_in()
    Login.find_by_id(ended).revoke()
    Login(make_user("ben").id).save_to_db()
    tokens, here = log_in()
    assert ids(client.get("/auth/logins", **with_(tokens["access_token"]))) == [here]


def test_a_login_without_user_agent_is_listed_without_device(client_of, ann):
    (login,) = client_of(ann).get("/auth/logins").json
    assert login["device"] is None


def test_the_beginning_of_a_long_user_agent_is_stored(log_in):
    _, id = log_in("gridt/" + "1" * 5000)
    assert Login.find_by_id(id).user_agent == ("gridt/" + "1" * 5000)[:LONGEST_USER_AGENT]


def test_many_logins_come_in_pages(client, log_in):
    expected = [log_in()[1] for _ in range(5)][::-1]
    tokens, here = log_in()
    found, path = [], "/auth/logins?limit=4"
    while path:
        answer = client.get(path, **with_(tokens["access_token"]))
        found += ids(answer)
        link = re.match("<(.*)>", answer.headers.get("Link", ""))
        path = link and link[1]
    assert found == [here, *expected]


def test_ending_a_login_makes_its_tokens_worthless_at_once(client, log_in):
    there, id = log_in()
    here, _ = log_in()
    assert client.get("/identity", **with_(there["access_token"])).status_code == 200

    for _ in range(2):  # the second time changes nothing
        answer = client.delete(f"/auth/logins/{id}", **with_(here["access_token"]))
        assert answer.status_code == 200

    assert client.get("/identity", **with_(there["access_token"])).status_code == 401
    assert client.post("/auth/refresh", **with_(there["refresh_token"])).status_code == 401
    assert client.get("/identity", **with_(here["access_token"])).status_code == 200
    assert id not in ids(client.get("/auth/logins", **with_(here["access_token"])))


def test_ending_a_login_is_logged_once(client, log_in):
    _, id = log_in()
    here, _ = log_in()
    for _ in range(2):
        client.delete(f"/auth/logins/{id}", **with_(here["access_token"]))
    owner = Login.find_by_id(id).user_id
    noted = db.session.execute(entries(action="login.ended")).all()
    assert [(one.user_id, one.actor_id) for one in noted] == [(owner, owner)]


def test_ending_the_present_login_logs_out(client, log_in):
    tokens, id = log_in()
    assert client.delete(f"/auth/logins/{id}", **with_(tokens["access_token"])).status_code == 200
    assert client.get("/identity", **with_(tokens["access_token"])).status_code == 401


def test_a_login_of_another_user_is_not_found(client, make_user, log_in):
    bens = Login(make_user("ben").id)
    bens.save_to_db()
    tokens, _ = log_in()
    messages = set()
    for id in (bens.id, bens.id + 1000, "0", "-1", "x", "9" * 30, "%00"):
        answer = client.delete(f"/auth/logins/{id}", **with_(tokens["access_token"]))
        assert answer.status_code == 404
        messages.add(answer.json["message"])
    assert len(messages) == 1
    bens_token = tokens_for(bens)["access_token"]
    assert client.get("/identity", **with_(bens_token)).status_code == 200


def test_a_role_counts_from_the_next_request_on(client, ann, make_movement, make_user, log_in):
    movement = make_movement(creator=make_user("ben"))
    tokens, _ = log_in()
    path, body = f"/movements/{movement.id}", {"json": {"description": "longer"}}
    for role, status in (("user", 403), ("admin", 200), ("user", 403)):
        ann.role = role
        ann.save_to_db()
        assert client.patch(path, **body, **with_(tokens["access_token"])).status_code == status
