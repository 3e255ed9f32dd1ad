"""Attacks on sessions in browsers, by real servers and Chromium."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from playwright.sync_api import APIResponse, Browser, BrowserContext

from tests.databases import same_on_both
from tests.neighbours import Neighbour, neighbour, tls_proxy
from tests.persons import PASSWORD, Person, account
from tests.servers import Server, serve

pytestmark = same_on_both

NEW = {"X-Gridt-Key": "new"}
#: makes calls from a page; returns the statuses that the page can read, null for none
CALLS = """([url, calls]) => Promise.all(calls.map(async ([path, options]) => {
  try {
    const answer = await fetch(url + path, { credentials: "include", ...options });
    return answer.type === "opaque" ? null : answer.status;
  } catch {
    return null;
  }
}))"""
#: submits a form, with everything that a form can send
FORM = """([url, type, body]) => {
  const form = document.createElement("form");
  const field = document.createElement("input");
  Object.assign(form, { action: url, method: "post", enctype: type });
  Object.assign(field, { name: body, value: "" });
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture
def next_door() -> Iterator[Neighbour]:
    with neighbour() as found:
        yield found


@pytest.fixture
def ann(server: Server) -> Person:
    """A person with an account and a token.

    She sees which changes attacks have made.
    """
    name = f"ann{len(server.log.read_bytes())}"
    ann = Person(server.url, name)
    ann.register()
    ann.log_in()
    return ann


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def log_in(context: BrowserContext, url: str, name: str) -> dict[str, Any]:
    """Log in to the web app, and return the answer.

    The browser keeps the cookie.
    """
    credentials = {"username": name, "password": PASSWORD}
    answer = context.request.post(f"{url}/auth/session", data=credentials, headers=NEW)
    assert answer.status == 200, answer.text()
    body: dict[str, Any] = answer.json()
    return body


def ask(context: BrowserContext, url: str, key: str = "", **headers: str) -> APIResponse:
    """Ask for the identity, as no page: with any headers."""
    sent = headers | ({"X-Gridt-Key": key} if key else {})
    return context.request.get(f"{url}/identity", headers=sent)


def raw_cookie(context: BrowserContext) -> tuple[str, str]:
    (cookie,) = context.cookies()
    return str(cookie["name"]), str(cookie["value"])


def seen(person: Person) -> list[Any]:
    """Return the content of a person's account.

    The times of its sessions are left out.
    """
    sessions = {session["id"] for session in person.call("GET", "/auth/logins")}
    movements = person.call("GET", "/movements?limit=500")
    return [sessions, person.call("GET", "/identity"), movements]


def test_each_half_alone_opens_nothing(
    server: Server, ann: Person, context: BrowserContext
) -> None:
    key = log_in(context, server.url, ann.name)["key"]
    other = log_in(context, server.url, ann.name)["key"]
    name, token = raw_cookie(context)
    access = {"Authorization": f"Bearer {ann.token}"}
    assert ask(context, server.url, other).status == 200
    for wrong in ("", key, "new", other.upper()):
        assert ask(context, server.url, wrong).status == 401, wrong
    assert ask(context, server.url, other, Authorization=f"Bearer {token}").status == 401
    context.clear_cookies()
    assert ask(context, server.url, other).status == 401
    assert ask(context, server.url, other, Cookie=f"{name}={ann.token}").status == 401
    assert ask(context, server.url, **access).status == 200


def test_a_server_on_another_port_cannot_use_the_cookie_that_it_gets(
    server: Server, ann: Person, context: BrowserContext, next_door: Neighbour
) -> None:
    log_in(context, server.url, ann.name)
    name, token = raw_cookie(context)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{next_door.port}/")
    cookie = next(filter(None, next_door.cookies))
    assert cookie == f"{name}={token}", "browsers send a cookie to all ports"
    context.clear_cookies()
    for headers in ({}, {"X-Gridt-Key": "new"}, {"X-Gridt-Key": token}):
        assert ask(context, server.url, Cookie=cookie, **headers).status == 401
    assert ask(context, server.url, Authorization=f"Bearer {token}").status == 401


def test_two_services_on_one_host_know_their_own_cookies_only(
    server: Server, context: BrowserContext, migrated_database: Callable[[], str]
) -> None:
    """They even have the same key, and the same ids."""
    with serve(migrated_database()) as other:
        for one in (server, other):
            Person(one.url, "twin").call("POST", "/register", account("twin"))
        keys = {one.url: log_in(context, one.url, "twin")["key"] for one in (server, other)}
        names = {f"gridt_{urlsplit(one.url).port}" for one in (server, other)}
        values = {str(cookie["name"]): str(cookie["value"]) for cookie in context.cookies()}
        assert values.keys() == names, "neither login replaced the other's cookie"
        for url, key in keys.items():
            assert ask(context, url, key).status == 200
        context.clear_cookies()
        for url in keys:
            for name in names:
                own = f"gridt_{urlsplit(url).port}"
                foreign = next(one for one in names if one != own)
                key = next(key for other_url, key in keys.items() if other_url != url)
                cookie = f"{name}={values[foreign]}"
                assert ask(context, url, key, Cookie=cookie).status == 401


#: what a page may try: a path, the options of its call, and whether it has the key
ATTEMPTS: list[tuple[str, dict[str, Any]]] = [
    ("/identity", {}),
    ("/identity", {"mode": "no-cors"}),
    ("/identity", {"headers": {"X-Gridt-Key": "KEY"}}),
    ("/movements", {"method": "POST", "body": '{"name": "Stolen"}', "mode": "no-cors"}),
    ("/movements", {"method": "POST", "headers": {"Content-Type": "application/json"}}),
    ("/movements", {"method": "POST", "headers": {"X-Gridt-Key": "KEY"}}),
    ("/bio", {"method": "PUT", "body": '{"bio": "stolen"}'}),
    ("/bio", {"method": "PUT", "body": '{"bio": "stolen"}', "headers": {"X-Gridt-Key": "KEY"}}),
    ("/auth/session", {"method": "PUT", "headers": {"X-Gridt-Key": "KEY"}}),
    ("/auth/session", {"method": "DELETE"}),
    ("/auth/session", {"method": "DELETE", "headers": {"X-Gridt-Key": "KEY"}}),
    ("/auth/session?everywhere=true", {"method": "DELETE", "headers": {"X-Gridt-Key": "KEY"}}),
    ("/auth", {"method": "DELETE", "headers": {"X-Gridt-Key": "KEY"}}),
    ("/auth/session", {"method": "POST", "body": "LOGIN", "mode": "no-cors"}),
    ("/auth/session", {"method": "POST", "body": "LOGIN", "headers": {"X-Gridt-Key": "new"}}),
]


def attempts(key: str, login: str) -> list[Any]:
    """Return the calls of `ATTEMPTS`.

    They have a right key and right credentials.
    """
    calls = []
    for path, options in ATTEMPTS:
        headers = options.get("headers", {})
        if "body" in options and "mode" not in options:
            headers = {"Content-Type": "application/json"} | headers
        headers = {name: key if value == "KEY" else value for name, value in headers.items()}
        body = login if options.get("body") == "LOGIN" else options.get("body")
        calls.append([path, options | {"headers": headers} | ({"body": body} if body else {})])
    return calls


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_origin_reads_and_writes_nothing(
    server: Server, ann: Person, context: BrowserContext, next_door: Neighbour, host: str
) -> None:
    """It even knows the key, and a person's credentials."""
    key = log_in(context, server.url, ann.name)["key"]
    login = f'{{"username": "{ann.name}", "password": "{PASSWORD}"}}'
    before, cookie = seen(ann), raw_cookie(context)
    page = context.new_page()

    page.goto(f"{server.url}/docs")
    own = [["/identity", {"headers": {"X-Gridt-Key": key}}], ["/identity", {}]]
    assert page.evaluate(CALLS, [server.url, own]) == [200, 401], "gridt's own page can"

    page.goto(f"http://{host}:{next_door.port}/")
    calls = attempts(key, login)
    assert page.evaluate(CALLS, [server.url, calls]) == [None] * len(calls)
    for path in ("/auth/session", "/auth/session?everywhere=true", "/movements"):
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            page.goto(f"http://{host}:{next_door.port}/")
            with page.expect_navigation():
                page.evaluate(FORM, [server.url + path, kind, login])
            assert '"status":4' in page.content()

    assert seen(ann) == before
    assert raw_cookie(context) == cookie
    assert ask(context, server.url, key).status == 200


def test_a_session_that_another_browser_revokes_ends_at_once(
    server: Server, ann: Person, browser: Browser, context: BrowserContext
) -> None:
    key = log_in(context, server.url, ann.name)["key"]
    assert ask(context, server.url, key).status == 200
    elsewhere = browser.new_context()
    headers = {"X-Gridt-Key": log_in(elsewhere, server.url, ann.name)["key"]}
    sessions = elsewhere.request.get(f"{server.url}/auth/logins", headers=headers).json()
    (revoked,) = [one for one in sessions if one["kind"] == "browser" and not one["current"]]
    path = f"{server.url}/auth/logins/{revoked['id']}"
    assert elsewhere.request.delete(path, headers=headers).status == 200
    elsewhere.close()
    assert ask(context, server.url, key).status == 401


def test_logging_out_takes_the_cookie_from_the_browser(
    server: Server, ann: Person, context: BrowserContext
) -> None:
    headers = {"X-Gridt-Key": log_in(context, server.url, ann.name)["key"]}
    answer = context.request.delete(f"{server.url}/auth/session", headers=headers)
    assert answer.status == 200
    assert context.cookies() == []


def test_behind_a_tls_proxy_the_cookie_belongs_to_the_host(
    browser: Browser, migrated_database: Callable[[], str]
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with (
        serve(migrated_database(), PROXY_HOPS="1") as server,
        tls_proxy(server.url, tls) as port,
        browser.new_context(ignore_https_errors=True) as context,
    ):
        Person(server.url, "ann").call("POST", "/register", account("ann"))
        url = f"https://127.0.0.1:{port}"
        session = log_in(context, url, "ann")
        assert session["secure"] is True
        (cookie,) = context.cookies()
        assert cookie["name"] == "__Host-gridt"
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        assert (cookie["path"], cookie["domain"]) == ("/", "127.0.0.1")

        page = context.new_page()
        page.goto(f"{url}/docs")
        calls = [["/identity", {"headers": {"X-Gridt-Key": session["key"]}}], ["/identity", {}]]
        assert page.evaluate(CALLS, [url, calls]) == [200, 401]
        assert page.evaluate("document.cookie") == ""
        renewed = context.request.put(
            f"{url}/auth/session", headers={"X-Gridt-Key": session["key"]}
        )
        assert renewed.json()["secure"] is True
        # past the proxy it is another cookie, which this browser does not have
        assert ask(context, server.url, session["key"]).status == 401
        ended = context.request.delete(
            f"{url}/auth/session", headers={"X-Gridt-Key": session["key"]}
        )
        assert (ended.status, context.cookies()) == (200, [])


def test_without_the_setting_a_proxy_is_not_believed(
    browser: Browser, server: Server, ann: Person
) -> None:
    """Then the app can warn admins.

    Its page has TLS, and the answer says that it has not.
    """
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with (
        tls_proxy(server.url, tls) as port,
        browser.new_context(ignore_https_errors=True) as context,
    ):
        url = f"https://127.0.0.1:{port}"
        session = log_in(context, url, ann.name)
        assert session["secure"] is False
        (cookie,) = context.cookies()
        assert cookie["name"] == f"gridt_{port}"
        assert ask(context, url, session["key"]).status == 200
