"""Nasty strings everywhere: returned exactly, or refused by name.

The members, arguments and variables are those of the OpenAPI document, so new ones take part
without a change here.
"""

import re
from collections import defaultdict
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import String, bindparam, delete, select, union_all, update

from gridt.http.openapi import document
from gridt.models import Report, User
from gridt.models.login_throttle import LoginThrottle
from gridt.runtime.extensions import db
from gridt.text import tidy
from tests.nasty import NASTY, TO_DATABASES
from tests.test_bad_input import MEMBERS, ROUTES, World, body_of, pointers

DOCUMENT = document(ROUTES)
OPERATIONS = [
    (method.upper(), path.replace("{", "<").replace("}", ">"), operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in {"get", "post", "put", "patch", "delete"}
]

#: strings that are stored as something else, or not at all
NOT_KEPT = {
    "interval": "is a duration",
    "password": "is a hash",
    "old_password": "is compared",
    "new_password": "is a hash",
}

#: a call that accepts a string and does not store it
ONLY_ASKED = {("POST", "/auth")}


def is_text(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return "enum" not in schema and (
        "string" in kind if isinstance(kind, list) else kind == "string"
    )


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


#: the members of bodies that are text, and the operations that have them
FIELDS: dict[str, list[tuple[str, str, dict[str, Any]]]] = defaultdict(list)
for method, rule, operation in OPERATIONS:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = resolved(content["application/json"]["schema"])
        for name, field in body.get("properties", {}).items():
            if is_text(field):
                FIELDS[name].append((method, rule, field))
ARGUMENTS = [
    (method, rule, one["name"])
    for method, rule, operation in OPERATIONS
    for one in operation.get("parameters", [])
    if one["in"] == "query" and is_text(one["schema"])
]
#: the page that is the same for every movement, because it looks none up
PAGE = "/movements/<movement>/network.html"
#: the variables in paths, and the operations that have them
VARIABLES: dict[str, list[tuple[str, str]]] = defaultdict(list)
for method, rule, _ in OPERATIONS:
    for name in re.findall(r"<(\w+)>", rule) if rule != PAGE else []:
        VARIABLES[name].append((method, rule))


@pytest.fixture
def strings(request):
    """The strings to send.

    On PostgreSQL they are only those that depend on the database.
    """
    on_sqlite = request.config.getoption("--database") == "sqlite"
    return NASTY if on_sqlite else TO_DATABASES


@pytest.fixture
def world(app, make_user, make_movement, monkeypatch):
    monkeypatch.setitem(app.config, "QUOTA_UPDATES_PER_TURN", 0)
    monkeypatch.setitem(app.config, "GROUPS", True)
    return World(app, make_user, make_movement)


def fit(text: str, low: int, high: int) -> str:
    return text[:high].ljust(low, "~")


def is_json(text: str) -> bool:
    """Return whether JSON can express a text.

    A lone surrogate it cannot.
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)


#: every text of every row that is :text, in one statement, because one per column was slow
STORED = union_all(
    *(
        select(column).where(column == bindparam("text"))
        for table in db.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, String)
    )
)


def is_stored(text: str) -> bool:
    """Return whether a row's column has exactly this text."""
    return text in db.session.scalars(STORED, {"text": text})


def as_before(world: World, values: dict[str, Any]) -> None:
    """Undo a call's changes to Ann, and its report.

    Then the next call can be made.
    """
    db.session.execute(update(User).where(User.id == world.ann.id).values(values))
    db.session.execute(delete(Report).where(Report.id != world.ids["report"]))
    db.session.commit()
    db.session.expire_all()


def test_the_document_has_strings_to_ask_for():
    assert FIELDS.keys() >= {"username", "bio", "message", "description"}
    assert {name for _, _, name in ARGUMENTS} >= {"search", "after", "user"}
    assert VARIABLES.keys() >= {"movement", "user", "update"}
    assert len(NASTY) >= 150


@pytest.mark.parametrize("name", FIELDS)
def test_a_nasty_string_is_kept_or_refused_by_name(world, strings, name):
    """Each nasty string is kept, or refused by name.

    Members of one name are stored in one way, so their operations share the strings.
    """
    before = {
        column.name: getattr(world.ann, column.name)
        for column in User.__table__.columns
        if not column.primary_key
    }
    for number, (what, whole) in enumerate(strings.items()):
        method, rule, field = FIELDS[name][number % len(FIELDS[name])]
        what = f"{what}: {method} {rule}"
        text = fit(whole, field.get("minLength", 0), field.get("maxLength", 5000))
        body = body_of(method, rule, **{name: text})
        if "username" in body and method == "POST" and name != "username":
            body["username"] = f"somebody {number}"  # each registers another
        answer = world.call(method, rule, json=body)
        if answer.status_code == 400:
            assert not is_json(text), what
        elif answer.status_code == 422:
            assert pointers(answer) == [f"#/{name}"], what
        elif answer.status_code in {200, 201}:
            if name not in NOT_KEPT and (method, rule) not in ONLY_ASKED:
                kept = tidy(text) if name == "username" else text
                assert is_stored(kept) or not kept, what
            if "password" in name:
                assert not is_stored(text), what
            as_before(world, before)
        else:
            assert answer.status_code in {401, 403, 404, 409}, f"{what}: {answer.text}"
            db.session.execute(delete(LoginThrottle))  # else the next call has to wait
            db.session.commit()


@pytest.mark.parametrize(("method", "rule", "name"), ARGUMENTS)
def test_a_nasty_argument_is_taken_or_refused_by_name(world, strings, method, rule, name):
    for what, text in strings.items():
        if is_json(text):
            answer = world.call(method, rule, query_string={name: text})
            assert answer.status_code in {200, 404, 414, 422}, what
            if answer.status_code == 422:
                refused = pointers(answer)
                # options of an import choose rows and columns, so the file may be wrong with them
                is_file = rule.endswith("/import") and all(
                    pointer == "#" or pointer.startswith("#/rows/") for pointer in refused
                )
                assert is_file or refused == [f"#/{name}"], what


@pytest.mark.parametrize("name", VARIABLES)
def test_a_nasty_variable_leads_nowhere(world, strings, name):
    """A nasty variable in a path finds nothing.

    A few functions look up the variables of paths, so the operations share the strings.
    """
    before, calls = world.stored(), VARIABLES[name]
    share = min(4, len(calls))
    for number, (what, text) in enumerate(strings.items()):
        if is_json(text) and what != "empty":
            for method, rule in calls[number % share :: share]:
                body = {"json": body_of(method, rule)} if (method, rule) in MEMBERS else {}
                answer = world.call(method, rule, {name: quote(text, safe="")}, **body)
                refused = {404, 405, 414} | ({422} if name == "kind" else set())
                assert answer.status_code in refused, f"{what}: {method} {rule}"
    assert world.stored() == before


def test_a_page_says_nothing_of_the_movement_in_its_address(world, strings):
    page = world.call("GET", PAGE).data
    for what, text in strings.items():
        if is_json(text) and what != "empty":
            answer = world.call("GET", PAGE, {"movement": quote(text, safe="")})
            found = answer.status_code == 200
            assert answer.data == page if found else answer.status_code in {404, 414}, what


def test_a_nasty_name_and_password_log_in(world, strings):
    taken = 0
    for number, (what, nasty) in enumerate(strings.items()):
        username, password = fit(nasty, 1, 32), fit(f"~{nasty}", 8, 128)  # not the same
        account = {"username": username, "email": f"a{number}@example.org", "password": password}
        answer = world.call("POST", "/register", json=account)
        if answer.status_code in {400, 409, 422}:
            continue
        kept = tidy(username)
        assert (answer.status_code, answer.json["username"]) == (201, kept), what
        right = {"username": username, "password": password}
        again = world.call("POST", "/auth", json=right)
        headers = {"Authorization": f"Bearer {again.json['access_token']}"}
        assert world.call("GET", "/identity", headers=headers).json["username"] == kept, what
        wrong = {"username": username, "password": f"{password}."}
        assert world.call("POST", "/auth", json=wrong).status_code == 401, what
        taken += 1
    assert taken > len(strings) / 2


@pytest.mark.parametrize("member", ["name", "short_description", "description"])
def test_a_nasty_movement_is_found(world, strings, member):
    field, taken = MEMBERS["POST", "/movements"][member], 0
    for number, (what, nasty) in enumerate(strings.items()):
        text = fit(nasty, field.low, field.high)
        body = body_of("POST", "/movements", **{"name": f"movement {number}", member: text})
        answer = world.call("POST", "/movements", json=body)
        if answer.status_code != 201:
            continue
        listed = world.call("GET", "/movements", query_string={"search": text, "sort": "newest"})
        assert len(text) > 100 or listed.json[0]["id"] == answer.json["id"], what
        if member == "name":
            found = world.call("GET", f"/movements/{quote(text, safe='')}")
            assert (found.status_code, found.json.get("id")) == (200, answer.json["id"]), what
        taken += 1
    assert taken > len(strings) / 2
