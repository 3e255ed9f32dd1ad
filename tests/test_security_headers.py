"""Security headers of the service, and requests through proxies."""

from contextlib import ExitStack

import pytest
from flask import request
from flask.testing import FlaskClient

from tests.conftest import migrated_app
from tests.databases import same_on_both

pytestmark = same_on_both

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOTHING_LOADED = "default-src 'none'; frame-ancestors 'none'"


@pytest.fixture
def client_with(new_database):
    """Make a client of an app with other settings.

    The app has a route that shows the request.

    That route is not documented, and neither are calls for other hosts.
    """

    with ExitStack() as stack:

        def make(**settings) -> FlaskClient:
            app = stack.enter_context(migrated_app(new_database(), **settings))
            app.add_url_rule("/seen", view_func=lambda: [request.remote_addr, request.url])
            return FlaskClient(app)

        yield make


# -- headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("GET", "/identity"),
        ("POST", "/auth"),
        ("GET", "/docs/assets/swagger-ui.css"),
        ("OPTIONS", "/movements"),
    ],
)
def test_every_answer_is_what_it_says_and_loads_nothing(client, method, path):
    headers = client.open(path, method=method).headers
    assert {name: headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert headers.getlist("Content-Security-Policy") == [NOTHING_LOADED]
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("path", ["/docs", "/movements/1/network.html"])
def test_a_page_loads_from_here_and_runs_nothing_inline(client, path):
    answer = client.get(path)
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert "<script>" not in answer.text


def test_over_https_it_stays_https(client):
    answer = client.get("/", base_url="https://api.example.org")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


# -- proxies ----------------------------------------------------------------------------------

FORGED = {
    "X-Forwarded-For": "203.0.113.1, 203.0.113.2, 203.0.113.3",
    "X-Forwarded-Proto": "https, https, https",
    "X-Forwarded-Host": "a.example, b.example, c.example",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=203.0.113.9;proto=https;host=d.example",
}


@pytest.mark.parametrize(
    ("hops", "address", "origin"),
    [
        (0, "127.0.0.1", "http://localhost"),
        (1, "203.0.113.3", "https://c.example"),
        (2, "203.0.113.2", "https://b.example"),
        (4, "127.0.0.1", "http://localhost"),  # fewer than the setting: the request went past one
    ],
)
def test_only_so_many_proxies_are_believed(client_with, hops, address, origin):
    answer = client_with(PROXY_HOPS=hops).get("/seen", headers=FORGED)
    assert answer.json == [address, f"{origin}/seen"]


# -- hosts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.org", 200),
        ("API.example.org:8443", 200),
        ("any.of.example.net", 200),
        ("evil.example", 400),
        ("api.example.org.evil.example", 400),
        ("192.0.2.1:5000", 400),
        ("", 400),
    ],
)
def test_only_known_hosts_are_served(client_with, host, status):
    client = client_with(KNOWN_HOSTS=("api.example.org", ".example.net"))
    answer = client.get("/openapi.json", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or answer.content_type == "application/problem+json"
    # a health check uses a bare address
    assert client.get("/health", headers={"Host": host}).status_code == 200
    assert client.get("/ready", headers={"Host": host}).status_code == 200
