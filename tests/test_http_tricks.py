"""Tricks with HTTP, by which no caller gains."""

import json
import re
import socket
from urllib.parse import quote

import pytest

from gridt.runtime.extensions import db
from tests.cases import each
from tests.databases import same_on_both
from tests.persons import Person
from tests.servers import PATIENCE, Server
from tests.test_bad_input import CALLS, MEMBERS, PUBLIC, World, body_of, pointers

RULES = sorted({rule for _, rule in CALLS})
#: methods of HTTP, of WebDAV, and one that does not exist
VERBS = [
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"),
    *("PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "PURGE", "DEBUG", "NONSENSE"),
]

#: may mean a movement of that name or an update of that id, and neither exists
NAMES_TOO = {
    "/movements/subscriptions",
    "/movements/<movement>/updates/import",
    "/invitations/accept",
    "/invitations/look",
}


@pytest.fixture
def world(app, make_user, make_movement, monkeypatch):
    monkeypatch.setitem(app.config, "GROUPS", True)
    return World(app, make_user, make_movement)


# -- methods --------------------------------------------------------------------------------


@same_on_both
@each("rule", [rule for rule in RULES if "path:" not in rule])
def test_a_method_that_a_route_does_not_have_does_nothing(world, rule):
    before = world.stored()
    known = {method for method, other in CALLS if other == rule}
    known |= {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())
    for verb in set(VERBS) - known:
        answer = world.call(verb, rule)
        assert answer.status_code in {405, 404 if rule in NAMES_TOO else 405}, verb
    assert world.stored() == before


@same_on_both
@each("rule", [rule for rule in RULES if "path:" not in rule])
def test_options_needs_no_token_and_does_nothing(world, rule):
    before = world.stored()
    answer = world.call("OPTIONS", rule, headers={})
    assert (answer.status_code, answer.data) == (200, b"")
    assert {method for method, other in CALLS if other == rule} <= set(
        answer.headers["Allow"].split(", ")
    )
    assert world.stored() == before


@same_on_both
@each("rule", [rule for method, rule in CALLS if method == "GET" and ("GET", rule) not in PUBLIC])
def test_head_needs_the_token_that_get_needs(world, rule):
    answer = world.call("HEAD", rule, headers={})
    assert (answer.status_code, answer.data) == (401, b"")


@same_on_both
@each("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_no_header_makes_another_method_of_one(world, header):
    before = world.stored()
    token = {"Authorization": f"Bearer {world.token_for('/identity')}"}
    for verb in ("DELETE", "PATCH", "POST"):
        answer = world.call("GET", "/movements/<movement>", headers=token | {header: verb})
        assert answer.json["name"] == "Flossing"
        query = world.call("GET", f"/movements/<movement>?_method={verb}", headers=token)
        assert query.status_code == 422  # as every unknown parameter
    assert world.stored() == before


# -- duplicate or unusual bodies and arguments ----------------------------------------------

#: members that users may never set themselves, in any call
NOT_THEIRS = {
    **{"id": 1, "role": "admin", "is_admin": True, "password_hash": "x", "user_id": 1},
    **{"creator_id": 1, "member_count": 9, "created_at": "2020-01-01T00:00:00+00:00"},
    **{"email_confirmed": True, "email_confirmed_at": "2020-01-01T00:00:00+00:00"},
    **{"username_folded": "x", "name_folded": "x", "revoked_at": None, "leader_id": 1},
    **{"deactivated_at": None, "login": 1, "jti": "x", "avatar": "x", "subscribed": True},
}


@same_on_both
@pytest.mark.parametrize(("method", "rule"), MEMBERS)
def test_nobody_sets_what_is_not_theirs_to_set(world, method, rule):
    before = world.stored()
    for name, value in NOT_THEIRS.items():
        if name in MEMBERS[method, rule]:
            continue
        answer = world.call(method, rule, json=body_of(method, rule, **{name: value}))
        assert (answer.status_code, pointers(answer)) == (422, [f"#/{name}"])
    assert world.stored() == before


@same_on_both
def test_two_members_of_one_name_are_refused(world):
    """Two members of one name are refused.

    Else a proxy that checks one of them may let the other pass.
    """
    before = world.stored()
    body = '{"bio": "first", "bio": "last"}'
    answer = world.call("PUT", "/bio", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert world.stored() == before


@same_on_both
def test_an_argument_given_twice_is_refused(world):
    """An argument that is given twice is refused.

    Else a proxy may check one of them, and the service read the other.
    """
    for query in ("limit=1&limit=0", "limit=0&limit=1", "limit=1&limit=1"):
        answer = world.call("GET", f"/movements?{query}")
        assert (answer.status_code, pointers(answer)) == (422, ["#/limit"])


@same_on_both
def test_a_body_is_no_argument_and_an_argument_no_body(world):
    answer = world.call("PUT", "/bio?bio=sneaked", json={})
    assert (answer.status_code, pointers(answer)) == (422, ["#/bio"])
    answer = world.call("DELETE", "/auth", json={"everywhere": True})
    assert answer.status_code == 200
    db.session.expire_all()
    assert world.bens_login.revoked_at is None


@same_on_both
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-16",
        "application/json;charset=utf-7",
        "application/json, text/plain",
        "text/json",
        "application/json\u00a0",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
        "application/vnd.api+json",
    ],
)
def test_a_body_is_utf_8_whatever_its_type_says(world, content_type):
    answer = world.call("PUT", "/bio", data='{"bio": "+ADw-"}', content_type=content_type)
    assert answer.status_code in {200, 400, 415}
    db.session.expire_all()
    assert world.ann.bio == ("+ADw-" if answer.status_code == 200 else "")


@same_on_both
def test_a_form_is_no_json(world):
    """A form is not read as JSON.

    Another site may send these without a preflight, so none of them may have an effect.
    """
    before = world.stored()
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "text/plain",
    ):
        for method, rule in MEMBERS:
            data = json.dumps(body_of(method, rule) or {"a": 1})
            answer = world.call(method, rule, data=data, content_type=kind)
            assert answer.status_code == 415, f"{method} {rule}"
    assert world.stored() == before


# -- addresses ------------------------------------------------------------------------------

#: more than one slash in front counts as one, see test_conventions.py
DETOURS = [
    *("/./identity", "/identity/.", "/x/../identity", "/identity/..;/identity"),
    *("/%2e/identity", "/%2e%2e/identity", "/x/%2e%2e/identity", "/..%2fidentity"),
    *(
        "/identity%2F",
        "/identity%00",
        "/identity;a=b",
        "/identity%20",
        "/IDENTITY",
        "/identity.json",
    ),
    *("/docs/assets/..%2f..%2f..%2fwsgi.py", "/docs/assets/%2e%2e/%2e%2e/config.py", "/.env"),
    *("/docs/assets//etc/passwd", "/docs/assets/%2fetc%2fpasswd", "/docs/assets/..%5c..%5cx"),
    *("/.git/config", "/wsgi.py", "/console", "/static/../wsgi.py", "/docs/assets/"),
]


@same_on_both
@each("path", DETOURS)
def test_a_detour_leads_nowhere(world, path):
    path_info = re.sub("%(..)", lambda hexed: chr(int(hexed[1], 16)), path)
    answer = world.call("GET", "/", environ_overrides={"PATH_INFO": path_info})
    assert answer.status_code == 404
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        "\N{FULLWIDTH DIGIT ONE}",
        "१",
        "٢",
        "²",
        "-1",
        "+1",
        "1.0",
        "1e0",
        "0x1",
        "01",
        "1 ",
        " 1",
        str(2**63),
        str(2**64),
    ],
)
def test_an_id_is_written_in_one_way(world, name):
    """Each id has one spelling; the others are refused.

    Else a check of one way might not hold for another.
    """
    movement = name.replace("1", str(world.movement.id))
    answer = world.call("GET", "/movements/<movement>", {"movement": quote(movement)})
    own = movement.lstrip("0") == str(world.movement.id)
    assert answer.status_code == (200 if own and movement.isascii() else 404)
    updates = world.call("GET", "/movements/<movement>/updates", query_string={"user": f"0{name}"})
    assert updates.status_code in {200, 404, 422}


# -- the socket -----------------------------------------------------------------------------


def said(server: Server, text: bytes) -> bytes:
    """Send bytes on a new connection; return the whole answer."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def answers(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3})", answer, re.M)]


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
FRAMES = {
    "a length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
    "two lengths in one": b"Content-Length: 0, %d\r\n\r\n",
    "a negative length": b"Content-Length: -%d\r\n\r\n",
    "a signed length": b"Content-Length: +%d\r\n\r\n",
    "a length in words": b"Content-Length: 0x%d\r\n\r\n",
    "another coding": b"Transfer-Encoding: xchunked\r\nX: %d\r\n\r\n0\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked, chunked\r\nX: %d\r\n\r\n0\r\n\r\n",
    "chunks that are none": b"Transfer-Encoding: chunked, identity\r\nX: %d\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\nX: %d\r\n\r\n0\r\n\r\n",
    "a folded header": b"X: a\r\n Transfer-Encoding: chunked\r\nX: %d\r\n\r\n0\r\n\r\n",
    "a bare newline": b"X: a\nTransfer-Encoding: chunked\r\nX: %d\r\n\r\n0\r\n\r\n",
    "NUL in a header": b"X: a\0b\r\nContent-Length: %d\r\n\r\n",
    "no colon": b"Content-Length %d\r\n\r\n",
    "a size with a sign": b"Transfer-Encoding: chunked\r\nX: %d\r\n\r\n+0\r\n\r\n",
}


@same_on_both
@each("frame", FRAMES.values(), ids=FRAMES)
def test_no_request_hides_in_another(server, frame):
    """The service refuses a body whose end is unclear.

    Else a request could hide in another. The service closes the connection too.
    """
    head = b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    answer = said(server, head + frame % len(SMUGGLED) + SMUGGLED)
    assert answers(answer)[:1] == [400] or answers(answer)[:1] == [501], answer
    assert len(answers(answer)) == 1
    assert b"smuggled" not in answer


REFUSED = {
    "a line beyond all measure": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header beyond all measure": b"GET /health HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "too many headers": b"GET /health HTTP/1.1\r\n" + b"X: a\r\n" * 5000 + b"\r\n",
    "no HTTP": b"nonsense\r\n\r\n",
    "another HTTP": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
    "a method in small letters": b"get /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method with controls": b"GE\x01T /health HTTP/1.1\r\nHost: x\r\n\r\n",
}


@same_on_both
@each("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_is_refused(server, text):
    answer = said(server, text)
    assert all(400 <= status < 600 and status != 500 for status in answers(answer)), answer
    assert b"Traceback" not in answer
    assert b"gridt/" not in answer
    assert answers(
        said(server, b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    ) == [200]


@same_on_both
def test_a_newline_in_an_address_adds_no_header(server):
    for address in ("/movements/a%0d%0aX-Injected:%20yes", "/%0d%0aX-Injected:%20yes"):
        line = f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = said(server, line.encode())
        assert b"\r\nx-injected" not in answer.lower()


@same_on_both
def test_a_header_of_the_host_leads_nobody_elsewhere(server):
    """A Host header leads no client to another site.

    No part of an answer is made of the Host header.
    """
    person = Person(server.url, "hosted")
    person.register()
    person.log_in()
    person.start("Hosting")
    lines = [
        "GET /movements?limit=1 HTTP/1.1",
        "Host: evil.example",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "X-Original-URL: /identity",
        "X-Rewrite-URL: /identity",
        f"Authorization: Bearer {person.token}",
        "Connection: close",
    ]
    answer = said(server, ("\r\n".join(lines) + "\r\n\r\n").encode())
    assert answers(answer) == [200]
    assert b"evil" not in answer
    assert b"Hosting" in answer
