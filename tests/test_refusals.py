"""Refusals: codes, values and sentences for wrong requests.

`tests/contract.py` holds each refusal in each answer of each test against the list of codes.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, fields

from gridt.errors import GridtError, Invalid
from gridt.http.fields import In
from gridt.http.openapi import document
from gridt.http.problem_pages import PROBLEM_TYPES
from gridt.http.problems import _domain_error
from gridt.models import Movement, User
from gridt.refusals import Code, Refusal, entry, label_of, pointer_to, sentence_of
from tests.conftest import OwnContextClient
from tests.contract import resolved
from tests.databases import same_on_both
from tests.servers import ROOT

pytestmark = same_on_both

#: words that people who use an app do not know, and the library's own way to begin
UNPLAIN = re.compile(r"^(Not a|Missing|Unknown|Field|Length|Invalid)|deserializ|[a-z]_[a-z]")

ClientOf = Callable[[User], OwnContextClient]


def requests(kind: type[Schema] = In) -> Iterator[type[Schema]]:
    """Yield the schemas of all requests."""
    yield kind
    for schema in kind.__subclasses__():
        yield from requests(schema)


def members() -> dict[str, fields.Field[Any]]:
    return {
        f"{schema.__name__}.{field.data_key or name}": field
        for schema in requests()
        for name, field in schema().fields.items()
    }


def test_no_message_of_the_library_is_left() -> None:
    found = {
        f"{name} {key}": text
        for name, field in members().items()
        for key, text in field.error_messages.items()
        # the last two belong to what fields of ours do not do: formats of moments
        if not isinstance(text, Refusal) and key not in {"validator_failed", "format"}
    }
    assert not found


def test_no_validator_of_the_library_is_left() -> None:
    found = {
        f"{name} {validator}"
        for name, field in members().items()
        for validator in field.validators
        if type(validator).__module__ == "marshmallow.validate"
        and not isinstance(getattr(validator, "error", None), Refusal)
    }
    assert not found


def test_each_member_has_a_name_for_people() -> None:
    names = {field.partition(".")[2] for field in members()}
    assert len(names) > 20
    assert not {label_of(name) for name in names if not re.fullmatch("[a-z -]+", label_of(name))}


@pytest.mark.parametrize("code", Code)
def test_a_sentence_is_for_people(code: Code) -> None:
    assert re.fullmatch(r"[A-Z].*\.", code.sentence)
    assert not UNPLAIN.search(code.sentence)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", code)


def test_the_docs_list_all_codes() -> None:
    page = (ROOT / "docs" / "refusals.md").read_text()
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| ([^\d]*?) \| (.*?) \|$", page, re.MULTILINE)
    expected = [
        (
            code.value,
            ", ".join(f"`{name}`" for name in re.findall(r"{(\w+)}", code.sentence)),
            code.sentence.replace("{", "`").replace("}", "`"),
        )
        for code in Code
    ]
    assert listed == sorted(expected)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            entry("#/new_password", Refusal(Code.TOO_SHORT, minimum=8)),
            "The new password must have at least 8 characters.",
        ),
        (
            entry("#/nick~1name", Refusal(Code.UNKNOWN_MEMBER)),
            'The member "nick/name" must not be sent: this service does not know it.',
        ),
        (
            entry("#/colour", Refusal(Code.UNKNOWN_PARAMETER), "query"),
            'The parameter "colour" must not be sent: this service does not know it.',
        ),
        (
            entry("#/limit", Refusal(Code.PARAMETER_TWICE), "query"),
            'The parameter "limit" must be sent only once.',
        ),
        (entry("#/user", Refusal(Code.YOURSELF), "path"), "You cannot block yourself."),
        (entry("#", Refusal(Code.NO_ROWS)), "The file has no rows."),
    ],
)
def test_the_sentence_names_the_member(wrong: dict[str, Any], sentence: str) -> None:
    assert sentence_of(wrong) == sentence
    assert Invalid([wrong]).detail == sentence


def test_steps_of_a_pointer_are_escaped() -> None:
    assert pointer_to("rows", 3, "a/b~c") == "#/rows/3/a~1b~0c"
    assert pointer_to() == "#"


def test_a_short_password_is_refused_for_people_and_programs(client: OwnContextClient) -> None:
    account = {"username": "ann", "email": "ann@example.org", "password": "short"}
    answer = client.post("/register", json=account)
    assert answer.json["errors"] == [
        {
            "pointer": "#/password",
            "detail": "Must have at least 8 characters.",
            "code": "too-short",
            "values": {"minimum": 8},
        }
    ]
    assert answer.json["message"] == "The password must have at least 8 characters."


REFUSED = {
    "missing": ("POST", "/register", {}, "missing"),
    "null": ("PUT", "/bio", {"bio": None}, "null"),
    "no text": ("PUT", "/bio", {"bio": 7}, "not-text"),
    "too long": ("PUT", "/bio", {"bio": "x" * 2001}, "too-long"),
    "unknown": ("PUT", "/bio", {"bio": "", "colour": 1}, "unknown-member"),
    "no object": ("PUT", "/bio", [], "not-an-object"),
    "no integer": ("GET", "/movements?limit=many", None, "not-an-integer"),
    "too small": ("GET", "/movements?limit=0", None, "too-small"),
    "too large": ("GET", "/movements?limit=501", None, "too-large"),
    "no choice": ("GET", "/movements?sort=colour", None, "not-a-choice"),
    "no boolean": ("GET", "/movements?subscribed=perhaps", None, "not-a-boolean"),
    "twice": ("GET", "/movements?limit=2&limit=3", None, "parameter-twice"),
    "twice the same": ("GET", "/movements?limit=2&limit=2", None, "parameter-twice"),
    "no cursor": ("GET", "/movements?after=x", None, "not-a-cursor"),
    "no zone": ("PATCH", "/identity", {"time_zone": "Mars"}, "not-a-time-zone"),
    "empty": ("PATCH", "/identity", {"username": ""}, "empty"),
    "blank": ("PATCH", "/identity", {"username": " "}, "blank"),
    "NUL": ("PUT", "/bio", {"bio": "\0"}, "has-nul"),
    "yourself": ("PUT", "/identity/blocks/{ann}", None, "yourself"),
    "moment": ("POST", "/movements/{flossing}/updates", {"at": "today"}, "not-a-moment"),
    "no offset": ("POST", "/movements/1/updates", {"at": "2026-01-31T20:15:00"}, "no-offset"),
    "future": (
        "POST",
        "/movements/{flossing}/updates",
        {"at": "2999-01-01T00:00:00Z"},
        "in-the-future",
    ),
    "past": ("PUT", "/movements/{flossing}/pause", {"until": "2001-01-01"}, "past"),
    "long ago": ("PUT", "/movements/{flossing}/pause", {"until": "2026-01-01"}, "past"),
    "too far": ("PUT", "/movements/{flossing}/pause", {"until": "2999-01-01"}, "too-far-ahead"),
    "no day": ("PUT", "/movements/{flossing}/pause", {"until": "soon"}, "not-a-day-or-moment"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_has_its_code(
    ann: User, make_movement: Callable[..., Movement], client_of: ClientOf, what: str
) -> None:
    method, path, body, code = REFUSED[what]
    path = path.format(ann=ann.id, flossing=make_movement(ann).id)
    answer = client_of(ann).open(path, method=method, json=body)
    assert answer.status_code == 422
    assert code in {wrong["code"] for wrong in answer.json["errors"]}
    assert not UNPLAIN.search(answer.json["message"])


def test_a_key_of_another_request_is_an_entry_too(ann: User, client_of: ClientOf) -> None:
    headers = {"Idempotency-Key": "one"}
    movement = {"name": "Flossing", "short_description": "Every evening", "interval": "daily"}
    client = client_of(ann)
    assert client.post("/movements", json=movement, headers=headers).status_code == 201
    other = movement | {"name": "Reading"}
    answer = client.post("/movements", json=other, headers=headers)
    assert answer.json["type"] == "/problems/idempotency-key-reused"
    assert answer.json["errors"][0]["code"] == "key-reused"


#: addresses that people and machines visit with parameters of their own
LENIENT = [
    "/",
    "/health",
    "/ready",
    "/docs",
    "/openapi.json",
    "/problems",
    "/movements/1/network.html",
]


@pytest.mark.parametrize("path", LENIENT)
def test_a_page_ignores_unknown_parameters(client: OwnContextClient, path: str) -> None:
    assert client.get(f"{path}?colour=red").status_code == 200


def test_files_and_calendars_ignore_unknown_parameters(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    assert client.get("/static/docs.css?v=2").status_code == 200
    address = client.post("/identity/calendar").json["url"]
    assert client.get(f"{address}?refresh=1").status_code == 200


def test_an_operation_refuses_unknown_parameters(
    app: Flask, ann: User, make_movement: Callable[..., Movement], client_of: ClientOf
) -> None:
    movement, client = make_movement(ann), client_of(ann)
    ids = {"movement": movement.id, "user": ann.id, "update": 1, "login": 1, "report": 1}
    ids |= {"group": 1, "invitation": 1, "member": "me", "kind": "coach"}
    templates = {
        (method, path)
        for path, operations in document(app)["paths"].items()
        for method in operations.keys() - {"parameters"}
        if "{secret}" not in path and path not in LENIENT and not path.endswith(".html")
    }
    refused = 0
    for method, template in sorted(templates):
        if template.startswith("/problems") or "/admin/" in template or template == "/auth/refresh":
            continue
        if template == "/auth/session" and method != "post":
            continue  # see tests/test_app_sessions.py
        answer = client.open(template.format(**ids) + "?colour=red&b=1", method=method.upper())
        assert answer.status_code == 422, (method, template, answer.text)
        assert [(wrong["pointer"], wrong["code"]) for wrong in answer.json["errors"]] == [
            ("#/b", "unknown-parameter"),
            ("#/colour", "unknown-parameter"),
        ]
        refused += 1
    assert refused > 40


def test_what_needs_a_subscription_says_so_to_others(
    app: Flask,
    make_user: Callable[..., User],
    make_movement: Callable[..., Movement],
    client_of: ClientOf,
) -> None:
    movement = make_movement(make_user(), creator=make_user())
    stranger, refused = client_of(make_user()), set()
    for path, operations in document(app)["paths"].items():
        for method, operation in operations.items():
            conflict = "responses" in operation and operation["responses"].get("409")
            kinds = resolved(app, conflict)["x-problem-types"] if conflict else ()
            if "/problems/not-subscribed" not in kinds:
                continue
            body = {"until": "2027-02-01"} if path.endswith("/pause") and method == "put" else {}
            name = path.format(movement=movement.id)
            answer = stranger.open(
                name, method=method.upper(), json=body if method != "get" else None
            )
            if path.endswith("/import"):
                answer = stranger.post(name, data="date\n2026-01-31\n", content_type="text/csv")
            assert answer.json["type"] == "/problems/not-subscribed", (method, path, answer.text)
            refused.add((method, path.rpartition("/")[2]))
    assert refused >= {("get", "network"), ("get", "statistics"), ("get", "followers")}
    assert len(refused) == 13


def test_no_parameter_is_a_list(app: Flask) -> None:
    """Each parameter is refused if it occurs twice."""
    operations = [part for item in document(app)["paths"].values() for part in item.values()]
    queries = [
        argument
        for operation in operations
        if isinstance(operation, dict)
        for argument in operation.get("parameters", [])
        if argument["in"] == "query"
    ]
    assert len(queries) > 20
    assert not [argument for argument in queries if argument["schema"].get("type") == "array"]


def test_a_caller_without_a_token_learns_no_parameters(client: OwnContextClient) -> None:
    assert client.get("/movements?colour=red").status_code == 401


# -- the pages of problem types -------------------------------------------------------------------

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def kinds(kind: type[GridtError] = GridtError) -> Iterator[type[GridtError]]:
    """Yield all errors of the domain."""
    for subclass in kind.__subclasses__():
        yield subclass
        yield from kinds(subclass)


@pytest.mark.parametrize("kind", [*kinds()], ids=lambda kind: kind.__name__)
def test_the_type_of_each_problem_leads_to_its_page(
    app: Flask, client: OwnContextClient, kind: type[GridtError]
) -> None:
    error = kind.__new__(kind)
    GridtError.__init__(error)
    error.errors, error.location = [], "/"  # type: ignore[attr-defined]  # a subclass sets them, and this is the base
    with app.test_request_context():
        problem = _domain_error(error).get_json()
    answer = client.get(problem["type"])
    assert (answer.status_code, answer.json["type"]) == (200, problem["type"])
    assert answer.json["status"] == problem["status"]
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.vary.as_set() >= {"accept"}
    page = client.get(problem["type"], headers=HTML)
    assert page.mimetype == "text/html"
    assert page.vary.as_set() >= {"accept"}
    for word in (problem["type"], str(problem["status"])):
        assert word in page.text


def test_each_page_is_of_a_problem(client: OwnContextClient) -> None:
    assert PROBLEM_TYPES.keys() == {kind.slug for kind in kinds()}
    for kind in PROBLEM_TYPES.values():
        for text in (kind.meaning, kind.advice):
            assert re.fullmatch(r"[A-Z][^{}]*\.", text)
            assert text.count("`") % 2 == 0


def test_an_unknown_problem_has_no_page(client: OwnContextClient) -> None:
    answer = client.get("/problems/nothing")
    page = client.get("/problems/nothing", headers=HTML)
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert 'href="/problems"' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for either in (answer, page):
        assert "public" not in either.headers["Cache-Control"]


def test_all_problems_are_listed(client: OwnContextClient) -> None:
    answer = client.get("/problems")
    listed = [(problem["status"], problem["type"]) for problem in answer.json]
    assert listed == sorted((p.status, f"/problems/{p.slug}") for p in PROBLEM_TYPES.values())
    assert answer.json[0] == client.get(answer.json[0]["type"]).json
    page = client.get("/problems", headers=HTML)
    assert re.findall(r'<a href="(/problems/[a-z-]+)"', page.text) == [kind for _, kind in listed]
    for either in (answer, page):
        assert "accept" in either.vary.as_set()
        assert either.headers["Cache-Control"] == "public, max-age=86400"


def test_an_unknown_path_says_no_more_than_its_status(client: OwnContextClient) -> None:
    """An unknown path's answer says only its status.

    Its type is about:blank, and its title the phrase of the status (RFC 9457, section 4.2.1).
    """
    for method, path, status, phrase in (
        ("GET", "/nothing", 404, "Not Found"),
        ("DELETE", "/movements", 405, "Method Not Allowed"),
    ):
        problem = client.open(path, method=method).json
        assert (problem["type"], problem["status"]) == ("about:blank", status)
        assert problem["title"] == phrase


def test_the_docs_list_all_problems() -> None:
    page = (ROOT / "docs" / "refusals.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.*?) \|$", page, re.MULTILINE)
    expected = [(p.slug, str(p.status), p.meaning) for p in PROBLEM_TYPES.values()]
    assert sorted(listed) == sorted(expected)


def test_a_body_of_very_many_wrong_members_gets_a_short_answer(
    client: OwnContextClient,
) -> None:
    body = {f"member {number}": 0 for number in range(20_000)} | {"x" * 100_000: 0}
    answer = client.post("/auth", json=body)
    assert answer.status_code == 422
    assert len(answer.json["errors"]) == 100
    assert len(answer.data) < 50_000
    assert client.post("/auth", json={"x" * 100_000: 0}).content_length < 5_000
