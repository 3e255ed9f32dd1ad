"""Sessions of the web app.

A cookie and a key, each worth nothing alone.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from http.cookies import Morsel, SimpleCookie
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from gridt.accounts import deactivate, reactivate
from gridt.http.auth import tokens_for
from gridt.models import AuditEntry, IdempotencyKey, Login, User
from gridt.runtime.extensions import db
from tests.app_sessions import COOKIE, KEY, NEW, halves, halves_of
from tests.cases import each
from tests.conftest import PASSWORD, Clock, OwnContextClient, app_on, logged_in, new_token
from tests.databases import same_on_both
from tests.test_tokens import KEY as SECRET
from tests.test_tokens import signed

MONTH = timedelta(days=30)
ANN = {"username": "ann", "password": PASSWORD}
ORIGIN = {"Origin": "https://elsewhere.example"}


@pytest.fixture
def browser(app: Flask, ann: User) -> OwnContextClient:
    """A client that sends cookies as browsers do."""
    client: OwnContextClient = app.test_client(use_cookies=False)
    return client


def log_in(client: OwnContextClient, **options: Any) -> TestResponse:
    return client.post("/auth/session", **({"json": ANN, "headers": NEW} | options))


def cookie_of(answer: TestResponse) -> Morsel[str]:
    """Return the one cookie that an answer sets."""
    (header,) = answer.headers.getlist("Set-Cookie")
    (cookie,) = SimpleCookie(header).values()
    return cookie


def halves_from(answer: TestResponse) -> dict[str, str]:
    """Return the two halves that a login gives."""
    return halves(cookie_of(answer).value, answer.json["key"])


def in_browser(user: User) -> Login:
    login = Login.in_browser(user.id)
    login.save_to_db()
    return login


# -- logging in -----------------------------------------------------------------------------


def test_a_browser_gets_a_cookie_and_a_key(browser: OwnContextClient, clock: Clock) -> None:
    answer = log_in(browser)

    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.json["key"])
    assert datetime.fromisoformat(answer.json["expires_at"]) == clock.now + MONTH
    assert answer.json["secure"] is False
    both = halves_from(answer)
    assert browser.get("/identity", headers=both).json == answer.json["identity"]
    cookie = cookie_of(answer)
    assert (cookie.key, cookie["path"], cookie["max-age"]) == (COOKIE, "/", "2592000")
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert [cookie[name] for name in ("secure", "domain", "expires")] == [""] * 3


def test_the_cookie_names_the_key_by_its_hash_only(browser: OwnContextClient) -> None:
    answer = log_in(browser)
    key, token = answer.json["key"], cookie_of(answer).value
    claims = jwt.decode(token, SECRET, ["HS256"])
    assert claims["half"] == hashlib.sha256(key.encode()).hexdigest()
    assert claims["type"] == "app"
    assert key not in str(claims)
    assert log_in(browser).json["key"] != key


@same_on_both
@each(
    "url, name",
    [
        ("http://localhost", "gridt_80"),
        ("http://localhost:5000", "gridt_5000"),
        ("http://127.0.0.1:5001", "gridt_5001"),
        ("http://[::1]:5002", "gridt_5002"),
        ("http://[::1]", "gridt_80"),
        ("https://localhost", "__Host-gridt"),
        ("https://gridt.example:8443", "__Host-gridt"),
    ],
)
def test_the_cookie_is_named_after_the_port_or_belongs_to_the_host(
    browser: OwnContextClient, url: str, name: str
) -> None:
    answer = log_in(browser, base_url=url)
    cookie, is_secure = cookie_of(answer), url.startswith("https")
    assert cookie.key == name
    assert bool(cookie["secure"]) is answer.json["secure"] is is_secure
    both = {"Cookie": f"{name}={cookie.value}", "X-Gridt-Key": answer.json["key"]}
    for method, path in (("GET", "/identity"), ("PUT", "/auth/session")):
        assert browser.open(path, method=method, headers=both, base_url=url).status_code == 200
    other = both | {"Cookie": f"gridt_1={cookie.value}"}
    assert browser.get("/identity", headers=other, base_url=url).status_code == 401


@same_on_both
def test_over_tls_the_cookie_without_the_prefix_opens_nothing(browser: OwnContextClient) -> None:
    """Else a page on another port could set it."""
    both = halves_from(log_in(browser))
    for name in (COOKIE, "gridt_443"):
        headers = both | {"Cookie": both["Cookie"].replace(COOKIE, name)}
        assert (
            browser.get("/identity", headers=headers, base_url="https://localhost").status_code
            == 401
        )


@same_on_both
@each("headers", [{}, {"X-Gridt-Key": ""}, {"X-Gridt-Key": KEY}, {"X-Gridt-Key": "New"}])
def test_without_its_header_no_browser_is_logged_in(
    browser: OwnContextClient, commits: list[Any], headers: dict[str, str]
) -> None:
    commits.clear()
    answer = log_in(browser, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")
    assert "Set-Cookie" not in answer.headers
    assert not commits


def outcomes(call: Callable[[dict[str, str]], TestResponse], user: User) -> list[Any]:
    """Return the answers of a way to log in.

    The credentials are good and bad ones. The log's lines come with the answers.
    """
    since = db.session.scalar(sa.select(sa.func.max(AuditEntry.id))) or 0

    def tried(**changes: str) -> Any:
        answer = call({"username": user.username, "password": PASSWORD} | changes)
        body = {name: answer.json.get(name) for name in ("type", "message", "errors")}
        wait = answer.headers.get("Retry-After")
        return answer.status_code, body, wait, answer.headers.get("RateLimit-Policy")

    seen = [tried(), tried(username="nobody"), tried(password="wrong"), tried(password="")]
    seen += [tried(username=user.email), tried(username="x" * 2000), tried(more="1")]
    deactivate(user)
    db.session.commit()
    seen.append(tried())
    reactivate(user)
    db.session.commit()
    seen += [tried(password="wrong") for _ in range(6)]
    seen.append(tried())
    noted = sa.select(AuditEntry.action).where(AuditEntry.id > since).order_by(AuditEntry.id)
    return [*seen, *db.session.scalars(noted)]


def test_it_fails_as_a_login_of_a_client_does(
    browser: OwnContextClient, ann: User, ben: User, limited: Callable[..., None]
) -> None:
    limited(LIMIT_LOGIN="100/day")
    usual = outcomes(lambda body: browser.post("/auth", json=body), ann)
    assert outcomes(lambda body: log_in(browser, json=body), ben) == usual
    assert [seen[0] for seen in usual[:15]] == [
        *(200, 401, 401, 401, 200, 422, 422, 403),
        *([401] * 5 + [429] * 2),
    ]


def test_wrong_passwords_count_together(browser: OwnContextClient) -> None:
    wrong = ANN | {"password": "wrong"}
    for _ in range(5):
        assert browser.post("/auth", json=wrong).status_code == 401
    assert log_in(browser).status_code == 429


@same_on_both
def test_the_rate_limit_is_that_of_logins(
    browser: OwnContextClient, limited: Callable[..., None]
) -> None:
    limited(LIMIT_LOGIN="2/day")
    assert browser.post("/auth", json=ANN).status_code == 200
    assert [log_in(browser).status_code for _ in range(2)] == [200, 429]


def test_a_repeated_login_is_another_one_and_no_answer_is_stored(
    browser: OwnContextClient,
) -> None:
    """The answer shows a secret.

    The failures of repeated logins have to count.
    """
    headers = NEW | {"Idempotency-Key": "the same"}
    keys = {log_in(browser, headers=headers).json["key"] for _ in range(2)}
    assert len(keys) == 2
    wrong = [log_in(browser, headers=headers, json=ANN | {"password": "wrong"}) for _ in range(6)]
    assert [answer.status_code for answer in wrong] == [401] * 5 + [429]
    assert db.session.scalars(sa.select(IdempotencyKey.key)).all() == []


# -- calls with both halves -------------------------------------------------------------------


def test_the_cookie_and_the_key_open_what_a_token_opens(
    browser: OwnContextClient, ann: User
) -> None:
    both = halves_of(in_browser(ann))
    body = {"name": "Reading", "interval": "daily", "short_description": "A page"}
    assert browser.post("/movements", json=body, headers=both).status_code == 201
    assert browser.put("/movements/Reading/subscriber", headers=both).status_code == 200
    assert browser.post("/movements/Reading/updates", headers=both).status_code == 201
    (movement,) = browser.get("/movements/subscriptions", headers=both).json
    assert movement["name"] == "Reading"


@same_on_both
def test_checking_both_halves_takes_one_statement(
    browser: OwnContextClient, ann: User, statements: list[str]
) -> None:
    both = halves_of(in_browser(ann))
    statements.clear()
    assert browser.get("/identity/calendar", headers=both).status_code == 200
    assert [text for text in statements if "logins" in text] == statements[:1]
    assert len(statements) == 2


def test_an_authorization_header_wins(browser: OwnContextClient, ann: User, ben: User) -> None:
    both = halves_of(in_browser(ann))
    as_ben = both | {"Authorization": f"Bearer {new_token(ben)}"}
    assert browser.get("/identity", headers=as_ben).json["username"] == "ben"
    for bad in ("", "Bearer", "Bearer x", "Basic eA=="):
        headers = both | {"Authorization": bad}
        assert browser.get("/identity", headers=headers).status_code == 401
    assert browser.put("/auth/session", headers=as_ben).status_code == 401
    assert browser.delete("/auth/session", headers=as_ben).status_code == 401
    assert browser.get("/identity", headers=both).status_code == 200


@same_on_both
def test_a_session_in_a_browser_has_no_refresh_token(browser: OwnContextClient, ann: User) -> None:
    login = in_browser(ann)
    both = halves_of(login)
    assert browser.post("/auth/refresh", headers=both).status_code == 401
    assert browser.get("/identity", headers=both).status_code == 200, "nothing was spent"
    claims = jwt.decode(tokens_for(login)["refresh_token"], SECRET, ["HS256"])
    assert claims["jti"] == ""
    assert "refresh_token" not in log_in(browser).json


@same_on_both
def test_answers_to_a_browser_stay_with_it(browser: OwnContextClient, ann: User) -> None:
    both = halves_of(in_browser(ann))
    for path in ("/identity", "/movements", "/auth/logins", "/nowhere", "/movements/1"):
        answer = browser.get(path, headers=both)
        assert answer.headers["Cache-Control"] == "private, no-cache", path
        assert "Set-Cookie" not in answer.headers
    tag = browser.get("/identity", headers=both).headers["ETag"]
    again = browser.get("/identity", headers=both | {"If-None-Match": tag})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "private, no-cache")
    assert browser.put("/auth/session", headers=both).headers["Cache-Control"] == "no-store"
    assert log_in(browser).headers["Cache-Control"] == "no-store"


@same_on_both
def test_no_other_answer_sets_a_cookie(browser: OwnContextClient, ann: User) -> None:
    headers = {"Cookie": "session=eyJhIjoxfQ.aaaa.bbbb"}
    for path in (
        "/",
        "/docs",
        "/health",
        "/problems",
        "/openapi.json",
        "/movements/1/network.html",
    ):
        answer = browser.get(path, headers=headers)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers, path
    assert "Set-Cookie" not in browser.post("/auth", json=ANN, headers=headers).headers


# -- pages of other origins -------------------------------------------------------------------


@same_on_both
@each("method, path", [("GET", "/identity"), ("POST", "/auth/session"), ("PUT", "/auth/session")])
def test_no_page_of_another_origin_may_send_the_key(
    browser: OwnContextClient, method: str, path: str
) -> None:
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type, x-gridt-key",
    }
    answer = browser.options(path, headers=ORIGIN | asked)
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "content-type" in allowed
    assert "x-gridt-key" not in allowed
    assert "*" not in allowed


@same_on_both
@each("origins", [("*",), ("https://elsewhere.example",)])
def test_no_answer_lets_another_origin_send_cookies(origins: tuple[str, ...]) -> None:
    asked = {"Access-Control-Request-Method": "PUT"} | ORIGIN
    with app_on("sqlite://", CORS_ORIGINS=origins) as app:
        client = app.test_client(use_cookies=False)
        answers = [
            client.get("/health", headers=ORIGIN),
            client.get("/identity", headers=ORIGIN | halves("nothing")),
            client.options(
                "/auth/session", headers=asked | {"Access-Control-Request-Headers": "x-gridt-key"}
            ),
            client.post("/auth/session", json=ANN, headers=ORIGIN),
        ]
    assert [answer.status_code for answer in answers] == [200, 401, 200, 403]
    for answer in answers:
        assert "Access-Control-Allow-Origin" in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "x-gridt-key" not in answer.headers.get("Access-Control-Allow-Headers", "").lower()


# -- going on, and the end ------------------------------------------------------------------


def test_renewing_gives_the_session_thirty_days_more(
    browser: OwnContextClient, ann: User, clock: Clock, commits: list[Any]
) -> None:
    both = halves_from(log_in(browser))
    clock.pass_(days=3)
    commits.clear()
    answer = browser.put("/auth/session", headers=both)
    assert answer.status_code == 200
    assert len(commits) == 1
    assert datetime.fromisoformat(answer.json["expires_at"]) == clock.now + MONTH
    assert answer.json["secure"] is False
    assert "key" not in answer.json
    cookie = cookie_of(answer)
    assert cookie["max-age"] == "2592000"
    renewed = halves(cookie.value, both["X-Gridt-Key"])
    assert renewed != both
    for each_of_both in (renewed, both):  # the answer may be lost
        assert browser.get("/identity", headers=each_of_both).status_code == 200
    (login,) = browser.get("/auth/logins", headers=renewed).json
    assert datetime.fromisoformat(login["last_used_at"]) == clock.now
    assert datetime.fromisoformat(login["expires_at"]) == clock.now + MONTH


def test_a_cookie_is_good_for_as_long_as_its_session_unused(
    browser: OwnContextClient, ann: User, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    monkeypatch.setitem(app.config, "JWT_REFRESH_TOKEN_EXPIRES", timedelta(hours=2))
    answer = log_in(browser)
    assert cookie_of(answer)["max-age"] == "7200"
    claims = jwt.decode(cookie_of(answer).value, SECRET, ["HS256"])
    assert claims["exp"] - claims["iat"] == 7200
    over = halves(signed(claims | {"exp": claims["iat"]}), answer.json["key"])
    assert browser.get("/identity", headers=over).status_code == 401


def test_a_token_of_a_client_renews_no_session_in_a_browser(
    app: Flask, browser: OwnContextClient, ann: User
) -> None:
    client = logged_in(app, ann)
    assert client.put("/auth/session").status_code == 401
    assert client.delete("/auth/session").status_code == 401
    assert client.get("/identity").status_code == 200


def test_logging_out_takes_the_cookie_back_and_ends_the_session(
    browser: OwnContextClient, ann: User
) -> None:
    both, other = halves_of(in_browser(ann)), halves_of(in_browser(ann))
    answer = browser.delete("/auth/session", headers=both)
    assert answer.json == {"message": "You are logged out."}
    cookie = cookie_of(answer)
    assert (cookie.key, cookie.value, cookie["max-age"]) == (COOKIE, "", "0")
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/", True, "Strict")
    assert browser.get("/identity", headers=both).status_code == 401
    assert browser.get("/identity", headers=other).status_code == 200


def test_logging_out_over_tls_names_the_cookie_that_it_takes_back(
    browser: OwnContextClient,
) -> None:
    answer = log_in(browser, base_url="https://localhost")
    both = {"Cookie": f"__Host-gridt={cookie_of(answer).value}", "X-Gridt-Key": answer.json["key"]}
    answer = browser.delete("/auth/session", headers=both, base_url="https://localhost")
    cookie = cookie_of(answer)
    assert (cookie.key, cookie["max-age"], cookie["secure"]) == ("__Host-gridt", "0", True)


def test_logging_out_everywhere_ends_tokens_and_browsers(
    app: Flask, browser: OwnContextClient, ann: User, commits: list[Any]
) -> None:
    client, both, other = (
        logged_in(app, ann),
        halves_of(in_browser(ann)),
        halves_of(in_browser(ann)),
    )
    commits.clear()
    answer = browser.delete("/auth/session?everywhere=true", headers=both)
    assert (answer.status_code, len(commits)) == (200, 1)
    assert cookie_of(answer).value == ""
    for headers in (both, other):
        assert browser.get("/identity", headers=headers).status_code == 401
    assert client.get("/identity").status_code == 401


@each("path", ["/auth", "/auth?everywhere=true"])
def test_the_calls_of_clients_end_sessions_in_browsers(
    browser: OwnContextClient, ann: User, path: str
) -> None:
    both = halves_of(in_browser(ann))
    assert browser.delete(path, headers=both).status_code == 200
    assert browser.get("/identity", headers=both).status_code == 401


def test_a_session_is_revoked_from_another_browser(browser: OwnContextClient, ann: User) -> None:
    here, there = in_browser(ann), in_browser(ann)
    answer = browser.delete(f"/auth/logins/{there.id}", headers=halves_of(here))
    assert answer.status_code == 200
    assert browser.get("/identity", headers=halves_of(there)).status_code == 401
    assert browser.put("/auth/session", headers=halves_of(there)).status_code == 401
    assert browser.get("/identity", headers=halves_of(here)).status_code == 200


def test_a_changed_password_ends_all_sessions_but_the_browsers_own(
    browser: OwnContextClient, ann: User
) -> None:
    here, there = in_browser(ann), in_browser(ann)
    body = {"old_password": PASSWORD, "new_password": "another long one"}
    answer = browser.post("/user/change_password", json=body, headers=halves_of(here))
    assert answer.status_code == 200
    assert browser.get("/identity", headers=halves_of(there)).status_code == 401
    assert browser.get("/identity", headers=halves_of(here)).status_code == 200


def test_a_deactivated_account_has_no_session_in_a_browser(
    browser: OwnContextClient, ann: User
) -> None:
    both = halves_of(in_browser(ann))
    deactivate(ann)
    db.session.commit()
    assert browser.get("/identity", headers=both).status_code == 401
    reactivate(ann)
    db.session.commit()
    assert browser.get("/identity", headers=both).status_code == 401


@same_on_both
@each("method", ["POST", "PUT", "DELETE"])
def test_an_unknown_parameter_is_refused(browser: OwnContextClient, ann: User, method: str) -> None:
    headers = NEW if method == "POST" else halves_of(in_browser(ann))
    answer = browser.open("/auth/session?colour=red", method=method, json={}, headers=headers)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/colour"


# -- what is shown of it ----------------------------------------------------------------------


def test_the_list_and_the_export_tell_browsers_from_clients(
    browser: OwnContextClient, ann: User
) -> None:
    both = halves_of(in_browser(ann))
    assert browser.post("/auth", json=ANN).status_code == 200
    kinds = [login["kind"] for login in browser.get("/auth/logins", headers=both).json]
    assert kinds == ["token", "browser"]
    exported = browser.get("/identity/export", headers=both).json["logins"]
    assert [login["kind"] for login in exported] == ["browser", "token"]
