"""Conventions of every call, from problems to tokens."""

import contextvars
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import ExitStack
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token
from sqlalchemy import insert

from gridt import create_app
from gridt.accounts import invite
from gridt.http.openapi import document
from gridt.models import Block, CalendarToken, Report, Update
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.cases import each
from tests.conftest import app_on, settings_for
from tests.databases import same_on_both
from tests.invitations import plant_group

ORIGIN = {"Origin": "https://somewhere.example"}
MIB = 1024 * 1024

#: for its routes only; its database is never used
ROUTES = create_app(settings_for("sqlite://"))
#: the app's files have tests of their own, in tests/web/test_files.py
RULES = [
    rule
    for rule in ROUTES.url_map.iter_rules()
    if not rule.endpoint.endswith("static") and not rule.endpoint.startswith("web.")
]
READ = sorted(rule.rule for rule in RULES if "GET" in rule.methods)


@pytest.fixture
def movement(make_movement, make_user, ann):
    """A movement of Ann's, with another member and her update.

    There is one other member, and one update.
    """
    movement = make_movement(ann, make_user("ben"), creator=ann, name="Flossing")
    movement.post_update(ann, "done").save_to_db()
    return movement


@pytest.fixture
def fill(ann, movement):
    """Fill a route's variables, so that Ann owns the target."""
    update, leader = movement.id and Update.find_last(ann, movement), ann.leaders(movement)[0]
    ann.role = "admin"
    report = Report(leader.id, update.snapshot(), "not nice")
    report.save_to_db()
    secret = CalendarToken.renew(ann.id)
    found = {
        "secret": secret,
        "slug": "username-taken",
        "movement": movement.id,
        "user": leader.id,
        "update": update.id,
        "report": report.id,
        "group": plant_group(leader)[0],
    }
    return lambda rule: re.sub(r"<(\w+)>", lambda name: str(found[name[1]]), rule)


@pytest.fixture
def odd_app():
    """Make an app with other settings.

    Its database holds nothing.
    """
    with ExitStack() as stack:
        yield lambda url="sqlite://", **changes: stack.enter_context(app_on(url, **changes))


# -- problems -------------------------------------------------------------------------------

PROBLEMS = {
    "malformed": ("POST /register", {"data": "{", "content_type": "application/json"}, 400),
    "no token": ("GET /identity", {"headers": {"Authorization": ""}}, 401),
    "token without its word": ("GET /identity", {"headers": {"Authorization": "eyJhbG.x.y"}}, 401),
    "long address": (f"GET /movements?after={'a' * 4096}", {}, 414),
    "bad token": ("GET /identity", {"headers": {"Authorization": "Bearer nonsense"}}, 401),
    "wrong credentials": ("POST /auth", {"json": {"username": "ann", "password": "x"}}, 401),
    "not allowed": ("DELETE /movements/bens", {}, 403),
    "no such route": ("GET /nothing/here", {}, 404),
    "no such movement": ("GET /movements/nothing", {}, 404),
    "wrong method": ("PUT /movements", {}, 405),
    "wrong method on an asset": ("POST /docs/assets/index.html", {}, 405),
    "taken": ("PATCH /identity", {"json": {"username": "ben"}}, 409),
    "too large": ("PUT /bio", {"data": b" " * (MIB + 1), "content_type": "application/json"}, 413),
    "not JSON": ("PUT /bio", {"data": "bio=x", "content_type": "text/plain"}, 415),
    "invalid": ("PUT /bio", {"json": {"bio": 7}}, 422),
    "invalid query": ("GET /movements?limit=0", {}, 422),
}


@same_on_both
@pytest.mark.parametrize(("call", "options", "status"), PROBLEMS.values(), ids=PROBLEMS)
def test_an_error_is_a_problem_document(
    client_of, make_movement, make_user, ann, call, options, status
):
    ben = make_user("ben")
    make_movement(ben, creator=ben, name="bens")
    method, path = call.split(" ", 1)
    options = {**options, "headers": options.get("headers", {}) | ORIGIN}

    answer = client_of(ann).open(path, method=method, **options)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    body = answer.json
    expected = {"type", "title", "status", "detail", "message", "request_id"}
    expected |= {"description"} if status == 401 else set()
    expected |= {"errors"} if status == 422 else set()
    assert set(body) == expected
    assert body["status"] == status
    assert body["detail"] == body["message"] == body.get("description", body["message"])
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert ("Allow" in answer.headers) == (status == 405)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" not in answer.headers


@same_on_both
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/movements", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/movements/1", {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}),
        ("/auth/refresh", {"OPTIONS", "POST"}),
        ("/health", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_gets_the_allowed_ones(client, path, allowed):
    answer = client.put(path)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed


@same_on_both
@each(
    "member, pointer",
    [("nme", "#/nme"), ("a b", "#/a b"), ("a/b", "#/a~1b"), ("x~y", "#/x~0y"), ("", "#/")],
)
def test_a_pointer_leads_to_the_member(client_of, ann, member, pointer):
    answer = client_of(ann).patch("/identity", json={member: 1})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert all(error["detail"] for error in answer.json["errors"])


@same_on_both
def test_every_wrong_member_is_named(client_of, ann):
    body = {"name": 1, "short_description": "x" * 101, "description": None, "bogus": True}
    answer = client_of(ann).post("/movements", json=body)
    pointers = {error["pointer"] for error in answer.json["errors"]}
    assert pointers == {"#/name", "#/short_description", "#/description", "#/interval", "#/bogus"}


@same_on_both
def test_a_crash_tells_nothing_but_the_request_id(odd_app, caplog):
    app = odd_app()

    def crash():
        raise RuntimeError("inner text")

    app.add_url_rule("/crash", view_func=crash)
    headers = ORIGIN | {"X-Request-ID": "find-me"}

    answer = contextvars.Context().run(app.test_client().get, "/crash", headers=headers)

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["X-Request-ID"] == "find-me"
    assert answer.json["message"] == answer.json["detail"]
    assert "inner text" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "inner text" in caplog.text


@same_on_both
def test_nobody_writes_lines_of_their_own_into_the_log(odd_app, caplog):
    app = odd_app()

    def crash(_path):
        raise RuntimeError

    app.add_url_rule("/crash/<_path>", view_func=crash)
    asked = "/crash/a%0AERROR forged%0D%1b[31m%E2%80%A8b"
    contextvars.Context().run(app.test_client().get, asked)
    assert "gridt.http.problems" in {one.name for one in caplog.records}
    assert all(one.getMessage().isprintable() for one in caplog.records)
    assert "forged" not in caplog.text


# -- the request id -------------------------------------------------------------------------


@same_on_both
@each("given", ["abc", "A-b_c.1", "x" * 64, "0"])
def test_a_sane_request_id_is_kept(client, given):
    for path in ("/health", "/nothing"):
        answer = client.get(path, headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given


@same_on_both
@each("given", ["", "x" * 65, "a b", "<script>", "é", "a,b", "a\tb", "abc "])
def test_another_request_id_is_replaced(client, given):
    seen = set()
    for _ in range(2):
        answer = client.get("/health", headers={"X-Request-ID": given})
        seen.add(answer.headers["X-Request-ID"])
    assert len(seen) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in seen)


# -- pages ----------------------------------------------------------------------------------


def next_page(answer) -> str | None:
    link = answer.headers.get("Link")
    if link is None:
        return None
    (address,) = re.fullmatch(r'<([^>]+)>; rel="next"', link).groups()
    return address


def cursor_of(answer) -> str:
    return re.search(r"after=([^&]+)", next_page(answer))[1]


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


LISTS = {
    "by default": "/movements",
    "by name": "/movements?sort=name",
    "newest": "/movements?sort=newest",
    "by members": "/movements?sort=members",
    "joined": "/movements?subscribed=true&sort=newest",
    "searched": "/movements?search=%25 %26+more",
    "subscriptions": "/movements/subscriptions",
    "followers": "/movements/home/followers",
    "updates": "/movements/home/updates",
    "of a leader": "/movements/home/updates?user={leader}",
    "blocks": "/identity/blocks",
    "reports": "/admin/reports",
    "reports of one": "/admin/reports?reporter={ann}",
    "invitations": "/admin/invitations?state=open",
}


@pytest.fixture
def home(make_movement, make_user, ann):
    """The movement of the lists, with few rows in them."""
    return make_movement(ann, make_user(), name="home")


@pytest.fixture
def lists(make_movement, make_user, ann):
    """Five rows in each list, and a function for more.

    The function adds another one to a list.
    """
    home = make_movement(ann, *(make_user() for _ in range(4)), name="home")
    ann.role = "admin"
    leader = ann.leaders(home)[0]
    names = iter("mgtbwa" + "nzchxq")

    def add():
        name = f"{next(names)} 100% & more"
        make_movement(ann, make_user(), name=name)
        for user in (ann, leader):
            home.post_update(user, name).save_to_db()
        db.session.add(Block(blocker_id=ann.id, blocked_id=make_user().id))
        Report(ann.id, make_movement().snapshot(), name).save_to_db()
        invite(label=name)
        db.session.commit()

    for _ in range(5):
        add()
    return (
        {name: path.format(leader=leader.id, ann=ann.id) for name, path in LISTS.items()},
        add,
        home,
    )


@pytest.mark.parametrize("name", LISTS)
def test_no_page_skips_or_repeats_while_rows_are_added(client_of, make_user, ann, lists, name):
    addresses, add, home = lists
    path = addresses[name]
    client = client_of(ann)
    before = [one["id"] for one in client.get(path).json]
    assert len(before) >= 4

    address, seen = with_query(path, "limit=2"), []
    while address is not None:
        answer = client.get(address)
        assert answer.status_code == 200
        assert len(seen) < 50, "the pages go round"
        assert len(answer.json) == 2 or (answer.json and next_page(answer) is None)
        seen += [one["id"] for one in answer.json]
        address = next_page(answer)
        if len(seen) < 12:
            add()
        if name == "followers" and len(seen) == 2:  # a newcomer may be followed instead
            home.add_user(make_user())
            home.save_to_db()

    stayed = {one["id"] for one in client.get(path).json}
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in stayed & set(before)] == [
        one for one in before if one in stayed
    ]
    assert len(stayed & set(before)) >= 3


def test_a_last_page_that_is_full_has_no_next(client_of, lists, ann):
    client = client_of(ann)
    assert next_page(client.get("/movements/home/updates?limit=5")) is None
    assert next_page(client.get("/movements/home/updates?limit=4")) is not None


def test_a_page_has_a_hundred_and_at_most_five_hundred(client_of, movement, ann):
    one = {"leader_id": ann.id, "movement_id": movement.id, "time_stamp": utcnow()}
    db.session.execute(insert(Update), [one] * 600)
    movement.save_to_db()
    client = client_of(ann)
    for query, length in (("", 100), ("?limit=500", 500), ("?limit=1", 1)):
        answer = client.get(f"/movements/flossing/updates{query}")
        assert len(answer.json) == length
        assert next_page(answer)


def with_query(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


@same_on_both
@each("limit", ["0", "501", "-1", "abc", "", "1.5", "1e2", "9" * 3000, "%00"])
def test_a_bad_limit_is_refused(client_of, home, ann, limit):
    client = client_of(ann)
    for name in ("by name", "subscriptions", "followers", "updates"):
        answer = client.get(with_query(LISTS[name], f"limit={limit}"))
        assert answer.status_code == 422, name
        assert answer.json["errors"][0]["pointer"] == "#/limit"


BAD_CURSORS = {
    "empty": "",
    "garbage": "!!!",
    "not base64": "abcde",
    "not ASCII": "%C3%A9",
    "invalid UTF-8": "%ff%fe",
    "NUL": "%00",
    "endless": "A" * 4000,
    "not JSON": encoded("nonsense"),
    "nothing": encoded("[]"),
    "an object": encoded("{}"),
    "a number": encoded("5"),
    "null": encoded("[null]"),
    "nulls": encoded("[null,null]"),
    "too many": encoded("[1,1,1]"),
    "a list in it": encoded("[[1]]"),
    "true": encoded("[true]"),
    "a fraction": encoded("[1.5]"),
    "NUL in it": encoded('["\\u0000"]'),
    "beyond every column": encoded("[9223372036854775808]"),
    "beyond JSON": encoded("[1e999]"),
    "no time": encoded('["yesterday",1]'),
    "a time without a zone": encoded('["2026-01-01T00:00:00",1]'),
    "before all time": encoded('["0001-01-01T00:00:00+23:59",1]'),
}


ORDERS = ["by name", "newest", "by members", "subscriptions", "followers", "updates"]


@each("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS)
def test_a_bad_cursor_is_refused(client_of, home, ann, cursor):
    client = client_of(ann)
    for name in ORDERS:
        answer = client.get(with_query(LISTS[name], f"after={cursor}"))
        assert answer.status_code == 422, name
        assert answer.json["errors"][0]["pointer"] == "#/after"


LARGE = [2**31, 2**63 - 1, -(2**31) - 1, -(2**63) + 1]
OF_NUMBERS = [
    ("newest", "[%d]"),
    ("by members", "[%d,1]"),
    ("by members", "[1,%d]"),
    ("followers", "[%d]"),
]


@each("name, values, number", [(*one, number) for one in OF_NUMBERS for number in LARGE])
def test_a_cursor_beyond_a_column_is_no_crash(client_of, home, ann, name, values, number):
    answer = client_of(ann).get(with_query(LISTS[name], f"after={encoded(values % number)}"))
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("name", ORDERS)
def test_a_cursor_is_of_one_list(client_of, lists, ann, name):
    client = client_of(ann)
    cursor = cursor_of(client.get(with_query(LISTS[name], "limit=1")))

    takers = []
    for other in ORDERS:
        answer = client.get(with_query(LISTS[other], f"limit=1&after={cursor}"))
        assert answer.status_code in {200, 422}
        takers += [other] if answer.status_code == 200 else []

    assert takers == [name]


def test_a_cursor_reveals_no_more_than_the_list(client_of, lists, ann):
    """It is opaque to clients, but shown to them."""
    cursor = cursor_of(client_of(ann).get("/movements?limit=1"))
    assert "@" not in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


# -- reading --------------------------------------------------------------------------------

STREAMED = {"/movements/<movement>/network", "/identity/export"}
#: answers that are the same for all callers
PUBLIC = dict.fromkeys(["/problems", "/problems/<slug>"], "public, max-age=86400")


@same_on_both
@pytest.mark.parametrize("rule", [rule for rule in READ if rule not in STREAMED])
def test_what_is_not_modified_is_not_sent_again(client_of, ann, fill, rule):
    ann.role = "admin"  # an admin may read all of them
    client, path = client_of(ann), fill(rule)

    first = client.get(path)
    tag = first.headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag} | ORIGIN)
    other = client.get(path, headers={"If-None-Match": 'W/"another"'})

    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert tag.startswith('W/"')
    assert again.data == b""
    assert again.headers["ETag"] == other.headers["ETag"] == tag
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == PUBLIC.get(rule, "private, no-cache")
    assert again.headers["Access-Control-Allow-Origin"] == "*"


@same_on_both
def test_a_modified_answer_is_sent(client_of, ann, movement):
    client = client_of(ann)
    tag = client.get("/movements/flossing").headers["ETag"]
    client.post("/movements/flossing/signal")
    assert client.get("/movements/flossing", headers={"If-None-Match": tag}).status_code == 200


@same_on_both
def test_a_streamed_answer_has_no_tag(client_of, ann, movement):
    answer = client_of(ann).get("/movements/flossing/network", buffered=True)
    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-cache"


@same_on_both
def test_answers_to_writes_are_not_stored(client_of, ann, movement):
    answer = client_of(ann).put("/movements/flossing/subscriber")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


@same_on_both
@pytest.mark.parametrize("rule", READ)
def test_head_is_get_without_a_body(client_of, ann, fill, rule):
    ann.role = "admin"  # an admin may read all of them
    client, path = client_of(ann), fill(rule)
    head, get = client.head(path, buffered=True), client.get(path, buffered=True)
    assert (head.status_code, get.status_code) == (200, 200)
    assert head.data == b""
    assert head.content_type == get.content_type
    assert head.headers.get("ETag") == get.headers.get("ETag")


def test_nothing_answers_without_content_or_elsewhere():
    answers = {
        (path, status)
        for path, operations in document(ROUTES)["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "put", "post", "patch", "delete"}
        for status in operation["responses"]
    }
    # the root leads browsers, and only them, to the app
    statuses = {status for _, status in answers - {("/", "303")}}
    assert {"200", "201", "304", "401"} <= statuses
    assert not statuses & {"204", "205", "301", "302", "303", "307", "308"}


@same_on_both
@each(
    "path, method",
    [
        (path, method)
        for path in [
            "/movements/",
            "/movements//subscriptions",
            "/movements/flossing/",
            "/movements/flossing//subscriber",
            "/auth/",
            "/register/",
            "/identity/",
            "/docs/",
            "/health//",
        ]
        for method in ["GET", "POST", "PUT"]
    ],
)
def test_a_slash_too_many_leads_nowhere(client_of, ann, movement, path, method):
    answer = client_of(ann).open(path, method=method)
    assert answer.status_code == 404
    assert "Location" not in answer.headers


@same_on_both
@each("path", ["//", "//movements", "//evil.example/movements", "//movements/"])
def test_slashes_in_front_are_no_redirect(client_of, ann, movement, path):
    # in the address, the client would read //movements as the name of a host
    answer = client_of(ann).get("/?limit=1", environ_overrides={"PATH_INFO": path})
    assert answer.status_code in {200, 404}
    assert not {"Location", "Link"} & set(answer.headers)


# -- CORS -----------------------------------------------------------------------------------


def preflight(client, path, method="DELETE", origin="https://somewhere.example"):
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )


@same_on_both
@each("path", [*sorted({rule.rule for rule in RULES}), "/nothing/here"])
def test_a_preflight_is_answered_everywhere_without_a_token(client, path):
    answer = preflight(client, path)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type"} <= set(re.split(r",\s*", allowed))
    methods = set(re.split(r",\s*", answer.headers["Access-Control-Allow-Methods"]))
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= methods
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600


@same_on_both
def test_scripts_may_read_the_headers_that_matter(client):
    answer = client.get("/health", headers=ORIGIN)
    exposed = set(re.split(r",\s*", answer.headers["Access-Control-Expose-Headers"].lower()))
    assert {"link", "etag", "location", "retry-after", "x-request-id"} <= exposed


# Comparing origins is the library's job; this tests that our setting reaches it.
@same_on_both
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://a.example", "https://a.example"), ("https://evil.example", None)],
)
def test_configured_origins_are_the_only_ones(odd_app, origin, allowed):
    app = odd_app(CORS_ORIGINS=("https://a.example", "https://b.example"))
    client = FlaskClient(app, app.response_class)
    for answer in (
        client.get("/health", headers={"Origin": origin}),
        client.get("/identity", headers={"Origin": origin}),
        preflight(client, "/movements", origin=origin),
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Access-Control-Allow-Credentials" not in answer.headers


@same_on_both
@each("origins", [("https://a.example",), ("https://a.example", "https://b.example")])
@each("headers", [{}, {"Origin": "https://a.example"}, {"Origin": "https://evil.example"}])
def test_caches_keep_the_answers_for_two_origins_apart(odd_app, origins, headers):
    app = odd_app(CORS_ORIGINS=origins)
    answer = FlaskClient(app, app.response_class).get("/health", headers=headers)
    assert answer.headers.getlist("Vary") == ["Origin"]


@same_on_both
def test_where_every_origin_may_read_answers_do_not_vary(client):
    answer = client.get("/health", headers={"Origin": "https://a.example"})
    assert "Vary" not in answer.headers


# -- tokens and bodies ----------------------------------------------------------------------


@same_on_both
@each("word", ["Bearer", "bearer", "BEARER", "JWT", "jwt", "Jwt"])
def test_either_word_stands_before_a_token(client_of, ann, word):
    client = client_of(ann)
    answer = client.get("/identity", headers={"Authorization": f"{word} {client.token}"})
    assert answer.status_code == 200


@same_on_both
@pytest.mark.parametrize(("size", "status"), [(MIB, 200), (MIB + 1, 413), (2 * MIB, 413)])
@pytest.mark.parametrize("length", ["declared", "chunked"])
def test_a_body_has_at_most_a_mebibyte(client_of, ann, size, status, length):
    body = b'{"bio": "short"}'.ljust(size)
    options = {"data": body}
    if length == "chunked":  # as a server passes a chunked body
        options = {
            "input_stream": BytesIO(body),
            "headers": {"Transfer-Encoding": "chunked"},
            "environ_overrides": {"wsgi.input_terminated": True},
        }

    answer = client_of(ann).put("/bio", content_type="application/json", **options)

    assert answer.status_code == status
    db.session.expire_all()
    assert ann.bio == ("short" if status == 200 else "")


@same_on_both
def test_an_unused_body_is_limited_as_well(client_of, ann, movement):
    data = b"x" * (MIB + 1)
    answer = client_of(ann).delete("/movements/flossing/subscriber", data=data)
    assert answer.status_code == 413


@same_on_both
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/xml", 415),
        ("application/jsonp", 415),
        ("nonsense", 415),
        ("", 415),
        (None, 415),
    ],
)
def test_a_body_is_json(client_of, ann, content_type, status):
    body = json.dumps({"bio": "changed"})
    answer = client_of(ann).put("/bio", data=body, content_type=content_type)
    assert answer.status_code == status
    db.session.expire_all()
    assert ann.bio == ("changed" if status == 200 else "")


@same_on_both
@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/json", "application/x-www-form-urlencoded", "nonsense"],
)
@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("POST /movements/flossing/signal", 201),
        ("POST /movements/flossing/updates", 201),
        ("PUT /movements/flossing/subscriber", 200),
        ("PATCH /movements/flossing", 200),
        ("PATCH /identity", 200),
        ("POST /movements/flossing/leader", 409),
        ("PUT /bio", 422),
        ("POST /movements", 422),
        ("POST /register", 422),
    ],
)
def test_no_body_is_an_empty_object(client_of, ann, movement, call, status, content_type):
    method, path = call.split()
    answer = client_of(ann).open(path, method=method, content_type=content_type)
    assert answer.status_code == status


# -- the database is away -------------------------------------------------------------------


@pytest.fixture(params=["a closed port", "a folder that was removed"])
def app_without_database(request, odd_app, tmp_path):
    if request.param == "a closed port":
        return odd_app("postgresql+psycopg://gridt:hush@127.0.0.1:1/gridt")
    return odd_app(f"sqlite:///{tmp_path / 'removed' / 'gridt.sqlite'}")


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("GET /ready", None),
        ("GET /movements", None),
        ("GET /movements/1/network", None),
        ("POST /auth/refresh", None),
        ("POST /movements/1/signal", {"message": "done"}),
        ("POST /auth", {"username": "ann", "password": "whatever"}),
        ("POST /register", {"username": "a", "email": "a@example.org", "password": "a password"}),
    ],
)
def test_without_database_come_back_later(app_without_database, call, body):
    app = app_without_database
    method, path = call.split()

    def answer():
        with app.app_context():
            kind = "refresh" if path == "/auth/refresh" else "access"
            token = create_access_token("1", additional_claims={"login": 1, "type": kind})
        client = FlaskClient(app, app.response_class)
        headers = {"Authorization": f"Bearer {token}"} | ORIGIN
        return client.open(path, method=method, json=body, headers=headers)

    away = contextvars.Context().run(answer)

    assert away.status_code == 503
    assert int(away.headers["Retry-After"]) > 0
    assert away.content_type == "application/problem+json"
    assert away.headers["Access-Control-Allow-Origin"] == "*"
    assert away.json["message"] == away.json["detail"]
    assert not re.search("hush|127.0.0.1|sqlite|psycopg|SELECT", away.text)


PAGE = "/movements/1/network.html"


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json", "/docs", PAGE])
def test_without_database_the_process_answers(app_without_database, path):
    client = FlaskClient(app_without_database, app_without_database.response_class)
    assert contextvars.Context().run(client.get, path).status_code == 200


def test_times_are_not_the_machines(client_of, ann, movement, monkeypatch):
    """Times that are read equal those written, in UTC.

    That holds in any zone of the machine.
    """
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    before = utcnow()
    answer = client_of(ann).post("/movements/flossing/updates").json
    assert answer["time_stamp"].endswith("+00:00")
    stamp = Update.find_by_id(answer["id"]).time_stamp
    assert stamp.isoformat() == answer["time_stamp"]
    assert timedelta(0) <= stamp - before < timedelta(minutes=5)
