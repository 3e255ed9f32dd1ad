"""The OpenAPI document's promises to clients and to generators.

Generators are the programs that make clients from it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from gridt import create_app
from gridt.http.idempotency import KEY_PATTERN
from gridt.http.openapi import document
from gridt.http.openapi_examples import stored_examples
from gridt.http.problem_types import BLANK, ERRORS, TYPES
from gridt.http.schema_names import _NAMES
from gridt.runtime.config import VERSION
from tests.conftest import OwnContextClient, settings_for
from tests.contract import described
from tests.databases import same_on_both
from tests.example_run import PATH, REPLACED, record, written

APP = create_app(settings_for("sqlite://"))
DOCUMENT = document(APP)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    (f"{method.upper()} {path}", operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]
BY_ID = {operation["operationId"]: operation for _, operation in OPERATIONS}

#: the operationId of every operation: generated clients call their functions so, for ever
IDS = """
blockUser changeEmail changeMovement changeMyAccount changeMyBio changeMyPassword changeUserRole
checkHealth checkReadiness closeReport confirmEmail createMyCalendar deactivateUser
deleteMovement deleteMyAccount deleteUpdate describeService drawYear endPause explainProblem
exportMyAccount exportNetwork fillOpenSlot getLeader getMovement getMyAccount getMyCalendar
getMyPause getOpenApiDocument getReport getStatistics getUpdate getUser importUpdates joinMovement
leaveMovement listAuditEntries listBlockedUsers listMovements listMyFollowers listMyMovements
listMySessions listProblems listReports listTurns listUpdates listUsers logIn logOut postUpdate
reactivateUser readCalendar refreshTokens registerUser reportMovement reportUpdate
requestEmailChange requestEmailConfirmation requestPasswordReset resetPassword revokeMyCalendar
revokeSession sendSignal sendUpdate showDocumentation showNetwork startMovement startPause
swapLeader unblockUser
liftRemoval listMembers listRemovals removeMember
getOverview getToday
createInvitation listInvitations lookAtInvitation revokeInvitation
acceptInvitation createGroupInvitation listGroupInvitations revokeGroupInvitation
listOrganisations createOrganisation getSettings changeSettings resetSettings listMyMemberships
listGroups getGroup changeGroup deleteGroup createGroup listGroupMembers addGroupMember
removeGroupMember listRoles giveRole endRole
endAppSession renewAppSession startAppSession
""".split()
#: an id that repeats the method and names no deed, as frameworks make them
GENERIC = re.compile(r"(?:get|post|put|patch|delete)_|(?:put|patch)[A-Z]|[a-z]+(?:By|Using)[A-Z]")

#: the calls of the published client whose answers have its own members
FOR_THE_PUBLISHED_CLIENT = {"listMovements", "getMovement", "listMyMovements", "swapLeader"}


def references(part: Any) -> Iterator[str]:
    """Yield each schema name that a part refers to.

    Names that lie deeper count too.
    """
    pending, seen = [part], set[str]()
    while pending:
        inner = pending.pop()
        if isinstance(inner, list):
            pending += inner
        elif isinstance(inner, dict):
            pending += [value for key, value in inner.items() if key != "example"]
            name = inner.get("$ref", "").removeprefix("#/components/schemas/")
            if name in SCHEMAS and name not in seen:
                seen.add(name)
                yield name
                pending.append(SCHEMAS[name])


def in_requests() -> set[str]:
    return {
        name for _, operation in OPERATIONS for name in references(operation.get("requestBody", {}))
    }


def in_answers() -> set[str]:
    answers = [operation["responses"] for _, operation in OPERATIONS]
    return {*references(answers), *references(DOCUMENT["components"]["responses"])}


def resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return found


def problems() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield each documented problem: operation, status, and the answer."""
    for name, operation in OPERATIONS:
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                yield name, int(status), resolved(answer)


# -- names ------------------------------------------------------------------------------------


def test_the_document_says_where_the_service_is_and_who_may_use_it() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]
    assert DOCUMENT["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert DOCUMENT["info"]["version"] == VERSION


def test_each_operation_is_called_by_a_verb() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert Counter(ids) == Counter(IDS)
    assert len(set(IDS)) == len(IDS)
    assert [name for name in ids if GENERIC.match(name)] == []


def test_only_what_the_published_client_needs_is_deprecated() -> None:
    assert {name for name, operation in OPERATIONS if operation.get("deprecated")} == {
        "POST /movements/{movement}/signal",
        "POST /movements/{movement}/update",
    }
    deprecated = {
        (schema, name)
        for schema, definition in SCHEMAS.items()
        for name, member in definition["properties"].items()
        if member.get("deprecated")
    }
    assert {name for _, name in deprecated} == {"last_signal", "last_signal_sent"}
    named = {(s, n) for s, d in SCHEMAS.items() for n in d["properties"] if "signal" in n}
    assert named == deprecated
    users = {
        operation["operationId"]
        for _, operation in OPERATIONS
        if {schema for schema, _ in deprecated} & {*references(operation["responses"])}
    }
    assert users == FOR_THE_PUBLISHED_CLIENT


# -- shapes -----------------------------------------------------------------------------------


def test_requests_are_closed_and_answers_open_to_new_members() -> None:
    assert in_requests() | in_answers() == set(SCHEMAS)
    for name in in_requests():
        assert SCHEMAS[name]["additionalProperties"] is False, name
    for name in in_answers():
        assert "additionalProperties" not in SCHEMAS[name], name


def enums(part: Any, beside: Any = None) -> Iterator[tuple[list[Any], Any]]:
    """Yield each enum in a schema, and its alternatives.

    The schema may be a part of another; the alternatives are beside the enum.
    """
    if isinstance(part, dict):
        if "enum" in part:
            yield part["enum"], beside
        for key, inner in part.items():
            yield from enums(inner, inner if key == "anyOf" else beside)
    elif isinstance(part, list):
        for inner in part:
            yield from enums(inner, beside)


def test_sets_of_words_are_closed_in_requests_and_may_grow_in_answers() -> None:
    found = [(name, *each) for name in in_answers() for each in enums(SCHEMAS[name])]
    assert len(found) >= 6
    for name, words, beside in found:
        assert beside is not None, (name, words)
        assert any(one.get("type") == "string" and "enum" not in one for one in beside), name
    for name in in_requests():
        for words, beside in enums(SCHEMAS[name]):
            is_interval = beside is not None and beside[-1].get("format") == "duration"
            assert beside is None or is_interval, (name, words)


def test_an_interval_is_a_word_or_a_duration() -> None:
    intervals = [
        definition["properties"]["interval"]
        for definition in SCHEMAS.values()
        if "interval" in definition["properties"]
    ]
    assert len(intervals) >= 4
    for interval in intervals:
        words, duration = interval["anyOf"]
        assert "daily" in words["enum"]
        assert duration == {"type": "string", "format": "duration"}


def test_a_movement_has_one_form_for_subscribers_and_one_for_others() -> None:
    for operation in ("getMovement", "changeMovement"):
        answer = BY_ID[operation]["responses"]["200"]["content"]["application/json"]["schema"]
        others, subscribers = (SCHEMAS[name["$ref"].rpartition("/")[2]] for name in answer["oneOf"])
        assert others["properties"]["subscribed"]["const"] is False
        assert subscribers["properties"]["subscribed"]["const"] is True
        assert set(others["required"]) == set(others["properties"])
        assert set(subscribers["required"]) == set(subscribers["properties"])
        more = set(subscribers["properties"]) - set(others["properties"])
        assert {"subscribed_at", "last_update", "standing", "leaders"} <= more


def members_in_requests() -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in in_requests():
        yield from SCHEMAS[schema]["properties"].items()
    for _, operation in OPERATIONS:
        for argument in operation.get("parameters", []):
            yield argument["name"], argument | argument["schema"]


def test_each_moment_in_a_request_says_that_it_has_an_offset() -> None:
    found = [one for one in members_in_requests() if '"date-time"' in json.dumps(one[1])]
    assert {name for name, _ in found} == {"at", "until", "since", "from", "to", "expires_at"}
    for name, member in found:
        assert "its offset, or `Z`" in member["description"], name


@same_on_both
@pytest.mark.parametrize(
    "key",
    [
        *("8e03978e", '"8e03978e"', "a" * 255, '"' + "a" * 255 + '"', "!#$%&'()*+-./09:<=>?@"),
        *("AZ[]^_`az{|}~", '"a,b;c"', "a" * 256, '"' + "a" * 256 + '"', '""', "a b", "a,b", "a;b"),
        *('"a', 'a"', 'a"b', "a\\b", '"a\\b"', '"a b"', "é", "a\x7f"),
    ],
)
def test_the_pattern_of_idempotency_keys_is_what_is_accepted(
    client: OwnContextClient, key: str
) -> None:
    # a body that is refused after the key is read, so that nothing is saved
    answer = client.post("/register", json={}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    refused = any(entry.get("in") == "header" for entry in answer.json["errors"])
    assert refused == (re.fullmatch(KEY_PATTERN, key) is None)


def test_schemas_are_named_for_client_authors() -> None:
    suffixes = ("In", "Out", "Schema")
    assert not [name for name in SCHEMAS if name.endswith(suffixes) or not name.isalnum()]
    expected = {
        "getMovement": {"Movement", "SubscribedMovement"},
        "listMyFollowers": {"Leader"},
        "postUpdate": {"PostedUpdate"},
        "listMySessions": {"Session"},
    }
    for operation, names in expected.items():
        answers = BY_ID[operation]["responses"]
        answer = answers.get("200") or answers["201"]
        content = answer["content"]["application/json"]["schema"]
        assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(content))) == names
    assert set(_NAMES.values()) <= SCHEMAS.keys(), "an exception without a schema"


# -- problems ---------------------------------------------------------------------------------


def test_every_type_of_problem_is_in_one_enum() -> None:
    closed, _ = SCHEMAS["Problem"]["properties"]["type"]["anyOf"]
    assert closed["enum"] == TYPES
    assert sorted(TYPES[1:]) == sorted({f"/problems/{slug}" for slug in ERRORS})


def test_each_operation_says_which_problems_come_with_which_status() -> None:
    declared = set[str]()
    for name, status, answer in problems():
        types = answer["x-problem-types"]
        assert types, (name, status)
        assert len(set(types)) == len(types)
        for kind in set(types) - {BLANK}:
            assert ERRORS[kind.removeprefix("/problems/")].status == status, (name, kind)
        declared |= set(types)
    assert declared == set(TYPES), "no type without an operation that may answer it"


def test_each_problem_has_an_example() -> None:
    examples = DOCUMENT["components"]["examples"]
    validator = validator_of({"$ref": "#/components/schemas/Problem"})
    assert set(examples) == {*ERRORS, *(f"status-{status}" for status in (400, 413, 414, 415))}
    for slug, example in examples.items():
        value = example["value"]
        if slug in ERRORS:
            assert (value["type"], value["status"]) == (f"/problems/{slug}", ERRORS[slug].status)
        else:
            assert (value["type"], f"status-{value['status']}") == (BLANK, slug)
        assert [error.message for error in validator.iter_errors(value)] == []
    for name, status, answer in problems():
        shown = answer["content"]["application/problem+json"].get("examples", {})
        types = [
            f"status-{status}" if kind == BLANK else kind.removeprefix("/problems/")
            for kind in answer["x-problem-types"]
        ]
        assert list(shown) == types, (name, status)


# -- examples ---------------------------------------------------------------------------------


def validator_of(schema: dict[str, Any]) -> Draft202012Validator:
    """Return a validator that holds an example against a schema.

    The schema is closed, also in answers.
    """
    return Draft202012Validator(schema | {"components": described(APP)["components"]})


@pytest.mark.parametrize("name", BY_ID)
def test_each_operation_has_examples_that_fit(name: str) -> None:
    operation = BY_ID[name]
    contents = [
        content
        for status, answer in operation["responses"].items()
        if int(status) < 300
        for content in answer["content"].values()
    ]
    contents += operation.get("requestBody", {}).get("content", {}).values()
    assert contents
    for content in contents:
        errors = validator_of(content["schema"]).iter_errors(content["example"])
        assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_no_example_shows_a_secret() -> None:
    shown = json.dumps(stored_examples(), ensure_ascii=False)
    assert re.findall(r"[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}", shown) == [], "a token"
    assert re.findall(r"/calendars/[\w-]{20,}", shown) == [], "a secret address"
    assert all(REPLACED[name] in shown for name in ("access_token", "refresh_token", "url"))


@same_on_both
def test_the_examples_are_those_of_a_run(own_app: Flask) -> None:
    again = "write them again: python -m tests.example_run"
    assert PATH.read_text() == written(record(own_app)), again
